// Messages of the Security log behind their first sentence. Private to windows_messages.cpp.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "event/record.hpp"

namespace yagura::normalise {

// Appends what `body` (windows_security_bodies.cpp) shows of the record; not much beyond `most` bytes.
void append_message_body(std::string_view body, const event::Record& record, std::size_t most, std::string& out);

}  // namespace yagura::normalise
