// Rules as the API shows and changes them: reports, problems, packs; and what they cost, on /metrics. Any thread.
#pragma once
#include <vector>

#include "detect/rule_library.hpp"
#include "normalise/pack.hpp"
#include "serve/api.hpp"

namespace yagura::roles {

std::vector<serve::RuleReport> rule_reports(const detect::RuleSnapshot& snapshot);
// `library` outlives the services.
serve::RuleServices rule_services(detect::RuleLibrary& library);
// Counters of rules that have matched: at most 200 of them have a series of their own, the rest share one.
void publish_rule_metrics(const detect::RuleSnapshot& snapshot);

}  // namespace yagura::roles
