// What normalised fields hold: names are those of the Elastic Common Schema, values are made uniform here.
//
// https://www.elastic.co/guide/en/ecs/current. Any thread.
#pragma once
#include <optional>
#include <string_view>

#include "base/arena.hpp"
#include "event/value.hpp"

namespace yagura::normalise {

enum class EcsType : std::uint8_t { text, address, port, number, mac, domain, transport, time };

// By the last word of the name: ip, port, bytes, pid, mac, domain ...
EcsType ecs_type(std::string_view name);

// The value as the field wants it, or nullopt when it says nothing: "", "-", "N/A" and the like, unset addresses
// (0.0.0.0, ::), ports beyond 65535, a domain that is an address or the other way round. `arena` takes texts that are
// made.
std::optional<event::Value> ecs_value(EcsType type, const event::Value& value, Arena& arena);

bool is_ip_address(std::string_view text);

}  // namespace yagura::normalise
