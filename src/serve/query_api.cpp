// Our own query endpoint: rows as they come (lines of JSON), one JSON object, or CSV. Hanging up cancels the query.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"
#include "serve/result_writer.hpp"
#include "serve/timespan.hpp"

namespace yagura::serve {

namespace {

enum class Format { ndjson, json, csv };

Result<Format> wanted_format(const net::HttpRequest& request) {
  const std::string format = request.query_parameter("format");
  if (format == "ndjson") return Format::ndjson;
  if (format == "json") return Format::json;
  if (format == "csv") return Format::csv;
  if (!format.empty()) return fail(ErrorKind::invalid_input, "'format' must be ndjson, json or csv");
  const std::string accept = to_lower_ascii(request.header("Accept"));
  if (accept.find("text/csv") != std::string::npos) return Format::csv;
  if (accept.find("application/json") != std::string::npos) return Format::json;
  return Format::ndjson;
}

Result<query::QueryRequest> request_of(Context& context, const net::HttpRequest& http) {
  const auto body = TRY(json_body(http));
  TRY(only_members(body, {"query", "timespan", "max_rows", "timeout_seconds"}));
  query::QueryRequest request{.text = TRY(required_text(body, "query")), .limits = context.options.limits};
  if (trim(request.text).empty()) return fail(ErrorKind::invalid_input, "'query' is empty");
  request.now_ticks = context.control().now();
  const auto range = TRY(parse_timespan(TRY(optional_text(body, "timespan")).value_or(""), request.now_ticks));
  request.from_ticks = range.from_ticks;
  request.to_ticks = range.to_ticks;
  if (const auto rows = TRY(optional_integer(body, "max_rows"))) {
    if (*rows < 1) return fail(ErrorKind::invalid_input, "'max_rows' must be at least 1");
    request.limits.max_rows = std::min<std::uint64_t>(request.limits.max_rows, static_cast<std::uint64_t>(*rows));
  }
  if (const auto seconds = TRY(optional_integer(body, "timeout_seconds"))) {
    if (*seconds < 1 || *seconds > 3600) return fail(ErrorKind::invalid_input, "'timeout_seconds' must be 1 to 3600");
    request.limits.timeout =
        std::min<std::chrono::milliseconds>(request.limits.timeout, std::chrono::seconds(*seconds));
  }
  return request;
}

// What stands behind the rows: {"stats":...,"render":...,"notices":[...],"truncated":...} without the braces.
void append_tail(std::string& out, const query::QueryOutcome& outcome) {
  out += "\"stats\":";
  append_stats(out, outcome.stats);
  out += ",\"render\":";
  out += outcome.visualization.empty() ? "null" : render_json(outcome.visualization);
  out += ",\"notices\":[";
  for (std::size_t i = 0; i < outcome.notices.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, outcome.notices[i]);
  }
  out += "],\"truncated\":";
  out += outcome.truncated ? "true" : "false";
}

// Starts the answer with the first piece, so that a query that fails at once gets a status of its own.
class LazyStream {
 public:
  LazyStream(Context& context, net::HttpStream& stream, std::string content_type, std::string disposition)
      : context_(context),
        stream_(stream),
        content_type_(std::move(content_type)),
        disposition_(std::move(disposition)) {}
  Result<> write(std::string_view piece) {
    if (!started_) {
      net::HttpResponse head{.status = 200, .headers = {}, .body = {}};
      head.set("Content-Type", content_type_);
      if (!disposition_.empty()) head.set("Content-Disposition", disposition_);
      head.set("X-Accel-Buffering", "no");
      add_security_headers(head, context_.options);
      TRY(stream_.start(head));
      started_ = true;
    }
    return stream_.write(piece);
  }
  bool started() const { return started_; }

 private:
  Context& context_;
  net::HttpStream& stream_;
  std::string content_type_, disposition_;
  bool started_ = false;
};

Answer stream_ndjson(Context& context, Exchange& exchange, query::QueryRequest request) {
  LazyStream stream(context, exchange.stream, "application/x-ndjson; charset=utf-8", "");
  NdjsonSink sink([&](std::string_view piece) { return stream.write(piece); });
  const auto outcome = run_query(context, exchange, std::move(request), sink, "yagura");
  if (outcome.failure && !stream.started()) return failure_response(*outcome.failure);
  std::string last = "{";
  if (outcome.failure) {
    last += "\"error\":";
    append_failure(last, *outcome.failure);
    last += ',';
  }
  append_tail(last, outcome);
  last += "}\n";
  // Nobody is there any more when this fails; the query is over and in the audit log either way.
  (void)stream.write(last);
  return std::optional<net::HttpResponse>();
}

Answer stream_csv(Context& context, Exchange& exchange, query::QueryRequest request) {
  LazyStream stream(context, exchange.stream, "text/csv; charset=utf-8", "attachment; filename=\"query.csv\"");
  CsvSink sink([&](std::string_view piece) { return stream.write(piece); });
  const auto outcome = run_query(context, exchange, std::move(request), sink, "yagura");
  if (outcome.failure && !stream.started()) return failure_response(*outcome.failure);
  // A CSV has no place for an error: the chunked answer ends without its end, which every client reports.
  if (outcome.failure)
    throw std::runtime_error("query failed after its first rows: " + outcome.failure->error.message());
  if (!stream.started()) return net::text_response(200, "", "text/csv; charset=utf-8");
  return std::optional<net::HttpResponse>();
}

Answer whole_json(Context& context, Exchange& exchange, query::QueryRequest request) {
  LogAnalyticsTable table;
  const auto outcome = run_query(context, exchange, std::move(request), table, "yagura");
  if (outcome.failure) return failure_response(*outcome.failure);
  std::string body = table.finish();  // {"name":...,"columns":[...],"rows":[...]}
  body.pop_back();
  body += ',';
  append_tail(body, outcome);
  body += '}';
  return net::json_response(200, std::move(body));
}

Answer run(Context& context, Exchange& exchange) {
  const Format format = TRY(wanted_format(exchange.request));
  auto request = TRY(request_of(context, exchange.request));
  switch (format) {
    case Format::ndjson: return stream_ndjson(context, exchange, std::move(request));
    case Format::json: return whole_json(context, exchange, std::move(request));
    case Format::csv: return stream_csv(context, exchange, std::move(request));
  }
  return fail(ErrorKind::internal, "no such format");
}

}  // namespace

void add_query_routes(Router& router, Context& context) {
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/query",
       .access = Access::with(control::Permission::query),
       .summary = "Run a KQL query; ?format=ndjson (rows as they come), json or csv",
       .tag = "query",
       .body_schema =
           R"({"type":"object","required":["query"],"properties":{"query":{"type":"string"},"timespan":{"type":"string","description":"ISO 8601 duration or interval"},"max_rows":{"type":"integer"},"timeout_seconds":{"type":"integer"}}})",
       .answer_schema =
           R"({"type":"object","properties":{"columns":{"type":"array","items":{"type":"object"}},"rows":{"type":"array","items":{"type":"array"}},"stats":{"type":"object"},"render":{},"notices":{"type":"array","items":{"type":"string"}},"truncated":{"type":"boolean"},"error":{"type":"object"}}})",
       .handler = answering([&context](Exchange& exchange) { return run(context, exchange); })});
}

}  // namespace yagura::serve
