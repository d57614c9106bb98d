#include "testing/test_program.hpp"

#include <map>
#include <string>

namespace yagura::testing {

namespace {
std::map<std::string, ProgramMain>& programs() {
  static std::map<std::string, ProgramMain> all;
  return all;
}
}  // namespace

RegisterProgram::RegisterProgram(const char* name, ProgramMain main) { programs()[name] = main; }

ProgramMain program_for(int argc, char** argv) {
  if (argc < 2) return nullptr;
  const auto found = programs().find(argv[1]);
  return found == programs().end() ? nullptr : found->second;
}

}  // namespace yagura::testing
