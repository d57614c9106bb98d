#include "sigma/field_values.hpp"

#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::sigma {

using event::Value;

void append_leaves(const Value& value, std::vector<Value>& leaves, int depth) {
  if (value.kind() != Value::Kind::list) {
    leaves.push_back(value);
    return;
  }
  if (depth >= kMaxValueDepth) return;
  for (const auto& item : value.as_list()) append_leaves(item, leaves, depth + 1);
}

bool append_path(const Value& value, std::string_view path, std::vector<Value>& leaves, int depth) {
  if (depth >= kMaxValueDepth) return false;
  bool found = false;
  if (value.kind() == Value::Kind::list) {
    for (const auto& item : value.as_list()) found |= append_path(item, path, leaves, depth + 1);
  } else if (value.kind() == Value::Kind::object) {
    for (const auto& member : value.as_object()) {
      if (member.name == path) {
        append_leaves(member.value, leaves, depth + 1);
        found = true;
      } else if (path.size() > member.name.size() + 1 && path[member.name.size()] == '.' &&
                 path.starts_with(member.name)) {
        found |= append_path(member.value, path.substr(member.name.size() + 1), leaves, depth + 1);
      }
    }
  }
  return found;
}

bool append_field(const event::Record& record, std::string_view name, std::vector<Value>& leaves) {
  if (const auto* value = record.find(name)) {
    append_leaves(*value, leaves);
    return true;
  }
  bool found = false;
  const auto fields = record.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& field = fields[i];
    if (name.size() > field.name.size() + 1 && name[field.name.size()] == '.' && name.starts_with(field.name))
      found |= append_path(field.value, name.substr(field.name.size() + 1), leaves);
  }
  return found;
}

namespace {

void append_all(const Value& value, std::vector<Value>& leaves, int depth) {
  if (depth >= kMaxValueDepth) return;
  if (value.kind() == Value::Kind::list) {
    for (const auto& item : value.as_list()) append_all(item, leaves, depth + 1);
  } else if (value.kind() == Value::Kind::object) {
    for (const auto& member : value.as_object()) append_all(member.value, leaves, depth + 1);
  } else {
    leaves.push_back(value);
  }
}

}  // namespace

void append_everything(const event::Record& record, std::vector<Value>& leaves) {
  for (const auto& field : record.fields()) append_all(field.value, leaves, 0);
}

std::optional<std::string_view> leaf_text(const Value& value, char (&buffer)[kNumberTextSize]) {
  switch (value.kind()) {
    case Value::Kind::string: return value.as_string();
    case Value::Kind::boolean: return value.as_boolean() ? "true" : "false";
    case Value::Kind::int64: {
      const auto end = std::to_chars(buffer, buffer + kNumberTextSize, value.as_int64()).ptr;
      return std::string_view(buffer, static_cast<std::size_t>(end - buffer));
    }
    case Value::Kind::real: {
      const auto result = fmt::format_to_n(buffer, kNumberTextSize, "{}", value.as_real());
      return std::string_view(buffer, std::min<std::size_t>(result.size, kNumberTextSize));
    }
    default: return std::nullopt;
  }
}

std::optional<Number> leaf_number(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::int64: return Number{value.as_int64()};
    case Value::Kind::real: return std::isnan(value.as_real()) ? std::nullopt : std::optional(Number{value.as_real()});
    case Value::Kind::string: {
      if (const auto integer = parse_int64(value.as_string())) return Number{*integer};
      if (const auto real = parse_double(value.as_string()); real && std::isfinite(*real)) return Number{*real};
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::optional<std::int64_t> time_part(std::string_view text, TimePart part) {
  if (text.size() > 64) return std::nullopt;
  // Without its zone the text reads as UTC, so the parts come out as they were written.
  if (text.size() > 10) {
    if (text.ends_with('Z') || text.ends_with('z')) {
      text.remove_suffix(1);
    } else if (const auto sign = text.find_last_of("+-"); sign != std::string_view::npos && sign > 10) {
      text = text.substr(0, sign);
    }
  }
  const auto ticks = parse_iso8601(text);
  if (!ticks) return std::nullopt;
  const auto civil = to_civil(*ticks);
  switch (part) {
    case TimePart::minute: return civil.minute;
    case TimePart::hour: return civil.hour;
    case TimePart::day: return civil.day;
    case TimePart::month: return civil.month;
    case TimePart::year: return civil.year;
    case TimePart::week: {
      // ISO 8601: the week of the year is the one of its Thursday.
      const std::int64_t days = days_from_civil(civil.year, civil.month, civil.day);
      const std::int64_t weekday = ((days + 3) % 7 + 7) % 7;  // Monday is 0; 1970-01-01 was a Thursday
      const std::int64_t thursday = days - weekday + 3;
      const auto thursday_civil = to_civil(thursday * kTicksPerDay);
      return (thursday - days_from_civil(thursday_civil.year, 1, 1)) / 7 + 1;
    }
    case TimePart::none: break;
  }
  return std::nullopt;
}

bool holds(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::equal: return order == 0;
    case Comparison::less: return order < 0;
    case Comparison::less_or_equal: return order <= 0;
    case Comparison::greater: return order > 0;
    case Comparison::greater_or_equal: return order >= 0;
    case Comparison::not_equal: return order != 0;
  }
  return false;
}

}  // namespace yagura::sigma
