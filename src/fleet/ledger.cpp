#include "fleet/ledger.hpp"

namespace yagura::fleet {

namespace {

std::uint64_t sum(const Counts& counts) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : counts) total += count;
  return total;
}

}  // namespace

std::vector<Gap> balance(const Heartbeat& heartbeat, const std::map<std::string, std::uint64_t>& journaled, std::uint64_t acked) {
  std::vector<Gap> gaps;
  const auto add = [&](const std::string& source, const std::string& stream, const std::string& reason, std::uint64_t count) {
    if (count > 0) gaps.push_back({source, stream, reason, count});
  };
  for (const auto& source : heartbeat.sources) {
    Counts of_streams;
    for (const auto& stream : source.streams) {
      for (const auto& [reason, count] : stream.lost) {
        add(source.name, stream.stream, reason, count);
        of_streams[reason] += count;
      }
      const auto known = stream.sent + sum(stream.filtered) + sum(stream.lost);
      if (stream.scanned() > known) add(source.name, stream.stream, "unaccounted", stream.scanned() - known);
    }
    for (const auto& [reason, count] : source.lost)
      if (const auto told = of_streams[reason]; count > told) add(source.name, "", reason, count - told);
    if (heartbeat.through == acked) {
      const auto found = journaled.find(source.name);
      const auto have = found == journaled.end() ? 0 : found->second;
      if (source.sent > have) add(source.name, "", "transfer", source.sent - have);
    }
  }
  add("", "", "spool", heartbeat.damaged);
  return gaps;
}

}  // namespace yagura::fleet
