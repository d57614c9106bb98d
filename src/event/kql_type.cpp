#include "event/kql_type.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"

namespace yagura::event {

std::string_view to_string(KqlType type) {
  switch (type) {
    case KqlType::boolean: return "bool";
    case KqlType::int32: return "int";
    case KqlType::int64: return "long";
    case KqlType::real: return "real";
    case KqlType::decimal: return "decimal";
    case KqlType::string: return "string";
    case KqlType::datetime: return "datetime";
    case KqlType::timespan: return "timespan";
    case KqlType::guid: return "guid";
    case KqlType::dynamic: return "dynamic";
  }
  return "dynamic";
}

std::optional<KqlType> parse_kql_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, KqlType>, 22> names{{
      {"bool", KqlType::boolean},    {"boolean", KqlType::boolean},   {"int", KqlType::int32},       {"int32", KqlType::int32},
      {"int8", KqlType::int32},      {"int16", KqlType::int32},       {"uint8", KqlType::int32},     {"uint16", KqlType::int32},
      {"long", KqlType::int64},      {"int64", KqlType::int64},       {"real", KqlType::real},       {"double", KqlType::real},
      {"decimal", KqlType::decimal}, {"string", KqlType::string},     {"datetime", KqlType::datetime}, {"date", KqlType::datetime},
      {"timespan", KqlType::timespan}, {"time", KqlType::timespan},   {"guid", KqlType::guid},       {"uuid", KqlType::guid},
      {"uniqueid", KqlType::guid},   {"dynamic", KqlType::dynamic},
  }};
  for (const auto& [known, type] : names)
    if (known == name) return type;
  return std::nullopt;
}

}  // namespace yagura::event
