// The pipeline's step that needs the order of the journal: detect::AlertDesk, and its state on disk.
//
// The state is written every ten seconds at most (less often when it is large), when the cut that it belongs to is in the
// store: data/detection.state, layout in docs/formats/detection-state.md. After a restart the journal is read again from there;
// what was stored is seen in silence. see() and complete() are called by one thread, stored() by another, the rest by any.
#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "base/annotations.hpp"
#include "detect/alert_desk.hpp"
#include "flow/pipeline.hpp"

namespace yagura::roles {

// Entries of the journal with this hint hold nothing: they tell the time when no events come but correlations wait for it.
inline constexpr std::string_view kTickHint = "yagura-tick";

// What a worker hands over.
struct DetectionFindings final : flow::Findings {
  detect::BlockFindings found;
};

class OrderedDetection final : public flow::OrderedStep {
 public:
  // `stored`: up to here the store has everything. A state that is damaged, or of another journal (behind `journal_end`), is left
  // aside with a warning: correlations begin anew then.
  static std::unique_ptr<OrderedDetection> open(std::filesystem::path file, event::TableSchema alert_schema, detect::AlertDeskOptions options,
                                                std::shared_ptr<const detect::RuleSnapshot> snapshot, Position stored, Position journal_end);

  // The state holds everything up to here: the journal must be read, and kept, from the next position on.
  Position kept() const { return Position(kept_.load()); }
  void see(const flow::CutRange& range, std::unique_ptr<flow::Findings> findings) override;
  void complete(flow::Cut& cut) override;
  void stored(const flow::CutRange& range) override;
  // Writes the state as it is; the pipeline has ended.
  void close();

  // True: something waits for an entry of the journal, which has been quiet.
  bool wants_tick(ReceiveTime now) const;
  detect::CorrelatorStatus correlation() const;

 private:
  struct State {
    Position position;
    std::string bytes;
  };
  OrderedDetection(std::filesystem::path file, event::TableSchema alert_schema, detect::AlertDeskOptions options,
                   std::shared_ptr<const detect::RuleSnapshot> snapshot, Position stored);
  Result<State> read() const;
  void write(const State& state);
  void publish_status();

  const std::filesystem::path file_;
  const Position stored_before_;
  detect::AlertDesk desk_;
  Position seen_;           // the state's
  Position last_complete_;  // of the last cut
  ReceiveTime received_{};
  std::chrono::steady_clock::time_point next_state_{};
  std::atomic<std::uint64_t> kept_;
  mutable std::mutex mutex_;
  std::optional<State> pending_ GUARDED_BY(mutex_);
  Position stored_ GUARDED_BY(mutex_);
  std::optional<ReceiveTime> next_due_ GUARDED_BY(mutex_);
  detect::CorrelatorStatus status_ GUARDED_BY(mutex_);
};

}  // namespace yagura::roles
