// Windows events inside CEF, as Azure Local's syslog forwarder writes them: MasEventID, MasEventData and 21 more
// (docs/formats/forwarding.md). Turned back into the fields that EVTX gives, so that forwarded and collected events
// meet in one table and one set of rules.
//
// Names of the data come from windows_data_names.hpp, or from YaguraData when the sender is Yagura; values without a
// known name become the list Data. Total; views into the batch's arena. Any thread.
#pragma once
#include "event/record.hpp"

namespace yagura::formats {

// Makes the batch's open record, which was decoded from CEF, a Windows event; false, and untouched, when it is none.
bool restore_windows_event(event::RecordBatch& out);

// Joins and describes data for encoders. The separator between the values of MasEventData and MasUserData.
inline constexpr std::string_view kMasSeparator = "!!";

}  // namespace yagura::formats
