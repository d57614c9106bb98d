// One request of the Kusto REST API: body or query parameters, client request properties.
// https://learn.microsoft.com/kusto/api/rest/request and request-properties
#pragma once
#include <string>

#include "serve/context.hpp"
#include "serve/kusto_results.hpp"

namespace yagura::serve {

struct KustoRequest {
  std::string database;
  std::string text;             // query or command
  query::QueryRequest request;  // with the text, limits and parameters
  KustoFormat format;
  bool read_only = false;  // request_readonly, or the header x-ms-readonly
};

// invalid_input for a body that is none, not_supported for another language than KQL.
Result<KustoRequest> read_kusto_request(Context& context, const net::HttpRequest& request, int version);

// A timespan as clients write it: "00:04:00", "1.00:00:00.5", "0:10:00", "1 day, 2:00:00" (Python), "4m", or ticks.
std::optional<std::int64_t> parse_client_timespan(std::string_view text);

}  // namespace yagura::serve
