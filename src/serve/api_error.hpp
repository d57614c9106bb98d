// Errors as HTTP answers, in our own dialect and in that of the Log Analytics API.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kql/diagnostic.hpp"
#include "net/http.hpp"
#include "query/query_service.hpp"
#include "serve/route.hpp"

namespace yagura::serve {

int http_status(ErrorKind kind);
std::string_view error_code(ErrorKind kind);  // "invalid_input" ...

// {"error":{"code":"not_found","message":"..."}}
net::HttpResponse error_response(const Error& error);
// With "diagnostics": code, severity, message, start, length (bytes), line, column.
void append_failure(std::string& out, const query::QueryFailure& failure);
net::HttpResponse failure_response(const query::QueryFailure& failure);

// https://learn.microsoft.com/azure/azure-monitor/logs/api/errors:
// {"error":{"message","code","correlationId","innererror"}}
net::HttpResponse log_analytics_error(const Error& error);
// The object that stands behind "error", with innererror, line, pos and token as Kusto's engine gives them.
void append_log_analytics_failure(std::string& out, const query::QueryFailure& failure, std::string_view text);
int log_analytics_status(const query::QueryFailure& failure);

net::HttpResponse error_response(const Error& error, Dialect dialect);

}  // namespace yagura::serve
