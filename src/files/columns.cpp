#include "files/columns.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "event/event_time.hpp"

namespace yagura::files {

using event::KqlType;

ColumnFinder::ColumnFinder(const std::vector<event::ColumnSchema>& given) {
  for (const auto& column : given) {
    places_.emplace(column.name, names_.size());
    names_.push_back(column.name);
    guesses_.emplace_back();
    given_.push_back(true);
    types_.push_back(column.type);
  }
}

std::optional<std::size_t> ColumnFinder::find(std::string_view name, std::size_t expected) {
  if (expected < names_.size() && names_[expected] == name) return expected;
  if (const auto found = places_.find(name); found != places_.end()) return found->second;
  if (names_.size() >= kMostColumns) return std::nullopt;
  places_.emplace(std::string(name), names_.size());
  names_.emplace_back(name);
  guesses_.emplace_back();
  given_.push_back(false);
  types_.push_back(KqlType::string);
  return names_.size() - 1;
}

event::TableSchema ColumnFinder::schema(std::string name) const {
  event::TableSchema out;
  out.name = std::move(name);
  for (std::size_t i = 0; i < names_.size(); ++i)
    out.columns.push_back({names_[i], given_[i] ? types_[i] : guesses_[i].type(), ""});
  return out;
}

void append_text_as(event::Column& column, std::string_view text, Arena& arena) {
  switch (column.type()) {
    case KqlType::string: return column.append_text(text);
    case KqlType::boolean:
      if (equal_ignoring_ascii_case(text, "true") || text == "1") return column.append_boolean(true);
      if (equal_ignoring_ascii_case(text, "false") || text == "0") return column.append_boolean(false);
      return column.append_null();
    case KqlType::int32:
      if (const auto n = parse_int64(text); n && *n >= INT32_MIN && *n <= INT32_MAX)
        return column.append_int32(static_cast<std::int32_t>(*n));
      return column.append_null();
    case KqlType::int64:
      if (const auto n = parse_int64(text)) return column.append_int64(*n);
      return column.append_null();
    case KqlType::real:
      if (const auto n = parse_double(text)) return column.append_real(*n);
      return column.append_null();
    case KqlType::decimal:
      if (!text.empty() && parse_double(text)) return column.append_text(text);
      return column.append_null();
    case KqlType::datetime:
      if (const auto ticks = file_time(text)) return column.append_int64(*ticks);
      return column.append_null();
    case KqlType::timespan:
      // [-][d.]hh:mm:ss[.fffffff]
      if (const auto duration = parse_duration(text); duration && text.find(':') == std::string_view::npos)
        return column.append_int64(std::chrono::duration_cast<Ticks>(*duration).count());
      if (const auto parts = split(text.starts_with('-') ? text.substr(1) : text, ':'); parts.size() == 3) {
        std::string_view first = parts[0];
        std::int64_t days = 0;
        if (const auto dot = first.find('.'); dot != std::string_view::npos) {
          days = parse_int64(first.substr(0, dot)).value_or(-1);
          first.remove_prefix(dot + 1);
        }
        const auto h = parse_int64(first), m = parse_int64(parts[1]);
        const auto s = parse_double(parts[2]);
        if (days >= 0 && days < 10'675'199 && h && m && s && *h >= 0 && *h < 24'000'000 && *m >= 0 && *m < 60 &&
            *s >= 0 && *s < 60) {
          const std::int64_t ticks =
              ((days * 24 + *h) * 60 + *m) * 600'000'000 + static_cast<std::int64_t>(*s * 1e7 + 0.5);
          return column.append_int64(text.starts_with('-') ? -ticks : ticks);
        }
      }
      return column.append_null();
    case KqlType::guid:
      if (const auto guid = Guid::parse(text)) return column.append_guid(*guid);
      return column.append_null();
    case KqlType::dynamic: {
      if (text.empty()) return column.append_null();
      std::string json;
      append_json_string(json, text);
      return column.append_text(arena.copy(json));
    }
  }
}

}  // namespace yagura::files
