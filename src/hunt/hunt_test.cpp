#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "formats/registry.hpp"
#include "hunt/hunter.hpp"
#include "base/json_cutter.hpp"
#include "hunt/log_checks.hpp"
#include "hunt/report_writer.hpp"

namespace yagura::hunt {
namespace {

constexpr std::string_view kRules = R"(
title: Who am I
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a01
level: high
tags: [attack.discovery, attack.t1033]
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\whoami.exe'}, condition: selection}
---
title: Failed logon
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a02
name: failed_logon
level: low
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4625}, condition: selection}
---
title: Many failed logons
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a03
level: medium
correlation: {type: event_count, rules: [failed_logon], group-by: [TargetUserName], timespan: 5m, condition: {gte: 3}}
)";
constexpr std::string_view kMapping = R"(
product: windows
when: {Channel: '*', EventID: '*'}
services: {security: {Channel: Security}}
categories: {process_creation: {Channel: Security, EventID: 4688}}
aliases: [{when: {Channel: Security, EventID: 4688}, fields: {Image: NewProcessName}}]
)";

std::string event(int id, int record, std::string_view time, std::string_view data) {
  return fmt::format(
             R"({{"EventID":{},"Channel":"Security","Computer":"pc1","EventRecordID":{},"Provider_Name":"Microsoft-Windows-Security-Auditing","TimeCreated_SystemTime":"{}",{}}})",
             id, record, time, data) +
         "\n";
}

class Hunting : public ::testing::Test {
 protected:
  void SetUp() override {
    write("rules/a.yml", kRules);
    write("map/windows.yml", kMapping);
  }
  std::filesystem::path write(const std::string& name, std::string_view text) {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  Report run(const std::vector<std::string>& files, HuntOptions options = {}, std::string in = {}) {
    auto library = detect::RuleLibrary::open(
        {.rule_folders = {folder_.path() / "rules"}, .mapping_folders = {folder_.path() / "map"}});
    EXPECT_TRUE(library.has_value());
    std::vector<FileProblem> problems;
    std::istringstream stream(std::move(in));
    Evidence evidence(find_evidence(files, problems), stream);
    auto report = hunt(evidence, (*library)->current(), options, {});
    EXPECT_TRUE(report.has_value());
    return std::move(*report);
  }
  static std::string shown(const Report& report, ReportFormat format) {
    std::ostringstream out;
    EXPECT_TRUE(write_report(report, format, {}, out).has_value());
    return out.str();
  }
  static std::vector<std::string> titles(const Report& report) {
    std::vector<std::string> out;
    for (const auto& finding : report.findings) out.push_back(report.rules[finding.rule].about.title);
    return out;
  }
  TemporaryDirectory folder_;
};

using Texts = std::vector<std::string>;

// Rules for a firewall look at what its pack names.
TEST_F(Hunting, FindsWithDevicePacks) {
  write("packs/gate.yaml", R"(
pack: gate
log_source: {product: acme, category: firewall}
table: CommonSecurityLog
match: [{message: ['GATE-']}]
steps: [{grok: ['GATE-%{NUM:event.code}: deny %{IP:source.ip}']}]
)");
  write("rules/gate.yml", R"(
title: Denied
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a04
level: medium
logsource: {product: acme, category: firewall}
detection: {s: {source.ip|cidr: 198.51.100.0/24}, condition: s}
)");
  HuntOptions options;
  auto packs = normalise::PackSet::load(folder_.path() / "packs");
  ASSERT_TRUE(packs) << packs.error().message();
  options.packs = std::make_shared<const normalise::PackSet>(std::move(*packs));
  const auto file = write("gate.log",
                          "<38>Nov 22 08:00:00 fw1 gate: GATE-7: deny 198.51.100.9\n<38>Nov 22 08:00:01 fw1 gate: GATE-7: deny 10.0.0.1\n");
  EXPECT_EQ(titles(run({file.string()}, options)), (Texts{"Denied"}));
  options.packs = nullptr;
  EXPECT_EQ(titles(run({file.string()}, options)), Texts{});
}

TEST_F(Hunting, FindsByTimeWithCorrelations) {
  std::string lines = event(4688, 9, "2024-05-01T10:00:09Z",
                            R"("NewProcessName":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all")");
  for (int i = 0; i < 3; ++i)
    lines += event(4625, 10 + i, fmt::format("2024-05-01T10:00:0{}Z", i), R"("TargetUserName":"bob")");
  const auto report = run({write("e.jsonl", lines).string()});
  EXPECT_EQ(titles(report), (Texts{"Many failed logons", "Who am I"}));
  EXPECT_EQ(report.findings[0].count, 3U);
  EXPECT_EQ(report.event_count, 4U);
  const auto table = shown(report, ReportFormat::table);
  EXPECT_NE(table.find("whoami /all"), std::string::npos) << table;
  EXPECT_NE(table.find("3 events from 2024-05-01T10:00:00Z on | TargetUserName: bob"), std::string::npos) << table;
}

TEST_F(Hunting, GivesTheSameWithAnyNumberOfThreads) {
  std::string lines;
  for (int i = 0; i < 6'000; ++i)
    lines += i % 7 == 0 ? event(4688, i, fmt::format("2024-05-01T{:02}:{:02}:{:02}Z", 23 - i % 24, i % 60, i % 59),
                                R"("NewProcessName":"C:\\whoami.exe")")
                        : event(4625, i, fmt::format("2024-05-01T{:02}:{:02}:{:02}Z", i % 24, i % 60, i % 59),
                                fmt::format(R"("TargetUserName":"u{}")", i % 50));
  const auto path = write("e.jsonl", lines).string();
  const auto one = shown(run({path, path}, {.threads = 1}), ReportFormat::jsonl);
  EXPECT_EQ(one, shown(run({path, path}, {.threads = 4}), ReportFormat::jsonl));
  EXPECT_EQ(one, shown(run({path, path}, {.threads = 9}), ReportFormat::jsonl));
  EXPECT_GT(one.size(), 100'000U);
}

TEST_F(Hunting, ChoosesByTimeLevelTagAndRule) {
  const std::string lines = event(4688, 1, "2024-05-01T10:00:00Z", R"("NewProcessName":"C:\\whoami.exe")") +
                            event(4688, 2, "2024-05-02T10:00:00Z", R"("NewProcessName":"C:\\whoami.exe")") +
                            event(4625, 3, "2024-05-03T10:00:00Z", R"("TargetUserName":"bob")");
  const auto path = write("e.jsonl", lines).string();
  const auto at = [](std::string_view text) { return event_time(*parse_iso8601(text)); };
  EXPECT_EQ(run({path}).findings.size(), 2U);  // failed_logon feeds a correlation and is no finding by itself
  EXPECT_EQ(run({path}, {.since = at("2024-05-02")}).findings.size(), 1U);
  EXPECT_EQ(run({path}, {.until = at("2024-05-02T10:00:00Z")}).findings.size(), 1U);
  EXPECT_EQ(run({path}, {.least_level = sigma::Level::critical}).findings.size(), 0U);
  EXPECT_EQ(run({path}, {.tags = {"t1033"}}).findings.size(), 2U);
  EXPECT_EQ(run({path}, {.tags = {"attack.t103"}}).findings.size(), 0U);
  EXPECT_EQ(run({path}, {.rules = {"WHO AM"}}).findings.size(), 2U);
  EXPECT_EQ(run({path}, {.most_findings = 1}).findings_left_out, 1U);
}

TEST_F(Hunting, ReadsStandardInputAndNamesWhatItCannotRead) {
  const auto binary = write("x.bin", std::string_view("\x7f"
                                                      "ELF\0\0\0\0",
                                                      8))
                          .string();
  const auto report = run(
      {"-", binary}, {}, event(4688, 1, "2024-05-01T10:00:00Z", R"("NewProcessName":"whoami.exe")") + "{\"broken\":\n");
  EXPECT_EQ(report.event_count, 2U);
  EXPECT_EQ(report.malformed, 1U);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_EQ(report.problems[0].file, "-");
  EXPECT_EQ(report.problems[1].what, "this is no log that can be read: neither EVTX nor text");
}

TEST_F(Hunting, ReadsExportedXmlInUtf16) {
  std::string xml = "<?xml version=\"1.0\"?><Events>";
  for (int i = 0; i < 2; ++i)
    xml += fmt::format(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
        "Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID>"
        "<TimeCreated "
        "SystemTime='2024-05-01T10:00:0{}.1234567Z'/><EventRecordID>{}</EventRecordID><Channel>Security</"
        "Channel><Computer>pc2</Computer></System>"
        "<EventData><Data Name='NewProcessName'>C:\\whoami.exe</Data></EventData></Event>\n",
        i, 5 + i);
  xml += "</Events>";
  std::string wide = "\xFF\xFE";
  for (const char c : xml) wide += std::string{c, '\0'};
  const auto report = run({write("e.xml", wide).string()});
  EXPECT_EQ(titles(report), (Texts{"Who am I", "Who am I"}));
  EXPECT_EQ(report.strings[report.events[0].host], "pc2");
  EXPECT_EQ(report.events[1].record_id, 6);
}

TEST_F(Hunting, FindsClearedLogsAndGapsWithoutRules) {
  const std::string lines =
      event(4624, 1, "2024-05-01T10:00:00Z", R"("a":1)") + event(4624, 2, "2024-05-01T10:00:01Z", R"("a":1)") +
      event(4624, 7, "2024-05-01T10:00:09Z", R"("a":1)") +
      R"({"EventID":1102,"Channel":"Security","Computer":"pc1","EventRecordID":8,"Provider_Name":"Microsoft-Windows-Eventlog","TimeCreated_SystemTime":"2024-05-01T10:00:10Z"})"
      "\n" +
      event(4616, 9, "2024-05-01T10:00:11Z",
            R"("PreviousTime":"2024-05-01T10:00:11Z","NewTime":"2024-04-01T10:00:11Z")");
  const auto path = write("e.jsonl", lines).string();
  const auto report = run({path});
  EXPECT_EQ(titles(report), (Texts{"Exported log without all of its records", "Security log was cleared",
                                   "System time was changed by more than a minute"}));
  EXPECT_NE(shown(report, ReportFormat::csv).find("4 records are missing at 1 places between records 1 and 9"),
            std::string::npos);
  EXPECT_TRUE(run({path}, {.checks = false}).findings.empty());
}

TEST_F(Hunting, WritesNoForeignMarkupIntoHtml) {
  const auto path =
      write("e.jsonl", event(4688, 1, "2024-05-01T10:00:00Z",
                             R"("NewProcessName":"whoami.exe","CommandLine":"</script><img src=x onerror=alert(1)>")"))
          .string();
  const auto report = run({path});
  const auto html = shown(report, ReportFormat::html);
  EXPECT_EQ(html.find("onerror"), std::string::npos);
  EXPECT_EQ(html.find("{{"), std::string::npos);
  EXPECT_NE(html.find("default-src 'none'; script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(html.find("http://"), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
}

TEST(LogHistory, TellsGapsFromExportsAndClocks) {
  const auto ticks = [](std::string_view text) { return *parse_iso8601(text); };
  LogHistory history;
  // The chunks of a log that has gone round begin with newer records.
  history.add({{"pc", "System", 50, 60, ticks("2024-05-02T00:00:00Z"), ticks("2024-05-02T01:00:00Z"), false}});
  history.add({{"pc", "System", 10, 20, ticks("2024-05-01T00:00:00Z"), ticks("2024-05-01T01:00:00Z"), false},
               {"pc", "System", 21, 49, ticks("2024-04-30T00:00:00Z"), ticks("2024-05-01T22:00:00Z"), false},
               {"pc", "System", 62, 62, ticks("2024-05-02T02:00:00Z"), ticks("2024-05-02T02:00:00Z"), false},
               {"pc", "Security", 1, 4, ticks("2024-05-01T00:00:00Z"), ticks("2024-05-01T01:00:00Z"), true},
               {"pc", "Security", 9, 9, ticks("2024-05-01T02:00:00Z"), ticks("2024-05-01T02:00:00Z"), true}});
  const auto remarks = history.finish();
  ASSERT_EQ(remarks.size(), 3U);
  EXPECT_EQ(remarks[0].check, Check::records_missing_in_export);
  EXPECT_EQ(remarks[0].text, "4 records are missing at 1 places between records 1 and 9");
  EXPECT_EQ(remarks[1].check, Check::time_went_back);
  EXPECT_EQ(remarks[2].check, Check::records_missing);
  EXPECT_EQ(remarks[2].text, "record 61 is missing, between 2024-05-02T01:00:00Z and 2024-05-02T02:00:00Z");
  EXPECT_TRUE(history.finish().empty());
}

// Cut at every place, the values are the same.
Texts cut(std::string_view text, std::size_t piece) {
  JsonCutter cutter;
  Texts out;
  std::size_t done = 0;
  for (std::size_t end = 0; done < text.size();) {
    end = std::min(text.size(), std::max(end, done) + piece);
    std::vector<JsonPiece> values;
    std::size_t consumed = 0;
    cutter.cut(text.substr(done, end - done), end == text.size(), values, consumed);
    for (const auto& value : values) out.emplace_back(text.substr(done + value.at, value.size));
    done += consumed;
    if (end == text.size() && consumed == 0) break;
  }
  return out;
}

TEST(JsonCutter, FindsValuesHoweverTheyAreLaidOut) {
  const std::vector<std::pair<std::string_view, Texts>> cases{
      {"{\"a\":1}\n{\"b\":\"}{\"}\n", {"{\"a\":1}", "{\"b\":\"}{\"}"}},
      {"[{\"a\":[1,2]},\n {\"b\":\"\\\"]\"} ]", {"{\"a\":[1,2]}", "{\"b\":\"\\\"]\"}"}},
      {"{\"Records\":[{\"a\":1},{\"b\":2}],\"x\":{\"y\":[1]},\"z\":\"q\"}\n{\"Records\":[{\"c\":3}]}",
       {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}},
      {"\xEF\xBB\xBF{\n \"value\" : [ { \"a\": {} } ] }", {"{ \"a\": {} }"}},
      {"{\"RecordsNot\":[{\"a\":1}]}", {"{\"RecordsNot\":[{\"a\":1}]}"}},
      {"{\"a\":1}nonsense\n{\"b\":2}", {"{\"a\":1}", "nonsense", "{\"b\":2}"}},
      {"{\"a\":", {"{\"a\":"}},
      {"[]", {}},
  };
  for (const auto& [text, expected] : cases)
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 1000UL})
      EXPECT_EQ(cut(text, piece), expected) << text << " in pieces of " << piece;
}

}  // namespace
}  // namespace yagura::hunt
