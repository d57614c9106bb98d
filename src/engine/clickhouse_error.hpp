// Errors as ClickHouse writes and numbers them: "Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)".
//
// https://clickhouse.com/docs/interfaces/http ("response codes"); statuses as ClickHouse's own HTTP server chooses them.
#pragma once
#include <string>
#include <string_view>

namespace yagura::engine {

// The number after "Code: "; 1002 (UNKNOWN_EXCEPTION) when there is none.
int code_of_error(std::string_view text);
// The HTTP status that ClickHouse answers with for a code.
int http_status_of(int code);
// "Code: 516. DB::Exception: message. (AUTHENTICATION_FAILED)"
std::string error_text(int code, std::string_view message, std::string_view name);

}  // namespace yagura::engine
