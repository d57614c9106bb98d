// XML inside a log line: elements and attributes become dotted names below the root, as in System.EventID,
// System.Provider.Name. <Data Name="Image">x</Data> of Windows and Sysmon events becomes EventData.Image.
//
// Bounds: 1 MiB, 32 levels, 4,096 fields; deeper elements are left out. No entities but XML's own, no DTD, no outside
// files. Texts are copied into the batch's arena. Any thread.
#pragma once
#include "event/record.hpp"

namespace yagura::formats {

// Adds the fields to the current record; nothing, and false, when `text` is no XML.
bool decode_xml_payload(std::string_view text, event::RecordBatch& out);

}  // namespace yagura::formats
