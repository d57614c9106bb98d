// What people see of an event at a glance: which machine, which log, and the fields that tell what happened.
#pragma once
#include <string>
#include <string_view>

#include "event/record.hpp"

namespace yagura::hunt {

struct EventNames {
  std::string_view host, channel, provider;  // live as long as the record
  std::int64_t event_id = -1, record_id = -1;
};
EventNames names_of(const event::Record& record);

// "CommandLine: whoami /all | User: EX\alice": the telling fields, at most some 400 bytes, one line.
std::string details_of(const event::Record& record);

// The record as JSON; of one that is larger than 256 KiB its beginning.
std::string json_of(const event::Record& record);

}  // namespace yagura::hunt
