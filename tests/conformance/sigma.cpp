// conformance_sigma SUITE CASES FAILURES: measures the room sigma against the cases of ../shared/cases/sigma.
//
//   sigma             all public rules load; the cases of every feature of the specification
//   sigma-regression  the rules' own regression events (EVTX)
//   sigma-evtx        every rule on every EVTX sample, exactly
//   evtx              the EVTX reader itself
#include <iostream>

#include "sigma_suites.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: conformance_sigma SUITE CASES FAILURES\n";
    return 2;
  }
  const std::string suite = argv[1];
  yagura::conformance::Report report(argv[3]);
  const std::filesystem::path cases = argv[2];
  if (suite == "sigma") return yagura::conformance::run_sigma(cases, report);
  if (suite == "sigma-evtx") return yagura::conformance::run_sigma_evtx(cases, report);
  if (suite == "sigma-regression") return yagura::conformance::run_sigma_regression(cases, report);
  if (suite == "evtx") return yagura::conformance::run_evtx(cases, report);
  std::cerr << "unknown suite " << suite << "\n";
  return 2;
}
