#include "kql/types.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::kql {

std::string_view type_name(Type type) { return type == kUnknown ? "unknown" : event::to_string(type); }

std::string_view clr_name(Type type) {
  switch (type) {
    case Type::boolean: return "System.SByte";
    case Type::int32: return "System.Int32";
    case Type::int64: return "System.Int64";
    case Type::real: return "System.Double";
    case Type::decimal: return "System.Data.SqlTypes.SqlDecimal";
    case Type::string: return "System.String";
    case Type::datetime: return "System.DateTime";
    case Type::timespan: return "System.TimeSpan";
    case Type::guid: return "System.Guid";
    case Type::dynamic: return "System.Object";
  }
  return "System.Object";
}

namespace {
int rank(Type t) {
  switch (t) {
    case Type::int32: return 1;
    case Type::int64: return 2;
    case Type::real: return 3;
    case Type::decimal: return 4;
    default: return 0;
  }
}
}  // namespace

std::optional<Type> wider(Type a, Type b) {
  if (rank(a) == 0 || rank(b) == 0) return std::nullopt;
  return rank(a) >= rank(b) ? a : b;
}

bool promotes(Type from, Type to) {
  return from == to || from == kUnknown || to == kUnknown || (rank(from) > 0 && rank(to) > rank(from));
}

// .NET's shortest round-trip form ("R"), with ".0" where a real would read as an integer.
std::string format_real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char digits[64];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  std::string_view text(digits, static_cast<std::size_t>(end - digits));
  const auto e = text.find('e');
  const int exponent = std::stoi(std::string(text.substr(e + 1)));
  if (exponent >= 15 || exponent < -4) {
    std::string out(text.substr(0, e));
    out += 'E';
    out += exponent < 0 ? '-' : '+';
    const std::string digits_of_exponent = std::to_string(std::abs(exponent));
    if (digits_of_exponent.size() < 2) out += '0';
    return out + digits_of_exponent;
  }
  const auto fixed = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  std::string out(digits, fixed.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::optional<std::int64_t> parse_timespan(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || !(is_ascii_digit(text[0]) || text[0] == '.')) return std::nullopt;
  // A number with a unit: 3d, 1.5h, 100ticks.
  std::size_t at = 0;
  while (at < text.size() && (is_ascii_digit(text[at]) || text[at] == '.')) ++at;
  const std::string_view unit = trim(text.substr(at));
  if (text.find(':') == std::string_view::npos && !unit.empty()) {
    static constexpr std::pair<std::string_view, double> kUnits[] = {
        {"d", 864e9}, {"day", 864e9}, {"days", 864e9}, {"h", 36e9}, {"hr", 36e9}, {"hrs", 36e9}, {"hour", 36e9},
        {"hours", 36e9}, {"m", 6e8}, {"min", 6e8}, {"minute", 6e8}, {"minutes", 6e8}, {"s", 1e7}, {"sec", 1e7},
        {"second", 1e7}, {"seconds", 1e7}, {"ms", 1e4}, {"milli", 1e4}, {"millis", 1e4}, {"millisec", 1e4},
        {"millisecond", 1e4}, {"milliseconds", 1e4}, {"micro", 10}, {"micros", 10}, {"microsec", 10},
        {"microsecond", 10}, {"microseconds", 10}, {"nano", 0.01}, {"nanos", 0.01}, {"nanosec", 0.01},
        {"nanosecond", 0.01}, {"nanoseconds", 0.01}, {"tick", 1}, {"ticks", 1}};
    const auto number = parse_double(text.substr(0, at));
    if (!number) return std::nullopt;
    for (const auto& [name, ticks] : kUnits) {
      if (name != unit) continue;
      const double value = *number * ticks;
      if (std::abs(value) > 9.2e18) return std::nullopt;
      const auto result = static_cast<std::int64_t>(value);
      return negative ? -result : result;
    }
    return std::nullopt;
  }
  std::int64_t days = 0;
  const auto first_colon = text.find(':');
  if (first_colon == std::string_view::npos) {
    const auto number = parse_int64(text);  // "3" is three days
    if (!number || *number > 10'675'199) return std::nullopt;
    return (negative ? -1 : 1) * *number * kTicksPerDay;
  }
  if (const auto dot = text.find('.'); dot != std::string_view::npos && dot < first_colon) {
    const auto number = parse_int64(text.substr(0, dot));
    if (!number || *number > 10'675'199) return std::nullopt;
    days = *number;
    text.remove_prefix(dot + 1);
  }
  std::int64_t fraction = 0;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    std::string_view digits = text.substr(dot + 1);
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    std::int64_t scale = 1'000'000;
    for (const char c : digits) {
      if (!is_ascii_digit(c)) return std::nullopt;
      fraction += (c - '0') * scale;
      scale /= 10;
    }
    text = text.substr(0, dot);
  }
  std::vector<std::string_view> parts = split(text, ':');
  std::int64_t numbers[4] = {};
  if (parts.size() < 2 || parts.size() > 4) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto n = parse_int64(parts[i]);
    if (!n || *n < 0 || *n > 10'675'199) return std::nullopt;
    numbers[i] = *n;
  }
  std::size_t i = 0;
  if (parts.size() == 4) days = numbers[i++];
  const std::int64_t hours = numbers[i], minutes = numbers[i + 1];
  const std::int64_t seconds = parts.size() - i > 2 ? numbers[i + 2] : 0;
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  const std::int64_t ticks =
      ((days * 24 + hours) * 60 + minutes) * 600'000'000 + seconds * kTicksPerSecond + fraction;
  return negative ? -ticks : ticks;
}

std::optional<std::int64_t> parse_datetime(std::string_view text) { return parse_iso8601(trim(text)); }

}  // namespace yagura::kql
