// Cases below tests/cases/forward/subscription: events (one a line in section events: XML, JSON or syslog), a profile
// (a name, or YAML), OutputSeverity, and for each event the verdict and its rule.
#include "forward/subscription.hpp"

#include "base/text.hpp"
#include "formats/registry.hpp"
#include "forward/profile.hpp"
#include "testing/case_files.hpp"

namespace yagura::forward {
namespace {

using testing::Case;

const EventTime kNow = event_time(*parse_iso8601("2026-11-22T08:00:00Z"));

class SubscriptionCases : public ::testing::TestWithParam<Case> {};

TEST_P(SubscriptionCases, DecideAsWritten) {
  const Case& c = GetParam();
  std::string out;
  for (const auto severity : {OutputSeverity::Default, OutputSeverity::Verbose}) {
    auto subscription = c.has("yaml") ? Subscription::of_yaml(c["yaml"], severity)
                                      : Subscription::of_profile(trim(c["profile"]), severity);
    if (!subscription) {
      out = "error: " + subscription.error().message();
      break;
    }
    const auto rules = subscription->rules();
    out += std::string(out.empty() ? "" : "\n") + std::string(to_string(severity)) + ":";
    for (const auto line : split(c["events"], '\n')) {
      if (trim(line).empty()) continue;
      event::RecordBatch batch;
      formats::decode("auto", {.raw = line}, {}, batch);
      const auto verdict = subscription->decide(batch[0], kNow);
      EXPECT_NE(std::ranges::find(rules, verdict.rule), rules.end()) << verdict.rule;
      out += fmt::format("\n{} {}", verdict.send ? "send" : "drop", verdict.rule);
    }
  }
  expect_section(c, "expected", out);
}
INSTANTIATE_TEST_SUITE_P(Files, SubscriptionCases, ::testing::ValuesIn(testing::read_cases("forward/subscription")),
                         testing::case_name);

TEST(Profiles, AzureLocalHasFiftyOneSubscriptions) {
  const auto profile = builtin_profile("azure-local");
  ASSERT_TRUE(profile) << profile.error().message();
  EXPECT_EQ(profile->queries.size(), 51u);
  EXPECT_TRUE(profile->read_only);
  EXPECT_FALSE(profile->all_channels);
  EXPECT_TRUE(profile->others.empty());
  for (const auto& query : profile->queries) {
    ASSERT_EQ(query.select.size(), 1u) << query.name;
    const auto again = formats::parse_channel_query(query.select.front().text());
    ASSERT_TRUE(again) << query.name;
    EXPECT_EQ(again->text(), query.select.front().text());
  }
  const auto subscription = Subscription::of_profile("azure-local", OutputSeverity::Default);
  EXPECT_EQ(subscription->channels().size(), 18u);
}

TEST(Profiles, AzureLocalIsBlindToFailedAccess) {
  std::string missing;
  for (const auto& spot : blind_spots(*builtin_profile("azure-local"))) missing += std::to_string(spot.event_id) + " ";
  EXPECT_EQ(missing, "4625 4740 4768 4769 4771 4776 ");
  EXPECT_TRUE(blind_spots(*builtin_profile("azure-local+auth")).empty());
  EXPECT_TRUE(blind_spots(*builtin_profile("all")).empty());
  EXPECT_EQ(describe_blind_spots(*builtin_profile("all")), "");
  EXPECT_NE(describe_blind_spots(*builtin_profile("azure-local")).find("4625, 4740"), std::string::npos);
}

TEST(Profiles, OfTheProgramAreWhatWasReviewed) {
  for (const auto& builtin : builtin_profiles()) {
    const auto text = builtin_profile_text(builtin.name);
    EXPECT_TRUE(text) << text.error().message() << "\nA profile of the program was changed: is that meant?";
  }
  const auto unknown = builtin_profile_text("azure-locl");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("did you mean 'azure-local'?"), std::string::npos);
}

TEST(OutputSeverityWord, IsReadInAnyCase) {
  EXPECT_EQ(*parse_output_severity("verbose"), OutputSeverity::Verbose);
  EXPECT_EQ(*parse_output_severity("DEFAULT"), OutputSeverity::Default);
  const auto wrong = parse_output_severity("Verbos");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(), "OutputSeverity 'Verbos': it is Default or Verbose, did you mean 'Verbose'?");
}

}  // namespace
}  // namespace yagura::forward
