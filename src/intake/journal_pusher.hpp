// Hands a source's entries to the sink and waits as long as the sink pushes back; that wait is the back pressure,
// because the source reads nothing meanwhile.
//
// One thread; `stopping` may be set by another. The source's state says "waiting" while it waits.
#pragma once
#include <atomic>
#include <optional>
#include <span>
#include <string>

#include "intake/entry_sink.hpp"
#include "intake/source_counters.hpp"

namespace yagura::intake {

class JournalPusher {
 public:
  // `working` is the state to go back to: "listening", "following".
  JournalPusher(EntrySink& sink, SourceCounters& counters, const std::atomic<bool>& stopping, std::string working)
      : sink_(sink), counters_(counters), stopping_(stopping), working_(std::move(working)) {}

  // The last position; nullopt when stopping came first or the journal refused these entries for good: nothing was
  // taken.
  std::optional<Position> push(std::span<const journal::EntryView> entries);
  // How long push() has waited in all: timeouts that ran meanwhile are not the senders' fault.
  std::chrono::steady_clock::duration waited() const { return waited_; }

 private:
  EntrySink& sink_;
  SourceCounters& counters_;
  const std::atomic<bool>& stopping_;
  const std::string working_;
  std::chrono::steady_clock::duration waited_{};
};

}  // namespace yagura::intake
