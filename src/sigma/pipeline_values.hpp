// What pipelines do to the values of an item. Private to pipeline.cpp.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sigma/rule.hpp"
#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

// "lower", "upper", "snake_case" (ProcessId -> process_id); anything else leaves the text.
std::string change_case(const std::string& text, std::string_view how);
// replace_string, map_string, case, set_value, convert_type, regex.
void change_values(DetectionItem& item, const std::string& type, const YamlNode& node);
// Hashes: 'SHA256=abc' becomes the field SHA256 (with prefix) with the value abc.
void split_hashes(Detection& detection, const std::string& prefix, const std::vector<std::string>& algorithms,
                  bool drop_algorithm);

}  // namespace yagura::sigma
