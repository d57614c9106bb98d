// Lets a test program play another program: `engine_test engine ...` runs what was registered as "engine" and no tests.
// For tests that need a child process.
#pragma once

namespace yagura::testing {

using ProgramMain = int (*)(int argc, char** argv);

// Static objects in the test's own file only (a linker drops those of a library).
struct RegisterProgram {
  RegisterProgram(const char* name, ProgramMain main);
};

// The registered program named by argv[1], or null.
ProgramMain program_for(int argc, char** argv);

}  // namespace yagura::testing
