#include "serve/kusto_results.hpp"

#include <boost/json.hpp>

#include <cmath>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/result_writer.hpp"

namespace yagura::serve {

namespace json = boost::json;
using event::KqlType;

namespace {

constexpr std::size_t kChunk = 256 * 1024;

std::string_view net_type(KqlType type) {
  switch (type) {
    case KqlType::boolean: return "SByte";
    case KqlType::int32: return "Int32";
    case KqlType::int64: return "Int64";
    case KqlType::real: return "Double";
    case KqlType::decimal: return "SqlDecimal";
    case KqlType::string: return "String";
    case KqlType::datetime: return "DateTime";
    case KqlType::timespan: return "TimeSpan";
    case KqlType::guid: return "Guid";
    case KqlType::dynamic: return "Object";
  }
  return "String";
}

// A dynamic value stands in the answer as the JSON it is, if it is: a stored text may be anything.
void append_dynamic(std::string& out, std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 256;
  try {
    unsigned char buffer[4096];
    json::monotonic_resource memory(buffer);
    (void)json::parse(text, error, &memory, options);
  } catch (const std::exception&) {
    error = json::error::exception;
  }
  if (error) return append_json_string(out, text);
  out += text;
}

void append_cell(std::string& out, const event::Column& column, std::size_t row) {
  if (column.is_null(row) && column.type() != KqlType::string) {
    out += "null";
    return;
  }
  switch (column.type()) {
    case KqlType::datetime:
      out += '"';
      append_datetime(out, column.int64s()[row]);
      out += '"';
      return;
    case KqlType::dynamic: return append_dynamic(out, column.texts()[row]);
    default: return append_cell_json(out, column, row);
  }
}

void append_row(std::string& out, const event::TableBatch& batch, std::size_t row) {
  out += '[';
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    if (i != 0) out += ',';
    append_cell(out, batch.column(i), row);
  }
  out += ']';
}

void append_columns(std::string& out, const std::vector<event::ColumnSchema>& columns, int version) {
  out += "\"Columns\":[";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) out += ',';
    out += "{\"ColumnName\":";
    append_json_string(out, columns[i].name);
    if (version == 1) out += fmt::format(",\"DataType\":\"{}\"", net_type(columns[i].type));
    out += fmt::format(",\"ColumnType\":\"{}\"}}", event::to_string(columns[i].type));
  }
  out += ']';
}

std::string now_text() { return format_datetime(ReceiveClock::now().time_since_epoch().count()); }

std::string resource_usage(const query::QueryStats& stats) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("ExecutionTime").number(static_cast<double>(stats.total.count()) / 1e6);
  writer.key("input_dataset_statistics").begin_object().key("rows").begin_object();
  writer.key("scanned").number(stats.rows_read).end_object();
  writer.key("bytes").begin_object().key("scanned").number(stats.bytes_read).end_object().end_object();
  writer.key("dataset_statistics").begin_array().begin_object();
  writer.key("table_row_count").number(stats.rows_returned).end_object().end_array();
  writer.end_object();
  return out;
}

}  // namespace

std::string kusto_visualization(std::string_view visualization) {
  json::object all{{"Visualization", nullptr},
                   {"Title", nullptr},
                   {"XColumn", nullptr},
                   {"Series", nullptr},
                   {"YColumns", nullptr},
                   {"AnomalyColumns", nullptr},
                   {"XTitle", nullptr},
                   {"YTitle", nullptr},
                   {"XAxis", nullptr},
                   {"YAxis", nullptr},
                   {"Legend", nullptr},
                   {"YSplit", nullptr},
                   {"Accumulate", false},
                   {"IsQuerySorted", false},
                   {"Kind", nullptr},
                   {"Ymin", "NaN"},
                   {"Ymax", "NaN"}};
  boost::system::error_code error;
  const json::value given = json::parse(visualization, error);
  if (!error && given.is_object())
    for (const auto& [key, value] : given.get_object()) {
      if (value.is_double() && !std::isfinite(value.get_double())) continue;
      const std::string_view name(key.data(), key.size());
      for (auto& known : all)
        if (equal_ignoring_ascii_case(std::string_view(known.key().data(), known.key().size()), name))
          known.value() = value;
    }
  return json::serialize(all);
}

void KustoWriter::frame_gap() { out_ += format_.newlines ? "\n," : ","; }

Result<> KustoWriter::flush(std::size_t keep) {
  if (out_.size() <= keep) return {};
  auto sent = write_(out_);
  out_.clear();
  return sent;
}

bool KustoWriter::begin(const query::ResultInfo& result) {
  if (!started_) start_answer(result);
  if (open_) close_table("");
  names_.emplace_back(result.name.empty() ? "PrimaryResult" : result.name);
  return true;
}

void KustoWriter::start_answer(const query::ResultInfo& result) {
  started_ = true;
  visualizations_.assign(result.visualizations.begin(), result.visualizations.end());
  if (format_.version == 1) {
    out_ += "{\"Tables\":[";
    return;
  }
  out_ += fmt::format(
      R"([{{"FrameType":"DataSetHeader","IsProgressive":{},"Version":"v2.0","IsFragmented":{},"ErrorReportingPlacement":"{}"}})",
      format_.progressive, format_.fragments,
      format_.errors_in_rows    ? "InData"
      : format_.errors_at_table ? "EndOfTable"
                                : "EndOfDataSet");
  frame_gap();
  properties_table(visualizations_);
}

void KustoWriter::properties_table(const std::vector<std::string>& visualizations) {
  JsonWriter writer(out_);
  writer.begin_object();
  if (format_.version == 2) {
    writer.key("FrameType").text("DataTable").key("TableId").number(std::int64_t{0});
    writer.key("TableKind").text("QueryProperties").key("TableName").text("@ExtendedProperties");
    writer.key("Columns").raw(
        R"([{"ColumnName":"TableId","ColumnType":"int"},{"ColumnName":"Key","ColumnType":"string"},{"ColumnName":"Value","ColumnType":"dynamic"}])");
  } else {
    writer.key("TableName").text(fmt::format("Table_{}", names_.size()));
    writer.key("Columns").raw(R"([{"ColumnName":"Value","DataType":"String","ColumnType":"string"}])");
  }
  writer.key("Rows").begin_array();
  for (std::size_t i = 0; i < visualizations.size(); ++i) {
    writer.begin_array();
    if (format_.version == 2) writer.number(static_cast<std::int64_t>(i + 1)).text("Visualization");
    writer.text(kusto_visualization(visualizations[i]));
    writer.end_array();
  }
  writer.end_array().end_object();
}

Result<> KustoWriter::columns(const std::vector<event::ColumnSchema>& columns) {
  if (names_.empty()) begin({});
  ++tables_;
  if (format_.version == 1) {
    if (names_.size() > 1) out_ += ',';
    out_ += fmt::format("{{\"TableName\":\"Table_{}\",", names_.size() - 1);
    append_columns(out_, columns, 1);
    out_ += ",\"Rows\":[";
  } else {
    frame_gap();
    out_ += fmt::format(R"({{"FrameType":"{}","TableId":{},"TableKind":"PrimaryResult","TableName":)",
                        format_.fragments ? "TableHeader" : "DataTable", names_.size());
    append_json_string(out_, names_.back());
    out_ += ',';
    append_columns(out_, columns, 2);
    out_ += format_.fragments ? "}" : ",\"Rows\":[";
  }
  open_ = true;
  rows_in_table_ = 0;
  column_count_ = columns.size();
  return flush(kChunk);
}

Result<> KustoWriter::rows(const event::TableBatch& batch) {
  if (format_.fragments) {
    for (std::size_t row = 0; row < batch.row_count();) {
      frame_gap();
      out_ += fmt::format(
          R"({{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":{},"FieldCount":{},"Rows":[)",
          names_.size(), column_count_);
      for (bool first = true; row < batch.row_count() && out_.size() < kChunk; ++row, first = false) {
        if (!first) out_ += ',';
        append_row(out_, batch, row);
        ++rows_in_table_;
      }
      out_ += "]}";
      TRY(flush(kChunk));
    }
    return {};
  }
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    if (rows_in_table_++ > 0) out_ += ',';
    append_row(out_, batch, row);
    TRY(flush(kChunk));
  }
  return {};
}

// `error` is {"error":{...}} or "".
void KustoWriter::close_table(const std::string& error) {
  open_ = false;
  const std::string errors = error.empty() ? "" : "\"OneApiErrors\":[" + error + "]";
  if (format_.fragments) {
    if (format_.progressive) {
      frame_gap();
      out_ += fmt::format(R"({{"FrameType":"TableProgress","TableId":{},"TableProgress":100.0}})", names_.size());
    }
    frame_gap();
    out_ += fmt::format(R"({{"FrameType":"TableCompletion","TableId":{},"RowCount":{})", names_.size(), rows_in_table_);
    if (!errors.empty()) out_ += "," + errors;
    out_ += '}';
    return;
  }
  if (!errors.empty() && format_.version == 2 && format_.errors_in_rows) {
    if (rows_in_table_ > 0) out_ += ',';
    out_ += "{" + errors + "}";
  }
  out_ += "]}";
}

void KustoWriter::status_table(const query::QueryOutcome& outcome, const query::QueryFailure* failure) {
  const bool v1 = format_.version == 1;
  struct Line {
    int level;
    std::string_view level_name, event_name;
    std::int64_t code;
    std::string code_name, text;
  };
  std::vector<Line> lines;
  if (failure == nullptr) {
    lines.push_back({4, "Info", "QueryInfo", 0, "S_OK (0)",
                     v1 ? "Query completed successfully" : R"({"Count":1,"Text":"Query completed successfully"})"});
  } else {
    const auto code = outcome.failure ? std::int64_t{-2133196798} : kTruncatedCode;
    std::string payload;
    JsonWriter writer(payload);
    writer.begin_object().key("Count").number(std::int64_t{1}).key("Text").text(kusto_message(*failure)).end_object();
    lines.push_back(
        {2, "Error", "QueryLimitsExceeded", code,
         fmt::format("{} ({})",
                     outcome.failure ? "Query failed" : "Query result set too large (E_QUERY_RESULT_SET_TOO_LARGE).",
                     code),
         v1 ? kusto_message(*failure) : payload});
  }
  lines.push_back({6, "Stats", "QueryResourceConsumption", 0, "S_OK (0)", resource_usage(outcome.stats)});
  JsonWriter writer(out_);
  writer.begin_object();
  if (v1) {
    writer.key("TableName").text(fmt::format("Table_{}", names_.size() + 1));
    writer.key("Columns").raw(
        R"([{"ColumnName":"Timestamp","DataType":"DateTime","ColumnType":"datetime"},{"ColumnName":"Severity","DataType":"Int32","ColumnType":"int"},)"
        R"({"ColumnName":"SeverityName","DataType":"String","ColumnType":"string"},{"ColumnName":"StatusCode","DataType":"Int32","ColumnType":"int"},)"
        R"({"ColumnName":"StatusDescription","DataType":"String","ColumnType":"string"},{"ColumnName":"Count","DataType":"Int32","ColumnType":"int"},)"
        R"({"ColumnName":"RequestId","DataType":"Guid","ColumnType":"guid"},{"ColumnName":"ActivityId","DataType":"Guid","ColumnType":"guid"},)"
        R"({"ColumnName":"SubActivityId","DataType":"Guid","ColumnType":"guid"},{"ColumnName":"ClientActivityId","DataType":"String","ColumnType":"string"}])");
  } else {
    writer.key("FrameType").text("DataTable").key("TableId").number(static_cast<std::int64_t>(names_.size() + 1));
    writer.key("TableKind").text("QueryCompletionInformation").key("TableName").text("QueryCompletionInformation");
    writer.key("Columns").raw(
        R"([{"ColumnName":"Timestamp","ColumnType":"datetime"},{"ColumnName":"ClientRequestId","ColumnType":"string"},{"ColumnName":"ActivityId","ColumnType":"guid"},)"
        R"({"ColumnName":"SubActivityId","ColumnType":"guid"},{"ColumnName":"ParentActivityId","ColumnType":"guid"},{"ColumnName":"Level","ColumnType":"int"},)"
        R"({"ColumnName":"LevelName","ColumnType":"string"},{"ColumnName":"StatusCode","ColumnType":"int"},{"ColumnName":"StatusCodeName","ColumnType":"string"},)"
        R"({"ColumnName":"EventType","ColumnType":"int"},{"ColumnName":"EventTypeName","ColumnType":"string"},{"ColumnName":"Payload","ColumnType":"string"}])");
  }
  writer.key("Rows").begin_array();
  for (const auto& line : lines) {
    writer.begin_array().text(now_text());
    if (v1) {
      writer.number(static_cast<std::int64_t>(line.level))
          .text(line.level_name)
          .number(line.code)
          .text(line.text)
          .number(std::int64_t{1});
      writer.text(ids_.activity_id).text(ids_.activity_id).text(ids_.activity_id).text(ids_.client_request_id);
    } else {
      writer.text(ids_.client_request_id).text(ids_.activity_id).text(ids_.activity_id).text(ids_.activity_id);
      writer.number(static_cast<std::int64_t>(line.level)).text(line.level_name).number(line.code).text(line.code_name);
      writer.number(std::int64_t{0}).text(line.event_name).text(line.text);
    }
    writer.end_array();
  }
  writer.end_array().end_object();
}

Result<> KustoWriter::finish(const query::QueryOutcome& outcome, std::string_view text) {
  std::optional<query::QueryFailure> failure = outcome.failure;
  if (!failure && outcome.truncated) failure = truncation_failure(outcome);
  std::string error;
  if (failure && !format_.deferred) append_kusto_error(error, *failure, text, ids_);
  if (!started_) start_answer({});
  if (open_) close_table(error);
  names_.resize(tables_);  // a failure before a table's columns leaves a name without a table
  if (format_.version == 1) {
    if (!names_.empty()) out_ += ',';
    properties_table(visualizations_);
    out_ += ',';
    status_table(outcome, failure ? &*failure : nullptr);
    out_ += ',';
    JsonWriter writer(out_);
    writer.begin_object().key("TableName").text(fmt::format("Table_{}", names_.size() + 2));
    writer.key("Columns").raw(
        R"([{"ColumnName":"Ordinal","DataType":"Int64","ColumnType":"long"},{"ColumnName":"Kind","DataType":"String","ColumnType":"string"},)"
        R"({"ColumnName":"Name","DataType":"String","ColumnType":"string"},{"ColumnName":"Id","DataType":"String","ColumnType":"string"},)"
        R"({"ColumnName":"PrettyName","DataType":"String","ColumnType":"string"}])");
    writer.key("Rows").begin_array();
    std::int64_t ordinal = 0;
    const auto entry = [&](std::string_view kind, std::string_view name) {
      writer.begin_array().number(ordinal++).text(kind).text(name).text(to_string(Guid::random())).text("").end_array();
    };
    for (const auto& name : names_) entry("QueryResult", name);
    entry("QueryProperties", "@ExtendedProperties");
    entry("QueryStatus", "QueryStatus");
    writer.end_array().end_object();
    out_ += "]}";
    return flush();
  }
  frame_gap();
  status_table(outcome, failure ? &*failure : nullptr);
  frame_gap();
  out_ += fmt::format(R"({{"FrameType":"DataSetCompletion","HasErrors":{},"Cancelled":{})", !error.empty(),
                      outcome.failure && outcome.failure->error.kind() == ErrorKind::cancelled);
  if (!error.empty()) out_ += ",\"OneApiErrors\":[" + error + "]";
  out_ += format_.newlines ? "}\n]" : "}]";
  return flush();
}

std::string kusto_management_answer(const event::TableBatch& table) {
  std::string out = "{\"Tables\":[{\"TableName\":\"Table_0\",";
  append_columns(out, table.schema(), 1);
  out += ",\"Rows\":[";
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    if (row != 0) out += ',';
    append_row(out, table, row);
  }
  return out + "]}]}";
}

}  // namespace yagura::serve
