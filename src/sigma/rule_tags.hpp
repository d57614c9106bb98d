// Tags as the specification's appendix has them: `attack.t1059.001`, `cve.2021-44228`, `tlp.amber`.
// https://github.com/SigmaHQ/sigma-specification, appendix "Tags".
#pragma once
#include <string>
#include <string_view>

namespace yagura::sigma {

// What is odd about the tag, "" when nothing is. Namespaces of one's own are free.
std::string tag_mistake(std::string_view tag);

}  // namespace yagura::sigma
