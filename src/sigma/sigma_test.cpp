// The cases below tests/cases/sigma: events against rules, and mistakes in rules against their messages.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sigma/pipeline.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_printer.hpp"
#include "sigma/rule_set.hpp"
#include "sigma/yaml_record.hpp"
#include "testing/case_files.hpp"

namespace yagura::sigma {
namespace {

LoadOptions options() {
  LoadOptions options;
  options.placeholders = {{"admins", {"root", "adm_*"}}, {"dots", {"1.2", "3?4"}}};
  return options;
}

// A case may leave out what does not matter to it.
std::string whole_rule(const testing::Case& c) {
  if (c.has("rules")) return c["rules"];
  std::string text = "title: T\nlogsource: {category: test}\ndetection:\n";
  for (const auto line : split(c["detection"], '\n')) text += "  " + std::string(line) + "\n";
  return text;
}

class Events : public ::testing::TestWithParam<testing::Case> {};

// Each event is a line of the section "matching" or "other".
TEST_P(Events, MatchAsTheCaseSays) {
  const auto& c = GetParam();
  RuleCollection rules;
  Problems problems;
  auto load_options = options();
  std::shared_ptr<const Pipeline> pipeline;
  if (c.has("pipeline")) {
    pipeline = Pipeline::load(c["pipeline"], "pipeline", problems);
    ASSERT_TRUE(pipeline) << c.where;
    pipeline->prepare(load_options);
  }
  load_rules(whole_rule(c), "rule", load_options, rules, problems);
  check_references(rules, problems);
  for (const auto& problem : problems.all())
    if (problem.severity == Problem::Severity::error && !c.has("problems"))
      ADD_FAILURE() << c.where << " " << problem.to_text();

  // What was printed reads back as the same rules.
  RuleCollection again;
  Problems none;
  load_rules(print_rules(rules), "printed", load_options, again, none);
  EXPECT_TRUE(again.rules == rules.rules && again.filters == rules.filters && again.correlations == rules.correlations)
      << c.where << "\n"
      << print_rules(rules) << (none.all().empty() ? "" : none.all()[0].to_text());

  if (pipeline) apply_pipelines({pipeline}, rules, problems);
  const auto set = RuleSet::compile(std::move(rules), {.route_by_log_source = false}, problems);
  if (c.has("problems")) {
    std::string text;
    for (const auto& problem : problems.all()) text += (text.empty() ? "" : "\n") + problem.to_text();
    testing::expect_section(c, "problems", text);
  }
  if (set->rules().empty()) return;
  const auto scratch = set->make_scratch();
  for (const bool wanted : {true, false}) {
    const std::string& section = c[wanted ? "matching" : "other"];
    for (const auto line : split(section, '\n')) {
      if (trim(line).empty()) continue;
      const auto parsed = parse_yaml(line);
      ASSERT_FALSE(parsed.error) << c.where << " " << line << " " << parsed.error->message;
      event::RecordBatch batch;
      add_yaml_record(batch, parsed.documents.at(0));
      std::vector<Match> matches;
      set->match(batch, *scratch, matches);
      bool plain = false;
      for (std::uint32_t r = 0; r < set->rules().size(); ++r) plain |= evaluate(set->rules()[r].detections, batch[0]);
      EXPECT_EQ(!matches.empty(), wanted) << c.where << "\n" << line << "\n" << set->explain(0, batch[0]).to_text();
      EXPECT_EQ(plain, wanted) << c.where << " (plain evaluator)\n" << line;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, Events, ::testing::ValuesIn(testing::read_cases("sigma/events")), testing::case_name);

class Mistakes : public ::testing::TestWithParam<testing::Case> {};

TEST_P(Mistakes, AreNamedWithTheirPlace) {
  const auto& c = GetParam();
  RuleCollection rules;
  Problems problems;
  load_rules(c["rules"], "x.yml", options(), rules, problems);
  check_references(rules, problems);
  RuleSet::compile(std::move(rules), {}, problems);
  std::string text;
  for (const auto& problem : problems.all()) text += (text.empty() ? "" : "\n") + problem.to_text();
  testing::expect_section(c, "problems", text);
}
INSTANTIATE_TEST_SUITE_P(Cases, Mistakes, ::testing::ValuesIn(testing::read_cases("sigma/mistakes")),
                         testing::case_name);

class Explanations : public ::testing::TestWithParam<testing::Case> {};

TEST_P(Explanations, SayWhy) {
  const auto& c = GetParam();
  RuleCollection rules;
  Problems problems;
  load_rules(c["rules"], "x.yml", options(), rules, problems);
  const auto set = RuleSet::compile(std::move(rules), {}, problems);
  event::RecordBatch batch;
  add_yaml_record(batch, parse_yaml(c["event"]).documents.at(0));
  batch.begin_record({});
  testing::expect_section(c, "why", std::string(trim(set->explain(0, batch[0]).to_text())));
}
INSTANTIATE_TEST_SUITE_P(Cases, Explanations, ::testing::ValuesIn(testing::read_cases("sigma/explanations")),
                         testing::case_name);

}  // namespace
}  // namespace yagura::sigma
