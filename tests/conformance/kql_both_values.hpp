// Random KQL values for kql-both, written as literals: nulls, empty texts, borders of each type, texts that mean something
// to some function, and plain noise. The same seed gives the same values.
#pragma once
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kql/types.hpp"

namespace yagura::conformance {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}

  // A literal of the type. Half of them are from `known`, literals of this type that mean something to the function
  // at hand, when there are any.
  std::string literal(kql::Type type, const std::map<kql::Type, std::vector<std::string>>& known = {});
  std::size_t below(std::size_t count) { return random_() % count; }
  bool chance(std::size_t percent) { return below(100) < percent; }

 private:
  std::string text();
  std::string json(int depth);
  std::mt19937_64 random_;
};

}  // namespace yagura::conformance
