// What the binder knows of KQL's types beyond their names: families, widening, the text forms of values.
// https://learn.microsoft.com/kusto/query/scalar-data-types/
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/kql_type.hpp"

namespace yagura::kql {

using Type = event::KqlType;

// The type of an expression that has an error already: everything fits it, so that one mistake gives one message.
inline constexpr Type kUnknown = static_cast<Type>(255);

constexpr bool is_integer(Type t) { return t == Type::int32 || t == Type::int64; }
constexpr bool is_number(Type t) { return is_integer(t) || t == Type::real || t == Type::decimal; }
constexpr bool is_summable(Type t) { return is_number(t) || t == Type::datetime || t == Type::timespan; }
constexpr bool is_orderable(Type t) { return is_summable(t) || t == Type::string || t == Type::boolean; }

// "long", or "unknown".
std::string_view type_name(Type type);
// The .NET name that getschema shows: System.Int64.
std::string_view clr_name(Type type);
// int < long < real < decimal; nothing when one is no number.
std::optional<Type> wider(Type a, Type b);
// What a value of `from` may silently become where `to` is wanted.
bool promotes(Type from, Type to);

// A real as Kusto writes it: 1.0, 1.5E-07, 1E+20, NaN, Infinity.
std::string format_real(double value);
// [-][d.]hh:mm:ss[.fffffff], also "1.00:00:00", "3d", "5:30"; nothing when it is no timespan.
std::optional<std::int64_t> parse_timespan(std::string_view text);
// datetime texts that todatetime() takes; nothing when it is none.
std::optional<std::int64_t> parse_datetime(std::string_view text);

}  // namespace yagura::kql
