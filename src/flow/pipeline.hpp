// Carries the journal to the store: blocks are read in order, processed by workers, put back in order, cut into
// batches and stored, each cut once (cut_log.hpp says how).
//
//   reader ──bounded──▶ worker × n ──in order, bounded──▶ gatherer ──one cut──▶ storer
//
// Nothing here loses: a slow or absent store stops the storer, the bounded queues stop the others, and the
// journal goes on growing on disk until intake is told that it is full. The pipeline owns its threads; start() and
// stop() are called by one thread, status() by any.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "event/table_batch.hpp"
#include "flow/cut_log.hpp"

namespace yagura::journal {
class Block;
}

namespace yagura::flow {

// What a worker found in a block besides rows, for the step that needs the order of the journal.
class Findings {
 public:
  virtual ~Findings() = default;
};

// What a worker made of one journal block.
struct ProcessedBlock {
  CutRange range;
  std::vector<event::TableBatch> tables;  // at most one per table
  std::size_t rows = 0;
  std::size_t bytes = 0;                  // memory held, roughly: what the bounds count
  std::unique_ptr<Findings> findings;     // may be null
};

// A worker's work. Used by one thread; each worker has its own. Must be a function of the block alone, so that a replay
// gives the same rows. An Error stops the pipeline: bad data is not one.
class BlockProcessor {
 public:
  virtual ~BlockProcessor() = default;
  virtual Result<ProcessedBlock> process(std::shared_ptr<const journal::Block> block) = 0;
};

// Rows to be stored together, at most one batch per table.
struct Cut {
  CutRange range;
  std::vector<event::TableBatch> tables;
  // Adds rows: behind those of the same table, if there are any. `expected`: how many the table will have in all.
  void add(event::TableBatch rows, std::size_t expected = 0);
};

// Sees what the workers found in the order of the journal, and may add rows to each cut: for work that keeps state from block
// to block (correlation). see() and complete() are called by one thread, stored() by another.
//
// After a restart the blocks since the step's own checkpoint come again. Those that were stored already are seen, but give
// no cut; a cut that was planned comes again with the same bounds and must get the same rows.
class OrderedStep {
 public:
  virtual ~OrderedStep() = default;
  // In order, each block once. `range.last` may be at or before what is stored: it is seen again.
  virtual void see(const CutRange& range, std::unique_ptr<Findings> findings) = 0;
  // All blocks of the cut have been seen; called once for a cut, however often storing it is tried.
  virtual void complete(Cut& cut) = 0;
  // The cut is in the store: the state that was taken when it was complete may be made durable. The next ones may have been
  // seen meanwhile.
  virtual void stored(const CutRange& range) = 0;
};

// Stores a cut. Called by one thread, again with an equal cut when it failed or after a crash: rows that are in the store
// already must not be added again. On success everything of the cut is durable.
class CutSink {
 public:
  virtual ~CutSink() = default;
  virtual Result<> store(Cut& cut) = 0;
};

struct PipelineOptions {
  std::chrono::milliseconds max_cut_age{500};
  std::size_t max_cut_rows = 200'000;
  Bytes max_cut_bytes = 64_MiB;                    // two cuts are in memory: one on its way, one growing
  Bytes max_waiting = 16_MiB;                      // before the workers, and again behind them
  std::chrono::milliseconds first_retry{100};
  std::chrono::milliseconds last_retry{5'000};
};

struct PipelineStatus {
  Position processed{};      // by workers, in order
  Position stored{};
  std::uint64_t rows_stored = 0;
  std::uint64_t failures = 0;
  std::string last_error;    // "" when the last cut was stored
  bool stopped_by_error = false;
};

class Pipeline {
 public:
  // Gives the block after the last one it gave; nullptr when there is none until the deadline.
  using BlockSource = std::function<Result<std::shared_ptr<const journal::Block>>(Deadline)>;

  // `source` must begin at log.done() + 1, or before it when `step` has to see older blocks again (workers should give no rows
  // for what is at or before log.done()). `sink` and `step`, which may be null, outlive the pipeline.
  static std::unique_ptr<Pipeline> start(PipelineOptions options, CutLog log, BlockSource source,
                                         std::vector<std::unique_ptr<BlockProcessor>> workers, CutSink& sink,
                                         OrderedStep* step = nullptr);
  ~Pipeline();  // stop() without waiting for the store
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Reads no more, stores what has been read until the deadline, and ends. What is left is replayed at the next start.
  void stop(Deadline deadline);
  PipelineStatus status() const;
  // True once everything up to `position` is in the store.
  bool wait_stored(Position position, Deadline deadline);

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace yagura::flow
