#include "kql_compare.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/text.hpp"
#include "base/time.hpp"
#include "event/table_batch.hpp"
#include "kql/types.hpp"

namespace json = boost::json;

namespace yagura::conformance {

namespace {

using kql::Type;

std::optional<double> number_of(const json::value& v) {
  if (v.is_int64()) return static_cast<double>(v.as_int64());
  if (v.is_uint64()) return static_cast<double>(v.as_uint64());
  if (v.is_double()) return v.as_double();
  if (v.is_string()) {
    const std::string text(v.as_string());
    if (text.empty()) return std::nullopt;
    char* end = nullptr;
    const double d = std::strtod(text.c_str(), &end);
    if (end == text.c_str() + text.size()) return d;
  }
  return std::nullopt;
}

std::optional<json::value> parsed(std::string_view text) {
  boost::system::error_code error;
  json::value v = json::parse(text, error);
  if (error) return std::nullopt;
  return v;
}

bool numbers_equal(const json::value& e, const json::value& a, double absolute) {
  if ((e.is_int64() || e.is_uint64()) && (a.is_int64() || a.is_uint64())) return e.to_number<std::int64_t>() == a.to_number<std::int64_t>();
  if (e.is_int64() && a.is_string()) {
    if (const auto n = parse_int64(std::string_view(a.as_string()))) return *n == e.as_int64();
  }
  const auto x = number_of(e), y = number_of(a);
  if (!x || !y) return false;
  if (std::isnan(*x) || std::isnan(*y)) return std::isnan(*x) && std::isnan(*y);
  return std::abs(*x - *y) <= std::max(1e-9 * std::max(std::abs(*x), std::abs(*y)), absolute);
}

bool truth(const json::value& a, bool& out) {
  if (a.is_bool()) out = a.as_bool();
  else if (a.is_int64() && (a.as_int64() == 0 || a.as_int64() == 1)) out = a.as_int64() == 1;
  else if (a.is_string() && equal_ignoring_ascii_case(std::string_view(a.as_string()), "true")) out = true;
  else if (a.is_string() && equal_ignoring_ascii_case(std::string_view(a.as_string()), "false")) out = false;
  else return false;
  return true;
}

bool match_any(std::size_t n, const std::function<bool(std::size_t, std::size_t)>& equal) {
  // Bipartite matching, small: augmenting paths.
  std::vector<int> owner(n, -1);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<bool> seen(n, false);
    const std::function<bool(std::size_t)> place = [&](std::size_t e) {
      for (std::size_t a = 0; a < n; ++a) {
        if (seen[a] || !equal(e, a)) continue;
        seen[a] = true;
        if (owner[a] < 0 || place(static_cast<std::size_t>(owner[a]))) {
          owner[a] = static_cast<int>(e);
          return true;
        }
      }
      return false;
    };
    if (!place(i)) return false;
  }
  return true;
}

bool cells_equal(const json::value& e, json::value a, Type type, const Expectation& rules) {
  if (e.is_null()) return a.is_null();
  if (e.is_string() && e.as_string().empty()) {
    if (type == Type::string) return a.is_string() && a.as_string().empty();
    return a.is_null() || (a.is_string() && a.as_string().empty());
  }
  if (e.is_bool()) {
    bool b = false;
    return truth(a, b) && b == e.as_bool();
  }
  if (e.is_number()) {
    if (a.is_bool()) {
      const auto n = number_of(e);
      return n && (*n == 0 || *n == 1) && a.as_bool() == (*n == 1);
    }
    return numbers_equal(e, a, rules.absolute);
  }
  if (e.is_array() || e.is_object()) {
    if (a.is_string()) {
      const auto p = parsed(std::string_view(a.as_string()));
      if (!p) return false;
      a = *p;
    }
    if (e.is_array()) {
      if (!a.is_array() || a.as_array().size() != e.as_array().size()) return false;
      const auto& x = e.as_array();
      const auto& y = a.as_array();
      if (rules.any_array_order) return match_any(x.size(), [&](std::size_t i, std::size_t j) { return cells_equal(x[i], y[j], Type::dynamic, rules); });
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!cells_equal(x[i], y[i], Type::dynamic, rules)) return false;
      }
      return true;
    }
    if (!a.is_object() || a.as_object().size() != e.as_object().size()) return false;
    for (const auto& [k, v] : e.as_object()) {
      const auto* other = a.as_object().if_contains(k);
      if (other == nullptr || !cells_equal(v, *other, Type::dynamic, rules)) return false;
    }
    return true;
  }
  const std::string text(e.as_string());
  if (type == Type::real && (text == "NaN" || text == "Infinity" || text == "-Infinity")) {
    return a.is_string() && a.as_string() == text;
  }
  const std::string other = a.is_string() ? std::string(a.as_string()) : a.is_null() ? std::string() : json::serialize(a);
  if (type == Type::datetime) {
    const auto x = parse_iso8601(text), y = parse_iso8601(other);
    return x && y && *x == *y;
  }
  if (type == Type::timespan) {
    const auto x = kql::parse_timespan(text), y = kql::parse_timespan(other);
    return x && y && *x == *y;
  }
  if (type == Type::guid) return equal_ignoring_ascii_case(text, other);
  if (type == Type::decimal) return numbers_equal(e, a, rules.absolute);
  if (a.is_null()) return false;
  return text == other;
}

}  // namespace

json::value actual_cell(const json::value& raw, Type type) {
  if (raw.is_null()) return raw;
  switch (type) {
    case Type::datetime: {
      // "2020-01-01 00:00:00.0000000"
      std::string text(raw.as_string());
      if (text.size() > 10) text[10] = 'T';
      return json::value(text + "Z");
    }
    case Type::timespan: {
      std::int64_t ticks = 0;
      if (raw.is_string()) ticks = parse_int64(std::string_view(raw.as_string())).value_or(0);
      else ticks = raw.to_number<std::int64_t>();
      return json::value(event::format_timespan(ticks));
    }
    case Type::int64:
    case Type::int32:
      if (raw.is_string()) {
        if (const auto n = parse_int64(std::string_view(raw.as_string()))) return json::value(*n);
      }
      return raw;
    case Type::boolean:
      if (raw.is_int64()) return json::value(raw.as_int64() != 0);
      return raw;
    case Type::real:
      if (raw.is_string()) {
        const std::string text(raw.as_string());
        if (text == "nan" || text == "-nan") return "NaN";
        if (text == "inf") return "Infinity";
        if (text == "-inf") return "-Infinity";
      }
      return raw;
    case Type::dynamic: {
      if (!raw.is_string()) return raw;
      const auto p = parsed(std::string_view(raw.as_string()));
      return p ? *p : raw;
    }
    default: return raw;
  }
}

bool rows_equal(const std::vector<Cells>& expected, const std::vector<Cells>& actual, const std::vector<Type>& types,
                const Expectation& rules) {
  if (expected.size() != actual.size()) return false;
  const auto row = [&](std::size_t e, std::size_t a) {
    if (expected[e].size() != actual[a].size()) return false;
    for (std::size_t i = 0; i < expected[e].size(); ++i) {
      if (!cells_equal(expected[e][i], actual[a][i], i < types.size() ? types[i] : Type::string, rules)) return false;
    }
    return true;
  };
  if (rules.ordered) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (!row(i, i)) return false;
    }
    return true;
  }
  return match_any(expected.size(), row);
}

}  // namespace yagura::conformance
