#include "intake/entry_sink.hpp"

#include "journal/tail.hpp"

namespace yagura::intake {

Result<> JournalSink::read_back(Position after, const Visit& visit) const {
  const Position end = writer_.durable_position();
  if (after >= end) return {};
  const Position from(after.number() + 1);
  const auto tail = writer_.tail(from);
  while (tail->position() <= end) {
    // All of it is durable: what does not come is damaged or deleted.
    const auto block = TRY(tail->next(Deadline::in(1s)), "reading the journal from position {}", from.number());
    if (!block) return {};
    for (const auto& entry : block->entries_from(from)) {
      const journal::EntryView view{.source = entry.source(),
                                    .peer = entry.peer(),
                                    .hint = entry.hint(),
                                    .received_at = entry.received_at,
                                    .read_at = entry.read_at,
                                    .payload = entry.payload,
                                    .item_id = entry.item_id};
      if (!visit(view)) return {};
    }
  }
  return {};
}

}  // namespace yagura::intake
