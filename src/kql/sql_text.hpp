// Pieces of ClickHouse SQL. User text enters SQL only through identifier() and text().
//
// How values look in SQL (docs/decisions/kql-on-clickhouse.md): bool UInt8 or Bool, int Int32, long Int64, real Float64,
// decimal Decimal(76, 20), string String (never null), datetime DateTime64(7, 'UTC'), timespan Int64 of ticks, guid
// UUID, dynamic Nullable(String) with compact JSON text; all but string may be Nullable.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kql/plan.hpp"

namespace yagura::kql::sql {

std::string identifier(std::string_view name);  // `name`
std::string text(std::string_view value);       // 'value'
std::string integer(std::int64_t value);        // toInt64(5)
// A constant of any type, null included, as an expression of exactly the type's SQL type.
std::string literal(Type type, const LiteralValue& value);
std::string null_of(Type type);                 // '' for string
std::string_view type_of(Type type);            // "Int64"; without Nullable

// Expressions over SQL expressions. `x` stands in the result once unless said otherwise.
std::string ticks_of(std::string_view datetime);        // Int64 since 1970
std::string datetime_of(std::string_view ticks);        // DateTime64(7) of Int64
std::string real_text(std::string_view x);              // real as Kusto prints it; x several times
std::string timespan_text(std::string_view x);          // [-][d.]hh:mm:ss[.fffffff]; x several times
std::string datetime_text(std::string_view x);          // 2020-01-01T00:00:00.0000000Z
std::string decimal_text(std::string_view x);
std::string to_text(Type type, std::string_view x);     // tostring(x), null when x is null; x several times
std::string to_json(Type type, std::string_view x);     // the value as JSON text, 'null' when null; x several times
std::string dynamic_text(std::string_view x);           // tostring of JSON text; x several times
std::string json_or_null(std::string_view raw);         // '' and 'null' become NULL
std::string json_array(std::string_view array_of_json); // Array(String) of JSON texts to one JSON text
std::string array_of(std::string_view dynamic);         // JSON text to Array(String) of JSON texts; [] when no array
// Conversion of a dynamic (JSON text) to a scalar type, null where it doesn't fit; x several times.
std::string from_dynamic(Type type, std::string_view x);
std::string parse_datetime(std::string_view string);    // Nullable(DateTime64(7)); x several times
std::string parse_guid(std::string_view text);
std::string parse_timespan(std::string_view string);    // Nullable(Int64); x several times

}  // namespace yagura::kql::sql
