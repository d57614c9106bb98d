// JSON that an event carries inside of a text field, as a Value in the batch's arena.
//
// Bounds: 256 KiB, 16 levels, 4,096 values. nullopt for anything that is not one JSON object or list. Any thread.
#pragma once
#include <optional>
#include <string_view>

#include "base/arena.hpp"
#include "event/value.hpp"

namespace yagura::normalise {

std::optional<event::Value> parse_json_text(std::string_view text, Arena& arena);

}  // namespace yagura::normalise
