// Compiled once so that the rooms can share the precompiled header.
