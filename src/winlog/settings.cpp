#include "winlog/settings.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "formats/xpath_filter.hpp"

namespace yagura::winlog {

std::span<const std::string_view> kinds() {
#ifdef _WIN32
  static constexpr std::string_view kKinds[] = {"evtx", "winevt"};
#else
  static constexpr std::string_view kKinds[] = {"evtx"};
#endif
  return kKinds;
}

std::vector<LogSettings> read_settings(const SettingsNode& list) {
  std::vector<LogSettings> out;
  for (const auto& node : list.items()) {
    if (!node.is_map() || !node.child("kind").exists()) continue;
    const auto kind = node.child("kind").text();
    if (std::ranges::find(kinds(), kind) == kinds().end()) continue;
    LogSettings s{.name = node.get("name", kind), .kind = kind};
    if (kind == "evtx") {
      s.paths = node.get_list("paths");
      if (s.paths.empty()) node.error("an 'evtx' source needs 'paths': files, patterns or folders");
      for (const auto& path : s.paths)
        if (!path.starts_with('/')) node.child("paths").error(fmt::format("'{}' must be an absolute path; wildcards * ? [] are allowed", path));
    } else {
      s.channels = node.get_list("channels");
      if (s.channels.empty()) node.error("a 'winevt' source needs 'channels', such as Security or Microsoft-Windows-Sysmon/Operational");
    }
    s.query = node.get("query", s.query);
    if (s.query != "*")
      if (auto parsed = formats::XPathFilter::parse(s.query); !parsed) node.child("query").error(fmt::format("'query': {}", parsed.error().message()));
    s.from_beginning = node.get_choice("start", "beginning", {"beginning", "end"}) == "beginning";
    s.max_files = static_cast<std::size_t>(node.get("max_files", static_cast<std::int64_t>(s.max_files), {.min = 1, .max = 5'000}));
    s.poll_interval = node.get("poll_interval", s.poll_interval);
    if (s.poll_interval < std::chrono::milliseconds(10)) node.child("poll_interval").error("'poll_interval' must be at least 10ms");
    s.rescan_interval = node.get("rescan_interval", s.rescan_interval);
    if (s.rescan_interval < std::chrono::milliseconds(10)) node.child("rescan_interval").error("'rescan_interval' must be at least 10ms");
    if (node.get("enabled", true)) out.push_back(std::move(s));
  }
  return out;
}

Guid identity_of(std::string_view xml) {
  const auto fields = read_system(xml);
  // An event that does not say what it is: its text is all there is.
  const auto named = fields.record != 0 && !fields.channel.empty();
  const auto digest = named ? sha256(fmt::format("windows event\n{}\n{}\n{}\n{}", fields.computer, fields.channel, fields.record, fields.time)) : sha256(xml);
  Guid id;
  for (int i = 0; i < 8; ++i) {
    id.high = id.high << 8 | digest[static_cast<std::size_t>(i)];
    id.low = id.low << 8 | digest[static_cast<std::size_t>(i) + 8];
  }
  // RFC 9562, version 5 in form: the journal's own identities are version 8.
  id.high = (id.high & 0xFFFF'FFFF'FFFF'0FFFULL) | 0x5000;
  id.low = (id.low & 0x3FFF'FFFF'FFFF'FFFFULL) | 0x8000'0000'0000'0000ULL;
  return id;
}

}  // namespace yagura::winlog
