// The parameter table of Set as case files (tests/cases/forward/set): command line to settings or refusal. And the
// state machine and its document.
#include "forward/forwarder_settings.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "forward/cmdlet.hpp"
#include "forward/forwarder_configuration.hpp"
#include "testing/case_files.hpp"

namespace yagura::forward {
namespace {

using testing::Case;

// Blanks separate; 'single quotes' keep them.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool quoted = false, begun = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      if (!begun) words.emplace_back();
      begun = true;
      continue;
    }
    if (c == ' ' && !quoted) {
      begun = false;
      continue;
    }
    if (!begun) words.emplace_back();
    begun = true;
    words.back() += c;
  }
  return words;
}

std::string outcome_of(std::string_view line) {
  auto words = words_of(line);
  const auto cmdlet = cmdlet_named(words.at(0));
  if (!cmdlet) return "not a cmdlet";
  words.erase(words.begin());
  const auto call = parse_cmdlet(*cmdlet, words);
  if (!call) return "error: " + call.error().message();
  if (call->help) return "help";
  std::string rest = call->json ? "\njson" : "";
  if (call->data) rest += "\ndata: " + call->data->string();
  if (*cmdlet == Cmdlet::Get)
    return std::string("get ") +
           (call->scope == ConfigurationScope::local      ? "local"
            : call->scope == ConfigurationScope::per_node ? "per node"
                                                          : "cluster") +
           rest;
  if (*cmdlet != Cmdlet::Set) return fmt::format("{}{}{}", to_string(*cmdlet), call->force ? " by force" : "", rest);
  const auto decision = check_set(call->set, {});
  if (!decision) return "error: " + decision.error().message();
  if (decision->remove) return "remove" + rest;
  std::string text =
      fmt::format("mode: {}\nsettings: {}", to_string(decision->settings.mode()), to_json(decision->settings));
  for (const auto& warning : decision->warnings) text += fmt::format("\nwarning: {}", warning.code);
  return text + rest;
}

class SetCases : public ::testing::TestWithParam<Case> {};

TEST_P(SetCases, AreAcceptedOrRefusedAsWritten) {
  testing::expect_section(GetParam(), "outcome", outcome_of(GetParam()["command"]));
}
INSTANTIATE_TEST_SUITE_P(Files, SetCases, ::testing::ValuesIn(testing::read_cases("forward/set")), testing::case_name);

TEST(ForwarderSettings, SurviveTheirJson) {
  for (const auto& c : testing::read_cases("forward/set")) {
    auto words = words_of(c["command"]);
    if (cmdlet_named(words.at(0)) != Cmdlet::Set) continue;
    words.erase(words.begin());
    const auto call = parse_cmdlet(Cmdlet::Set, words);
    if (!call) continue;
    const auto decision = check_set(call->set, {});
    if (!decision || decision->remove) continue;
    const auto again = settings_from_json(to_json(decision->settings));
    ASSERT_TRUE(again) << c << again.error().message();
    EXPECT_EQ(*again, decision->settings) << c;
  }
}

TEST(ForwarderSettings, RefuseInAFileWhatTheCommandLineRefuses) {
  EXPECT_FALSE(settings_from_json(R"({"serverName":"a.example","serverPort":0})"));
  EXPECT_FALSE(
      settings_from_json(R"({"serverName":"a.example","serverPort":514,"useUDP":true,"skipServerCNCheck":true})"));
  EXPECT_FALSE(settings_from_json(R"({"serverName":"a.example","serverPort":514,"serverNme":"x"})"));
  EXPECT_FALSE(settings_from_json("[]"));
}

TEST(ForwarderSettings, NameFourRecommendationsForProduction) { EXPECT_EQ(production_recommendations().size(), 4U); }

TEST(ForwarderSettings, MakeErrorsOfWarningsForProduction) {
  SetRequest request{.server_name = "logs.example", .server_port = "514", .use_udp = true, .production = true};
  const auto refused = check_set(request, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("production"), std::string::npos);
  request.use_udp.reset();
  EXPECT_TRUE(check_set(request, {}));
}

ForwarderConfiguration enabled() {
  ForwarderConfiguration now;
  return next_configuration(now,
                            {.kind = ChangeKind::Set,
                             .settings = ForwarderSettings{.server_name = "logs.example", .server_port = 6514}},
                            false)
      ->next;
}

TEST(ForwarderConfiguration, SetEnablesAndAlwaysNeedsAPlan) {
  const auto first = enabled();
  EXPECT_EQ(first.state, ForwarderState::Enabled);
  EXPECT_EQ(first.generation, 1U);
  const auto again = next_configuration(first, {.kind = ChangeKind::Set, .settings = first.settings}, false);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->plan_needed);
  EXPECT_EQ(again->next.generation, 2U);
}

TEST(ForwarderConfiguration, EnableFailsBeforeAnySetAndNamesTheCmdlet) {
  for (const bool force : {false, true}) {
    const auto refused = next_configuration({}, {.kind = ChangeKind::Enable}, force);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("Set-AzSSyslogForwarder"), std::string::npos);
  }
  const auto removed = next_configuration(enabled(), {.kind = ChangeKind::Remove}, false)->next;
  EXPECT_EQ(removed.state, ForwarderState::NotConfigured);
  EXPECT_FALSE(removed.settings);
  EXPECT_FALSE(next_configuration(removed, {.kind = ChangeKind::Enable}, true));
}

TEST(ForwarderConfiguration, DisableKeepsTheSettingsThatEnableRestores) {
  const auto disabled = next_configuration(enabled(), {.kind = ChangeKind::Disable}, false);
  ASSERT_TRUE(disabled);
  EXPECT_TRUE(disabled->plan_needed);
  EXPECT_EQ(disabled->next.state, ForwarderState::Disabled);
  const auto back = next_configuration(disabled->next, {.kind = ChangeKind::Enable}, false);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->next.settings, enabled().settings);
  EXPECT_EQ(back->next.state, ForwarderState::Enabled);
}

TEST(ForwarderConfiguration, TheSameStateNeedsAPlanOnlyByForce) {
  const auto now = enabled();
  const auto idle = next_configuration(now, {.kind = ChangeKind::Enable}, false);
  EXPECT_FALSE(idle->plan_needed);
  EXPECT_EQ(idle->next.generation, now.generation);
  EXPECT_EQ(idle->next.digest(), now.digest());
  const auto forced = next_configuration(now, {.kind = ChangeKind::Enable}, true);
  EXPECT_TRUE(forced->plan_needed);
  EXPECT_EQ(forced->next.generation, now.generation + 1);
  EXPECT_FALSE(next_configuration({}, {.kind = ChangeKind::Disable}, false)->plan_needed);
  EXPECT_FALSE(next_configuration({}, {.kind = ChangeKind::Remove}, false)->plan_needed);
  EXPECT_TRUE(next_configuration({}, {.kind = ChangeKind::Disable}, true)->plan_needed);
}

TEST(ForwarderConfiguration, ItsDocumentReadsBackAndAHandsEditIsSeen) {
  auto now = enabled();
  now.changed_at = "2026-11-22T08:00:00Z";
  now.changed_by = "root";
  const auto document = to_document(now);
  const auto read = from_document(document);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->digest(), now.digest());
  EXPECT_EQ(read->changed_by, "root");
  auto edited = document;
  edited.replace(edited.find("6514"), 4, "6515");
  ForwarderConfiguration as_read;
  const auto refused = from_document(edited, nullptr, &as_read);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(as_read.settings->server_port, 6515);
  EXPECT_NE(as_read.digest(), now.digest());
}

TEST(ForwarderConfiguration, ASignerRefusesWhatItDidNotSign) {
  const ConfigurationSigner signer{
      .sign = [](std::string_view bytes) { return "signed:" + std::string(bytes.substr(0, 8)); },
      .check = [](std::string_view bytes,
                  std::string_view signature) { return signature == "signed:" + std::string(bytes.substr(0, 8)); }};
  EXPECT_TRUE(from_document(to_document(enabled(), &signer), &signer));
  EXPECT_FALSE(from_document(to_document(enabled()), &signer));
}

}  // namespace
}  // namespace yagura::forward
