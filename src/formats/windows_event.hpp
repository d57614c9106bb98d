// Windows events that do not come as EVTX: their XML, and the JSON that shippers make of them.
//
// All of them get the fields that the EVTX reader gives (docs/formats/evtx.md): EventID, Channel, Computer,
// Provider_Name, TimeCreated_SystemTime ... and the names of EventData and UserData bare, so that rules and tables see
// no difference. What the shipper sent stays beside them under its own names.
//
// Shapes: evtx_dump ({"Event": {"System": ...}}), System and EventData as objects (Windows Event Collectors, Azure,
// xmltodict), Winlogbeat 6 to 9 (winlog.*, or event_id and event_data.*), flat with other names for a few (NXLog's
// im_msvistalog, nxlog's and Mordor's SourceName, Hostname; Azure's WindowsEvent and SecurityEvent). Any thread; docs/
// formats/windows.md.
#pragma once
#include <string_view>

#include "event/record.hpp"

namespace yagura::formats {

// Adds the native fields to the batch's last record when it is a Windows event in one of the shapes; false when not.
// The record may be open or ended, and is open afterwards.
bool complete_windows_event(event::RecordBatch& out);

// One <Event> element as one record, format "windows-xml"; what is none is malformed with its text in Message.
void decode_windows_xml(const event::RecordOrigin& origin, event::RecordBatch& out);

// The next <Event ...>...</Event> in `text` at or behind `at`, which is moved behind it; "" when there is no whole one,
// and `at` is then where one begins (or near the text's end), so that reading can go on with more text from there.
std::string_view next_event_element(std::string_view text, std::size_t& at);

}  // namespace yagura::formats
