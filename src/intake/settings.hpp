// The `sources` list of the configuration: each item is one way in. docs/sources.md describes every key.
//
// All mistakes are collected in the node's SettingsErrors. Values; no threads.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/settings.hpp"
#include "intake/file_tail.hpp"
#include "intake/hec_source.hpp"
#include "intake/journald_source.hpp"
#include "intake/syslog_source.hpp"

namespace yagura::intake {

using SourceSettings = std::variant<SyslogSettings, HecSettings, FileTailSettings, JournaldSettings>;

struct SettingsContext {
  // Formats that a source may name; empty: any.
  std::span<const std::string_view> formats;
  // Kinds in the same list that other rooms read (evtx, winevt): only their names are checked here.
  std::span<const std::string_view> other_kinds;
  // Used by sources with TLS that name no certificate of their own.
  std::filesystem::path certificate, private_key;
};

// `list` is the node of the key `sources`. When it is missing: default_sources(). An empty list means no source.
std::vector<SourceSettings> read_settings(const SettingsNode& list, const SettingsContext& context);

// Syslog over UDP and TCP on 5514, and over TLS on 6514.
std::vector<SourceSettings> default_sources(const SettingsContext& context);

const std::string& name_of(const SourceSettings& settings);

// `sink` and `checkpoints` must outlive the source.
std::unique_ptr<Source> make_source(const SourceSettings& settings, EntrySink& sink, CheckpointStore& checkpoints);

}  // namespace yagura::intake
