#include "detect/stream_detector.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "testing/case_files.hpp"

namespace yagura::detect {
namespace {

namespace fs = std::filesystem;
using event::RecordBatch;

event::TableSchema alert_table() {
  const auto path = testing::project_root() / "content/tables/SecurityAlert.json";
  auto schema = event::parse_table_schema(read_file(path).value(), path.string()).value();
  add_standard_columns(schema);
  return schema;
}

std::unique_ptr<RuleLibrary> own_rules() {
  auto library = RuleLibrary::open({.rule_folders = {testing::project_root() / "content/rules"},
                                    .mapping_folders = {testing::project_root() / "content/sigma"},
                                    .least_level = sigma::Level::none});
  EXPECT_TRUE(library) << library.error().message();
  return std::move(*library);
}

// "@logsource: linux//sshd", "@format: rfc3164", then "Field: text" lines.
void add_record(RecordBatch& batch, std::string_view text, std::uint64_t position) {
  auto& arena = batch.arena();
  auto& header =
      batch.begin_record({.received_at = receive_time(17'000'000'000'000'000 + static_cast<std::int64_t>(position)),
                          .position = Position(position)});
  for (const auto line : split(text, '\n')) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    const auto name = line.substr(0, colon);
    const auto value = arena.copy(line.substr(colon + 2));
    if (name == "@logsource") {
      const auto parts = split(value, '/');
      header.log_source = {parts[0], parts[1], parts[2]};
    } else if (name == "@format") {
      header.format = value;
    } else {
      batch.set(event::intern_field(name), value);
    }
  }
  batch.end_record();
}

std::string text_at(const event::TableBatch& rows, std::string_view column, std::size_t row) {
  std::string out;
  append_cell_text(out, rows.column(*rows.find(column)), row);
  return out;
}

class OwnRules : public ::testing::TestWithParam<testing::Case> {};

TEST_P(OwnRules, RaiseTheAlertsOfTheCase) {
  const auto& c = GetParam();
  const auto library = own_rules();
  const StreamDetector detector(*library, alert_table());
  const auto worker = detector.make_worker();
  RecordBatch batch;
  add_record(batch, c["record"], 7);
  std::vector<CorrelationEvent> events;
  const auto rows = worker->observe(batch, receive_time(0), &events);
  std::string text;
  for (std::size_t r = 0; rows && r < rows->row_count(); ++r) text += text_at(*rows, "AlertName", r) + "\n";
  for (const auto& event : events) text += worker->snapshot()->plan->sources()[event.source].reference + " (counted)\n";
  if (!text.empty()) text.pop_back();
  testing::expect_section(c, "rules", text);
}
INSTANTIATE_TEST_SUITE_P(Cases, OwnRules, ::testing::ValuesIn(testing::read_cases("detect/rules")), testing::case_name);

TEST(OwnRuleFiles, HaveNoProblems) {
  const auto snapshot = own_rules()->current();
  for (const auto& problem : snapshot->problems) ADD_FAILURE() << problem.to_text();
}

constexpr std::string_view kRootLogin =
    "@logsource: linux//sshd\n@format: rfc3164\nHostName: web01\nAppName: sshd\n"
    "Message: Accepted password for root from 203.0.113.9 port 4242 ssh2";

TEST(StreamDetector, WritesARowOfSecurityAlert) {
  const auto library = own_rules();
  const StreamDetector detector(*library, alert_table());
  const auto worker = detector.make_worker();
  RecordBatch batch;
  add_record(batch, "@logsource: linux//sshd\nMessage: Server listening on 0.0.0.0 port 22.", 1);
  add_record(batch, kRootLogin, 2);
  const auto rows = worker->observe(batch, receive_time(1));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->row_count(), 1u);
  EXPECT_EQ(rows->table(), "SecurityAlert");
  EXPECT_EQ(text_at(*rows, "AlertName", 0), "Root Logged in with a Password over SSH");
  EXPECT_EQ(text_at(*rows, "AlertSeverity", 0), "High");
  EXPECT_EQ(text_at(*rows, "Tactics", 0), "InitialAccess");
  EXPECT_EQ(text_at(*rows, "Techniques", 0), R"(["T1078","T1021"])");
  EXPECT_EQ(text_at(*rows, "SubTechniques", 0), R"(["T1078.003","T1021.004"])");
  EXPECT_EQ(text_at(*rows, "CompromisedEntity", 0), "web01");
  EXPECT_EQ(text_at(*rows, "Entities", 0), R"([{"$id":"2","HostName":"web01","Type":"host"}])");
  EXPECT_EQ(text_at(*rows, "_ItemId", 0), text_at(*rows, "SystemAlertId", 0));
  EXPECT_EQ(text_at(*rows, "_Position", 0), "2");
  EXPECT_EQ(rows->first_position, Position(2));
  const auto properties = boost::json::parse(text_at(*rows, "ExtendedProperties", 0)).as_object();
  EXPECT_EQ(properties.at("Record").as_object().at("Message").as_string(),
            "Accepted password for root from 203.0.113.9 port 4242 ssh2");
  EXPECT_EQ(properties.at("JournalPosition").as_int64(), 2);
}

TEST(StreamDetector, GivesTheSameRowsWhenTheJournalIsReplayed) {
  const auto library = own_rules();
  const StreamDetector detector(*library, alert_table());
  std::vector<std::string> ids;
  for (int run = 0; run < 2; ++run) {
    const auto worker = detector.make_worker();
    // Cut into other batches the second time.
    for (std::uint64_t from = 0; from < 6; from += run == 0 ? 6 : 2) {
      RecordBatch batch;
      for (std::uint64_t i = from; i < from + (run == 0 ? 6 : 2); ++i) add_record(batch, kRootLogin, i + 1);
      const auto rows = worker->observe(batch, receive_time(run));
      for (std::size_t r = 0; r < rows->row_count(); ++r) ids.push_back(text_at(*rows, "SystemAlertId", r));
    }
  }
  ASSERT_EQ(ids.size(), 12u);
  EXPECT_EQ(std::vector(ids.begin(), ids.begin() + 6), std::vector(ids.begin() + 6, ids.end()));
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 6u);
}

std::string rule_text(std::string_view id, std::string_view keyword, std::string_view level = "high") {
  return fmt::format(
      "title: Rule {0}\nid: {0}\nlogsource: {{product: linux}}\ndetection:\n  k: ['{1}']\n  condition: k\nlevel: {2}\n",
      id, keyword, level);
}

TEST(RuleLibrary, ReloadsWhatChangedAndKeepsCounters) {
  const TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "a.yml", rule_text("a", "first")));
  auto library = RuleLibrary::open({.rule_folders = {folder.path()}}).value();
  const StreamDetector detector(*library, alert_table());
  const auto worker = detector.make_worker();
  RecordBatch batch;
  add_record(batch, "@logsource: linux//\nMessage: the first and the second", 1);
  EXPECT_EQ(worker->observe(batch, {})->row_count(), 1u);
  EXPECT_FALSE(library->reload_if_changed().value());

  ASSERT_TRUE(write_file_atomically(folder.path() / "b.yml", rule_text("b", "second")));
  EXPECT_TRUE(library->reload_if_changed().value());
  EXPECT_EQ(worker->observe(batch, {})->row_count(), 2u);
  EXPECT_EQ(library->current()->rules[0].counters->matches.load(), 2u);
  EXPECT_EQ(library->current()->rules[1].counters->matches.load(), 1u);

  fs::remove(folder.path() / "a.yml");
  EXPECT_TRUE(library->reload_if_changed().value());
  EXPECT_EQ(worker->observe(batch, {})->row_count(), 1u);
}

TEST(RuleLibrary, KeepsTheOtherRulesWhenOneIsWrong) {
  const TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "a.yml", rule_text("a", "first")));
  ASSERT_TRUE(write_file_atomically(folder.path() / "b.yml",
                                    "title: Wrong\nlogsource: {product: linux}\ndetection:\n  k: x\n"));
  const auto snapshot = RuleLibrary::open({.rule_folders = {folder.path()}}).value()->current();
  ASSERT_EQ(snapshot->rules.size(), 1u);
  std::vector<std::string> errors;
  for (const auto& problem : snapshot->problems)
    if (problem.severity == sigma::Problem::Severity::error) errors.push_back(problem.to_text());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("b.yml:4:3: 'condition' is missing"), std::string::npos) << errors[0];
}

TEST(RuleLibrary, HeedsTheOperatorsWord) {
  const TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "a.yml",
                                    rule_text("a", "first") + "---\n" + rule_text("b", "first", "informational")));
  auto library = RuleLibrary::open({.rule_folders = {folder.path()}}).value();
  const StreamDetector detector(*library, alert_table());
  const auto worker = detector.make_worker();
  RecordBatch batch;
  add_record(batch, "@logsource: linux//\nMessage: the first", 1);
  EXPECT_EQ(text_at(*worker->observe(batch, {}), "AlertName", 0), "Rule a");  // informational rules are off
  library->set_overrides({{"a", {.enabled = false}}, {"b", {.enabled = true, .severity = "Low"}}});
  const auto rows = worker->observe(batch, {});
  ASSERT_EQ(rows->row_count(), 1u);
  EXPECT_EQ(text_at(*rows, "AlertName", 0), "Rule b");
  EXPECT_EQ(text_at(*rows, "AlertSeverity", 0), "Low");
}

TEST(RuleLibrary, KnowsWhatDevicePacksBring) {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder.path() / "rules");
  std::filesystem::create_directories(folder.path() / "sigma");
  ASSERT_TRUE(write_file_atomically(folder.path() / "sigma/m.yaml", "product: windows\nservices:\n  security: {Channel: Security}\n"));
  ASSERT_TRUE(write_file_atomically(folder.path() / "rules/r.yml",
                                    "title: T\nlevel: high\nlogsource: {product: acme, service: gate}\ndetection: {s: {source.ip: 10.0.0.1}, condition: s}\n"));
  auto library = RuleLibrary::open({.rule_folders = {folder.path() / "rules"}, .mapping_folders = {folder.path() / "sigma"}});
  ASSERT_TRUE(library) << library.error().message();
  EXPECT_EQ((*library)->current()->rules.at(0).never, "nothing that arrives here is of the product 'acme'");
  const auto fields = std::make_shared<const std::set<std::string, std::less<>>>(std::set<std::string, std::less<>>{"source.ip"});
  (*library)->set_supplied({fields, {{"acme", "firewall", "gate"}}});
  ASSERT_TRUE((*library)->reload());
  EXPECT_EQ((*library)->current()->rules.at(0).never, "");
}

TEST(RuleLibrary, NamesAFolderThatIsNotThere) {
  const auto library = RuleLibrary::open({.rule_folders = {"/nowhere/rules"}});
  ASSERT_FALSE(library);
  EXPECT_NE(library.error().message().find("/nowhere/rules"), std::string::npos);
}

}  // namespace
}  // namespace yagura::detect
