// A report as text: a table for people, JSON lines, CSV (RFC 4180), or one HTML file with everything in it.
//
// Foreign bytes are escaped for each: control characters for the terminal, formulas for spreadsheets, markup for HTML.
#pragma once
#include <iosfwd>
#include <string>

#include "hunt/report.hpp"

namespace yagura::hunt {

enum class ReportFormat : std::uint8_t { table, jsonl, csv, html };

struct ReportStyle {
  bool colours = false;
  std::size_t width = 160;  // of a table's lines; 0: as long as they are
  std::string title;        // of the HTML page; "" for "Timeline"
  std::string language;     // of the HTML page: "en", "ja", "" for the reader's own
  std::string version;
};

Result<> write_report(const Report& report, ReportFormat format, const ReportStyle& style, std::ostream& out);

// How many findings of each level, what was read, what could not be: a few lines for people.
std::string summary_text(const Report& report, bool colours);

// Of write_report(), in report_html.cpp.
Result<> write_html(const Report& report, const ReportStyle& style, std::ostream& out);

}  // namespace yagura::hunt
