#include "serve/kusto_request.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::serve {

namespace json = boost::json;

namespace {

constexpr std::int64_t kTicksPerSecond = 10'000'000;

// [d.]h:mm:ss[.fffffff]
std::optional<std::int64_t> parse_clock(std::string_view text) {
  std::int64_t days = 0;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  if (const auto dot = text.find('.'); dot < colon) {
    const auto d = parse_int64(text.substr(0, dot));
    if (!d || *d < 0 || *d > 10'675'199) return std::nullopt;
    days = *d;
    text.remove_prefix(dot + 1);
  }
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  const auto hours = parse_int64(parts[0]), minutes = parse_int64(parts[1]);
  if (!hours || !minutes || *hours < 0 || *hours > 10'000'000 || *minutes < 0 || *minutes > 59) return std::nullopt;
  std::int64_t ticks = ((days * 24 + *hours) * 60 + *minutes) * 60 * kTicksPerSecond;
  if (parts.size() == 3) {
    const auto seconds = parse_double(parts[2]);
    if (!seconds || !(*seconds >= 0) || *seconds >= 60) return std::nullopt;
    ticks += static_cast<std::int64_t>(*seconds * static_cast<double>(kTicksPerSecond));
  }
  return ticks;
}

bool is_true(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (value.is_string()) return equal_ignoring_ascii_case(std::string_view(value.get_string()), "true");
  return value.is_int64() && value.get_int64() != 0;
}

std::optional<std::int64_t> number_of(const json::value& value) {
  if (value.is_string()) return parse_int64(std::string_view(value.get_string()));
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

std::optional<std::int64_t> timespan_of(const json::value& value) {
  if (value.is_string()) return parse_client_timespan(std::string_view(value.get_string()));
  return number_of(value);
}

Result<> read_option(std::string_view name, const json::value& value, const query::QueryLimits& most,
                     KustoRequest& out) {
  const auto wrong = [&](std::string_view expected) {
    return fail(ErrorKind::invalid_input, "the request property '{}' is {}; expected {}", name,
                json::serialize(value).substr(0, 100), expected);
  };
  auto& limits = out.request.limits;
  if (value.is_null()) return {};
  if (name == "servertimeout") {
    const auto ticks = timespan_of(value);
    if (!ticks || *ticks <= 0) return wrong("a timespan such as 00:04:00");
    limits.timeout = std::min(most.timeout, std::chrono::ceil<std::chrono::milliseconds>(Ticks(*ticks)));
  } else if (name == "notruncation") {
    if (is_true(value))
      limits.max_rows = std::numeric_limits<std::int64_t>::max(),
      limits.max_result = Bytes(std::numeric_limits<std::int64_t>::max());
  } else if (name == "truncationmaxrecords" || name == "truncation_max_records") {
    const auto count = number_of(value);
    if (!count || *count < 1) return wrong("a number of records from 1");
    limits.max_rows = static_cast<std::uint64_t>(*count);
  } else if (name == "truncationmaxsize" || name == "truncation_max_size") {
    const auto bytes = number_of(value);
    if (!bytes || *bytes < 1) return wrong("a number of bytes from 1");
    limits.max_result = Bytes(static_cast<std::uint64_t>(*bytes));
  } else if (name == "max_memory_consumption_per_query_per_node" || name == "maxmemoryconsumptionperiterator") {
    const auto bytes = number_of(value);
    if (!bytes || *bytes < 1) return wrong("a number of bytes from 1");
    limits.max_memory = std::min(limits.max_memory, Bytes(static_cast<std::uint64_t>(*bytes)));
  } else if (name == "query_datetimescope_from" || name == "query_datetimescope_to" || name == "query_now") {
    const auto at = value.is_string() ? parse_iso8601(std::string_view(value.get_string())) : std::nullopt;
    if (!at) return wrong("a time such as 2026-01-31T12:00:00Z");
    if (name == "query_now")
      out.request.now_ticks = *at;
    else
      (name.ends_with("_to") ? out.request.to_ticks : out.request.from_ticks) = *at;
  } else if (name == "deferpartialqueryfailures") {
    out.format.deferred = is_true(value);
  } else if (name == "results_v2_newlines_between_frames") {
    out.format.newlines = is_true(value);
  } else if (name == "results_v2_fragment_primary_tables") {
    out.format.fragments = out.format.fragments || is_true(value);
  } else if (name == "results_progressive_enabled") {
    if (is_true(value)) out.format.progressive = out.format.fragments = true;
  } else if (name == "results_error_reporting_placement") {
    const std::string where = value.is_string() ? to_lower_ascii(std::string_view(value.get_string())) : "";
    if (where != "in_data" && where != "end_of_table" && where != "end_of_dataset")
      return wrong("in_data, end_of_table or end_of_dataset");
    out.format.errors_in_rows = where == "in_data";
    out.format.errors_at_table = where == "end_of_table";
  } else if (name == "request_readonly") {
    out.read_only = out.read_only || is_true(value);
  } else if (name == "query_language") {
    const std::string language = value.is_string() ? to_lower_ascii(std::string_view(value.get_string())) : "";
    if (language != "csl" && language != "kql" && !language.empty())
      return fail(ErrorKind::not_supported, "the query language is KQL here, not '{}'", language);
  }
  // The others steer a cluster that is not here (queryconsistency, query_fanout_*, ...): no effect, as in the service.
  return {};
}

Result<> read_properties(const json::object& properties, const query::QueryLimits& most, KustoRequest& out) {
  if (const auto* options = properties.if_contains("Options"); options != nullptr && options->is_object())
    for (const auto& [key, value] : options->get_object())
      TRY(read_option(std::string_view(key.data(), key.size()), value, most, out));
  if (const auto* parameters = properties.if_contains("Parameters"); parameters != nullptr && parameters->is_object()) {
    if (parameters->get_object().size() > 1000)
      return fail(ErrorKind::invalid_input, "a request has at most 1000 parameters");
    for (const auto& [key, value] : parameters->get_object())
      out.request.parameters.emplace(std::string(key.data(), key.size()),
                                     value.is_string() ? std::string(value.get_string()) : json::serialize(value));
  }
  return {};
}

Result<json::object> object_of(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return fail(ErrorKind::invalid_input, "{} is no JSON object", what);
  return std::move(value.get_object());
}

}  // namespace

std::optional<std::int64_t> parse_client_timespan(std::string_view text) {
  text = trim(text);
  if (const auto ticks = parse_int64(text)) return ticks;
  std::int64_t days = 0;
  if (const auto comma = text.find(','); comma != std::string_view::npos) {  // Python: "1 day, 2:00:00"
    const auto count = parse_int64(text.substr(0, text.find(' ')));
    if (!count || *count < 0 || *count > 10'675'199 || text.substr(0, comma).find("day") == std::string_view::npos)
      return std::nullopt;
    days = *count;
    text = trim(text.substr(comma + 1));
  }
  if (const auto clock = parse_clock(text)) return *clock + days * 86'400 * kTicksPerSecond;
  if (const auto duration = parse_duration(text)) return std::chrono::duration_cast<Ticks>(*duration).count();
  return std::nullopt;
}

Result<KustoRequest> read_kusto_request(Context& context, const net::HttpRequest& request, int version) {
  KustoRequest out;
  out.format.version = version;
  auto& limits = out.request.limits;
  limits = context.options.limits;
  limits.may_lift_truncation = true;  // rows are written as they come
  out.request.now_ticks = context.control().now();
  out.read_only = !request.header("x-ms-readonly").empty();
  std::string properties;
  json::object given;
  if (request.method == "GET") {
    out.text = request.query_parameter("csl");
    out.database = request.query_parameter("db");
    properties = request.query_parameter("properties");
  } else {
    const auto body = TRY(json_body(request));
    out.text = TRY(required_text(body, "csl"));
    out.database = TRY(optional_text(body, "db")).value_or("");
    if (const auto* value = body.if_contains("properties"); value != nullptr && value->is_string())
      properties = std::string(value->get_string());
    else if (value != nullptr && value->is_object())
      given = value->get_object();
    else if (value != nullptr && !value->is_null())
      return fail(ErrorKind::invalid_input, "'properties' must be an object, or a text that holds one");
  }
  if (!properties.empty()) given = TRY(object_of(properties, "'properties'"));
  TRY(read_properties(given, context.options.limits, out));
  if (version == 1) out.format.fragments = out.format.progressive = false;
  if (trim(out.text).empty()) return fail(ErrorKind::invalid_input, "'csl' is missing or empty");
  out.request.text = out.text;
  return out;
}

}  // namespace yagura::serve
