#include "cli/rules.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "base/file.hpp"
#include "testing/case_files.hpp"

namespace yagura::cli {
namespace {

constexpr std::string_view kRule = R"(title: Download by certutil
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
detection:
  tool: {Image|endswith: '\certutil.exe'}
  url: {CommandLine|contains: urlcache}
  condition: tool and url
level: high
)";

class RulesCommand : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) { ASSERT_TRUE(write_file_atomically(folder_.path() / name, text)); }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  int rules(std::vector<std::string> words) {
    words.insert(words.begin(), {"yagura", "rules"});
    words.insert(words.end(), {"--content", (testing::project_root() / "content").string()});
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    const int code = run(static_cast<int>(argv.size()), argv.data(), console);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  TemporaryDirectory folder_;
  std::string out_, err_;
};

TEST_F(RulesCommand, CheckNamesMistakesWithLineAndColumn) {
  write("good.yml", kRule);
  EXPECT_EQ(rules({"check", path("good.yml")}), 0) << err_;
  write("bad.yml", "title: Bad\nlogsource: {product: windows}\ndetection:\n  s:\n    Image|endwith: x\n  condition: s\n");
  EXPECT_EQ(rules({"check", path("bad.yml")}), 2);
  EXPECT_NE(err_.find("bad.yml:5:5"), std::string::npos) << err_;
  EXPECT_NE(err_.find("did you mean 'endswith'"), std::string::npos) << err_;
  write("dead.yml", "title: Dead\nlogsource: {product: windows, category: dns_query}\ndetection: {s: {QueryNam: x}, condition: s}\n");
  EXPECT_EQ(rules({"check", path("dead.yml")}), 0);
  EXPECT_NE(err_.find("can never match: events of the category 'dns_query' have no field QueryNam"), std::string::npos) << err_;
  EXPECT_EQ(rules({"check", "--strict", "--json", path("dead.yml")}), 2);
  EXPECT_NE(out_.find(R"("never":1)"), std::string::npos) << out_;
}

TEST_F(RulesCommand, TestFilesSayWhatMustMatch) {
  write("rule.yml", kRule);
  write("a.test.yml", R"(rule: 00000000-0000-4000-8000-000000000001
tests:
  - name: a download
    event: {Image: 'C:\Windows\certutil.exe', CommandLine: 'certutil -urlcache -f http://x'}
    match: true
  - event: {Image: 'C:\Windows\certutil.exe', CommandLine: 'certutil -dump'}
    match: false
  - line: '{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\x\\certutil.exe","CommandLine":"certutil -urlcache"}'
    match: true
)");
  EXPECT_EQ(rules({"test", "--tests", folder_.path().string(), path("rule.yml")}), 0) << out_ << err_;
  EXPECT_EQ(out_, "3 tests, 0 failed\n");
  write("b.test.yml", "rule: download by certutil\ntests:\n  - {name: wrong, event: {Image: x}, match: true}\n");
  EXPECT_EQ(rules({"test", "--why", "--tests", folder_.path().string(), path("rule.yml")}), 1);
  EXPECT_NE(out_.find("b.test.yml:3:5: failed: wrong: Download by certutil: it does not match, but should"), std::string::npos) << out_;
  EXPECT_NE(out_.find("there is no such field"), std::string::npos) << out_;
  write("c.test.yml", "rule: nobody\ntests:\n  - {event: {Image: x}, match: true}\n  - {match: true}\n");
  EXPECT_EQ(rules({"test", "--tests", path("c.test.yml"), path("rule.yml")}), 2);
}

TEST_F(RulesCommand, ExplainAndStatsLookAtSamples) {
  write("rule.yml", kRule);
  write("samples", R"({"Channel":"Security","EventID":4688,"NewProcessName":"C:\\x\\certutil.exe","CommandLine":"certutil -dump"})");
  EXPECT_EQ(rules({"explain", "--samples", path("samples"), path("rule.yml")}), 0);
  EXPECT_NE(out_.find("+ tool"), std::string::npos) << out_;
  EXPECT_NE(out_.find("- url"), std::string::npos) << out_;
  EXPECT_EQ(rules({"explain", "--samples", path("samples"), "--rule", "nobody", path("rule.yml")}), 2) << err_;
  EXPECT_EQ(rules({"stats", "--json", "--samples", path("samples"), path("rule.yml")}), 0);
  EXPECT_NE(out_.find(R"("considered":1,)"), std::string::npos) << out_;
  EXPECT_EQ(rules({"test", path("rule.yml")}), 2);
}

}  // namespace
}  // namespace yagura::cli
