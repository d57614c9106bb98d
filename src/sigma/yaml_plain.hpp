// The YAML that rule files are written in, read without a library: block maps and lists, scalars that are plain, in
// quotes on one line, or a "|" block.
//
// A strict subset: whatever else there is (flow collections, anchors, tags, escapes, scalars over several lines, nulls that
// are only a missing value, several documents), whatever is a mistake and whatever is beyond a bound gives nothing, and
// the whole text goes to yaml-cpp, which reads these texts to the very same tree, places included (yaml_plain_test.cpp,
// rule_loader_fuzz.cpp), several times more slowly. Any thread.
#pragma once
#include <optional>
#include <string_view>

#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

// `text` is valid UTF-8 without control characters but line feeds, carriage returns and tabs.
std::optional<YamlNode> parse_plain_yaml(std::string_view text);

}  // namespace yagura::sigma
