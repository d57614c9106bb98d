#include "sigma/rule_set.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "sigma/rule_loader.hpp"
#include "sigma/yaml_record.hpp"

namespace yagura::sigma {
namespace {

constexpr std::string_view kMap = R"(
product: windows
when: {Channel: '*'}
services: {security: {Channel: Security}}
categories:
  process_creation:
    - {Channel: Sysmon, EventID: 1}
    - {Channel: Security, EventID: [4688, 4689]}
aliases:
  - {when: {Channel: Security}, fields: {Image: NewProcessName}}
)";

std::string rule(int number, std::string_view source, std::string_view detection) {
  return fmt::format(
      "---\ntitle: R{0}\nid: 00000000-0000-4000-8000-{0:012}\nlogsource: {{{1}}}\ndetection: {{s: {2}, condition: "
      "s}}\n",
      number, source, detection);
}

std::shared_ptr<const RuleSet> compile(const std::string& text) {
  RuleCollection rules;
  Problems problems;
  load_rules(text, "rules", {}, rules, problems);
  auto map = std::make_shared<LogSourceMap>();
  map->add(kMap, "map", problems);
  auto set = RuleSet::compile(std::move(rules), {.log_sources = std::move(map)}, problems);
  for (const auto& problem : problems.all()) ADD_FAILURE() << problem.to_text();
  return set;
}

void add(event::RecordBatch& batch, std::string_view event, const event::LogSource& source = {}) {
  add_yaml_record(batch, parse_yaml(event).documents.at(0));
  batch.current().log_source = source;
}

std::vector<std::uint32_t> matched(const RuleSet& set, std::string_view event, const event::LogSource& source = {}) {
  event::RecordBatch batch;
  add(batch, event, source);
  std::vector<Match> matches;
  const auto scratch = set.make_scratch();
  set.match(batch, *scratch, matches);
  std::vector<std::uint32_t> rules;
  for (const auto& match : matches) rules.push_back(match.rule);
  return rules;
}

using Rules = std::vector<std::uint32_t>;

TEST(RuleSet, LooksOnlyAtRulesOfTheEventsLogSources) {
  const auto set = compile(rule(0, "product: windows", "{A: 1}") + rule(1, "category: process_creation", "{A: 1}") +
                           rule(2, "product: windows, service: security, category: process_creation", "{A: 1}") +
                           rule(3, "product: linux", "{A: 1}") + rule(4, "service: sshd", "{A: 1}"));
  EXPECT_EQ(matched(*set, "{A: 1, Channel: SECURITY, EventID: 4688}"), (Rules{0, 1, 2}));
  EXPECT_EQ(matched(*set, "{A: 1, Channel: Security, EventID: '4624'}"), (Rules{0}));
  EXPECT_EQ(matched(*set, "{A: 1, Channel: sysmon, EventID: 1}"), (Rules{0, 1}));
  EXPECT_EQ(matched(*set, "{A: 1, Channel: Security, EventID: 4689}", {.product = "windows"}), (Rules{0, 1, 2}));
  EXPECT_EQ(matched(*set, "{A: 1}", {.product = "Linux", .service = "sshd"}), (Rules{3, 4}));
  EXPECT_EQ(matched(*set, "{A: 1, Channel: Security, EventID: 4688}", {.product = "linux"}), (Rules{3}));
  EXPECT_EQ(matched(*set, "{A: 1}"), Rules());
}

TEST(RuleSet, ReadsAFieldUnderItsOtherNameWhenItIsNotThere) {
  const auto set = compile(rule(0, "product: windows", "{Image|endswith: cmd.exe}"));
  EXPECT_EQ(matched(*set, "{Channel: Security, NewProcessName: 'C:\\cmd.exe'}"), (Rules{0}));
  EXPECT_EQ(matched(*set, "{Channel: Security, NewProcessName: 'C:\\cmd.exe', Image: x}"), Rules());
  EXPECT_EQ(matched(*set, "{Channel: Sysmon, NewProcessName: 'C:\\cmd.exe'}"), Rules());
  event::RecordBatch batch;
  add(batch, "{Channel: Security, NewProcessName: 'C:\\cmd.exe'}");
  std::vector<event::Value> leaves;
  set->field_values(batch[0], "Image", leaves);
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(leaves[0].as_string(), "C:\\cmd.exe");
  EXPECT_TRUE(set->explain(0, batch[0]).matched);
}

// Many rules that share fields and texts; what one scan decides for one must not leak into another.
std::string many_rules() {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += rule(i, "product: windows",
                 fmt::format("{{A|contains: ['x{}x', 'shared{}'], B|endswith: '{}'}}", i, i % 7, i % 5));
  return text;
}

TEST(RuleSet, MatchesManyRulesAsThePlainEvaluatorDoes) {
  const auto set = compile(many_rules());
  event::RecordBatch batch;
  for (int i = 0; i < 500; ++i)
    add(batch, fmt::format("{{Channel: c, A: 'a x{}x shared{} b', B: 'b{}'}}", i % 310, i % 9, i % 6),
        {.product = "windows"});
  std::vector<Match> found, wanted;
  const auto scratch = set->make_scratch();
  set->match(batch, *scratch, found);
  for (std::uint32_t r = 0; r < batch.size(); ++r)
    for (std::uint32_t n = 0; n < set->rules().size(); ++n)
      if (evaluate(set->rules()[n].detections, batch[r])) wanted.push_back({r, n});
  EXPECT_FALSE(wanted.empty());
  EXPECT_EQ(found, wanted);
}

TEST(RuleSet, MatchesFromManyThreadsAtOnce) {
  const auto set = compile(many_rules());
  event::RecordBatch batch;
  for (int i = 0; i < 300; ++i)
    add(batch, fmt::format("{{Channel: c{}, A: 'a x{}x', B: 'b{}'}}", i % 3, i, i % 5), {.product = "windows"});
  std::vector<std::vector<Match>> found(4);
  std::vector<std::thread> threads;
  for (auto& matches : found)
    threads.emplace_back([&] {
      const auto scratch = set->make_scratch();
      for (int round = 0; round < 20; ++round) {
        matches.clear();
        set->match(batch, *scratch, matches);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(found[0].size(), 300u);
  for (const auto& matches : found) EXPECT_EQ(matches, found[0]);
}

TEST(RuleSet, EvaluatesOnlyWhatTheGuardsLetThrough) {
  const auto set = compile(many_rules());
  event::RecordBatch batch;
  add(batch, "{Channel: c, A: nothing of interest, B: 'b0'}", {.product = "windows"});
  const auto scratch = set->make_scratch();
  std::vector<Match> matches;
  set->match(batch, *scratch, matches);
  EXPECT_EQ(scratch->records, 1u);
  EXPECT_EQ(scratch->evaluated, 0u);
  EXPECT_EQ(set->stats().unguarded_rules, 0u);
}

}  // namespace
}  // namespace yagura::sigma
