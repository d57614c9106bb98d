// What a worker makes of one journal block: Records, rows, and the findings of Sigma's rules. The steps 5 to 9 of the walk in
// docs/architecture.md.
//
// One processor a worker thread; the snapshot of rules, schemas and routes is taken anew for each block, so a reload takes
// effect between blocks and never inside of one.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "detect/stream_detector.hpp"
#include "flow/pipeline.hpp"
#include "formats/syslog.hpp"
#include "normalise/pack.hpp"
#include "normalise/router.hpp"
#include "roles/row_transformer.hpp"

namespace yagura::roles {

// Everything that decides what becomes of an event; immutable.
struct ProcessingRules {
  formats::SyslogContext syslog;
  std::shared_ptr<const normalise::PackSet> packs;
  std::shared_ptr<const normalise::Router> router;
};

// Holds the current ProcessingRules; any thread.
class ProcessingRulesHolder {
 public:
  std::shared_ptr<const ProcessingRules> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void set(std::shared_ptr<const ProcessingRules> rules) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(rules);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ProcessingRules> current_ GUARDED_BY(mutex_);
};

class EventProcessor : public flow::BlockProcessor {
 public:
  // `detector` may be null: no detection; `transformer` too: rows are stored as they are. All outlive the processor. Entries before `first` are left out: a block that is
  // read after a restart may begin before what is to be replayed. Entries before `first_row`, which is not before it, are
  // looked at by detection only: they have been stored.
  EventProcessor(const ProcessingRulesHolder& rules, const detect::StreamDetector* detector, const RowTransformer* transformer, Position first,
                 Position first_row);
  Result<flow::ProcessedBlock> process(std::shared_ptr<const journal::Block> block) override;

 private:
  const ProcessingRulesHolder& rules_;
  std::unique_ptr<detect::StreamDetector::Worker> detector_;
  const RowTransformer* const transformer_;
  const Position first_, first_row_;
};

}  // namespace yagura::roles
