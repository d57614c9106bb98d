// A channel of the Windows Event Log as an EventSource: EvtSubscribe with a bookmark, EvtRender for the XML.
//
// The functions of wevtapi.dll stand behind a table, so that the logic runs in tests on every system; windows_functions() is
// the real one, in a Windows build only. Strings are UTF-8 here, UTF-16 there. Bookmark: the XML that Windows makes
// (<BookmarkList>), which holds the record number.
//
// Sources: "EvtSubscribe function (winevt.h)", "Bookmarking events", "Consuming events".
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "winlog/event_source.hpp"

namespace yagura::winlog {

// A handle of the table's: nothing is known of it but that 0 is none.
using EventHandle = std::uintptr_t;

struct WinevtFunctions {
  // EvtSubscribe: `bookmark` 0: from the oldest record, or only future ones when `future`. With a bookmark: behind it; strict: an
  // error when its record is gone. 0 is failure, see last_error.
  std::function<EventHandle(const std::string& channel, const std::string& query, EventHandle bookmark, bool future, bool strict)> subscribe;
  // EvtNext: up to `most` handles; false when there are none, or on an error other than kNoMoreItems.
  std::function<bool(EventHandle subscription, std::size_t most, std::chrono::milliseconds wait, std::vector<EventHandle>& out)> next;
  // EvtRender: as XML, UTF-8; "" on failure.
  std::function<std::string(EventHandle event)> render_event;
  std::function<std::string(EventHandle bookmark)> render_bookmark;
  // EvtCreateBookmark: of XML, or an empty one of "".
  std::function<EventHandle(const std::string& xml)> create_bookmark;
  std::function<bool(EventHandle bookmark, EventHandle event)> update_bookmark;
  std::function<void(EventHandle)> close;
  std::function<std::uint32_t()> last_error;  // of the last call, of this thread

  static constexpr std::uint32_t kNoMoreItems = 259, kTimeout = 1460, kAccessDenied = 5, kChannelNotFound = 15007, kInvalidQuery = 15001,
                                 kQueryResultStale = 15011, kNotFound = 1168;
};

std::unique_ptr<EventSource> make_winevt_source(WinevtFunctions functions);

#ifdef _WIN32
WinevtFunctions windows_functions();
#endif

}  // namespace yagura::winlog
