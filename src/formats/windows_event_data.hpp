// EventData that came as one text: as Azure's exports have it. Private to windows_event.cpp.
#pragma once
#include <functional>
#include <string_view>

#include "event/record.hpp"

namespace yagura::formats {

// The data of {"Image": "...", ...} (WindowsEvent) or of <DataItem><EventData><Data Name="Image">...</Data> (Event); unnamed data of XML
// are called Data. Strings are copied to `arena`. False, and nothing is said, when the text is neither.
bool read_event_data_text(std::string_view text, Arena& arena,
                          const std::function<void(std::string_view, event::Value)>& each);

}  // namespace yagura::formats
