// The scalar types of KQL and of table columns.
// https://learn.microsoft.com/kusto/query/scalar-data-types
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace yagura::event {

enum class KqlType : std::uint8_t { boolean, int32, int64, real, decimal, string, datetime, timespan, guid, dynamic };

std::string_view to_string(KqlType type);                     // bool int long real decimal string datetime timespan guid dynamic
std::optional<KqlType> parse_kql_type(std::string_view name);  // also the aliases: double, date, time, uuid, boolean, int64 ...

}  // namespace yagura::event
