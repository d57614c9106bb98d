// Laws: no text crashes the loader of pipelines, nor the rules that it is applied to; applying it again to the same rules gives the same;
// what comes out matches as the plain evaluator says.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "sigma/pipeline.hpp"
#include "sigma/rule_set.hpp"
#include "sigma/yaml_record.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::sigma;

namespace {

constexpr std::string_view kRules = R"(
title: One
name: one
tags: [attack.execution]
level: high
score: 7
logsource: {product: windows, category: process_creation}
detection:
  a: {Image|endswith: '\cmd.exe', CommandLine|contains|all: ['/c ', 'who*?']}
  b: {Hashes|contains: ['MD5=abc', 'SHA1=5f1cbc3d99558307bc1250d084fa968521482025'], User|fieldref|neq: Subject}
  words: [alpha, 'b*a']
  u: {User|expand: '%admins%', Ip|cidr: 10.0.0.0/8, Level|gte: 3, Gone: null, Name|re: 'a+b'}
  condition: (a and not b) or 1 of w* or u
---
title: Two
name: two
logsource: {product: linux}
detection: {s: [{A: 1}, {B|neq: [x, 2]}], condition: all of them}
---
title: Many
correlation: {type: value_count, rules: [one, two], group-by: [User, who], timespan: 5m, aliases: {who: {one: User, two: A}}, condition: {field: Image, gte: 2}}
---
title: Not these
logsource: {product: windows}
filter: {rules: [one], admins: {User: admin}, condition: not admins}
)";
constexpr std::string_view kRecords[] = {
    R"({Image: 'C:\x\cmd.exe', CommandLine: '/c whoami', User: bob, Level: 4, Ip: 10.1.1.1, Name: aab, FileMD5: abc, user.name: bob})",
    "{A: 1, B: 3, message: an alpha, x.A: 1, A.keyword: 1, index: windows}"};

RuleCollection apply(const std::shared_ptr<const Pipeline>& pipeline, Problems& problems) {
  LoadOptions options;
  pipeline->prepare(options);
  RuleCollection rules;
  load_rules(kRules, "rules", options, rules, problems);
  apply_pipelines({pipeline}, rules, problems);
  return rules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Problems problems;
  const auto pipeline = Pipeline::load(text, "fuzz", problems);
  if (!pipeline) return 0;
  auto rules = apply(pipeline, problems);
  const auto again = apply(pipeline, problems);
  CHECK(rules.rules == again.rules && rules.correlations == again.correlations && rules.filters.empty());
  const auto set = RuleSet::compile(std::move(rules), {.route_by_log_source = false}, problems);
  if (set->rules().empty()) return 0;
  event::RecordBatch batch;
  for (const auto record : kRecords) add_yaml_record(batch, parse_yaml(record).documents.at(0));
  batch.end_record();
  const auto scratch = set->make_scratch();
  std::vector<Match> matches;
  set->match(batch, *scratch, matches);
  for (std::uint32_t i = 0; i < batch.size(); ++i)
    for (std::uint32_t r = 0; r < set->rules().size(); ++r) {
      const bool plain = evaluate(set->rules()[r].detections, batch[i]);
      const bool matched = std::ranges::find(matches, Match{i, r}) != matches.end();
      if (plain != matched) std::fprintf(stderr, "record %u, rule %u: %s", i, r, set->explain(r, batch[i]).to_text().c_str());
      CHECK(plain == matched);
    }
  return 0;
}
