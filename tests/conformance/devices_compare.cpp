#include "devices_compare.hpp"

#include <arpa/inet.h>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::conformance {

namespace json = boost::json;

namespace {

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

std::string canonical_address(std::string_view text) {
  in6_addr bytes;
  char out[INET6_ADDRSTRLEN];
  const std::string copy(text);
  if (inet_pton(AF_INET6, copy.c_str(), &bytes) == 1 && inet_ntop(AF_INET6, &bytes, out, sizeof out) != nullptr)
    return out;
  return copy;
}

std::string only_hex(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f')) out += ascii_lower(c);
  return out;
}

bool ends_with_word(std::string_view name, std::string_view word) {
  return name == word || (name.ends_with(word) && name[name.size() - word.size() - 1] == '.');
}

bool equal_text(std::string_view name, const std::string& a, const std::string& b, bool exact) {
  if (a == b) return true;
  if (ends_with_word(name, "ip")) return canonical_address(a) == canonical_address(b);
  if (ends_with_word(name, "mac")) return only_hex(a).size() == 12 && only_hex(a) == only_hex(b);
  if (name.find("hash.") != std::string_view::npos) return equal_ignoring_ascii_case(a, b);
  if (const auto x = parse_double(a), y = parse_double(b); x && y && *x == *y) return true;
  return !exact && equal_ignoring_ascii_case(a, b);
}

bool equal_value(std::string_view name, const json::value& expected, const json::value& actual, bool exact) {
  if (expected.is_object() && actual.is_object()) {
    if (expected.get_object().size() != actual.get_object().size()) return false;
    for (const auto& member : expected.get_object()) {
      const auto* other = actual.get_object().if_contains(member.key());
      if (other == nullptr || !equal_value(name, member.value(), *other, exact)) return false;
    }
    return true;
  }
  if (expected.is_array() && actual.is_array()) {
    if (expected.get_array().size() != actual.get_array().size()) return false;
    for (std::size_t i = 0; i < expected.get_array().size(); ++i)
      if (!equal_value(name, expected.get_array()[i], actual.get_array()[i], exact)) return false;
    return true;
  }
  // One of a list is the one.
  if (expected.is_array() && expected.get_array().size() == 1)
    return equal_value(name, expected.get_array()[0], actual, exact);
  if (actual.is_array() && actual.get_array().size() == 1)
    return equal_value(name, expected, actual.get_array()[0], exact);
  return equal_text(name, text_of(expected), text_of(actual), exact);
}

}  // namespace

bool equal_field(std::string_view name, const json::value& expected, const Found& found, bool exact) {
  const auto hash = name.find('#');
  const std::string_view bare = name.substr(0, hash);
  const auto actual = found.find(bare);
  if (actual == found.end()) return false;
  if (bare == "@timestamp" || bare == "event.start" || bare == "event.end") {
    const std::string ours = text_of(actual->second);  // 2026-01-12T10:23:45.0000000Z
    const std::string theirs = text_of(expected);
    if (hash != std::string_view::npos && name.substr(hash) == "#noyear") {
      const auto a = parse_iso8601("2000-" + theirs);
      const auto b = parse_iso8601("2000" + ours.substr(4));
      // "[.f]": without a fraction the second is what counts.
      const std::int64_t unit = theirs.find('.') == std::string::npos ? kTicksPerSecond : 1;
      return a && b && *a / unit == *b / unit;
    }
    const auto a = parse_iso8601(theirs);
    const auto b = parse_iso8601(ours);
    // Expectations are written in microseconds at most, some of them rounded: an instant is equal when it is that
    // microsecond or the next.
    const auto point = theirs.find('.');
    const std::int64_t tolerance =
        point != std::string::npos && theirs.find_first_not_of("0123456789", point + 1) - point - 1 == 6 ? 10 : 0;
    return a && b && std::abs(*a - *b) <= tolerance;
  }
  return equal_value(bare, expected, actual->second, exact);
}

std::string describe_difference(std::string_view name, const json::value& expected, const Found& found) {
  const auto actual = found.find(name.substr(0, name.find('#')));
  return fmt::format("  {}: expected {}, found {}", name, json::serialize(expected),
                     actual == found.end() ? "nothing" : json::serialize(actual->second));
}

}  // namespace yagura::conformance
