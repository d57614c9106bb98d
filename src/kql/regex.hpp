// Regular expressions of KQL (RE2) on their way to ClickHouse (RE2 as well).
#pragma once
#include <string>
#include <string_view>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

// The argument as an expression for ClickHouse's functions: there a dot matches line ends, in Kusto it doesn't.
std::string regex_argument(SqlCall& call, std::size_t i);
// What is wrong with a regular expression, or nothing.
std::optional<std::string> regex_problem(std::string_view pattern);
// How many groups it captures.
int count_regex_groups(std::string_view regex);
// The text as a regular expression that matches just it.
std::string quote_regex(std::string_view text);

}  // namespace yagura::kql
