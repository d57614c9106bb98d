// Gives a room without sources of its own something to archive.
