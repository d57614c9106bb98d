#include "kql/literal_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql/lexer.hpp"

namespace yagura::kql {
namespace {

struct Unit {
  std::string_view name;
  double ticks;
};
constexpr double kSecond = 1e7;
constexpr auto kUnits = std::to_array<Unit>({
    {"d", 86400 * kSecond},
    {"day", 86400 * kSecond},
    {"days", 86400 * kSecond},
    {"h", 3600 * kSecond},
    {"hr", 3600 * kSecond},
    {"hrs", 3600 * kSecond},
    {"hour", 3600 * kSecond},
    {"hours", 3600 * kSecond},
    {"m", 60 * kSecond},
    {"min", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"minutes", 60 * kSecond},
    {"s", kSecond},
    {"sec", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"ms", kSecond / 1e3},
    {"milli", kSecond / 1e3},
    {"millis", kSecond / 1e3},
    {"millisec", kSecond / 1e3},
    {"millisecond", kSecond / 1e3},
    {"milliseconds", kSecond / 1e3},
    {"micro", kSecond / 1e6},
    {"micros", kSecond / 1e6},
    {"microsec", kSecond / 1e6},
    {"microsecond", kSecond / 1e6},
    {"microseconds", kSecond / 1e6},
    {"nano", kSecond / 1e9},
    {"nanos", kSecond / 1e9},
    {"nanosec", kSecond / 1e9},
    {"nanosecond", kSecond / 1e9},
    {"nanoseconds", kSecond / 1e9},
    {"tick", 1},
    {"ticks", 1},
});

std::optional<std::int64_t> to_ticks(long double ticks) {
  ticks = std::round(ticks);
  if (!(std::fabs(ticks) < 9.2233720368547758e18L)) return std::nullopt;
  return static_cast<std::int64_t>(ticks);
}

// A forward cursor over ASCII text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool accept(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (is_ascii_space(peek())) rest_.remove_prefix(1);
  }
  // 1 to `most` digits.
  std::optional<std::int64_t> number(std::size_t most, std::size_t* length = nullptr) {
    std::size_t count = 0;
    std::int64_t value = 0;
    while (count < most && count < rest_.size() && is_ascii_digit(rest_[count])) {
      value = value * 10 + (rest_[count] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
    if (length != nullptr) *length = count;
    rest_.remove_prefix(count);
    return value;
  }
  std::string_view word() {
    std::size_t count = 0;
    while (count < rest_.size() && is_ascii_alpha(rest_[count])) ++count;
    const auto word = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return word;
  }
  // Digits after a point, as ticks of a second; more than seven are cut.
  std::optional<std::int64_t> fraction() {
    std::size_t count = 0;
    std::int64_t ticks = 0;
    while (count < rest_.size() && is_ascii_digit(rest_[count])) {
      if (count < 7) ticks = ticks * 10 + (rest_[count] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
    for (std::size_t i = count; i < 7; ++i) ticks *= 10;
    rest_.remove_prefix(count);
    return ticks;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct DateParts {
  std::int64_t year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ticks = 0;
  std::int64_t offset_minutes = 0;
};

std::optional<std::int64_t> to_ticks_since_1970(const DateParts& p) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (p.year < 1 || p.year > 9999 || p.month < 1 || p.month > 12 || p.day < 1) return std::nullopt;
  const bool leap = (p.year % 4 == 0 && p.year % 100 != 0) || p.year % 400 == 0;
  if (p.day > kDays[static_cast<std::size_t>(p.month - 1)] + (leap && p.month == 2 ? 1 : 0)) return std::nullopt;
  if (p.hour > 23 || p.minute > 59 || p.second > 59) return std::nullopt;
  const auto days = days_from_civil(p.year, static_cast<unsigned>(p.month), static_cast<unsigned>(p.day));
  const std::int64_t seconds = p.hour * 3600 + p.minute * 60 + p.second - p.offset_minutes * 60;
  const std::int64_t ticks = days * kTicksPerDay + seconds * kTicksPerSecond + p.ticks;
  if (ticks < kMinTicks || ticks > kMaxTicks) return std::nullopt;
  return ticks;
}

// hh[:mm[:ss[.fff]]] [AM|PM]
bool read_time(Scanner& in, DateParts& parts) {
  const auto hour = in.number(2);
  if (!hour) return false;
  parts.hour = *hour;
  if (in.accept(':')) {
    const auto minute = in.number(2);
    if (!minute) return false;
    parts.minute = *minute;
    if (in.accept(':')) {
      const auto second = in.number(2);
      if (!second) return false;
      parts.second = *second;
      if (in.accept('.') || in.accept(',')) {
        const auto fraction = in.fraction();
        if (!fraction) return false;
        parts.ticks = *fraction;
      }
    }
  }
  Scanner ahead = in;
  ahead.skip_blanks();
  const auto word = to_lower_ascii(ahead.word());
  if (word == "am" || word == "pm") {
    if (parts.hour < 1 || parts.hour > 12) return false;
    parts.hour = parts.hour % 12 + (word == "pm" ? 12 : 0);
    in = ahead;
  }
  return true;
}

// Z, UTC, GMT, +hh[[:]mm] or nothing; then the end.
bool read_zone(Scanner& in, DateParts& parts) {
  in.skip_blanks();
  if (in.done()) return true;
  if (is_ascii_alpha(in.peek())) {
    const auto word = to_lower_ascii(in.word());
    if (word != "z" && word != "utc" && word != "gmt" && word != "ut") return false;
    in.skip_blanks();
    if (in.done()) return true;
  }
  const bool negative = in.peek() == '-';
  if (!in.accept('+') && !in.accept('-')) return false;
  std::size_t length = 0;
  auto hours = in.number(4, &length);
  if (!hours) return false;
  std::int64_t minutes = 0;
  if (length > 2) {
    minutes = *hours % 100;
    hours = *hours / 100;
  } else if (in.accept(':')) {
    const auto read = in.number(2);
    if (!read) return false;
    minutes = *read;
  }
  if (*hours > 14 || minutes > 59) return false;
  parts.offset_minutes = (*hours * 60 + minutes) * (negative ? -1 : 1);
  in.skip_blanks();
  return in.done();
}

// What follows a date: nothing, a zone, or T or blanks and a time.
std::optional<std::int64_t> finish(Scanner& in, DateParts& parts) {
  if (in.accept('T') || in.accept('t')) {
    if (!read_time(in, parts)) return std::nullopt;
  } else {
    in.skip_blanks();
    if (is_ascii_digit(in.peek()) && !read_time(in, parts)) return std::nullopt;
  }
  return read_zone(in, parts) ? to_ticks_since_1970(parts) : std::nullopt;
}

std::optional<std::int64_t> month_number(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                        "may",       "june",     "july",     "august",
                                                        "september", "october",  "november", "december"};
  const auto lower = to_lower_ascii(word);
  if (lower.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (lower == kMonths[i] || lower == kMonths[i].substr(0, 3)) return static_cast<std::int64_t>(i + 1);
  }
  return std::nullopt;
}

// 8 Nov 2014 15:05:02 GMT, 08-Nov-14, Nov 8 2014; two-digit years are 1930 to 2029, as in .NET.
std::optional<std::int64_t> parse_named_month(std::string_view text) {
  Scanner in(text);
  DateParts parts;
  const auto separator = [&] {
    in.skip_blanks();
    if (!in.accept('-')) in.accept(',');
    in.skip_blanks();
  };
  if (is_ascii_alpha(in.peek())) {
    Scanner ahead = in;
    const auto word = ahead.word();
    constexpr std::string_view kWeekdays = "sun mon tue wed thu fri sat";
    if (word.size() >= 3 && kWeekdays.contains(to_lower_ascii(word.substr(0, 3))) && !month_number(word)) {
      in = ahead;
      separator();
    }
  }
  std::optional<std::int64_t> day;
  if (is_ascii_digit(in.peek())) {
    day = in.number(2);
    separator();
  }
  const auto month = month_number(in.word());
  if (!month) return std::nullopt;
  separator();
  if (!day) {
    day = in.number(2);
    separator();
  }
  std::size_t length = 0;
  const auto year = in.number(4, &length);
  if (!day || !year || (length != 2 && length != 4)) return std::nullopt;
  parts.year = length == 4 ? *year : *year + (*year < 30 ? 2000 : 1900);
  parts.month = *month;
  parts.day = *day;
  return finish(in, parts);
}

// month/day/year or month-day-year; "2014/5/25" and "2014, 5, 25" with the year first.
std::optional<std::int64_t> parse_numbers(std::string_view text) {
  Scanner in(text);
  DateParts parts;
  std::size_t length = 0;
  const auto first = in.number(4, &length);
  const auto separator = [&] {
    if (in.accept('/') || (length < 3 && in.accept('-'))) return true;
    if (length != 4 || !in.accept(',')) return false;
    in.skip_blanks();
    return true;
  };
  if (!first || !separator()) return std::nullopt;
  const auto second = in.number(2);
  if (!second || !separator()) return std::nullopt;
  const auto third = in.number(4);
  if (!third) return std::nullopt;
  if (length == 4) {
    parts.year = *first, parts.month = *second, parts.day = *third;
  } else {
    parts.month = *first, parts.day = *second, parts.year = *third;
    if (parts.year < 100) parts.year += parts.year < 30 ? 2000 : 1900;
  }
  return finish(in, parts);
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  Scanner in(text);
  DateParts parts;
  std::size_t length = 0;
  const auto year = in.number(8, &length);
  if (!year) return std::nullopt;
  if (length == 8) {  // 20140525
    parts.year = *year / 10000, parts.month = *year / 100 % 100, parts.day = *year % 100;
    return finish(in, parts);
  }
  if (length != 4) return std::nullopt;
  parts.year = *year;
  if (in.accept('-')) {
    const auto month = in.number(2);
    if (!month) return std::nullopt;
    parts.month = *month;
    if (in.accept('-')) {
      const auto day = in.number(2);
      if (!day) return std::nullopt;
      parts.day = *day;
      return finish(in, parts);
    }
  }
  in.skip_blanks();
  return in.done() ? to_ticks_since_1970(parts) : std::nullopt;
}

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) {
    text = trim(text.substr(1, text.size() - 2));
  }
  return text;
}

}  // namespace

bool is_obfuscated_string_literal(std::string_view literal) {
  return !literal.empty() && (literal.front() == 'h' || literal.front() == 'H');
}

std::string decode_string_literal(std::string_view literal) {
  if (is_obfuscated_string_literal(literal)) literal.remove_prefix(1);
  const bool verbatim = literal.starts_with('@');
  if (verbatim) literal.remove_prefix(1);
  if (literal.empty()) return {};
  if (literal.starts_with("```") || literal.starts_with("~~~")) {
    const auto fence = literal.substr(0, 3);
    literal.remove_prefix(3);
    if (literal.ends_with(fence)) literal.remove_suffix(3);
    return std::string(literal);
  }
  const char quote = literal.front();
  literal.remove_prefix(1);
  std::string out;
  out.reserve(literal.size());
  while (!literal.empty()) {
    const char c = literal.front();
    if (c == quote) {
      if (!verbatim || literal.size() < 2 || literal[1] != quote) break;
      out += quote;
      literal.remove_prefix(2);
      continue;
    }
    const auto length = c == '\\' && !verbatim ? escape_length(literal) : 0;
    if (length == 0) {
      out += c;
      literal.remove_prefix(1);
      continue;
    }
    const auto digits = literal.substr(2, length - 2);
    std::uint32_t code = 0;
    switch (literal[1]) {
      case 'a': out += '\a'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'v': out += '\v'; break;
      case '\\':
      case '\'':
      case '"': out += literal[1]; break;
      case 'u':
      case 'U':
      case 'x': {
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        // Two \u escapes may be the halves of one character beyond the first plane.
        std::size_t used = length;
        if (literal[1] == 'u' && code >= 0xD800 && code < 0xDC00 && escape_length(literal.substr(length)) == 6 &&
            literal[length + 1] == 'u') {
          std::uint32_t low = 0;
          const auto* from = literal.data() + length + 2;
          std::from_chars(from, from + 4, low, 16);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            used += 6;
          }
        }
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
        utf8::append(out, code);
        literal.remove_prefix(used);
        continue;
      }
      default: {
        const auto* from = literal.data() + 1;
        std::from_chars(from, from + length - 1, code, 8);
        utf8::append(out, code);
      }
    }
    literal.remove_prefix(length);
  }
  return out;
}

std::string encode_string_literal(std::string_view text, char quote) {
  std::string out(1, quote);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c == static_cast<unsigned char>(quote)) {
          out += '\\';
          out += quote;
        } else if (c < 0x20 || c == 0x7F) {
          constexpr std::string_view kHex = "0123456789abcdef";
          out += "\\x";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  return out += quote;
}

std::optional<std::int64_t> parse_datetime_text(std::string_view text) {
  text = without_quotes(text);
  if (text.empty()) return std::nullopt;
  if (const auto ticks = parse_iso(text)) return ticks;
  if (const auto ticks = parse_numbers(text)) return ticks;
  return parse_named_month(text);
}

std::optional<double> timespan_unit_ticks(std::string_view unit) {
  for (const auto& known : kUnits) {
    if (known.name == unit) return known.ticks;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_timespan_text(std::string_view text) {
  text = without_quotes(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text = trim(text.substr(1));
  const long double sign = negative ? -1 : 1;
  const auto digits_end = text.find_first_not_of("0123456789");
  if (text.empty() || digits_end == 0) return std::nullopt;

  if (text.find(':') != std::string_view::npos) {  // [d.]hh:mm[:ss[.fff]]
    Scanner in(text);
    std::int64_t days = 0;
    auto hours = in.number(8);
    if (in.accept('.')) {
      days = *hours;
      hours = in.number(2);
    }
    if (!hours || !in.accept(':')) return std::nullopt;
    const auto minutes = in.number(2);
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
    if (minutes && in.accept(':')) {
      const auto read = in.number(2);
      if (!read) return std::nullopt;
      seconds = *read;
      if (in.accept('.')) {
        const auto ticks = in.fraction();
        if (!ticks) return std::nullopt;
        fraction = *ticks;
      }
    }
    if (!minutes || !in.done() || *hours > 23 || *minutes > 59 || seconds > 59) return std::nullopt;
    const long double all =
        static_cast<long double>(days) * 86400 + static_cast<long double>(*hours * 3600 + *minutes * 60 + seconds);
    return to_ticks(sign * (all * kTicksPerSecond + static_cast<long double>(fraction)));
  }

  Scanner in(text);
  const auto whole = text.substr(0, digits_end);
  auto rest = digits_end == std::string_view::npos ? std::string_view() : text.substr(digits_end);
  long double number = 0;
  for (const char c : whole) number = number * 10 + (c - '0');
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    long double place = 1;
    while (!rest.empty() && is_ascii_digit(rest.front())) {
      place /= 10;
      number += place * (rest.front() - '0');
      rest.remove_prefix(1);
    }
  }
  rest = trim(rest);
  const auto unit = timespan_unit_ticks(rest.empty() ? std::string_view("d") : rest);
  if (!unit) return std::nullopt;
  return to_ticks(sign * number * static_cast<long double>(*unit));
}

std::optional<std::int64_t> parse_long_text(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (base == 10) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
  }
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<double> parse_real_text(std::string_view text) {
  text = trim(text);
  const auto lower = to_lower_ascii(text);
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (lower == "inf" || lower == "+inf" || lower == "infinity" || lower == "+infinity") {
    return std::numeric_limits<double>::infinity();
  }
  if (lower == "-inf" || lower == "-infinity") return -std::numeric_limits<double>::infinity();
  if (!is_decimal_text(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {  // too large or too small: IEEE's nearest
    const bool tiny = lower.find("e-") != std::string::npos;
    value = tiny ? 0 : std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -value : value;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

bool is_decimal_text(std::string_view text) {
  text = trim(text);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::size_t digits = 0;
  const auto take_digits = [&] {
    while (!text.empty() && is_ascii_digit(text.front())) {
      text.remove_prefix(1);
      ++digits;
    }
  };
  take_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    take_digits();
  }
  if (digits == 0) return false;
  if (!text.empty() && (text.front() | 0x20) == 'e') {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    digits = 0;
    take_digits();
    if (digits == 0) return false;
  }
  return text.empty();
}

}  // namespace yagura::kql
