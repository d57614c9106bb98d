// What pipelines do to the values of an item. Private to the pipeline*.cpp files.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sigma/pipeline_program.hpp"

namespace yagura::sigma {

bool is_number_text(std::string_view text);
// "lower", "upper", "snake_case" (ProcessId -> process_id); anything else leaves the text.
std::string change_case(const std::string& text, std::string_view how);
// A replacement as Python's re.sub() takes it (\1, \g<1>, \g<name>), as RE2 wants it.
Result<std::string> rewrite_of(std::string_view replacement, const RE2& regex);
// replace_string, map_string, case, set_value, convert_type, regex. False when it left everything as it was; an error
// refuses the rule.
Result<bool> change_values(DetectionItem& item, const Step& step);
// hashes_fields: 'SHA256=abc' becomes the field SHA256 (with prefix) with the value abc.
Result<bool> split_hashes(Detection& detection, const Step& step);
// extract_fields: the named groups of the expression become fields.
bool extract_fields(Detection& detection, const Step& step);

}  // namespace yagura::sigma
