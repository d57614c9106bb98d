#include "roles/event_processor.hpp"

#include "formats/registry.hpp"
#include "journal/block.hpp"
#include "journal/transfer.hpp"
#include "roles/ordered_detection.hpp"

namespace yagura::roles {

namespace {

// What a batch holds, roughly, for the pipeline's bounds: 16 bytes a cell besides the bytes that it points to.
std::size_t weight_of(const event::TableBatch& batch) { return batch.row_count() * batch.column_count() * 16; }

}  // namespace

EventProcessor::EventProcessor(const ProcessingRulesHolder& rules, const detect::StreamDetector* detector, const RowTransformer* transformer, Position first,
                               Position first_row)
    : rules_(rules), detector_(detector ? detector->make_worker() : nullptr), transformer_(transformer), first_(first), first_row_(first_row) {}

Result<flow::ProcessedBlock> EventProcessor::process(std::shared_ptr<const journal::Block> block) {
  const auto rules = rules_.get();
  const ReceiveTime now = ReceiveClock::now();
  auto records = std::make_shared<event::RecordBatch>();
  records->arena().adopt(block);
  const bool only_detect = block->last() < first_row_;
  if (only_detect && !detector_) return flow::ProcessedBlock{.range = {block->first(), block->last()}};
  const auto entries = block->entries_from(only_detect ? first_ : std::max(first_, first_row_));
  records->reserve(entries.size(), entries.size() * 12);
  const journal::Origin* origin_seen = nullptr;
  std::string_view hint;
  ReceiveTime received_up_to{};
  for (const auto& entry : entries) {
    received_up_to = std::max(received_up_to, entry.received_at);
    if (entry.origin != origin_seen) {
      origin_seen = entry.origin;
      hint = entry.hint();
    }
    if (hint == kTickHint || hint == journal::kTransferHint) continue;
    formats::decode(hint,
                    {.raw = entry.payload,
                     .peer = entry.peer(),
                     .received_at = entry.received_at,
                     .read_at = entry.read_at,
                     .position = entry.position,
                     .item_id = entry.item_id},
                    rules->syslog, *records);
  }
  records->end_record();
  if (rules->packs) rules->packs->apply(*records);

  flow::ProcessedBlock out;
  out.range = {block->first(), block->last()};
  out.bytes = static_cast<std::size_t>(block->bytes().count());
  // Before normalising, which may leave fields out: a rule sees what was sent, not what is stored.
  if (detector_) {
    auto findings = std::make_unique<DetectionFindings>();
    // Fields that only rules want: not stored, so not made for every record.
    const detect::RecordSupplier supply = [&](event::RecordBatch& batch, std::size_t record) { return rules->packs && rules->packs->apply(batch, record); };
    detector_->observe(*records, &supply, findings->found);
    findings->found.received_up_to = received_up_to;
    out.bytes += findings->found.bytes();
    out.findings = std::move(findings);
    if (only_detect) return out;
  }
  out.tables = rules->router->rows(records, now);
  // The rows point into the arena only. The records' headers and fields, 600 bytes a line, would wait with them for the store.
  const auto arena = std::make_shared<Arena>(std::move(records->arena()));
  *records = event::RecordBatch();
  for (auto& table : out.tables) table.adopt(arena);
  // Last: a transformation decides what is stored, not what is seen.
  if (transformer_) transformer_->apply(out.tables);
  for (const auto& table : out.tables) {
    out.rows += table.row_count();
    out.bytes += weight_of(table);
  }
  return out;
}

}  // namespace yagura::roles
