// conformance_kql SUITE CASES FAILURES: kql, kql-community, kql-errors, kql-examples and sentinel by the rules of the READMEs in the
// cases folder. Prints "name passed/total" lines; each failure with its reason goes to the file FAILURES.
// YAGURA_ENGINE_LIBRARY names libchdb.so (default: .cache/engine/libchdb.so); KQL_ONLY runs the cases whose id holds it.
#include "kql_suites.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

int main(int count, char** arguments) {
  if (count < 4) {
    std::cerr << "usage: conformance_kql kql|kql-community|kql-errors|kql-inflight|sentinel CASES FAILURES\n";
    return 2;
  }
  using namespace yagura::conformance;
  const std::string suite = arguments[1];
  KqlRun run;
  run.cases = arguments[2];
  if (const char* only = std::getenv("KQL_ONLY")) run.only = only;
  if (const char* library = std::getenv("YAGURA_ENGINE_LIBRARY")) run.library = library;
  if (suite == "kql") run_kql(run);
  else if (suite == "kql-community") run_kql_community(run);
  else if (suite == "kql-accepted") run_kql_accepted(run);
  else if (suite == "kql-examples") run_kql_examples(run);
  else if (suite == "kql-errors") run_kql_errors(run);
  else if (suite == "kql-inflight") run_kql_inflight(run);
  else if (suite == "kql-both") run_kql_both(run);
  else if (suite == "kql-syntax") print_kql_syntax();
  else if (suite == "kql-bind") print_kql_bind(run.cases);
  else if (suite == "sentinel") run_sentinel_bind(run);
  else return 2;
  std::ofstream failures(arguments[3]);
  for (const auto& f : run.failures) failures << f << "\n";
  failures.close();
  for (const auto& [name, tally] : run.tallies) std::cout << name << ' ' << tally.passed << '/' << tally.total << '\n';
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(0);  // the engine's threads are not waited for
}
