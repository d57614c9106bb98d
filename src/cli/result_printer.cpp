#include "cli/result_printer.hpp"

#include <ostream>

#include "base/csv.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::cli {

using event::KqlType;

namespace {

void append_json_cell(std::string& out, const event::Column& column, std::size_t row) {
  if (column.is_null(row)) {
    out += "null";
    return;
  }
  switch (column.type()) {
    case KqlType::boolean:
    case KqlType::int32:
    case KqlType::int64: event::append_cell_text(out, column, row); break;
    case KqlType::real: {
      std::string text;
      event::append_cell_text(text, column, row);
      if (is_ascii_digit(text.back())) append_json_double(out, column.reals()[row]);
      else append_json_string(out, text);  // NaN, Infinity
      break;
    }
    case KqlType::dynamic: out += column.texts()[row]; break;
    default: {
      std::string text;
      event::append_cell_text(text, column, row);
      append_json_string(out, text);
    }
  }
}

// Printable, on one line, at most `limit` characters.
std::string shown(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == limit) return out + "…";
    const char32_t point = utf8::next(text, at);
    if (point == '\n') out += "⏎";
    else if (point < 0x20 || point == 0x7F || (point >= 0x80 && point < 0xA0)) out += ' ';
    else utf8::append(out, point);
  }
  return out;
}

// Columns of a terminal: East Asian wide characters take two (Unicode, East Asian Width W and F).
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = utf8::next(text, at);
    const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                      (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                      (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
    width += wide ? 2 : 1;
  }
  return width;
}

bool is_number(KqlType type) { return type == KqlType::int32 || type == KqlType::int64 || type == KqlType::real || type == KqlType::decimal; }

}  // namespace

bool ResultPrinter::begin(const query::ResultInfo& result) {
  if (result.number > 0) {
    end_result();
    out_ << '\n';
  }
  if (format_ == ResultFormat::table && result.visualizations.size() > 1)
    out_ << "-- result " << result.number + 1 << (result.name.empty() ? "" : ": ") << shown(result.name, max_cell_) << '\n';
  rows_in_result_ = 0;
  return true;
}

Result<> ResultPrinter::columns(const std::vector<event::ColumnSchema>& columns) {
  columns_ = columns;
  std::string line;
  if (format_ == ResultFormat::csv) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) line += ',';
      append_csv_cell(line, columns[i].name, CsvCells::exact);
    }
    out_ << line << "\r\n";
  }
  if (format_ == ResultFormat::json) out_ << "[";
  return {};
}

Result<> ResultPrinter::rows(const event::TableBatch& batch) {
  std::string line;
  for (std::size_t row = 0; row < batch.row_count(); ++row, ++row_count_, ++rows_in_result_) {
    line.clear();
    if (format_ == ResultFormat::table) {
      auto& cells = held_.emplace_back();
      for (std::size_t i = 0; i < batch.column_count(); ++i) {
        std::string text;
        event::append_cell_text(text, batch.column(i), row);
        cells.push_back(shown(text, max_cell_));
      }
      // Very long results are printed in pages, each with its own widths.
      if (held_.size() == 10'000) print_table();
      continue;
    }
    if (format_ == ResultFormat::csv) {
      for (std::size_t i = 0; i < batch.column_count(); ++i) {
        if (i > 0) line += ',';
        std::string text;
        event::append_cell_text(text, batch.column(i), row);
        append_csv_cell(line, text, CsvCells::exact);
      }
      line += "\r\n";
    } else {
      if (format_ == ResultFormat::json) line += rows_in_result_ == 0 ? "\n" : ",\n";
      line += '{';
      for (std::size_t i = 0; i < batch.column_count(); ++i) {
        if (i > 0) line += ',';
        append_json_string(line, columns_[i].name);
        line += ':';
        append_json_cell(line, batch.column(i), row);
      }
      line += '}';
      if (format_ == ResultFormat::jsonl) line += '\n';
    }
    out_ << line;
  }
  return {};
}

void ResultPrinter::print_table() {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) widths.push_back(width_of(column.name));
  for (const auto& row : held_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  const auto cell = [&](std::size_t i, const std::string& text) {
    const std::string blanks(widths[i] - std::min(widths[i], width_of(text)), ' ');
    const bool last = i + 1 == columns_.size();
    if (is_number(columns_[i].type)) return blanks + text + (last ? "" : "  ");
    return text + (last ? "" : blanks + "  ");
  };
  std::string head;
  for (std::size_t i = 0; i < columns_.size(); ++i) head += cell(i, columns_[i].name);
  out_ << (colours_ ? "\x1b[1m" : "") << head << (colours_ ? "\x1b[0m" : "") << '\n';
  for (const auto& row : held_) {
    for (std::size_t i = 0; i < row.size(); ++i) out_ << cell(i, row[i]);
    out_ << '\n';
  }
  held_.clear();
}

void ResultPrinter::end_result() {
  if (format_ == ResultFormat::table && !columns_.empty()) print_table();
  if (format_ == ResultFormat::json) out_ << (rows_in_result_ == 0 ? "]\n" : "\n]\n");
}

void ResultPrinter::finish() {
  end_result();
  out_.flush();
}

}  // namespace yagura::cli
