#include "serve/kusto_error.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/api_error.hpp"

namespace yagura::serve {

KustoIds::KustoIds() : client_request_id("unspecified;" + to_string(Guid::random())) {}

KustoIds::KustoIds(const net::HttpRequest& request) : KustoIds() {
  // It goes into a header of the answer: nothing but printable ASCII.
  const std::string_view given = request.header("x-ms-client-request-id");
  if (given.empty() || given.size() > 256) return;
  for (const char c : given)
    if (c < 0x20 || c > 0x7e) return;
  client_request_id = given;
}

void KustoIds::put_on(net::HttpResponse& response) const {
  response.set("x-ms-client-request-id", client_request_id);
  response.set("x-ms-activity-id", activity_id);
}

namespace {

const kql::Diagnostic* first_error(const query::QueryFailure& failure) {
  for (const auto& diagnostic : failure.diagnostics)
    if (diagnostic.severity == kql::Diagnostic::Severity::error) return &diagnostic;
  return failure.diagnostics.empty() ? nullptr : &failure.diagnostics.front();
}

bool is_syntax(const kql::Diagnostic& diagnostic) {
  return diagnostic.code.size() == 5 && diagnostic.code.starts_with("KS0");
}

struct Words {
  std::string_view code, message, type;
  bool permanent = true;
};

Words words_of(const query::QueryFailure& failure) {
  if (const auto* error = first_error(failure)) {
    constexpr std::string_view invalid = "Request is invalid and cannot be executed.";
    if (is_syntax(*error)) return {"General_BadRequest", invalid, "Kusto.Data.Exceptions.SyntaxException"};
    return {"General_BadRequest", invalid, "Kusto.Data.Exceptions.SemanticException"};
  }
  switch (failure.error.kind()) {
    case ErrorKind::invalid_input:
    case ErrorKind::not_supported:
      return {"General_BadRequest", "Request is invalid and cannot be executed.",
              "Kusto.Data.Exceptions.KustoBadRequestException"};
    case ErrorKind::not_found:
      return {"BadRequest_EntityNotFound", "Request is invalid and cannot be executed.",
              "Kusto.Data.Exceptions.EntityNotFoundException"};
    case ErrorKind::conflict:
      return {"BadRequest_EntityAlreadyExists", "Request is invalid and cannot be executed.",
              "Kusto.Data.Exceptions.EntityAlreadyExistsException"};
    case ErrorKind::unauthenticated:
      return {"Unauthorized", "Authentication failed.", "Kusto.Data.Exceptions.KustoUnauthorizedException"};
    case ErrorKind::permission_denied:
      return {"Forbidden", "Caller is not authorized to perform this action.",
              "Kusto.Data.Exceptions.KustoUnauthorizedException"};
    case ErrorKind::exhausted:
      return {"LimitsExceeded", "Request is invalid and cannot be executed.",
              "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException", false};
    case ErrorKind::timeout:
      return {"Timeout", "The request did not finish in time.", "Kusto.Data.Exceptions.KustoServiceTimeoutException",
              false};
    case ErrorKind::cancelled:
      return {"RequestCancelled", "The request was cancelled.", "Kusto.Data.Exceptions.KustoRequestCanceledException",
              false};
    case ErrorKind::unavailable:
      return {"General_ServiceUnavailable", "The store is not available now.",
              "Kusto.Data.Exceptions.KustoServiceUnavailableException", false};
    default:
      return {"General_InternalServerError", "An unexpected error occurred.",
              "Kusto.Data.Exceptions.KustoServicePartialQueryFailureException", false};
  }
}

void write_context(JsonWriter& json, const KustoIds& ids) {
  json.key("@context").begin_object();
  json.key("timestamp").text(format_datetime(ReceiveClock::now().time_since_epoch().count()));
  json.key("serviceAlias").text("YAGURA");
  json.key("clientRequestId").text(ids.client_request_id);
  json.key("activityId").text(ids.activity_id);
  json.key("activityType").text("Query");
  json.end_object();
}

}  // namespace

std::string kusto_message(const query::QueryFailure& failure) {
  const auto* error = first_error(failure);
  if (error == nullptr) return failure.error.message();
  return fmt::format("{} error: {}: {} (line {}, position {})", is_syntax(*error) ? "Syntax" : "Semantic", error->code,
                     error->message, error->line, error->column);
}

void append_kusto_error(std::string& out, const query::QueryFailure& failure, std::string_view text,
                        const KustoIds& ids) {
  const Words words = words_of(failure);
  const std::string message = kusto_message(failure);
  const auto* error = first_error(failure);
  JsonWriter json(out);
  json.begin_object().key("error").begin_object();
  json.key("code").text(words.code);
  json.key("message").text(words.message);
  json.key("@type").text(words.type);
  json.key("@message").text(message);
  write_context(json, ids);
  json.key("@permanent").boolean(words.permanent);
  if (error != nullptr) {
    json.key("@text").text(text);
    json.key("innererror").begin_object();
    json.key("code").text(error->code);
    json.key("message").text(error->message);
    json.key("@type").text(words.type);
    json.key("@message").text(message);
    json.key("@errorCode").text(error->code);
    json.key("@errorMessage").text(error->message);
    json.key("@line").number(static_cast<std::int64_t>(error->line));
    json.key("@pos").number(static_cast<std::int64_t>(error->column));
    json.key("@token").text(text.substr(std::min<std::size_t>(error->start, text.size()), error->length));
    json.key("@permanent").boolean(true);
    json.end_object();
  }
  json.end_object().end_object();
}

net::HttpResponse kusto_error_response(const query::QueryFailure& failure, std::string_view text, const KustoIds& ids) {
  std::string body;
  append_kusto_error(body, failure, text, ids);
  // Kusto's clients take 404 for "there is no such endpoint".
  const auto kind = failure.error.kind();
  const int status = kind == ErrorKind::not_found || kind == ErrorKind::conflict ? 400 : http_status(kind);
  auto response = net::json_response(status, std::move(body));
  if (kind == ErrorKind::unauthenticated) response.set("WWW-Authenticate", "Bearer realm=\"yagura\"");
  if (kind == ErrorKind::exhausted || kind == ErrorKind::unavailable) response.set("Retry-After", "5");
  ids.put_on(response);
  return response;
}

query::QueryFailure truncation_failure(const query::QueryOutcome& outcome) {
  std::string message = "Query execution has exceeded the allowed limits (80DA0003): E_QUERY_RESULT_SET_TOO_LARGE.";
  for (const auto& notice : outcome.notices) message += " " + notice;
  return {Error(ErrorKind::exhausted, std::move(message)), {}};
}

}  // namespace yagura::serve
