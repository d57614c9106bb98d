// The signatures of the registry's functions: their text form, and which one a call means.
//
//   name(parameter:family, other:family?) -> result
//
// Families of parameters: a type's name; scalar (anything), text (anything, given as its tostring), string_or_dynamic
// (given as text), number, integer, summable, orderable, not_dynamic, array and bag (dynamic), common and
// common_or_dynamic (all such arguments get one type), string_or_array, integer_or_array, type (typeof), tabular, any.
// Marks: ? optional, + once or more, * any number; neighbours with + or * repeat together. = marks a constant.
// Results: a type; same (as the first argument), first (likewise, int becomes long), widest, common, second, type (as
// the typeof says), array.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kql/function.hpp"

namespace yagura::kql {

enum class Family : std::uint8_t {
  exact, scalar, text, string_or_dynamic, number, integer, summable, orderable, not_dynamic, not_real_or_bool, array, bag,
  common, common_or_dynamic, common_orderable, string_or_array, integer_or_array, type, tabular, any,
};

struct ParameterSpec {
  std::string_view name;
  Family family = Family::scalar;
  Type type = kUnknown;  // of exact
  bool optional = false;
  bool repeated = false;
  bool may_be_absent = false;  // repeated with *
  bool constant = false;
};

enum class ResultRule : std::uint8_t { exact, same, first, widest, common, second, type, array };

struct SignatureSpec {
  std::vector<ParameterSpec> parameters;
  ResultRule rule = ResultRule::exact;
  Type type = kUnknown;
  std::size_t minimum = 0, maximum = 0;  // arguments
  bool repeats() const { return maximum > 1000; }
  // The parameter that argument `i` of `count` stands for.
  const ParameterSpec* parameter(std::size_t i, std::size_t count) const;
};

// Parsed once for each function; lives for ever.
const std::vector<SignatureSpec>& signatures_of(const Function& function);

// Whether a value of `type` may stand for the parameter as it is.
bool accepts(const ParameterSpec& parameter, Type type);

}  // namespace yagura::kql
