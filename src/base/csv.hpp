// Cells of CSV files as RFC 4180 has them. (Read by query/csv_reader.hpp and files/csv_table.cpp.)
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace yagura {

enum class CsvCells : std::uint8_t {
  exact,            // for programs: the text and nothing else
  for_spreadsheets  // for people: what a spreadsheet would take for a formula gets a ' before it; log lines are written by strangers
};

// Appends `text`, in quotes where it has a comma, quote or line break. Separators and line ends are the caller's.
void append_csv_cell(std::string& out, std::string_view text, CsvCells cells);

}  // namespace yagura
