// The tree of a query. Private to xpath_*.cpp; built by the parser, then never changed.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "formats/xpath_filter.hpp"

namespace yagura::formats::xpath {

struct Expression;

struct Step {
  std::string name;  // "*" for any
  bool is_attribute = false;
  std::vector<Expression> predicates;  // of an attribute: none
  std::shared_ptr<const Step> next;
};

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

// A number as it was written, and its value. long double holds every 64-bit integer.
struct Number {
  std::string text;
  long double value = 0;
};
struct Literal {
  std::string text;
  std::optional<long double> number;  // of "5", "0x10"
  std::optional<std::int64_t> time;   // of "2026-01-02T03:04:05Z"
  bool is_guid = false;
};
struct TimeDifference {                // timediff(a) and timediff(a, b), in milliseconds
  std::shared_ptr<const Step> first;   // empty when the first is a number
  std::optional<Number> number;        // a FILETIME
  std::shared_ptr<const Step> second;  // empty, and no number: now
};
struct Position {};  // position()

using Operand = std::variant<std::shared_ptr<const Step>, TimeDifference, Position>;

struct Expression {
  enum class Kind : std::uint8_t { all, any, compare, exists, band, position };
  Kind kind = Kind::exists;
  std::vector<Expression> parts;  // of all and any

  Operand left;  // of compare
  Comparison comparison = Comparison::equal;
  std::variant<Literal, Number> right;

  std::shared_ptr<const Step> path;  // of exists and band
  std::uint64_t bits = 0;            // of band
  std::uint32_t position = 0;        // of position: Data[3]
};

// Decimal with or without a fraction, or 0x and hexadecimal digits; the whole text.
std::optional<long double> number_of(std::string_view text);

}  // namespace yagura::formats::xpath
