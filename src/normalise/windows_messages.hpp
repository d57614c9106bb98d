// What Windows shows of an event beside its data: the message, the task category, keywords, level and opcode by name.
//
// Providers keep these texts in message files that an event does not carry with it. Here are those of the Security
// log's events, of Sysmon (whose messages list all data), and of the System, Application and other events that security
// people subscribe to; docs/formats/windows.md says where each group is documented. English, as the en-US message files
// have them. Plain functions over static tables; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/record.hpp"

namespace yagura::normalise {

// The first sentence of a message: "An account was successfully logged on."; "" when it is not known.
std::string_view windows_event_title(std::string_view provider, std::int64_t event_id);
// The whole message with the event's data in it, as far as its template is known; else its title, or "".
std::string windows_event_message(std::string_view provider, std::int64_t event_id, const event::Record& record);

// "Logon" for task 12544 of the Security log; "" when it is not known.
std::string_view windows_task_name(std::string_view provider, std::int64_t task);
// "Audit Success", several separated by ", "; "" for none that has a name.
std::string windows_keyword_names(std::uint64_t keywords);
std::string_view windows_level_name(std::int64_t level);      // "Information", ...
std::string_view windows_opcode_name(std::int64_t opcode);    // "Info", "Start", ...
std::string_view windows_logon_type_name(std::int64_t type);  // "Network", ...

// 0x8020000000000000 in hexadecimal, or as the signed number that some shippers make of it.
std::optional<std::uint64_t> windows_keywords(const event::Value& value);

}  // namespace yagura::normalise
