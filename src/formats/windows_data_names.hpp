// Names and types of Windows events' data by provider, event id and version, for values that came without their names:
// the forwarder's MasEventData is "S-1-5-18!!HOST$!!...". The table is part of the program (windows_data_names.txt) and
// is read when it is first asked. Any thread; views live as long as the program.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace yagura::formats {

struct WindowsDataName {
  std::string_view name;
  char type = ' ';  // '#' a whole number, '?' a boolean, '~' a number, '@' a GUID, ' ' a text
};

struct WindowsDataLayout {
  std::uint32_t event_id = 0;
  std::uint32_t version = 0;
  std::string_view user_element;  // "" when the body is EventData
  std::span<const WindowsDataName> names;
};

// Every layout that is known of the event; empty when nobody knows it. Providers in any letter case.
std::span<const WindowsDataLayout> windows_data_layouts(std::string_view provider, std::int64_t event_id);

// The layout that explains the values: of the version if there is one with as many names, else of any version; else one
// whose last one or two names are missing, since new names are only ever added at the end. Values have to fit their
// types. nullptr when there is none.
const WindowsDataLayout* windows_data_layout(std::string_view provider, std::int64_t event_id, std::int64_t version,
                                             bool user_data, std::span<const std::string_view> values);

}  // namespace yagura::formats
