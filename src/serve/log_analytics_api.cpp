// The Log Analytics query API, as api.loganalytics.io speaks it, so that Azure Monitor's client libraries work here.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
//
// There is one workspace: any workspace id reaches it, so that a script needs another endpoint and credential only.
#include <algorithm>
#include <thread>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/context.hpp"
#include "serve/result_writer.hpp"
#include "serve/timespan.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;

// "wait=600,include-statistics=true,include-render=true", in any order.
struct Preferences {
  std::chrono::milliseconds wait = std::chrono::minutes(3);
  bool statistics = false, render = false;
};

Preferences parse_prefer(std::string_view text) {
  Preferences preferences;
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const std::string_view value = equals == std::string_view::npos ? "true" : trim(part.substr(equals + 1));
    if (equal_ignoring_ascii_case(name, "wait")) {
      // RFC 7240: a preference that makes no sense is ignored. The service's own ceiling is ten minutes.
      if (const auto seconds = parse_int64(value); seconds && *seconds > 0)
        preferences.wait = std::chrono::seconds(std::min<std::int64_t>(*seconds, 600));
    } else if (equal_ignoring_ascii_case(name, "include-statistics")) {
      preferences.statistics = equal_ignoring_ascii_case(value, "true");
    } else if (equal_ignoring_ascii_case(name, "include-render")) {
      preferences.render = equal_ignoring_ascii_case(value, "true");
    }
  }
  return preferences;
}

struct LogAnalyticsQuery {
  std::string text;
  std::string timespan;
  std::string prefer;
};

struct Reply {
  int status;
  std::string body;
};

void append_partial_error(std::string& out, const query::QueryOutcome& outcome) {
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("code").text("PartialError");
  writer.key("message").text("There were some errors when processing your query.");
  writer.key("details").begin_array();
  const auto detail = [&](std::string_view message) {
    writer.begin_object();
    writer.key("code").text("EngineError");
    writer.key("message").text("Something went wrong processing your query on the server.");
    writer.key("innererror").begin_object();
    writer.key("code").text("-2133196797");  // 0x80DA0003: the result was cut
    writer.key("message").text(message);
    writer.key("severity").number(2);
    writer.key("severityName").text("Error");
    writer.end_object().end_object();
  };
  for (const std::string& notice : outcome.notices) detail(notice);
  if (outcome.notices.empty()) detail("The result is too large; not all records were returned.");
  writer.end_array().end_object();
}

Reply run(Context& context, const Exchange& exchange, const LogAnalyticsQuery& wanted) {
  const auto refuse = [&](Error error) {
    auto response = log_analytics_error(error);
    return Reply{response.status, std::move(response.body)};
  };
  if (trim(wanted.text).empty()) return refuse(Error(ErrorKind::invalid_input, "'query' is missing or empty"));
  const Preferences preferences = parse_prefer(wanted.prefer);
  query::QueryRequest request{.text = wanted.text, .limits = context.options.limits};
  request.now_ticks = context.control().now();
  auto range = parse_timespan(wanted.timespan, request.now_ticks);
  if (!range) return refuse(range.error());
  request.from_ticks = range->from_ticks;
  request.to_ticks = range->to_ticks;
  request.limits.timeout = std::min(context.options.limits.timeout, preferences.wait);

  LogAnalyticsTable table(LogAnalyticsTable::Results::all);
  const query::QueryOutcome outcome = run_query(context, exchange, std::move(request), table, "log_analytics");
  if (outcome.failure) {
    std::string body = "{\"error\":";
    append_log_analytics_failure(body, *outcome.failure, wanted.text);
    body += '}';
    return {log_analytics_status(*outcome.failure), std::move(body)};
  }
  std::string body = "{\"tables\":[" + table.finish() + "]";
  if (preferences.statistics) {
    body += ",\"statistics\":";
    append_log_analytics_statistics(body, outcome.stats);
  }
  if (preferences.render) {
    body += ",\"render\":";
    body += render_json(outcome.visualization);
  }
  if (outcome.truncated) {
    body += ",\"error\":";
    append_partial_error(body, outcome);
  }
  body += '}';
  return {200, std::move(body)};
}

Result<LogAnalyticsQuery> query_of(const json::object& body) {
  return LogAnalyticsQuery{.text = TRY(optional_text(body, "query")).value_or(""),
                           .timespan = TRY(optional_text(body, "timespan")).value_or(""),
                           .prefer = {}};
}

Answer post_query(Context& context, Exchange& exchange) {
  LogAnalyticsQuery wanted = TRY(query_of(TRY(json_body(exchange.request))));
  wanted.prefer = exchange.request.header("Prefer");
  Reply reply = run(context, exchange, wanted);
  return net::json_response(reply.status, std::move(reply.body));
}

Answer get_query(Context& context, Exchange& exchange) {
  Reply reply = run(context, exchange,
                    {.text = exchange.request.query_parameter("query"),
                     .timespan = exchange.request.query_parameter("timespan"),
                     .prefer = std::string(exchange.request.header("Prefer"))});
  return net::json_response(reply.status, std::move(reply.body));
}

struct BatchItem {
  std::string id;
  LogAnalyticsQuery wanted;
  std::optional<Error> refused;
  Reply reply{0, {}};
};

BatchItem batch_item_of(const json::object& request) {
  BatchItem item;
  const auto read = [&]() -> Result<> {
    item.id = TRY(required_text(request, "id"));
    const auto* body = request.if_contains("body");
    if (body == nullptr || !body->is_object()) return fail(ErrorKind::invalid_input, "'body' is missing");
    item.wanted = TRY(query_of(body->get_object()));
    if (const auto* headers = request.if_contains("headers"); headers != nullptr && headers->is_object()) {
      for (const auto& header : headers->get_object())
        if (equal_ignoring_ascii_case(std::string_view(header.key().data(), header.key().size()), "Prefer") &&
            header.value().is_string())
          item.wanted.prefer = std::string(header.value().get_string());
    }
    const auto path = TRY(optional_text(request, "path")).value_or("/query");
    if (path != "/query") return fail(ErrorKind::invalid_input, "'path' must be /query");
    return {};
  };
  if (auto good = read(); !good) item.refused = good.error();
  return item;
}

// Each request of the batch is answered for itself; the batch fails only when it is none.
Answer post_batch(Context& context, Exchange& exchange) {
  constexpr std::size_t kMost = 100;
  const auto body = TRY(json_body(exchange.request));
  const auto* requests = body.if_contains("requests");
  if (requests == nullptr || !requests->is_array() || requests->get_array().empty())
    return fail(ErrorKind::invalid_input, "'requests' must be a list of queries");
  if (requests->get_array().size() > kMost)
    return fail(ErrorKind::invalid_input, "a batch has at most {} requests, this has {}", kMost,
                requests->get_array().size());
  std::vector<BatchItem> items;
  for (const auto& request : requests->get_array()) {
    if (!request.is_object()) return fail(ErrorKind::invalid_input, "each of 'requests' must be an object");
    items.push_back(batch_item_of(request.get_object()));
  }
  // A few side by side; a batch must not take all slots from the others.
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < items.size(); i = next++) {
      BatchItem& item = items[i];
      if (item.refused) {
        auto response = log_analytics_error(*item.refused);
        item.reply = {response.status, std::move(response.body)};
      } else {
        item.reply = run(context, exchange, item.wanted);
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t width =
        std::min<std::size_t>(items.size(), std::max<std::size_t>(1, context.options.max_queries / 4));
    for (std::size_t i = 1; i < width; ++i) helpers.emplace_back(work);
    work();
  }
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("responses").begin_array();
  for (const BatchItem& item : items) {
    writer.begin_object();
    writer.key("id").text(item.id);
    writer.key("status").number(item.reply.status);
    writer.key("headers").raw(R"({"Content-Type":"application/json; charset=utf-8"})");
    writer.key("body").raw(item.reply.body);
    writer.end_object();
  }
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

// What portals and notebooks ask to know the tables: the part of the metadata API that describes a workspace.
Answer get_metadata(Context& context, Exchange& exchange) {
  const auto schemas = context.services.schemas();
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("tables").begin_array();
  for (const event::TableSchema* table : schemas->all()) {
    writer.begin_object();
    writer.key("id").text(table->name);
    writer.key("name").text(table->name);
    writer.key("description").text(table->description);
    writer.key("timespanColumn").text("TimeGenerated");
    writer.key("columns").begin_array();
    for (const auto& column : table->columns) {
      writer.begin_object();
      writer.key("name").text(column.name);
      writer.key("type").text(to_string(column.type));
      if (!column.description.empty()) writer.key("description").text(column.description);
      writer.end_object();
    }
    writer.end_array().end_object();
  }
  writer.end_array();
  writer.key("workspaces").begin_array().begin_object();
  writer.key("id").text(exchange.parameter("id"));
  writer.key("name").text(context.options.workspace_name);
  writer.end_object().end_array();
  writer.end_object();
  return net::json_response(200, std::move(out));
}

constexpr std::string_view kQueryBody =
    R"({"type":"object","required":["query"],"properties":{"query":{"type":"string"},"timespan":{"type":"string","description":"ISO 8601 duration or interval"},"workspaces":{"type":"array","items":{"type":"string"}}}})";
constexpr std::string_view kTables =
    R"({"type":"object","properties":{"tables":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"columns":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"type":{"type":"string"}}}},"rows":{"type":"array","items":{"type":"array"}}}}},"statistics":{"type":"object"},"render":{"type":"object"},"error":{"type":"object"}}})";

}  // namespace

void add_log_analytics_routes(Router& router, Context& context) {
  const Access access = Access::with(control::Permission::query);
  const auto answering_here = [](auto function) { return answering(std::move(function), Dialect::log_analytics); };
  router.add({.method = "POST",
              .pattern = "/v1/workspaces/{id}/query",
              .access = access,
              .dialect = Dialect::log_analytics,
              .summary = "Run a query (Log Analytics query API)",
              .tag = "log-analytics",
              .body_schema = kQueryBody,
              .answer_schema = kTables,
              .handler = answering_here([&context](Exchange& exchange) { return post_query(context, exchange); })});
  router.add({.method = "GET",
              .pattern = "/v1/workspaces/{id}/query",
              .access = access,
              .dialect = Dialect::log_analytics,
              .summary = "Run a query given as query parameters query and timespan",
              .tag = "log-analytics",
              .answer_schema = kTables,
              .handler = answering_here([&context](Exchange& exchange) { return get_query(context, exchange); })});
  router.add(
      {.method = "POST",
       .pattern = "/v1/$batch",
       .access = access,
       .dialect = Dialect::log_analytics,
       .summary = "Run up to 100 queries",
       .tag = "log-analytics",
       .body_schema =
           R"({"type":"object","required":["requests"],"properties":{"requests":{"type":"array","items":{"type":"object"}}}})",
       .answer_schema = R"({"type":"object","properties":{"responses":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering_here([&context](Exchange& exchange) { return post_batch(context, exchange); })});
  for (const std::string_view method : {"GET", "POST"})
    router.add(
        {.method = method,
         .pattern = "/v1/workspaces/{id}/metadata",
         .access = access,
         .dialect = Dialect::log_analytics,
         .summary = "Tables and columns of the workspace",
         .tag = "log-analytics",
         .answer_schema = R"({"type":"object","properties":{"tables":{"type":"array","items":{"type":"object"}}}})",
         .handler = answering_here([&context](Exchange& exchange) { return get_metadata(context, exchange); })});
}

}  // namespace yagura::serve
