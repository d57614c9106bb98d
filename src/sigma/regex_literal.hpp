// What every match of a regular expression contains: what the prefilter looks for.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::sigma {

struct RegexNeeds {
  // Runs of literal ASCII characters that all stand in every match, the longest first; empty when none is easy to
  // see. Their case need not be the text's: fold both.
  std::vector<std::string> literals;
  // No shorter text (in bytes) matches: `.{1000,}` costs a thousand states, looking at the size nothing.
  std::size_t least_size = 0;
};

// Never wrong, sometimes less than could be said.
RegexNeeds regex_needs(std::string_view regex);

}  // namespace yagura::sigma
