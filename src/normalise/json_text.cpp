#include "normalise/json_text.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"

namespace yagura::normalise {

using event::Member;
using event::Value;
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxSize = 256 * 1024;
constexpr std::size_t kMaxValues = 4096;

// The parser's depth limit bounds this recursion too.
Value convert(const json::value& from, Arena& arena, std::size_t& left) {
  if (left == 0) return Value::null();
  --left;
  switch (from.kind()) {
    case json::kind::null: return Value::null();
    case json::kind::bool_: return Value::boolean(from.get_bool());
    case json::kind::int64: return Value::int64(from.get_int64());
    case json::kind::uint64: return Value::string(arena.copy(std::to_string(from.get_uint64())));
    case json::kind::double_: return Value::real(from.get_double());
    case json::kind::string: return Value::string(arena.copy(std::string_view(from.get_string())));
    case json::kind::array: {
      std::vector<Value> items;
      for (const auto& item : from.get_array()) items.push_back(convert(item, arena, left));
      return Value::list(arena.copy_array<Value>(items));
    }
    case json::kind::object: {
      std::vector<Member> members;
      for (const auto& member : from.get_object())
        members.push_back({arena.copy(std::string_view(member.key())), convert(member.value(), arena, left)});
      return Value::object(arena.copy_array<Member>(members));
    }
  }
  return Value::null();
}

}  // namespace

std::optional<Value> parse_json_text(std::string_view text, Arena& arena) {
  text = trim(text);
  if (text.size() < 2 || text.size() > kMaxSize || (text.front() != '{' && text.front() != '[')) return std::nullopt;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return std::nullopt;
  std::size_t left = kMaxValues;
  return convert(parsed, arena, left);
}

}  // namespace yagura::normalise
