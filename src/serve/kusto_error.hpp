// Errors as the Kusto REST API writes them (OneApiErrors), so that its client libraries raise what their users catch.
// https://learn.microsoft.com/kusto/api/rest/response-http
#pragma once
#include <string>
#include <string_view>

#include "base/guid.hpp"
#include "net/http.hpp"
#include "query/query_service.hpp"

namespace yagura::serve {

// What names one request to both sides; in the headers of every answer and in every error.
struct KustoIds {
  std::string client_request_id;  // as the client sent it, or ours
  std::string activity_id = to_string(Guid::random());
  explicit KustoIds(const net::HttpRequest& request);
  KustoIds();
  void put_on(net::HttpResponse& response) const;
};

// {"error":{"code","message","@type","@message","@context","@permanent","innererror"}}. `text` is the query, for the
// token.
void append_kusto_error(std::string& out, const query::QueryFailure& failure, std::string_view text,
                        const KustoIds& ids);
// The one sentence of it that clients show: "Semantic error: KS204: ... (line 1, position 7)".
std::string kusto_message(const query::QueryFailure& failure);
net::HttpResponse kusto_error_response(const query::QueryFailure& failure, std::string_view text, const KustoIds& ids);
// A result that was cut, as Kusto says it: E_QUERY_RESULT_SET_TOO_LARGE.
query::QueryFailure truncation_failure(const query::QueryOutcome& outcome);
inline constexpr std::int64_t kTruncatedCode = -2133196797;  // 0x80DA0003

}  // namespace yagura::serve
