// Values from one type to another by Kusto's rules: what tostring(), tolong() and the like do, shared by kernels.
#pragma once
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

void append_json_of(std::string& out, const Operand& value, std::size_t row);
// A dynamic as tostring() shows it: a text without quotes, else its JSON.
std::string_view text_of_json(std::string_view json, Arena& arena);

std::optional<std::int64_t> long_from_text(std::string_view text);
std::optional<double> real_from_text(std::string_view text);
std::optional<bool> bool_from_text(std::string_view text);
std::optional<std::int64_t> datetime_from_text(std::string_view text);
std::optional<std::int64_t> timespan_from_text(std::string_view text);
std::optional<Guid> guid_from_text(std::string_view text);
std::optional<std::int64_t> long_from_real(double value);  // cut; nothing beyond the range

// Appends a JSON value (empty: null) as the column's type, null where it does not fit.
void append_from_json(event::Column& column, std::string_view json, Arena& arena);

inline constexpr std::int64_t kTicksOf1970 = 621'355'968'000'000'000;  // .NET's ticks count from the year 1

}  // namespace yagura::kql
