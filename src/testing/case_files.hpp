// Tests as text: case files below tests/cases/<room>/<what>/*.case.
//
// A file holds any number of cases:
//
//     === name of the case
//     --- input
//     <34>Oct 11 22:14:15 mymachine su: 'su root' failed
//     --- expected
//     Facility: auth
//
// Sections are named freely; a section's text ends before the next "--- " or "=== " line, without the last
// line feed. A line that begins with "\--- " or "\=== " stands for itself without the backslash. Section
// names ending in ":escaped" are read with C escapes (\n \r \t \0 \\ \xHH) and listed without the suffix. Lines starting
// with "### " are comments.
//
// YAGURA_UPDATE_CASES=1 makes expect_section() rewrite sections; the diff is what gets reviewed.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::testing {

struct Case {
  std::string name;
  std::string where;  // file:line
  std::filesystem::path file;
  std::map<std::string, std::string, std::less<>> sections;

  // The section's text; "" when there is none.
  const std::string& operator[](std::string_view section) const;
  bool has(std::string_view section) const { return sections.contains(section); }
};
std::ostream& operator<<(std::ostream& out, const Case& c);

// All cases of every *.case file below tests/cases/<folder>, sorted. An empty folder fails the test run.
std::vector<Case> read_cases(std::string_view folder);

// A name gtest accepts, unique by file line.
std::string case_name(const ::testing::TestParamInfo<Case>& info);

// EXPECT_EQ(actual, c[section]), or with YAGURA_UPDATE_CASES=1 writes it into the file.
void expect_section(const Case& c, std::string_view section, std::string_view actual);

// The checkout's root, wherever the test is started.
std::filesystem::path project_root();

}  // namespace yagura::testing
