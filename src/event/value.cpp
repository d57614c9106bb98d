#include "event/value.hpp"

#include <cassert>

#include "base/json_writer.hpp"

namespace yagura::event {

Value Value::list(std::span<const Value> items) {
  Value v(Kind::list);
  v.bits_.items = items.data();
  v.size_ = static_cast<std::uint32_t>(items.size());
  return v;
}
Value Value::object(std::span<const Member> members) {
  Value v(Kind::object);
  v.bits_.members = members.data();
  v.size_ = static_cast<std::uint32_t>(members.size());
  return v;
}
std::span<const Value> Value::as_list() const {
  if (kind_ != Kind::list) return {};
  return {bits_.items, size_};
}
std::span<const Member> Value::as_object() const {
  if (kind_ != Kind::object) return {};
  return {bits_.members, size_};
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::null: return true;
    case Value::Kind::boolean: return a.as_boolean() == b.as_boolean();
    case Value::Kind::int64: return a.as_int64() == b.as_int64();
    case Value::Kind::real: return a.as_real() == b.as_real();
    case Value::Kind::string: return a.as_string() == b.as_string();
    case Value::Kind::list: return std::ranges::equal(a.as_list(), b.as_list());
    case Value::Kind::object: return std::ranges::equal(a.as_object(), b.as_object());
  }
  return false;
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null: out += "null"; break;
    case Value::Kind::boolean: out += value.as_boolean() ? "true" : "false"; break;
    case Value::Kind::int64: fmt::format_to(std::back_inserter(out), "{}", value.as_int64()); break;
    case Value::Kind::real: append_json_double(out, value.as_real()); break;
    case Value::Kind::string: append_json_string(out, value.as_string()); break;
    case Value::Kind::list: {
      out += '[';
      bool first = true;
      for (const auto& item : value.as_list()) {
        if (!std::exchange(first, false)) out += ',';
        append_json(out, item);
      }
      out += ']';
      break;
    }
    case Value::Kind::object: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : value.as_object()) {
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, name);
        out += ':';
        append_json(out, member);
      }
      out += '}';
      break;
    }
  }
}

void append_text(std::string& out, const Value& value) {
  if (value.is_null()) return;
  if (value.is_string()) out += value.as_string();
  else append_json(out, value);
}

}  // namespace yagura::event
