// The transformations that are in force: run by the pipeline's workers on each batch of rows before it is stored, counted, and
// replaced as a whole when one changes.
//
// Any thread. refresh() compiles what has changed; a worker takes the snapshot that is current when its block comes, so a change
// takes effect between blocks. Counts survive a restart as they were last kept; rows that are read again from the journal after
// a crash are counted again: these are numbers for people, the journal is the evidence.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/annotations.hpp"
#include "base/metrics.hpp"
#include "control/control_db.hpp"
#include "event/table_batch.hpp"
#include "query/drop_sketch.hpp"
#include "query/transformation.hpp"

namespace yagura::roles {

class RowTransformer {
 public:
  // What became of rows, since the transformation was written as it is.
  struct Totals {
    Totals(const std::string& table, std::vector<std::string> count_by);
    query::DropSketch sketch;
    std::atomic<std::uint64_t> rows_in{0}, rows_failed{0};
    Counter &in, &dropped, &failed;
    std::mutex mutex;
    std::string last_error GUARDED_BY(mutex);
    std::uint64_t kept_rows GUARDED_BY(mutex) = 0;  // rows_in when the state was kept last
  };
  struct Running {
    control::KeptTransformation kept;                       // without its state
    std::shared_ptr<const query::Transformation> program;  // null: it does not fit the table any more
    std::string failure;                                    // why not
    std::shared_ptr<Totals> totals;
  };
  using Snapshot = std::map<std::string, Running, std::less<>>;

  explicit RowTransformer(control::ControlDb& control);
  // Takes what the control database has. A transformation that cannot be used is said in its failure: rows stay as they are.
  Result<> refresh(const event::SchemaSet& schemas);
  std::shared_ptr<const Snapshot> current() const;
  // Of each table what is to be stored; tables without rows are taken away. An error leaves a table's rows as they are.
  void apply(std::vector<event::TableBatch>& tables) const;
  // Writes counts that have changed to the control database.
  Result<> keep();

 private:
  control::ControlDb& control_;
  std::mutex refreshing_;  // one refresh at a time
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_ GUARDED_BY(mutex_);
};

// The columns of a KeptTransformation's count_by; none when it has none.
std::vector<std::string> count_by_of(const control::KeptTransformation& kept);

}  // namespace yagura::roles
