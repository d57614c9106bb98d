// The three files that the HTML report is made of; in the program itself.
#pragma once
#include <string_view>

namespace yagura::hunt {
std::string_view timeline_html();  // with the marks {{style}}, {{script}}, {{policy}}, {{data}}
std::string_view timeline_style();
std::string_view timeline_script();
}  // namespace yagura::hunt
