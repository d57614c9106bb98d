// Events written as YAML (and so as JSON): for test files of rules, for tests and fuzzers.
#pragma once
#include "event/record.hpp"
#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

// Unquoted numbers, true, false and null are of their kind, everything else is text.
event::Value to_value(const YamlNode& node, Arena& arena);
// One record with the map's entries as fields; text is copied into the batch.
void add_yaml_record(event::RecordBatch& batch, const YamlNode& map);

}  // namespace yagura::sigma
