// Windows event logs in the list `sources`: kind evtx (files), and in a Windows build winevt (channels). docs/agent.md.
//
// Values; no threads.
#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "intake/source.hpp"
#include "winlog/event_source.hpp"

namespace yagura::winlog {

struct LogSettings {
  std::string name;                // "evtx"
  std::string kind;                // "evtx" or "winevt"
  std::vector<std::string> paths;  // evtx: glob(3) patterns; a folder means its *.evtx
  std::vector<std::string> channels;  // winevt: any name that the system knows
  std::string query = "*";         // XPath of the Windows Event Log
  bool from_beginning = true;      // false: of logs that are there at the very first start, only what is new
  std::size_t max_files = 1'024;
  std::chrono::milliseconds poll_interval{1'000};
  std::chrono::milliseconds rescan_interval{5'000};
};

// What can be read here.
std::span<const std::string_view> kinds();
// Those items of the list whose kind is one of ours. Names have been checked by who reads the others.
std::vector<LogSettings> read_settings(const SettingsNode& list);
// `sink` and `checkpoints` must outlive the source.
std::unique_ptr<intake::Source> make_source(const LogSettings& settings, intake::EntrySink& sink, intake::CheckpointStore& checkpoints);

// What makes one record of one log the same wherever it is read: computer, channel, record number and time.
Guid identity_of(std::string_view xml);

}  // namespace yagura::winlog
