// The Kusto REST API, so that Azure Data Explorer's client libraries work here with another address.
// https://learn.microsoft.com/kusto/api/rest/
//
// There is one database, called as the workspace; any name in a request reaches it.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "query/command_reader.hpp"
#include "serve/context.hpp"
#include "serve/kusto_management.hpp"
#include "serve/kusto_request.hpp"
#include "serve/kusto_results.hpp"

namespace yagura::serve {

namespace {

// An answer in Kusto's own terms, errors too; nullopt when it was streamed.
std::optional<net::HttpResponse> run_query_text(Context& context, Exchange& exchange, KustoRequest& wanted,
                                                const KustoIds& ids) {
  bool sent = false;
  KustoWriter writer(wanted.format, ids, [&](std::string_view piece) -> Result<> {
    if (!sent) {
      net::HttpResponse head{.status = 200, .headers = {}, .body = {}};
      head.set("Content-Type", "application/json; charset=utf-8");
      ids.put_on(head);
      add_security_headers(head, context.options);
      TRY(exchange.stream.start(head));
      sent = true;
    }
    return exchange.stream.write(piece);
  });
  const auto outcome = run_query(context, exchange, wanted.request, writer, "kusto");
  // Nothing has left yet: the error gets a status of its own.
  if (outcome.failure && !sent) return kusto_error_response(*outcome.failure, wanted.request.text, ids);
  (void)writer.finish(outcome,
                      wanted.request.text);  // fails when nobody listens any more; the query is over either way
  return std::nullopt;
}

// A text that begins with a dot, wherever it was sent: Grafana tries ".show databases schema" on the query path.
std::optional<net::HttpResponse> run_command_text(Context& context, Exchange& exchange, KustoRequest& wanted, std::string_view text, const KustoIds& ids) {
  const auto pipe = query::find_pipe(text);
  auto table = run_kusto_command(
      context, exchange, {.text = text.substr(0, pipe), .database = wanted.database, .read_only = wanted.read_only});
  if (!table) return kusto_error_response({table.error(), {}}, text, ids);
  if (pipe != std::string_view::npos || wanted.format.version == 2) {
    wanted.request.text = as_datatable(*table) + (pipe != std::string_view::npos ? "\n" + std::string(text.substr(pipe)) : "");
    return run_query_text(context, exchange, wanted, ids);
  }
  auto response = net::json_response(200, kusto_management_answer(*table));
  ids.put_on(response);
  return response;
}

std::optional<net::HttpResponse> query_route(Context& context, Exchange& exchange, int version) {
  const KustoIds ids(exchange.request);
  auto wanted = read_kusto_request(context, exchange.request, version);
  if (!wanted) return kusto_error_response({wanted.error(), {}}, "", ids);
  const std::string text(trim(wanted->text));
  if (!text.starts_with('.')) return run_query_text(context, exchange, *wanted, ids);
  wanted->read_only = true;  // changes go to /v1/rest/mgmt
  return run_command_text(context, exchange, *wanted, text, ids);
}

std::optional<net::HttpResponse> management_route(Context& context, Exchange& exchange) {
  const KustoIds ids(exchange.request);
  auto wanted = read_kusto_request(context, exchange.request, 1);
  if (!wanted) return kusto_error_response({wanted.error(), {}}, "", ids);
  query::CommandReader reader(wanted->text);
  const std::string text(reader.rest());
  if (!text.starts_with('.')) return run_query_text(context, exchange, *wanted, ids);
  return run_command_text(context, exchange, *wanted, text, ids);
}

// Where a client is to sign in. There is nowhere: tokens are made here. The members are those that clients read.
std::optional<net::HttpResponse> auth_metadata(Exchange&) {
  return net::json_response(
      200,
      R"({"AzureAD":{"LoginEndpoint":"https://login.microsoftonline.com","LoginMfaRequired":false,)"
      R"("KustoClientAppId":"db662dc1-0cfe-4e1c-a843-19a68e65be58","KustoClientRedirectUri":"http://localhost",)"
      R"("KustoServiceResourceId":"https://kusto.kusto.windows.net",)"
      R"("FirstPartyAuthorityUrl":"https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a"},"dSTS":null})");
}

constexpr std::string_view kBody =
    R"({"type":"object","required":["csl"],"properties":{"db":{"type":"string"},"csl":{"type":"string"},"properties":{"description":"Options and Parameters, as an object or as a text that holds one"}}})";

}  // namespace

void add_kusto_routes(Router& router, Context& context) {
  const Access access = Access::with(control::Permission::query);
  for (const int version : {1, 2})
    for (const std::string_view method : {"POST", "GET"})
      router.add(
          {.method = method,
           .pattern = version == 1 ? "/v1/rest/query" : "/v2/rest/query",
           .access = access,
           .dialect = Dialect::kusto,
           .summary = version == 1 ? "Run a query (Kusto REST API, tables)" : "Run a query (Kusto REST API, frames)",
           .tag = "kusto",
           .body_schema = method == "POST" ? kBody : "",
           .answer_schema =
               version == 1 ? R"({"type":"object","properties":{"Tables":{"type":"array","items":{"type":"object"}}}})"
                            : R"({"type":"array","items":{"type":"object"}})",
           .handler = [&context, version](Exchange& exchange) { return query_route(context, exchange, version); }});
  router.add(
      {.method = "POST",
       .pattern = "/v1/rest/mgmt",
       .access = access,
       .dialect = Dialect::kusto,
       .summary = "Run a management command: .show tables, .create-or-alter function ... (Kusto REST API)",
       .tag = "kusto",
       .body_schema = kBody,
       .answer_schema = R"({"type":"object","properties":{"Tables":{"type":"array","items":{"type":"object"}}}})",
       .handler = [&context](Exchange& exchange) { return management_route(context, exchange); }});
  router.add({.method = "GET",
              .pattern = "/v1/rest/auth/metadata",
              .access = Access::anyone(),
              .dialect = Dialect::kusto,
              .summary = "Where Kusto's clients would sign in",
              .tag = "kusto",
              .answer_schema = R"({"type":"object","properties":{"AzureAD":{"type":"object"}}})",
              .handler = auth_metadata});
}

}  // namespace yagura::serve
