// Rules that can never match: nothing that can arrive is of their log source, or has the fields that they ask for. A rule
// that is silently dead is worse than an error.
//
// What can arrive is what decoders and device packs declare (`declared`) and what the log source mappings say (docs/sigma.md,
// "Log sources"): for categories with a list of `fields` nothing else is expected in their events. Any thread.
#pragma once
#include <span>
#include <string>

#include "sigma/log_source_map.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

// What a decoder or a pack says of its events; lower case, "*" for any name.
struct DeclaredSource {
  std::string product, category, service;
};

// "" when it can match something.
std::string unreachable_reason(const Rule& rule, const LogSourceMap& map, std::span<const DeclaredSource> declared);

}  // namespace yagura::sigma
