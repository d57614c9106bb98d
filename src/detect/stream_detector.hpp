// Sigma rules on the stream: batches of records in, rows of the table SecurityAlert out.
//
//   auto library = TRY(RuleLibrary::open({.rule_folders = {...}, .mapping_folders = {"content/sigma"}}));
//   StreamDetector detector(*library, alert_schema);
//   auto worker = detector.make_worker();               // one per worker thread
//   if (auto alerts = worker->observe(records, now)) ... // a TableBatch of SecurityAlert
//
// What observe() gives is a function of the records and the rules alone (but for _TimeIngested): a replay gives the
// same rows with the same ids. Each observe() uses the newest rules. The detector outlives its workers; a worker is
// used by one thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "detect/alert.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

class StreamDetector {
 public:
  class Worker {
   public:
    // Alerts of rules that look at single events; nullopt when there are none. With `observations`, also every match of
    // a rule that a correlation refers to.
    std::optional<event::TableBatch> observe(const event::RecordBatch& records, ReceiveTime now,
                                             std::vector<CorrelationEvent>* events = nullptr);
    // The rules that the last observe() used.
    const std::shared_ptr<const RuleSnapshot>& snapshot() const { return snapshot_; }

   private:
    friend class StreamDetector;
    explicit Worker(const StreamDetector& detector) : detector_(detector), writer_(detector.schema_) {}

    const StreamDetector& detector_;
    std::shared_ptr<const RuleSnapshot> snapshot_;
    std::unique_ptr<sigma::MatchScratch> scratch_;
    std::vector<sigma::Match> matches_;
    std::vector<Observation> observations_;
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
