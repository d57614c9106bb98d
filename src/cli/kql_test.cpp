// yagura kql check | explain | format | functions: texts, JSON, exit codes, and that docs/kql.md is what is printed.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "testing/case_files.hpp"

namespace yagura::cli {
namespace {

class KqlCommand : public ::testing::Test {
 protected:
  int kql(std::vector<std::string> words, const std::string& input = "") {
    const bool reads_tables = words.front() != "functions";
    words.insert(words.begin(), {"yagura", "kql"});
    if (reads_tables) words.insert(words.end(), {"--content", (testing::project_root() / "content").string()});
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    std::istringstream in(input);
    std::ostringstream out, err;
    Console console{in, out, err};
    const int code = run(static_cast<int>(argv.size()), argv.data(), console);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  boost::json::object json() const { return boost::json::parse(out_).as_object(); }

  std::string out_, err_;
};

TEST_F(KqlCommand, ReferenceIsCurrent) {
  const auto written = read_file(testing::project_root() / "docs/kql.md", 8_MiB);
  ASSERT_TRUE(written) << written.error().message();
  ASSERT_EQ(kql({"functions"}), 0);
  const auto differ = std::ranges::mismatch(*written, out_);
  const auto line = 1 + std::count(written->begin(), differ.in1, '\n');
  EXPECT_TRUE(*written == out_) << "docs/kql.md:" << line << " is not what the registry says; renew it with\n    yagura kql functions > docs/kql.md";
}

TEST_F(KqlCommand, FunctionsAsJson) {
  ASSERT_EQ(kql({"functions", "--json"}), 0) << err_;
  const auto all = boost::json::parse(out_).as_array();
  EXPECT_GT(all.size(), 300u);
  bool found = false;
  for (const auto& value : all) {
    const auto& f = value.as_object();
    for (const auto* key : {"name", "kind", "summary", "signatures", "aliases", "in_store", "in_flight", "examples"}) EXPECT_TRUE(f.contains(key)) << f;
    if (f.at("name") != "strlen") continue;
    found = true;
    EXPECT_EQ(f.at("kind"), "scalar");
    EXPECT_TRUE(f.at("in_store").as_bool());
    EXPECT_FALSE(f.at("examples").as_array().empty());
  }
  EXPECT_TRUE(found);
  const std::string before = out_;
  ASSERT_EQ(kql({"functions", "--json"}), 0);
  EXPECT_EQ(out_, before);
  EXPECT_EQ(kql({"functions", "--json", "--markdown"}), 2);
}

TEST_F(KqlCommand, CheckSaysWhereAndWhat) {
  EXPECT_EQ(kql({"check", "Syslog | where Facilty == 'auth'"}), 2);
  EXPECT_TRUE(err_.starts_with("1:16: error KS142: ")) << err_;
  EXPECT_NE(err_.find("did you mean 'Facility'"), std::string::npos) << err_;
  EXPECT_EQ(kql({"check", "--json", "Syslog | where Facilty == 'auth'"}), 2);
  const auto mistakes = json();
  EXPECT_FALSE(mistakes.at("ok").as_bool());
  const auto& first = mistakes.at("diagnostics").as_array().at(0).as_object();
  EXPECT_EQ(first.at("code"), "KS142");
  EXPECT_EQ(first.at("severity"), "error");
  EXPECT_EQ(first.at("line").to_number<int>(), 1);
  EXPECT_EQ(first.at("column").to_number<int>(), 16);
  EXPECT_EQ(first.at("start").to_number<int>(), 15);
  EXPECT_EQ(first.at("length").to_number<int>(), 7);
  EXPECT_EQ(kql({"check", "Syslog | summarize n = count() by Facility"}), 0) << err_;
  EXPECT_EQ(out_, "Facility: string\nn: long\n");
  EXPECT_EQ(kql({"check", "--json"}, "Syslog | count"), 0) << err_;
  EXPECT_EQ(out_, R"({"ok":true,"diagnostics":[],"columns":[{"name":"Count","type":"long"}]})" "\n");
}

TEST_F(KqlCommand, ExplainShowsTheStatement) {
  EXPECT_EQ(kql({"explain", "Syslog | where Facility == 'auth' | count"}), 0) << err_;
  EXPECT_NE(out_.find("FROM `Syslog`"), std::string::npos) << out_;
  EXPECT_EQ(kql({"explain", "--json", "Syslog | where Facility == 'auth' | count"}), 0) << err_;
  const auto whole = json();
  EXPECT_TRUE(whole.at("ok").as_bool());
  EXPECT_NE(whole.at("sql").as_string().find("`Facility` = 'auth'"), std::string::npos) << out_;
  EXPECT_EQ(whole.at("tables"), boost::json::value({"Syslog"}));
  EXPECT_TRUE(whole.at("settings").is_object());
  EXPECT_TRUE(whole.at("steps").as_array().empty());
  EXPECT_EQ(kql({"explain", "--json", "Nope | count"}), 2);
  EXPECT_EQ(json().at("sql"), "");
}

TEST_F(KqlCommand, FormatReadsTextFileOrInput) {
  const std::string tidy = "Syslog\n| where Facility == 'auth'\n| take 5\n";
  EXPECT_EQ(kql({"format", "Syslog|where Facility=='auth'|take 5"}), 0) << err_;
  EXPECT_EQ(out_, tidy);
  EXPECT_EQ(kql({"format"}, tidy), 0);
  EXPECT_EQ(out_, tidy);
  TemporaryDirectory folder;
  const auto path = folder.path() / "hunt.kql";
  ASSERT_TRUE(write_file_atomically(path, "Syslog|take 5"));
  EXPECT_EQ(kql({"format", "--json", "-f", path.string()}), 0);
  EXPECT_EQ(json().at("query"), "Syslog\n| take 5\n");
  EXPECT_EQ(kql({"format", "Syslog | where ("}), 2);
  EXPECT_NE(err_.find("1:1"), std::string::npos) << err_;
  EXPECT_EQ(kql({"format", "-f", (folder.path() / "none").string()}), 2);
}

TEST_F(KqlCommand, HelpHasExamples) {
  for (const auto* command : {"check", "explain", "format", "functions"}) {
    std::ostringstream out, err;
    std::istringstream in;
    Console console{in, out, err};
    const char* argv[] = {"yagura", "kql", command, "--help"};
    EXPECT_EQ(run(4, argv, console), 0) << command;
    EXPECT_NE(out.str().find("Examples:"), std::string::npos) << command;
    EXPECT_NE(out.str().find(std::string("yagura kql ") + command + " --json"), std::string::npos) << out.str();
  }
}

}  // namespace
}  // namespace yagura::cli
