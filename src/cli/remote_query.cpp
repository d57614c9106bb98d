#include "cli/remote_query.hpp"

#include <boost/json.hpp>

#include <cstdlib>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "net/http_client.hpp"

namespace yagura::cli {

namespace json = boost::json;
using event::KqlType;

Result<RemoteServer> server_address(const std::string& url, const std::string& ca, bool verify) {
  RemoteServer server;
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://"))
    return fail(ErrorKind::invalid_input, "'{}' is no URL of a server; expected https://HOST:PORT", url);
  std::string_view rest = std::string_view(url).substr(secure ? 8 : 7);
  rest = rest.substr(0, rest.find('/'));
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  const auto port = has_port ? parse_uint64(rest.substr(colon + 1)) : std::optional<std::uint64_t>(secure ? 443 : 80);
  if (!port || *port == 0 || *port > 65535) return fail(ErrorKind::invalid_input, "'{}' has no valid port", url);
  server.host = has_port ? rest.substr(0, colon) : rest;
  server.port = static_cast<std::uint16_t>(*port);
  if (secure) server.tls = TRY(net::TlsContext::client({.ca = ca, .verify = verify}));
  return server;
}

Result<RemoteServer> remote_server(const std::string& url, const std::string& token_file, const std::string& ca, bool verify) {
  auto server = TRY(server_address(url, ca, verify));
  if (!token_file.empty()) server.token = trim(TRY(read_file(token_file, 4_KiB), "reading the token"));
  else if (const char* token = std::getenv("YAGURA_TOKEN")) server.token = token;
  else return fail(ErrorKind::unauthenticated, "no token: set YAGURA_TOKEN, or name a file with --token-file ('yagura admin tokens add' makes one)");
  return server;
}

namespace {

// Times and guids stay the texts that the API writes.
KqlType kept_as(KqlType type) {
  switch (type) {
    case KqlType::boolean:
    case KqlType::int32:
    case KqlType::int64:
    case KqlType::real:
    case KqlType::dynamic: return type == KqlType::int32 ? KqlType::int64 : type;
    default: return KqlType::string;
  }
}

void append_cell(event::Column& column, const json::value& value, Arena& arena) {
  if (value.is_null()) return column.append_null();
  switch (column.type()) {
    case KqlType::boolean: return value.is_bool() ? column.append_boolean(value.get_bool()) : column.append_null();
    case KqlType::int64: {
      boost::system::error_code error;
      const auto number = value.to_number<std::int64_t>(error);
      return error ? column.append_null() : column.append_int64(number);
    }
    case KqlType::real: {
      if (value.is_string()) return column.append_real(value.get_string() == "NaN" ? std::numeric_limits<double>::quiet_NaN()
                                                       : value.get_string().starts_with("-") ? -std::numeric_limits<double>::infinity()
                                                                                            : std::numeric_limits<double>::infinity());
      boost::system::error_code error;
      const auto number = value.to_number<double>(error);
      return error ? column.append_null() : column.append_real(number);
    }
    case KqlType::dynamic:
      // Log Analytics writes dynamic values as texts that hold JSON.
      return column.append_text(arena.copy(value.is_string() ? std::string_view(value.get_string()) : std::string_view(json::serialize(value))));
    default: return column.append_text(arena.copy(value.is_string() ? std::string_view(value.get_string()) : std::string_view(json::serialize(value))));
  }
}

Result<> pass_table(const json::object& table, query::RowSink& sink, query::QueryOutcome& outcome) {
  std::vector<event::ColumnSchema> columns;
  for (const auto& item : table.at("columns").as_array()) {
    const auto& column = item.as_object();
    const auto type = event::parse_kql_type(std::string_view(column.at("type").as_string())).value_or(KqlType::string);
    columns.push_back({std::string(column.at("name").as_string()), kept_as(type), ""});
  }
  TRY(sink.columns(columns));
  event::TableBatch batch("", columns);
  for (const auto& row : table.at("rows").as_array())
    for (std::size_t i = 0; i < columns.size(); ++i) append_cell(batch.column(i), row.as_array().at(i), batch.arena());
  outcome.stats.rows_returned = batch.row_count();
  return sink.rows(batch);
}

// The innermost message of {"error": {"message", "innererror": {...}}}, which is the one that says where.
std::string message_of(const json::value& answer) {
  std::string message;
  const json::value* at = answer.is_object() ? answer.get_object().if_contains("error") : nullptr;
  while (at != nullptr && at->is_object()) {
    const auto* text = at->get_object().if_contains("message");
    if (text != nullptr && text->is_string()) message = std::string(text->get_string());
    at = at->get_object().if_contains("innererror");
  }
  return message;
}

}  // namespace

Result<query::QueryOutcome> run_remote(const RemoteServer& server, const std::string& workspace, const query::QueryRequest& request,
                                       query::RowSink& sink) {
  const auto start = std::chrono::steady_clock::now();
  const auto client = net::HttpClient::create({.host = server.host, .port = server.port, .tls = server.tls});
  net::HttpRequest http;
  http.method = "POST";
  http.target = "/v1/workspaces/" + percent_encode(workspace) + "/query";
  http.headers = {{"Authorization", "Bearer " + server.token},
                  {"Content-Type", "application/json"},
                  {"Prefer", fmt::format("wait={}", std::chrono::ceil<std::chrono::seconds>(request.limits.timeout).count())}};
  JsonWriter body(http.body);
  body.begin_object().key("query").text(request.text);
  if (request.from_ticks)
    body.key("timespan").text(format_datetime(*request.from_ticks) + "/" +
                              format_datetime(request.to_ticks.value_or(ReceiveClock::now().time_since_epoch().count())));
  body.end_object();
  const auto answer = TRY(client->send(http, Deadline::in(request.limits.timeout + 10s)), "asking {}:{}", server.host, server.port);
  query::QueryOutcome outcome;
  try {
    const auto root = json::parse(answer.body);
    if (answer.status == 200) {
      TRY(pass_table(root.as_object().at("tables").as_array().at(0).as_object(), sink, outcome));
      if (const auto* error = root.as_object().if_contains("error"); error != nullptr) outcome.notices.push_back(message_of(root));
      outcome.stats.total = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
      return outcome;
    }
    const auto message = message_of(root);
    const auto kind = answer.status == 401   ? ErrorKind::unauthenticated
                      : answer.status == 403 ? ErrorKind::permission_denied
                      : answer.status < 500  ? ErrorKind::invalid_input
                                             : ErrorKind::unavailable;
    outcome.failure = query::QueryFailure{Error(kind, message.empty() ? fmt::format("the server answered {}", answer.status) : message), {}};
    return outcome;
  } catch (const std::exception&) {
    return fail(ErrorKind::unavailable, "{}:{} answered {} with something that is no result of a query: is it a Yagura server?", server.host,
                server.port, answer.status);
  }
}

}  // namespace yagura::cli
