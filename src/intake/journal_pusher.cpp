#include "intake/journal_pusher.hpp"

#include <thread>

#include "base/log.hpp"

namespace yagura::intake {

std::optional<Position> JournalPusher::push(std::span<const journal::EntryView> entries) {
  using Clock = std::chrono::steady_clock;
  if (entries.empty()) return std::nullopt;
  const auto begin = Clock::now();
  bool waited = false;
  std::optional<Position> position;
  while (true) {
    const auto tried_at = Clock::now();
    auto appended = sink_.append(entries, Deadline::in(200ms));
    if (appended) {
      position = *appended;
      break;
    }
    const ErrorKind kind = appended.error().kind();
    if (kind == ErrorKind::invalid_input || kind == ErrorKind::cancelled) {
      // Closed, or a message that the journal can never take (the limits of sources keep that from happening).
      counters_.dropped(kind == ErrorKind::cancelled ? "journal_closed" : "journal_refused", entries.size());
      counters_.set_state("failed", appended.error().message());
      return std::nullopt;
    }
    waited = true;
    counters_.set_state("waiting", appended.error().message());
    if (stopping_.load()) {
      counters_.dropped("stop", entries.size());
      return std::nullopt;
    }
    // A full disk is refused at once: ask again at a human pace.
    if (Clock::now() - tried_at < 100ms) std::this_thread::sleep_for(100ms);
  }
  if (waited) {
    waited_ += Clock::now() - begin;
    counters_.set_state(working_);
  }
  return position;
}

}  // namespace yagura::intake
