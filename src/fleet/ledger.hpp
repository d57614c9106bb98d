// Completeness: what an agent says of its sources, against what the server has in its journal. Every event that is missing
// has a name: which source, which stream, why, how many.
//
// Stateless; any thread.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "fleet/messages.hpp"

namespace yagura::fleet {

struct Gap {
  std::string source;
  std::string stream;  // "" of the source as a whole
  // "rollover", "kernel" ... as the agent says; "unaccounted": records scanned that were neither sent, filtered nor lost;
  // "transfer": sent, and not in the server's journal; "spool": in the spool once, and no longer readable there.
  std::string reason;
  std::uint64_t count = 0;
  friend bool operator==(const Gap&, const Gap&) = default;
};

// `journaled`: by source, what the server has of this spool up to `acked`. When the agent speaks of another position, what
// was transferred cannot be compared and is left out. Entries that the agent has re-sent after the server had lost some
// are no gap.
std::vector<Gap> balance(const Heartbeat& heartbeat, const std::map<std::string, std::uint64_t>& journaled, std::uint64_t acked);

}  // namespace yagura::fleet
