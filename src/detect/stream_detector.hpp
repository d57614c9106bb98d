// Sigma rules on the stream: batches of records in, alerts and events for correlations out.
//
//   auto library = TRY(RuleLibrary::open({.rule_folders = {...}, .mapping_folders = {"content/sigma"}}));
//   StreamDetector detector(*library, alert_schema);
//   auto worker = detector.make_worker();               // one per worker thread
//   worker->observe(records, supply, findings);         // AlertDesk makes rows of them, in the order of the journal
//
// What observe() gives is a function of the records and the rules alone: a replay gives the same alerts with the same ids.
// Each observe() uses the newest rules. The detector outlives its workers; a worker is used by one thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "detect/alert.hpp"
#include "detect/alert_desk.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

// Adds normalised fields to a record of the batch (a device pack's); false when there are none.
using RecordSupplier = std::function<bool(event::RecordBatch& records, std::size_t record)>;

class StreamDetector {
 public:
  class Worker {
   public:
    // Appends to `out`; its `received_up_to` is the caller's. `supply`, when given, is asked for records of which some rule or
    // correlation wants a field that it can add; afterwards the records are as they were.
    void observe(event::RecordBatch& records, const RecordSupplier* supply, BlockFindings& out);
    // Alerts of rules that look at single events as rows, without throttling; nullopt when there are none. With `events`, also
    // every match of a rule that a correlation refers to.
    std::optional<event::TableBatch> observe(const event::RecordBatch& records, ReceiveTime now,
                                             std::vector<CorrelationEvent>* events = nullptr);
    // The rules that the last observe() used.
    const std::shared_ptr<const RuleSnapshot>& snapshot() const { return snapshot_; }

   private:
    friend class StreamDetector;
    explicit Worker(const StreamDetector& detector) : detector_(detector), writer_(detector.schema_) {}
    bool supply(const RecordSupplier* supplier, event::RecordBatch& records, std::size_t record);
    bool suppressed(const RunningRule& rule, const event::Record& record) const;
    void count_costs();

    const StreamDetector& detector_;
    std::shared_ptr<const RuleSnapshot> snapshot_;
    std::unique_ptr<sigma::MatchScratch> scratch_;
    std::uint64_t batches_ = 0;
    std::vector<sigma::Match> matches_;
    std::vector<sigma::RuleCost> costs_;
    std::vector<Observation> observations_;
    std::vector<std::pair<std::size_t, event::RecordHeader>> supplied_;  // records that got fields, and how they were
    AlertWriter writer_;
  };

  StreamDetector(const RuleLibrary& library, event::TableSchema alert_schema)
      : library_(library), schema_(std::move(alert_schema)) {}
  std::unique_ptr<Worker> make_worker() const { return std::unique_ptr<Worker>(new Worker(*this)); }
  const event::TableSchema& alert_schema() const { return schema_; }
  const RuleLibrary& library() const { return library_; }

 private:
  const RuleLibrary& library_;
  const event::TableSchema schema_;
};

}  // namespace yagura::detect
