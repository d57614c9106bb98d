// The `detection` section of a rule (and the `filter` section of a filter): search identifiers and condition.
#pragma once
#include "sigma/modifiers.hpp"
#include "sigma/rule.hpp"
#include "sigma/yaml_reader.hpp"

namespace yagura::sigma {

// `skip` names keys of the section that are something else ("rules" of a filter).
Detections load_detections(const YamlReader& reader, const Placeholders& placeholders,
                           std::span<const std::string_view> skip = {});

// What the item's modifiers and written values mean: apply_modifiers(), and keywords are looked for anywhere.
Result<> give_meaning(DetectionItem& item, const Placeholders& placeholders,
                      const std::function<void(std::string)>& warn);

}  // namespace yagura::sigma
