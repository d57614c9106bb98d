#include "serve/context.hpp"

#include <algorithm>

#include "base/metrics.hpp"
#include "base/text.hpp"

namespace yagura::serve {

namespace json = boost::json;

Result<QuerySlot> QuerySlot::take(Context& context) {
  if (context.stopping) return fail(ErrorKind::unavailable, "the server is stopping");
  if (context.running_queries.fetch_add(1) >= context.options.max_queries) {
    context.running_queries.fetch_sub(1);
    return fail(ErrorKind::exhausted, "{} queries are running already: try again when one is done",
                context.options.max_queries);
  }
  return QuerySlot(context);
}

QuerySlot::~QuerySlot() {
  if (context_) context_->running_queries.fetch_sub(1);
}

query::QueryOutcome run_query(Context& context, const Exchange& exchange, query::QueryRequest request,
                              query::RowSink& sink, std::string_view api) {
  query::QueryOutcome outcome;
  auto slot = QuerySlot::take(context);
  if (!slot) {
    outcome.failure = query::QueryFailure{.error = slot.error(), .diagnostics = {}};
  } else {
    std::atomic<bool> gone{false};
    const DisconnectWatcher::Guard guard(context.disconnects, exchange.stream, gone);
    request.cancelled = &gone;
    outcome = context.services.query->run(request, sink);
  }
  const std::string result = outcome.failure ? std::string(error_code(outcome.failure->error.kind())) : "ok";
  metrics()
      .counter("yagura_queries_total", "Queries over HTTP", {{"api", std::string(api)}, {"outcome", result}})
      .add();
  static Counter& rows = metrics().counter("yagura_query_rows_total", "Rows returned by queries over HTTP");
  static Counter& time = metrics().counter("yagura_query_microseconds_total", "Time spent in queries over HTTP");
  rows.add(outcome.stats.rows_returned);
  time.add(static_cast<std::uint64_t>(outcome.stats.total.count()));
  context.control().audit().record(
      {.actor = exchange.caller.actor,
       .action = "query",
       .target = std::string(api),
       .detail = request.text,
       .outcome = outcome.failure ? outcome.failure->error.message()
                                  : fmt::format("ok, {} rows, {} read, {} ms", outcome.stats.rows_returned,
                                                outcome.stats.rows_read, outcome.stats.total.count() / 1000)});
  return outcome;
}

Result<json::object> json_body(const net::HttpRequest& request) {
  const std::string_view type = request.header("Content-Type");
  // A form of another site cannot send this type without asking the browser first: the second line against forgery.
  if (!to_lower_ascii(type.substr(0, type.find(';'))).ends_with("json"))
    return fail(ErrorKind::invalid_input, "expected Content-Type: application/json");
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  json::value value;
  try {
    value = json::parse(request.body, error, {}, options);
  } catch (const std::exception& problem) {
    return fail(ErrorKind::invalid_input, "the body is not valid JSON: {}", problem.what());
  }
  if (error) return fail(ErrorKind::invalid_input, "the body is not valid JSON: {}", error.message());
  if (!value.is_object()) return fail(ErrorKind::invalid_input, "expected a JSON object as body");
  return std::move(value.get_object());
}

namespace {
const json::value* member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && !value->is_null() ? value : nullptr;
}
}  // namespace

Result<std::optional<std::string>> optional_text(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return fail(ErrorKind::invalid_input, "'{}' must be a string", name);
  return std::optional(std::string(value->get_string()));
}

Result<std::string> required_text(const json::object& object, std::string_view name) {
  auto text = TRY(optional_text(object, name));
  if (!text) return fail(ErrorKind::invalid_input, "'{}' is missing", name);
  return *std::move(text);
}

Result<std::optional<bool>> optional_boolean(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return fail(ErrorKind::invalid_input, "'{}' must be true or false", name);
  return std::optional(value->get_bool());
}

Result<std::optional<std::int64_t>> optional_integer(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr) return std::optional<std::int64_t>();
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error) return fail(ErrorKind::invalid_input, "'{}' must be a whole number", name);
  return std::optional(number);
}

Result<> only_members(const json::object& object, std::initializer_list<std::string_view> names) {
  for (const auto& item : object) {
    const std::string_view key(item.key().data(), item.key().size());
    if (std::ranges::find(names, key) == names.end())
      return fail(ErrorKind::invalid_input, "unknown member '{}'{}", key.substr(0, 100),
                  did_you_mean(key, std::span(names.begin(), names.size())));
  }
  return {};
}

Result<std::int64_t> id_parameter(const Exchange& exchange, std::string_view name) {
  const auto id = parse_int64(exchange.parameter(name));
  if (!id) return fail(ErrorKind::not_found, "'{}' is not an id", exchange.parameter(name).substr(0, 100));
  return *id;
}

void add_security_headers(net::HttpResponse& response, const ApiOptions& options) {
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("X-Frame-Options", "DENY");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  if (options.strict_transport) response.set("Strict-Transport-Security", "max-age=31536000");
  if (response.header("Cache-Control").empty()) response.set("Cache-Control", "no-store");
  // For what is no page: whatever a browser makes of it, it loads and runs nothing.
  if (response.header("Content-Security-Policy").empty())
    response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
}

net::HttpResponse no_content() { return {.status = 204, .headers = {}, .body = {}}; }

}  // namespace yagura::serve
