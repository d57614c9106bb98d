#include "base/timestamp.hpp"

#include "base/text_cursor.hpp"

namespace yagura {

namespace {

constexpr unsigned letters(char a, char b, char c) {
  return static_cast<unsigned>(static_cast<unsigned char>(ascii_lower(a))) << 16 |
         static_cast<unsigned>(static_cast<unsigned char>(ascii_lower(b))) << 8 |
         static_cast<unsigned char>(ascii_lower(c));
}

unsigned month_of_letters(char a, char b, char c) {
  switch (letters(a, b, c)) {
    case letters('j', 'a', 'n'): return 1;
    case letters('f', 'e', 'b'): return 2;
    case letters('m', 'a', 'r'): return 3;
    case letters('a', 'p', 'r'): return 4;
    case letters('m', 'a', 'y'): return 5;
    case letters('j', 'u', 'n'): return 6;
    case letters('j', 'u', 'l'): return 7;
    case letters('a', 'u', 'g'): return 8;
    case letters('s', 'e', 'p'): return 9;
    case letters('o', 'c', 't'): return 10;
    case letters('n', 'o', 'v'): return 11;
    case letters('d', 'e', 'c'): return 12;
    // French, German, Spanish and Italian: devices write what their operators speak.
    case letters('e', 'n', 'e'):
    case letters('g', 'e', 'n'): return 1;
    case letters('f', '\xC3', '\xA9'): return 2;
    case letters('m', '\xC3', '\xA4'): return 3;
    case letters('a', 'v', 'r'):
    case letters('a', 'b', 'r'): return 4;
    case letters('m', 'a', 'i'):
    case letters('m', 'a', 'g'): return 5;
    case letters('g', 'i', 'u'): return 6;
    case letters('l', 'u', 'g'): return 7;
    case letters('a', 'o', '\xC3'):
    case letters('a', 'g', 'o'): return 8;
    case letters('s', 'e', 't'): return 9;
    case letters('o', 'k', 't'):
    case letters('o', 't', 't'): return 10;
    case letters('d', '\xC3', '\xA9'):
    case letters('d', 'e', 'z'):
    case letters('d', 'i', 'c'): return 12;
    default: return 0;
  }
}

// The month at the cursor, by its short or full name, with the point that some put behind it; 0 when there is none.
unsigned read_month(TextCursor& cursor) {
  unsigned month = month_of_letters(cursor.peek(), cursor.peek(1), cursor.peek(2));
  const char fourth = cursor.peek(3);
  if (month == 0) {  // juin, juil.
    if (letters(cursor.peek(), cursor.peek(1), cursor.peek(2)) != letters('j', 'u', 'i')) return 0;
    month = ascii_lower(fourth) == 'l' ? 7 : 6;
  }
  cursor.skip(3);
  for (int more = 0; more < 10 && (is_ascii_alpha(cursor.peek()) || static_cast<unsigned char>(cursor.peek()) >= 0x80); ++more) cursor.skip();
  cursor.skip_if('.');
  return month;
}

bool is_weekday(std::string_view text) {
  if (text.size() < 3) return false;
  switch (letters(text[0], text[1], text[2])) {
    case letters('m', 'o', 'n'):
    case letters('t', 'u', 'e'):
    case letters('w', 'e', 'd'):
    case letters('t', 'h', 'u'):
    case letters('f', 'r', 'i'):
    case letters('s', 'a', 't'):
    case letters('s', 'u', 'n'): return true;
    default: return false;
  }
}

unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

// hh:mm:ss, then a fraction; `hour_last_digit_optional` forms such as 9:05:00 are accepted too.
bool read_clock(TextCursor& cursor, CivilTime& civil) {
  const auto hour = cursor.number(2);
  if (!hour || *hour > 23 || !cursor.skip_if(':')) return false;
  const auto minute = cursor.digits(2);
  if (!minute || *minute > 59 || !cursor.skip_if(':')) return false;
  const auto second = cursor.digits(2);
  // 60: a leap second. RFC 5424 forbids them in section 6.2.3, senders write them all the same.
  if (!second || *second > 60 || is_ascii_digit(cursor.peek())) return false;
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = *second;
  const char mark = cursor.peek();
  if ((mark == '.' || mark == ',' || mark == ':') && is_ascii_digit(cursor.peek(1))) {
    cursor.skip();
    unsigned scale = 1'000'000;
    for (; is_ascii_digit(cursor.peek()); cursor.skip(), scale /= 10)
      civil.ticks += static_cast<unsigned>(cursor.peek() - '0') * scale;
  }
  return true;
}

// "+09:00", "-0700", "+09", "Z": minutes east. The cursor moves only over a zone.
std::optional<int> read_offset(TextCursor& cursor) {
  const char sign = cursor.peek();
  if ((sign == 'Z' || sign == 'z') && !is_ascii_alpha(cursor.peek(1)) && !is_ascii_digit(cursor.peek(1))) {
    cursor.skip();
    return 0;
  }
  if (sign != '+' && sign != '-') return std::nullopt;
  TextCursor probe = cursor;
  probe.skip();
  const auto hours = probe.digits(2);
  if (!hours || *hours > 14) return std::nullopt;
  unsigned minutes = 0;
  if (is_ascii_digit(probe.peek()) || probe.peek() == ':') {
    const bool colon = probe.skip_if(':');
    const auto read = probe.digits(2);
    if (read && *read <= 59 && !is_ascii_digit(probe.peek()))
      minutes = *read;
    else if (!colon)
      return std::nullopt;
    else
      return std::nullopt;
  }
  cursor = probe;
  const int total = static_cast<int>(*hours * 60 + minutes);
  return sign == '+' ? total : -total;
}

// A zone after the time: at once as in ISO 8601, or after one blank, by offset or name.
std::optional<int> read_zone(TextCursor& cursor) {
  if (const auto offset = read_offset(cursor)) return offset;
  TextCursor probe = cursor;
  probe.skip_if(' ');
  if (const char sign = probe.peek(); sign == '+' || sign == '-') {
    // Only with minutes: "- " and "-5 ..." may be what follows the timestamp.
    if (const auto offset = read_offset(probe);
        offset && (probe.at_end() || probe.peek() == ' ' || probe.peek() == ']' || probe.peek() == ':' ||
                   probe.peek() == ',' || probe.peek() == '\t')) {
      cursor = probe;
      return offset;
    }
    return std::nullopt;
  }
  std::size_t size = 0;
  while (size < 6 && is_ascii_alpha(probe.peek(size)) && probe.peek(size) <= 'Z') ++size;
  if (size < 3 || size > 5) return std::nullopt;
  const char after = probe.peek(size);
  if (after != ' ' && after != ':' && after != '\0' && after != ']' && after != ',' && after != '\t' &&
      after != '+' && after != '-')
    return std::nullopt;
  const auto minutes = zone_minutes(probe.rest().substr(0, size));
  if (!minutes) return std::nullopt;
  probe.skip(size);
  cursor = probe;
  if (*minutes == 0) {  // "GMT+02:00"
    if (const auto offset = read_offset(cursor)) return offset;
  }
  return minutes;
}

std::optional<unsigned> read_year(TextCursor& cursor) {
  TextCursor probe = cursor;
  const auto year = probe.digits(4);
  if (!year || *year < 1970 || is_ascii_digit(probe.peek()) || probe.peek() == ':') return std::nullopt;
  cursor = probe;
  return year;
}

std::int64_t ticks_in_year(CivilTime civil, int year) {
  civil.year = year;
  return from_civil(civil);
}

// RFC 3164 has no year: of all years that have such a day, the one nearest to when we received it.
std::optional<std::int64_t> nearest_year(const CivilTime& civil, std::int64_t offset, std::int64_t received) {
  const int year = to_civil(received).year;
  if (civil.day <= days_in_month(year, civil.month)) {
    const std::int64_t same = ticks_in_year(civil, year) - offset;
    if (std::abs(same - received) < 180 * kTicksPerDay) return same;
  }
  std::optional<std::int64_t> best;
  for (int candidate = year - 8; candidate <= year + 8; ++candidate) {
    if (candidate < 1 || candidate > 9999 || civil.day > days_in_month(candidate, civil.month)) continue;
    const std::int64_t ticks = ticks_in_year(civil, candidate) - offset;
    if (!best || std::abs(ticks - received) < std::abs(*best - received)) best = ticks;
  }
  return best;
}

struct Reading {
  CivilTime civil;
  bool has_year = false;
};

// "Oct 11 [2024] 22:14:15[.f] [2024]", the cursor at the month.
bool read_month_first(TextCursor& cursor, Reading& out) {
  out.civil.month = read_month(cursor);
  if (out.civil.month == 0 || !cursor.skip_if(' ')) return false;
  cursor.skip_blanks();
  const auto day = cursor.number(2);
  if (!day || *day == 0 || *day > 31) return false;
  out.civil.day = *day;
  cursor.skip_if(',');
  if (!cursor.skip_if(' ')) return false;
  cursor.skip_blanks();
  if (const auto year = read_year(cursor)) {
    out.civil.year = static_cast<int>(*year);
    out.has_year = true;
    cursor.skip_if(',');
    if (!cursor.skip_if(' ')) return false;
    cursor.skip_blanks();
  }
  return read_clock(cursor, out.civil);
}

// "2024-10-11T22:14:15", "2024/10/11 22:14:15", "2024 Oct 11 22:14:15", the cursor at the year.
bool read_year_first(TextCursor& cursor, Reading& out) {
  const auto year = cursor.digits(4);
  if (!year || *year == 0) return false;
  out.civil.year = static_cast<int>(*year);
  out.has_year = true;
  const char separator = cursor.peek();
  cursor.skip();
  if (separator == ' ') {
    Reading rest;
    if (!read_month_first(cursor, rest) || rest.has_year) return false;
    rest.civil.year = out.civil.year;
    out.civil = rest.civil;
    return true;
  }
  if (separator != '-' && separator != '/' && separator != '.') return false;
  if (is_ascii_alpha(cursor.peek())) {
    out.civil.month = month_of_letters(cursor.peek(), cursor.peek(1), cursor.peek(2));
    cursor.skip(3);
  } else {
    out.civil.month = cursor.number(2).value_or(0);
  }
  if (out.civil.month == 0 || out.civil.month > 12 || !cursor.skip_if(separator)) return false;
  out.civil.day = cursor.number(2).value_or(0);
  if (out.civil.day == 0) return false;
  const char between = cursor.peek();
  if (between != 'T' && between != ' ' && between != '-' && between != ':') return false;
  cursor.skip();
  if (between == ' ') cursor.skip_blanks();
  return read_clock(cursor, out.civil);
}

// "11 Oct 2024 22:14:15", "11/Oct/2024:22:14:15", "11-Oct-2024 22:14:15", the cursor at the day.
bool read_day_first(TextCursor& cursor, Reading& out) {
  const auto day = cursor.number(2);
  if (!day || *day == 0 || *day > 31) return false;
  out.civil.day = *day;
  const char separator = cursor.peek();
  if (separator != ' ' && separator != '/' && separator != '-') return false;
  cursor.skip();
  out.civil.month = read_month(cursor);
  if (out.civil.month == 0 || !cursor.skip_if(separator)) return false;
  const auto year = cursor.digits(4);
  if (!year) return false;
  out.civil.year = static_cast<int>(*year);
  out.has_year = true;
  if (!cursor.skip_if(':') && !cursor.skip_if(' ') && !cursor.skip_if('T')) return false;
  return read_clock(cursor, out.civil);
}

}  // namespace

unsigned month_of_name(std::string_view name) {
  return name.size() < 3 ? 0 : month_of_letters(name[0], name[1], name[2]);
}

std::optional<int> zone_minutes(std::string_view name) {
  // Names that mean one thing; IST and the like do not.
  struct Zone {
    std::string_view name;
    int minutes;
  };
  static constexpr std::array<Zone, 33> zones{{
      {"UTC", 0},     {"GMT", 0},     {"WET", 0},    {"WEST", 60},  {"BST", 60},   {"CET", 60},   {"CEST", 120},
      {"MET", 60},    {"MEST", 120},  {"EET", 120},  {"EEST", 180}, {"MSK", 180},  {"TRT", 180},  {"EST", -300},
      {"EDT", -240},  {"CST", -360},  {"CDT", -300}, {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
      {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"JST", 540},  {"KST", 540},  {"SGT", 480},  {"HKT", 480},
      {"AWST", 480},  {"AEST", 600},  {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780},
  }};
  for (const auto& zone : zones)
    if (zone.name == name) return zone.minutes;
  return std::nullopt;
}

std::optional<ParsedTime> parse_timestamp(std::string_view text, const TimeContext& context) {
  TextCursor cursor(text);
  Reading reading;
  if (is_ascii_alpha(cursor.peek())) {
    if (is_weekday(text) && month_of_name(text) == 0) {
      cursor.skip(3);
      cursor.skip_if(',');
      if (!cursor.skip_if(' ')) return std::nullopt;
    }
    if (is_ascii_digit(cursor.peek())) {
      if (!read_day_first(cursor, reading)) return std::nullopt;
    } else if (!read_month_first(cursor, reading)) {
      return std::nullopt;
    }
  } else if (is_ascii_digit(cursor.peek())) {
    const bool four =
        is_ascii_digit(cursor.peek(1)) && is_ascii_digit(cursor.peek(2)) && is_ascii_digit(cursor.peek(3));
    if (!(four ? read_year_first(cursor, reading) : read_day_first(cursor, reading))) return std::nullopt;
  } else {
    return std::nullopt;
  }

  ParsedTime out;
  auto zone = read_zone(cursor);
  if (!reading.has_year && cursor.peek() == ' ') {
    // "Oct 11 22:14:15 2024", "Fri Oct 11 22:14:15 CEST 2024".
    TextCursor probe = cursor;
    probe.skip();
    if (const auto year = read_year(probe);
        year && (probe.at_end() || probe.peek() == ' ' || probe.peek() == ':' || probe.peek() == ']')) {
      reading.civil.year = static_cast<int>(*year);
      reading.has_year = true;
      cursor = probe;
      if (!zone) zone = read_zone(cursor);
    }
  }
  const std::int64_t offset = (zone ? *zone : context.utc_offset.count()) * 60 * kTicksPerSecond;
  if (reading.has_year) {
    if (reading.civil.day > days_in_month(reading.civil.year, reading.civil.month)) return std::nullopt;
    const std::int64_t ticks = from_civil(reading.civil) - offset;
    if (ticks < kMinTicks || ticks > kMaxTicks) return std::nullopt;
    out.time = event_time(ticks);
  } else {
    const auto ticks = nearest_year(reading.civil, offset, context.received_at.time_since_epoch().count());
    if (!ticks) return std::nullopt;
    out.time = event_time(*ticks);
  }
  out.size = cursor.position();
  out.has_year = reading.has_year;
  out.has_zone = zone.has_value();
  return out;
}

std::optional<EventTime> parse_timestamp_as(std::string_view text, std::string_view format,
                                            const TimeContext& context) {
  TextCursor cursor(text);
  CivilTime civil;
  bool has_year = false;
  std::optional<int> zone;
  std::optional<bool> afternoon;
  std::optional<std::int64_t> epoch;
  const auto set = [](unsigned& to, std::optional<unsigned> value, unsigned least, unsigned most) {
    if (!value || *value < least || *value > most) return false;
    to = *value;
    return true;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == ' ') {
      if (!is_ascii_space(cursor.peek())) return std::nullopt;
      while (!cursor.at_end() && is_ascii_space(cursor.peek())) cursor.skip();
      continue;
    }
    if (c != '%' || i + 1 == format.size()) {
      if (!cursor.skip_if(c)) return std::nullopt;
      continue;
    }
    bool good = true;
    switch (format[++i]) {
      case 'Y':
        if (const auto year = cursor.digits(4); year && *year > 0)
          civil.year = static_cast<int>(*year);
        else
          good = false;
        has_year = true;
        break;
      case 'y':
        if (const auto year = cursor.digits(2))
          civil.year = static_cast<int>(*year < 70 ? 2000 + *year : 1900 + *year);
        else
          good = false;
        has_year = true;
        break;
      case 'm': good = set(civil.month, cursor.number(2), 1, 12); break;
      case 'b':
        civil.month = month_of_name(cursor.rest());
        good = civil.month != 0;
        while (is_ascii_alpha(cursor.peek())) cursor.skip();
        break;
      case 'e': cursor.skip_blanks(); [[fallthrough]];
      case 'd': good = set(civil.day, cursor.number(2), 1, 31); break;
      case 'H': good = set(civil.hour, cursor.number(2), 0, 23); break;
      case 'I': good = set(civil.hour, cursor.number(2), 1, 12); break;
      case 'M': good = set(civil.minute, cursor.number(2), 0, 59); break;
      case 'S': good = set(civil.second, cursor.number(2), 0, 60); break;
      case 'p':
        afternoon = ascii_lower(cursor.peek()) == 'p';
        good = (*afternoon || ascii_lower(cursor.peek()) == 'a') && ascii_lower(cursor.peek(1)) == 'm';
        cursor.skip(2);
        break;
      case 'f': {
        unsigned scale = 1'000'000;
        good = is_ascii_digit(cursor.peek());
        for (; is_ascii_digit(cursor.peek()); cursor.skip(), scale /= 10)
          civil.ticks += static_cast<unsigned>(cursor.peek() - '0') * scale;
        break;
      }
      case 'z':
        zone = read_offset(cursor);
        if (!zone) {
          std::size_t size = 0;
          while (size < 6 && is_ascii_alpha(cursor.peek(size))) ++size;
          zone = zone_minutes(cursor.rest().substr(0, size));
          cursor.skip(size);
        }
        good = zone.has_value();
        break;
      case 's': {
        std::int64_t seconds = 0;
        good = is_ascii_digit(cursor.peek());
        for (int digits = 0; digits < 11 && is_ascii_digit(cursor.peek()); ++digits, cursor.skip())
          seconds = seconds * 10 + (cursor.peek() - '0');
        epoch = seconds * kTicksPerSecond;
        has_year = true;
        break;
      }
      default: good = cursor.skip_if(format[i]);
    }
    if (!good) return std::nullopt;
  }
  if (!cursor.at_end()) return std::nullopt;
  if (epoch) return event_time(*epoch + civil.ticks);
  if (afternoon) civil.hour = civil.hour % 12 + (*afternoon ? 12 : 0);
  const std::int64_t offset = (zone ? *zone : context.utc_offset.count()) * 60 * kTicksPerSecond;
  if (!has_year) {
    const auto ticks = nearest_year(civil, offset, context.received_at.time_since_epoch().count());
    return ticks ? std::optional(event_time(*ticks)) : std::nullopt;
  }
  if (civil.day > days_in_month(civil.year, civil.month)) return std::nullopt;
  return event_time(from_civil(civil) - offset);
}

}  // namespace yagura
