// The time of an event from a field's value, whatever way it is written.
//
// Stateless, any thread. Values that are no time give nullopt.
#pragma once
#include <optional>
#include <span>

#include "base/timestamp.hpp"
#include "event/record.hpp"

namespace yagura::event {

// A text that is a timestamp as a whole (see timestamp.hpp), or a number since 1970: seconds, milliseconds,
// microseconds or nanoseconds, told by magnitude (so from 1973 to 5138), with or without a fraction.
std::optional<EventTime> parse_event_time(std::string_view text, const TimeContext& context);
std::optional<EventTime> event_time_of(const Value& value, const TimeContext& context);
std::optional<EventTime> event_time_of_number(double number);

// Sets the current record's time from the first of `candidates` that it has and that is a time.
void take_time_from(std::span<const FieldId> candidates, RecordBatch& batch);

}  // namespace yagura::event
