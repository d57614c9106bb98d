#include "serve/result_writer.hpp"

#include <boost/json.hpp>

#include <cmath>

#include "base/csv.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::serve {

namespace {

using event::Column;
using event::KqlType;

enum class Longs { exact, as_browsers_can };
constexpr std::int64_t kSafeInteger = (1LL << 53) - 1;
constexpr std::size_t kChunk = 256 * 1024;

void append_cell(std::string& out, const Column& column, std::size_t row, Longs longs) {
  if (column.type() == KqlType::string) return append_json_string(out, column.texts()[row]);
  if (column.is_null(row)) {
    out += "null";
    return;
  }
  switch (column.type()) {
    case KqlType::boolean: out += column.booleans()[row] ? "true" : "false"; return;
    case KqlType::int32: fmt::format_to(std::back_inserter(out), "{}", column.int32s()[row]); return;
    case KqlType::int64: {
      const std::int64_t value = column.int64s()[row];
      const bool quoted = longs == Longs::as_browsers_can && (value > kSafeInteger || value < -kSafeInteger);
      if (quoted) out += '"';
      fmt::format_to(std::back_inserter(out), "{}", value);
      if (quoted) out += '"';
      return;
    }
    case KqlType::real: {
      const double value = column.reals()[row];
      if (std::isnan(value))
        out += "\"NaN\"";
      else if (std::isinf(value))
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
      else {
        // 1.0, not 1: clients in typed languages tell a real from a long by it.
        const std::size_t from = out.size();
        append_json_double(out, value);
        if (out.find_first_of(".e", from) == std::string::npos) out += ".0";
      }
      return;
    }
    case KqlType::datetime: {
      out += '"';
      append_datetime(out, column.int64s()[row]);
      // ...45.1200000Z -> ...45.12Z, and no fraction at all when it is zero.
      out.pop_back();
      while (out.back() == '0') out.pop_back();
      if (out.back() == '.') out.pop_back();
      out += "Z\"";
      return;
    }
    case KqlType::timespan:
      out += '"';
      out += event::format_timespan(column.int64s()[row]);
      out += '"';
      return;
    case KqlType::guid:
      out += '"';
      append_guid(out, column.guids()[row]);
      out += '"';
      return;
    case KqlType::decimal:
    case KqlType::string:
    case KqlType::dynamic: append_json_string(out, column.texts()[row]); return;
  }
}

void append_row(std::string& out, const event::TableBatch& batch, std::size_t row, Longs longs) {
  out += '[';
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    if (i != 0) out += ',';
    append_cell(out, batch.column(i), row, longs);
  }
  out += ']';
}

void append_columns(std::string& out, const std::vector<event::ColumnSchema>& columns) {
  out += "\"columns\":[";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) out += ',';
    out += "{\"name\":";
    append_json_string(out, columns[i].name);
    out += ",\"type\":\"";
    out += to_string(columns[i].type);
    out += "\"}";
  }
  out += ']';
}

}  // namespace

void append_cell_json(std::string& out, const Column& column, std::size_t row) {
  append_cell(out, column, row, Longs::exact);
}

bool LogAnalyticsTable::begin(const query::ResultInfo& result) {
  if (result.number == 0) return true;
  if (results_ == Results::first) return false;
  name_ = result.name.empty() ? fmt::format("Table_{}", result.number) : std::string(result.name);
  return true;
}

Result<> LogAnalyticsTable::columns(const std::vector<event::ColumnSchema>& columns) {
  if (started_) out_ += "]},";
  started_ = true;
  any_row_ = false;
  out_ += "{\"name\":";
  append_json_string(out_, name_);
  out_ += ',';
  append_columns(out_, columns);
  out_ += ",\"rows\":[";
  return {};
}

Result<> LogAnalyticsTable::rows(const event::TableBatch& batch) {
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    if (any_row_) out_ += ',';
    any_row_ = true;
    append_row(out_, batch, row, Longs::exact);
  }
  return {};
}

std::string LogAnalyticsTable::finish() {
  if (!started_) out_ = "{\"name\":\"PrimaryResult\",\"columns\":[],\"rows\":[";
  out_ += "]}";
  return std::move(out_);
}

Result<> NdjsonSink::columns(const std::vector<event::ColumnSchema>& columns) {
  started_ = true;
  line_ = "{";
  append_columns(line_, columns);
  line_ += "}\n";
  return write_(line_);
}

Result<> NdjsonSink::rows(const event::TableBatch& batch) {
  std::size_t row = 0;
  while (row < batch.row_count()) {
    line_ = "{\"rows\":[";
    for (bool first = true; row < batch.row_count() && line_.size() < kChunk; ++row, first = false) {
      if (!first) line_ += ',';
      append_row(line_, batch, row, Longs::as_browsers_can);
    }
    line_ += "]}\n";
    TRY(write_(line_));
  }
  return {};
}

Result<> CsvSink::columns(const std::vector<event::ColumnSchema>& columns) {
  started_ = true;
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) line += ',';
    append_csv_cell(line, columns[i].name, CsvCells::for_spreadsheets);
  }
  line += "\r\n";
  return write_(line);
}

Result<> CsvSink::rows(const event::TableBatch& batch) {
  std::string lines, cell;
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    for (std::size_t i = 0; i < batch.column_count(); ++i) {
      if (i != 0) lines += ',';
      const Column& column = batch.column(i);
      if (column.type() == KqlType::string || column.type() == KqlType::dynamic) {
        if (!column.is_null(row)) append_csv_cell(lines, column.texts()[row], CsvCells::for_spreadsheets);
        continue;
      }
      cell.clear();
      append_cell_text(cell, column, row);
      lines += cell;  // numbers, times, guids: nothing to quote, and -1 is no formula
    }
    lines += "\r\n";
    if (lines.size() >= kChunk) {
      TRY(write_(lines));
      lines.clear();
    }
  }
  return lines.empty() ? Result<>() : write_(lines);
}

Result<> ObjectRows::columns(const std::vector<event::ColumnSchema>& columns) {
  names_.clear();
  for (const auto& column : columns) names_.push_back(column.name);
  return {};
}

Result<> ObjectRows::rows(const event::TableBatch& batch) {
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    if (out_.size() > 1) out_ += ',';
    out_ += '{';
    for (std::size_t i = 0; i < batch.column_count(); ++i) {
      if (i != 0) out_ += ',';
      append_json_string(out_, names_[i]);
      out_ += ':';
      append_cell(out_, batch.column(i), row, Longs::as_browsers_can);
    }
    out_ += '}';
  }
  return {};
}

void append_log_analytics_statistics(std::string& out, const query::QueryStats& stats) {
  JsonWriter json(out);
  json.begin_object().key("query").begin_object();
  json.key("executionTime").number(static_cast<double>(stats.total.count()) / 1e6);
  json.key("inputDatasetStatistics").begin_object();
  json.key("rows").begin_object().key("scanned").number(stats.rows_read).end_object();
  json.key("bytes").begin_object().key("scanned").number(stats.bytes_read).end_object();
  json.end_object();
  json.key("datasetStatistics").begin_array().begin_object();
  json.key("tableRowCount").number(stats.rows_returned);
  json.end_object().end_array();
  json.end_object().end_object();
}

std::string render_json(std::string_view visualization) {
  namespace json = boost::json;
  json::object render{{"visualization", nullptr},  {"title", nullptr},  {"xColumn", nullptr}, {"series", nullptr},
                      {"anomalyColumns", nullptr}, {"xTitle", nullptr}, {"yTitle", nullptr},  {"xAxis", nullptr},
                      {"yAxis", nullptr},          {"legend", nullptr}, {"ySplit", nullptr},  {"accumulate", false},
                      {"isQuerySorted", false},    {"kind", nullptr},   {"ymin", "NaN"},      {"ymax", "NaN"}};
  boost::system::error_code error;
  const json::value given = json::parse(visualization, error);
  if (!error && given.is_object()) {
    for (const auto& [key, value] : given.get_object()) {
      // Scalars only, and no infinity, which JSON cannot write.
      if (value.is_structured() || (value.is_double() && !std::isfinite(value.get_double()))) continue;
      // Names are written in any case: xtitle is xTitle.
      const std::string_view name(key.data(), key.size());
      bool known = false;
      for (auto& member : render)
        if (equal_ignoring_ascii_case(std::string_view(member.key().data(), member.key().size()), name)) {
          member.value() = value;
          known = true;
        }
      if (known || name.empty()) continue;
      std::string other(name);
      other.front() = ascii_lower(other.front());
      render[other] = value;
    }
  }
  return json::serialize(render);
}

void append_stats(std::string& out, const query::QueryStats& stats) {
  JsonWriter json(out);
  json.begin_object();
  json.key("compile_us").number(static_cast<std::int64_t>(stats.compile.count()));
  json.key("total_us").number(static_cast<std::int64_t>(stats.total.count()));
  json.key("rows_read").number(stats.rows_read);
  json.key("bytes_read").number(stats.bytes_read);
  json.key("rows_returned").number(stats.rows_returned);
  json.end_object();
}

}  // namespace yagura::serve
