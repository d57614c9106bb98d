#include "engine/http_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "engine/clickhouse_error.hpp"

namespace yagura::engine {

namespace {

// Parameters of the interface itself; every other one is a setting.
constexpr std::string_view kOurs[] = {"query",      "database",        "default_format",  "user",          "password",      "quota_key",
                                      "session_id", "session_timeout", "session_check",   "close_session", "query_id",      "compress",
                                      "decompress", "buffer_size",     "wait_end_of_query", "role",         "stacktrace",    "add_http_cors_header",
                                      "client_protocol_version", "http_method", "ssl", "framing"};

bool is_true(std::string_view text) { return text == "1" || text == "true"; }

// One text/… field of multipart/form-data (RFC 7578): how drivers send long queries. Files (external tables) are refused.
ChdbResult<std::vector<std::pair<std::string, std::string>>> form_fields(std::string_view body, std::string_view content_type) {
  std::vector<std::pair<std::string, std::string>> fields;
  const auto bad = [](std::string_view why) { return std::unexpected(ClickHouseError{36, error_text(36, why, "BAD_ARGUMENTS")}); };
  const std::size_t at = content_type.find("boundary=");
  if (at == std::string_view::npos) return bad("multipart/form-data without a boundary.");
  std::string_view boundary = content_type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.front() == '"') boundary = boundary.substr(1, boundary.size() - 2);
  if (boundary.empty() || boundary.size() > 200) return bad("multipart/form-data with a bad boundary.");
  const std::string mark = "--" + std::string(boundary);
  std::size_t begin = body.find(mark);
  while (begin != std::string_view::npos && fields.size() < 1000) {
    begin += mark.size();
    if (body.substr(begin).starts_with("--")) return fields;
    const std::size_t end = body.find("\r\n" + mark, begin);
    const std::size_t head_end = body.find("\r\n\r\n", begin);
    if (end == std::string_view::npos || head_end == std::string_view::npos || head_end > end) break;
    const std::string_view head = body.substr(begin, head_end - begin);
    const std::size_t name_at = head.find("name=\"");
    if (name_at == std::string_view::npos) return bad("a part of multipart/form-data has no name.");
    if (head.find("filename=") != std::string_view::npos) return bad("external tables are not supported here.");
    const std::string_view name = head.substr(name_at + 6, head.find('"', name_at + 6) - name_at - 6);
    fields.emplace_back(name, body.substr(head_end + 4, end - head_end - 4));
    begin = end + 2;
  }
  return bad("multipart/form-data is cut short.");
}

}  // namespace

Credentials credentials_of(const net::HttpRequest& request) {
  Credentials out;
  if (const auto user = request.header("x-clickhouse-user"); !user.empty() || !request.header("x-clickhouse-key").empty())
    return {true, std::string(user), std::string(request.header("x-clickhouse-key"))};
  if (const auto authorization = request.header("authorization"); authorization.size() > 6 && equal_ignoring_ascii_case(authorization.substr(0, 6), "basic ")) {
    const auto plain = from_base64(trim(authorization.substr(6))).value_or("");
    const std::size_t colon = plain.find(':');
    if (colon != std::string::npos) return {true, plain.substr(0, colon), plain.substr(colon + 1)};
    return {true, plain, ""};
  }
  for (auto& [name, value] : request.query_parameters()) {
    if (name == "user") out.user = value, out.given = true;
    if (name == "password") out.password = value, out.given = true;
  }
  return out;
}

ChdbResult<std::unique_ptr<Statement>> statement_of(const net::HttpRequest& request) {
  auto out = std::make_unique<Statement>();
  auto parameters = request.query_parameters();
  out->body = request.body;
  const std::string content_type = to_lower_ascii(request.header("content-type").substr(0, 19));
  if (content_type == "multipart/form-data") {
    auto fields = form_fields(request.body, request.header("content-type"));
    if (!fields) return std::unexpected(fields.error());
    parameters.insert(parameters.end(), fields->begin(), fields->end());
    out->body = {};
  }
  for (auto& [name, value] : parameters) {
    if (name == "query") out->head += value;
    else if (name == "database") out->database = value;
    else if (name == "default_format") out->default_format = value;
    else if (name == "query_id") out->query_id = value;
    else if (name == "wait_end_of_query") out->wait_end = is_true(value);
    else if (name == "enable_http_compression") out->may_compress = is_true(value);
    else if (name == "client_protocol_version") out->revision = parse_uint64(value).value_or(0);
    else if (name.starts_with("param_")) out->parameters.emplace_back(name.substr(6), value);
    else if ((name == "compress" || name == "decompress") && is_true(value))
      return std::unexpected(ClickHouseError{48, error_text(48, name + "=1 is not supported here; use enable_http_compression=1 and Accept-Encoding", "NOT_IMPLEMENTED")});
    else if (std::ranges::find(kOurs, name) == std::end(kOurs)) out->settings.emplace_back(name, value);
  }
  if (const auto database = request.header("x-clickhouse-database"); !database.empty()) out->database = database;
  if (const auto format = request.header("x-clickhouse-format"); !format.empty()) out->default_format = format;
  if (out->default_format.empty()) out->default_format = "TabSeparated";

  // The text is the parameter, then the body; the data of an INSERT follows its FORMAT wherever that stands.
  std::string_view whole = out->body;
  if (!out->head.empty()) {
    out->shape = shape_of(out->head);
    if (out->shape.has_data) {
      out->sql = std::string_view(out->head).substr(0, out->shape.statement_end);
      const std::string_view beginning = std::string_view(out->head).substr(out->shape.data_at);
      if (trim(beginning).empty()) {
        out->data = out->body;
      } else {
        out->data_joined = std::string(beginning) + "\n" + std::string(out->body);
        out->data = out->data_joined;
      }
      return out;
    }
    out->joined = out->head;
    if (!out->body.empty()) out->joined += "\n" + std::string(out->body);
    whole = out->joined;
  }
  out->shape = shape_of(whole);
  out->sql = whole;
  if (out->shape.has_data) {
    out->sql = whole.substr(0, out->shape.statement_end);
    out->data = whole.substr(out->shape.data_at);
  }
  return out;
}

bool is_streamable(std::string_view format) {
  static constexpr std::string_view kFormats[] = {"Native",     "RowBinary",  "TabSeparated", "TSV",    "TabSeparatedRaw", "TSVRaw",
                                                  "JSONEachRow", "JSONLines", "NDJSON", "JSONCompactEachRow", "CSV", "LineAsString", "JSONStringsEachRow"};
  return std::ranges::find(kFormats, format) != std::end(kFormats);
}

std::string_view content_type_of(std::string_view format) {
  if (format.starts_with("JSON")) {
    const bool lines = format.find("EachRow") != std::string_view::npos || format == "JSONLines";
    return lines ? "application/x-ndjson; charset=UTF-8" : "application/json; charset=UTF-8";
  }
  if (format == "NDJSON") return "application/x-ndjson; charset=UTF-8";
  if (format.starts_with("TabSeparated") || format.starts_with("TSV")) return "text/tab-separated-values; charset=UTF-8";
  if (format.starts_with("CSV")) return "text/csv; charset=UTF-8; header=absent";
  if (format.starts_with("Pretty") || format == "Vertical" || format == "Values" || format == "LineAsString") return "text/plain; charset=UTF-8";
  if (format == "XML") return "application/xml; charset=UTF-8";
  return "application/octet-stream";
}

std::string summary_of(const ChdbCounts& counts, std::uint64_t elapsed_ns) {
  return fmt::format(R"({{"read_rows":"{}","read_bytes":"{}","written_rows":"{}","written_bytes":"{}","total_rows_to_read":"0","result_rows":"0","result_bytes":"0","elapsed_ns":"{}"}})",
                     counts.rows_read, counts.bytes_read, counts.rows_written, counts.bytes_written, elapsed_ns);
}

}  // namespace yagura::engine
