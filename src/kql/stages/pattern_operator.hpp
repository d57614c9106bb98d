// The plugins that look for patterns of values over columns: basket, autocluster, diffpatterns, diffpatterns_text.
// https://learn.microsoft.com/kusto/query/basket-plugin, .../autocluster-plugin, .../diffpatterns-plugin
//
// A pattern says the values of some columns. Those that enough rows have, and to which no further value could be added
// without losing rows, are found by depth (columns in order, rows as lists); the plugins choose among them.
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct PatternSettings {
  enum class Kind : std::uint8_t { basket, autocluster, difference };
  Kind kind = Kind::basket;
  double threshold = 0.05;     // least share of the rows (of difference: of A's or B's, and least difference)
  double size_weight = 0.5;    // of autocluster: many rows against many values
  std::size_t max_dimensions = 5;
  std::vector<std::pair<Type, std::string>> wildcards;  // what stands for "any" by type; null or "" otherwise
};

// Input columns: the weight (long), of difference the side (0: A, 1: B), then those of the patterns.
std::shared_ptr<const LocalOperator> make_pattern_operator(PatternSettings settings, std::vector<PlanColumn> result);

// diffpatterns_text: the tokens of a text by position, and which of them the rows of one side have in common more often.
// https://learn.microsoft.com/kusto/query/diffpatterns-text-plugin
struct TextPatternSettings {
  std::size_t min_tokens = 1, max_tokens = 20;  // that a pattern says; that are looked at, from the text's start
  double threshold = 0.05;
};
// Input columns: the side (long; 1: true), the text. Result: two counts, two percentages, the pattern.
std::shared_ptr<const LocalOperator> make_text_pattern_operator(TextPatternSettings settings, std::vector<PlanColumn> result);

}  // namespace yagura::kql
