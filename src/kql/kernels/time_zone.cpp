#include "kql/kernels/time_zone.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::kql {
namespace {

struct Zone {
  struct Change {
    std::int64_t at;      // seconds since 1970, UTC
    std::int64_t offset;  // from then on
  };
  std::int64_t first = 0;  // before any change
  std::vector<Change> changes;
  std::string rule;  // POSIX TZ text for after the last change
};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  const auto unused = 64 - 8 * bytes.size();
  return static_cast<std::int64_t>(value << unused) >> unused;
}

// RFC 8536, section 3: a header and data for old readers, then the same with 64-bit times, then a footer.
std::optional<Zone> read_tzif(std::string_view file) {
  const auto counts = [](std::string_view header, std::size_t i) {
    return static_cast<std::size_t>(big_endian(header.substr(20 + 4 * i, 4)));
  };
  if (file.size() < 44 || !file.starts_with("TZif")) return std::nullopt;
  const auto size_of_data = [&](std::string_view h, std::size_t time_size) {
    return counts(h, 3) * time_size + counts(h, 3) + counts(h, 4) * 6 + counts(h, 5) + counts(h, 2) * (time_size + 4) +
           counts(h, 1) + counts(h, 0);
  };
  std::size_t time_size = 4;
  if (file[4] >= '2') {
    const auto skip = 44 + size_of_data(file, 4);
    if (skip + 44 > file.size()) return std::nullopt;
    file.remove_prefix(skip);
    time_size = 8;
  }
  const auto times = counts(file, 3), types = counts(file, 4);
  const auto data = size_of_data(file, time_size);
  if (44 + data > file.size() || types == 0) return std::nullopt;
  const auto at = file.substr(44), indices = file.substr(44 + times * time_size),
             offsets = file.substr(44 + times * (time_size + 1));
  const auto offset_of = [&](std::size_t type) { return type < types ? big_endian(offsets.substr(type * 6, 4)) : 0; };
  Zone zone;
  zone.first = offset_of(0);
  for (std::size_t i = 0; i < times; ++i) {
    zone.changes.push_back(
        {big_endian(at.substr(i * time_size, time_size)), offset_of(static_cast<unsigned char>(indices[i]))});
  }
  auto footer = file.substr(44 + data);
  if (time_size == 8 && footer.starts_with('\n')) {
    footer.remove_prefix(1);
    zone.rule = std::string(footer.substr(0, footer.find('\n')));
  }
  return zone;
}

// The POSIX rule ("CET-1CEST,M3.5.0,M10.5.0/3") as changes for one year; the standard offset when it has none.
class Rule {
 public:
  explicit Rule(std::string_view text) : rest_(text) {
    skip_name();
    standard_ = -read_offset().value_or(0);
    if (rest_.empty()) return;
    skip_name();
    summer_ = standard_ + 3600;
    if (!rest_.empty() && rest_.front() != ',') summer_ = -read_offset().value_or(0);
    has_summer_ = read_day(begin_) && read_day(end_);
  }
  // Offset at a UTC time.
  std::int64_t offset_at(std::int64_t seconds) const {
    if (!has_summer_) return standard_;
    const auto year =
        to_civil(std::clamp<std::int64_t>(seconds, -62'000'000'000, 253'000'000'000) * kTicksPerSecond).year;
    const auto begin = begin_.at(year) - standard_, end = end_.at(year) - summer_;
    const bool summer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return summer ? summer_ : standard_;
  }

 private:
  struct Day {
    int month = 1, week = 1, day = 0;
    std::int64_t time = 7200;
    std::int64_t at(int year) const {  // local seconds
      const auto first = days_from_civil(year, static_cast<unsigned>(month), 1);
      const auto weekday = ((first + 4) % 7 + 7) % 7;
      auto date = first + (day - weekday + 7) % 7 + (week - 1) * 7;
      const auto next =
          month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, static_cast<unsigned>(month + 1), 1);
      while (date >= next) date -= 7;
      return date * 86400 + time;
    }
  };
  void skip_name() {
    if (rest_.starts_with('<')) {
      const auto end = rest_.find('>');
      rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    } else {
      while (!rest_.empty() && is_ascii_alpha(rest_.front())) rest_.remove_prefix(1);
    }
  }
  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    std::size_t count = 0;
    while (count < rest_.size() && count < 4 && is_ascii_digit(rest_[count]))
      value = value * 10 + (rest_[count++] - '0');
    if (count == 0) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }
  std::optional<std::int64_t> read_offset() {  // [+-]hh[:mm[:ss]]
    const bool negative = rest_.starts_with('-');
    if (negative || rest_.starts_with('+')) rest_.remove_prefix(1);
    auto seconds = number().value_or(0) * 3600;
    for (const std::int64_t unit : {60, 1}) {
      if (!rest_.starts_with(':')) break;
      rest_.remove_prefix(1);
      seconds += number().value_or(0) * unit;
    }
    return negative ? -seconds : seconds;
  }
  bool read_day(Day& day) {  // ,Mm.w.d[/time]
    if (!rest_.starts_with(",M")) return false;
    rest_.remove_prefix(2);
    const auto part = [&](int& field) {
      const auto value = number();
      if (value) field = static_cast<int>(*value);
      if (rest_.starts_with('.')) rest_.remove_prefix(1);
      return value.has_value();
    };
    if (!part(day.month) || !part(day.week) || !part(day.day) || day.month < 1 || day.month > 12) return false;
    if (rest_.starts_with('/')) {
      rest_.remove_prefix(1);
      day.time = read_offset().value_or(7200);
    }
    return true;
  }

  std::string_view rest_;
  std::int64_t standard_ = 0, summer_ = 0;
  bool has_summer_ = false;
  Day begin_, end_;
};

std::int64_t offset_at(const Zone& zone, std::int64_t seconds) {
  const auto after = std::ranges::upper_bound(zone.changes, seconds, {}, &Zone::Change::at);
  if (after == zone.changes.end() && !zone.rule.empty()) return Rule(zone.rule).offset_at(seconds);
  return after == zone.changes.begin() ? zone.first : std::prev(after)->offset;
}

// A name, not a path: parts of letters, digits and _ + - between slashes.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/') return false;
  return std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '+' || c == '-' || c == '/';
  });
}

std::shared_ptr<const Zone> find_zone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Zone>, std::less<>> zones;
  const std::scoped_lock lock(mutex);
  if (const auto known = zones.find(name); known != zones.end()) return known->second;
  if (!is_zone_name(name) || zones.size() > 2000) return nullptr;
  std::shared_ptr<const Zone> zone;
  const std::filesystem::path path = "/usr/share/zoneinfo/" + std::string(name);
  std::string bytes;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {  // "Europe" is a folder
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (auto read = read_tzif(bytes)) zone = std::make_shared<const Zone>(std::move(*read));
  zones.emplace(name, zone);
  return zone;
}

}  // namespace

std::optional<std::int64_t> zone_offset_seconds(std::string_view name, std::int64_t ticks, bool utc) {
  const auto zone = find_zone(name);
  if (zone == nullptr) return std::nullopt;
  const std::int64_t seconds = ticks / kTicksPerSecond - (ticks % kTicksPerSecond < 0 ? 1 : 0);
  if (utc) return offset_at(*zone, seconds);
  // A local time: of the offsets before and behind a change the one that holds at the UTC time it then stands for. A
  // time that comes twice is of the later offset, one that is skipped too.
  const auto before = offset_at(*zone, seconds - 86400), after = offset_at(*zone, seconds + 86400);
  if (offset_at(*zone, seconds - after) == after) return after;
  return offset_at(*zone, seconds - before) == before ? before : after;
}

// tzdata.zi has a line for each zone ("Z Europe/Berlin ...") and for each other name of one ("L Europe/Berlin Arctic/Longyearbyen").
std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  std::ifstream file("/usr/share/zoneinfo/tzdata.zi");
  for (std::string line; std::getline(file, line);) {
    const auto words = split(line, ' ');
    if (words.size() > 1 && words[0] == "Z") names.emplace_back(words[1]);
    if (words.size() > 2 && words[0] == "L") names.emplace_back(words[2]);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace yagura::kql
