// Internal to normalise: compiles one pack's YAML; mistakes go to the node's SettingsErrors.
#pragma once
#include "base/settings.hpp"
#include "normalise/pack_program.hpp"

namespace yagura::normalise::detail {
std::unique_ptr<Pack> load_pack(const SettingsNode& root);
}  // namespace yagura::normalise::detail
