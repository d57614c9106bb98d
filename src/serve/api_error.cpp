#include "serve/api_error.hpp"

#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/kusto_error.hpp"

namespace yagura::serve {

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict: return 409;
    case ErrorKind::permission_denied: return 403;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::timeout: return 504;
    case ErrorKind::exhausted: return 429;
    case ErrorKind::corrupt: return 500;
    case ErrorKind::cancelled: return 499;
    case ErrorKind::not_supported: return 400;
    case ErrorKind::internal: return 500;
  }
  return 500;
}

std::string_view error_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return "invalid_input";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::permission_denied: return "permission_denied";
    case ErrorKind::unauthenticated: return "unauthenticated";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::exhausted: return "exhausted";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::not_supported: return "not_supported";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

namespace {

net::HttpResponse finish(int status, ErrorKind kind, std::string body) {
  auto response = net::json_response(status, std::move(body));
  if (kind == ErrorKind::unauthenticated) response.set("WWW-Authenticate", "Bearer realm=\"yagura\"");
  if (kind == ErrorKind::exhausted || kind == ErrorKind::unavailable) response.set("Retry-After", "5");
  return response;
}

void write_failure(JsonWriter& json, const query::QueryFailure& failure) {
  json.begin_object();
  json.key("code").text(error_code(failure.error.kind()));
  json.key("message").text(failure.error.message());
  json.key("diagnostics").begin_array();
  for (const kql::Diagnostic& diagnostic : failure.diagnostics) {
    json.begin_object();
    json.key("code").text(diagnostic.code);
    json.key("severity").text(diagnostic.severity == kql::Diagnostic::Severity::error ? "error" : "warning");
    json.key("message").text(diagnostic.message);
    json.key("start").number(static_cast<std::int64_t>(diagnostic.start));
    json.key("length").number(static_cast<std::int64_t>(diagnostic.length));
    json.key("line").number(static_cast<std::int64_t>(diagnostic.line));
    json.key("column").number(static_cast<std::int64_t>(diagnostic.column));
    json.end_object();
  }
  json.end_array().end_object();
}

// Kusto's language service numbers its syntax errors KS000 to KS099 ("unexpected", "expected", "missing"), the
// semantic ones from there on.
bool is_syntax_error(const kql::Diagnostic& diagnostic) {
  return diagnostic.code.size() == 5 && diagnostic.code.starts_with("KS0");
}

struct LogAnalyticsCode {
  int status;
  std::string_view code, message;
};

LogAnalyticsCode log_analytics_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input:
    case ErrorKind::not_supported: return {400, "BadArgumentError", "The request had some invalid properties"};
    case ErrorKind::not_found: return {404, "PathNotFoundError", "The requested path does not exist"};
    case ErrorKind::permission_denied:
      return {403, "InsufficientAccessError",
              "The provided credentials have insufficient access to perform the requested operation"};
    case ErrorKind::exhausted: return {429, "ThrottledError", "Too many requests, or the query needs more than it may"};
    case ErrorKind::timeout: return {504, "GatewayTimeout", "The query did not finish in time"};
    case ErrorKind::unavailable: return {503, "ServiceUnavailable", "The store is not available now"};
    case ErrorKind::cancelled: return {499, "RequestCancelled", "The request was cancelled"};
    default: return {500, "InternalServerError", "Something went wrong processing your query on the server"};
  }
}

}  // namespace

net::HttpResponse error_response(const Error& error) {
  std::string body = "{\"error\":";
  append_failure(body, {.error = error, .diagnostics = {}});
  body += '}';
  return finish(http_status(error.kind()), error.kind(), std::move(body));
}

void append_failure(std::string& out, const query::QueryFailure& failure) {
  JsonWriter json(out);
  write_failure(json, failure);
}

net::HttpResponse failure_response(const query::QueryFailure& failure) {
  std::string body = "{\"error\":";
  append_failure(body, failure);
  body += '}';
  return finish(http_status(failure.error.kind()), failure.error.kind(), std::move(body));
}

net::HttpResponse log_analytics_error(const Error& error) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("error").begin_object();
  int status = 0;
  if (error.kind() == ErrorKind::unauthenticated) {
    status = 401;
    const bool missing = error.message().find("missing") != std::string::npos;
    json.key("message").text(missing ? "Authentication failed. The 'Authorization' header is missing."
                                     : error.message());
    json.key("code").text(missing ? "AuthenticationFailed" : "InvalidAuthenticationToken");
  } else {
    const LogAnalyticsCode code = log_analytics_code(error.kind());
    status = code.status;
    json.key("message").text(code.message);
    json.key("code").text(code.code);
    json.key("correlationId").text(to_string(Guid::random()));
    json.key("innererror").begin_object();
    json.key("code").text(error_code(error.kind()));
    json.key("message").text(error.message());
    json.end_object();
  }
  json.end_object().end_object();
  return finish(status, error.kind(), std::move(body));
}

void append_log_analytics_failure(std::string& out, const query::QueryFailure& failure, std::string_view text) {
  const LogAnalyticsCode code = log_analytics_code(failure.error.kind());
  JsonWriter json(out);
  json.begin_object();
  json.key("message").text(code.message);
  json.key("code").text(code.code);
  json.key("correlationId").text(to_string(Guid::random()));
  json.key("innererror").begin_object();
  if (failure.diagnostics.empty()) {
    json.key("code").text(error_code(failure.error.kind()));
    json.key("message").text(failure.error.message());
  } else {
    const kql::Diagnostic* first = &failure.diagnostics.front();
    for (const auto& diagnostic : failure.diagnostics) {
      if (diagnostic.severity == kql::Diagnostic::Severity::error) {
        first = &diagnostic;
        break;
      }
    }
    const bool syntax = is_syntax_error(*first);
    json.key("code").text(syntax ? "SyntaxError" : "SemanticError");
    json.key("message").text(syntax ? "A recognition error occurred in the query." : "A semantic error occurred.");
    json.key("innererror").begin_object();
    json.key("code").text(first->code);
    // Line and position stand in the text as well: the Python client shows people nothing but the text.
    json.key("message").text(fmt::format("{} (line {}, position {})", first->message, first->line, first->column));
    json.key("line").number(static_cast<std::int64_t>(first->line));
    json.key("pos").number(static_cast<std::int64_t>(first->column));
    json.key("token").text(text.substr(std::min<std::size_t>(first->start, text.size()), first->length));
    json.end_object();
  }
  json.end_object().end_object();
}

int log_analytics_status(const query::QueryFailure& failure) { return log_analytics_code(failure.error.kind()).status; }

net::HttpResponse error_response(const Error& error, Dialect dialect) {
  if (dialect == Dialect::kusto) return kusto_error_response({error, {}}, "", KustoIds());
  return dialect == Dialect::log_analytics ? log_analytics_error(error) : error_response(error);
}

}  // namespace yagura::serve
