#include "flow/pipeline.hpp"

#include <pthread.h>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "flow/batch_queue.hpp"
#include "journal/block.hpp"

namespace yagura::flow {

namespace {

struct Work {
  std::uint64_t sequence = 0;
  std::shared_ptr<const journal::Block> block;
};

// Puts the workers' results back into the order of the journal. Bounded by weight, but the item that is next in order always gets
// in: otherwise a full sequencer would wait for ever for the one that would empty it.
class Sequencer {
 public:
  explicit Sequencer(std::size_t max_weight) : max_weight_(max_weight) {}

  bool push(std::uint64_t sequence, ProcessedBlock&& block) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || sequence == next_ || weight_ + block.bytes <= max_weight_; });
    if (closed_) return false;
    weight_ += block.bytes;
    waiting_.emplace(sequence, std::move(block));
    lock.unlock();
    filled_.notify_all();
    return true;
  }

  std::optional<ProcessedBlock> pop(Deadline deadline) {
    std::unique_lock lock(mutex_);
    const auto ready = [&] { return closed_ || (!waiting_.empty() && waiting_.begin()->first == next_); };
    filled_.wait_until(lock, deadline.at(), ready);
    if (waiting_.empty() || waiting_.begin()->first != next_) return std::nullopt;
    auto node = waiting_.extract(waiting_.begin());
    ++next_;
    weight_ -= node.mapped().bytes;
    lock.unlock();
    room_.notify_all();
    return std::move(node.mapped());
  }

  // No more waits; what is in order can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::map<std::uint64_t, ProcessedBlock> waiting_ GUARDED_BY(mutex_);
  std::uint64_t next_ GUARDED_BY(mutex_) = 0;
  std::size_t weight_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
  const std::size_t max_weight_;
};

void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace

void Cut::add(event::TableBatch rows, std::size_t expected) {
  // A cut has a handful of tables: looking through them costs less than a map of names that move.
  const auto same = std::ranges::find(tables, rows.table(), &event::TableBatch::table);
  if (same != tables.end()) return same->append(std::move(rows));
  for (std::size_t i = 0; i < rows.column_count(); ++i) rows.column(i).reserve(expected);
  tables.push_back(std::move(rows));
}

struct Pipeline::Impl {
  // A cut on its way to the store.
  struct Handed {
    Cut cut;
    std::size_t rows = 0;
    std::size_t blocks = 0;
    bool repeated = false;  // planned before the crash
  };

  Impl(PipelineOptions options_, CutLog log_, BlockSource source_, std::vector<std::unique_ptr<BlockProcessor>> workers_,
       CutSink& sink_, OrderedStep* step_)
      : options(options_),
        log(std::move(log_)),
        source(std::move(source_)),
        processors(std::move(workers_)),
        sink(sink_),
        step(step_),
        stored_before(log.done()),
        work(options.max_waiting.count()),
        results(options.max_waiting.count()),
        replay(log.unfinished()) {
    current.stored = current.processed = log.done();
  }

  const PipelineOptions options;
  CutLog log;
  BlockSource source;
  std::vector<std::unique_ptr<BlockProcessor>> processors;
  CutSink& sink;
  OrderedStep* const step;
  const Position stored_before;  // by earlier runs
  BatchQueue<Work> work;
  Sequencer results;
  std::optional<CutRange> replay;  // the cut to repeat exactly; only the gatherer touches it

  std::atomic<bool> stop_reading{false};
  std::atomic<bool> give_up{false};
  std::atomic<std::uint64_t> blocks_read{0}, blocks_stored{0};
  mutable std::mutex mutex;
  std::condition_variable stored_more, handed_over, wake;
  PipelineStatus current GUARDED_BY(mutex);
  std::optional<Handed> storing GUARDED_BY(mutex);  // empty: the storer is idle
  bool gathering_ended GUARDED_BY(mutex) = false;

  std::vector<std::thread> worker_threads;
  std::thread reader_thread, gatherer_thread, storer_thread;

  void fail_for_good(const Error& error) {
    log_error("flow", "the pipeline stops: {}", error.message());
    {
      const std::lock_guard lock(mutex);
      current.last_error = error.message();
      current.stopped_by_error = true;
      stop_reading = true;
      give_up = true;
    }
    work.close();
    results.close();
    stored_more.notify_all();
    handed_over.notify_all();
    wake.notify_all();
  }

  void read() {
    name_thread("flow-read");
    while (!stop_reading) {
      auto block = source(Deadline::in(200ms));
      if (!block) return fail_for_good(block.error());
      if (!*block) continue;
      const std::size_t weight = static_cast<std::size_t>((*block)->bytes().count());
      Work item{blocks_read.load(), std::move(*block)};
      while (!stop_reading && !work.push(std::move(item), weight, Deadline::in(200ms))) {
      }
      if (item.block == nullptr) ++blocks_read;  // taken in
    }
  }

  void process(BlockProcessor& processor) {
    name_thread("flow-work");
    while (auto item = work.pop()) {
      auto processed = processor.process(std::move(item->block));
      if (!processed) return fail_for_good(processed.error());
      if (!results.push(item->sequence, std::move(*processed))) return;
    }
  }

  // Collects blocks into cuts. While one cut is on its way to the store the next one grows, up to its bounds: the
  // workers do not wait for the store, and a busy store gets few large inserts rather than many small ones.
  void gather() {
    name_thread("flow-gather");
    std::vector<ProcessedBlock> pending;
    std::size_t rows = 0, bytes = 0;
    auto due = Deadline::in(options.max_cut_age);
    auto last_cut = std::chrono::steady_clock::now() - options.max_cut_age;
    const auto cut = [&] {
      const std::size_t count = pending.size();
      if (!hand_over({make_cut(std::move(pending)), rows, count})) return false;
      pending.clear();
      rows = bytes = 0;
      last_cut = std::chrono::steady_clock::now();
      return true;
    };
    std::uint64_t gathered = 0;
    while (!give_up) {
      const bool draining = stop_reading && reader_done && gathered == blocks_read;
      if (draining && pending.empty()) break;
      const bool waiting_for_store = due.passed() && !store_is_idle();
      auto block = draining ? std::nullopt : results.pop(pending.empty() ? Deadline::in(100ms) : waiting_for_store ? Deadline::in(5ms) : due);
      if (block) {
        if (pending.empty()) {
          // A line after a pause need not wait for company: cuts are max_cut_age apart either way.
          const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - last_cut);
          due = Deadline::in(std::max(options.max_cut_age - since, std::min(options.max_cut_age, 50ms)));
        }
        ++gathered;
        // Stored before the restart, and read again for the step alone.
        if (block->range.last <= stored_before) {
          if (step) step->see(block->range, std::move(block->findings));
          ++blocks_stored;
          stored_more.notify_all();
          continue;
        }
        // The last block of the cut to repeat is damaged or gone: repeat it with what is left.
        if (replay && block->range.first > replay->last && !cut()) break;
        rows += block->rows;
        bytes += block->bytes;
        {
          const std::lock_guard lock(mutex);
          current.processed = block->range.last;
        }
        pending.push_back(std::move(*block));
      }
      if (pending.empty() || !must_cut(pending, rows, bytes, draining || (due.passed() && store_is_idle()))) continue;
      if (!cut()) break;
    }
    const std::lock_guard lock(mutex);
    gathering_ended = true;
    handed_over.notify_all();
  }

  bool must_cut(const std::vector<ProcessedBlock>& pending, std::size_t rows, std::size_t bytes, bool due) const {
    // A replayed cut must end where it ended before the crash, neither sooner nor later.
    if (replay) return pending.back().range.last >= replay->last;
    return due || rows >= options.max_cut_rows || bytes >= options.max_cut_bytes.count();
  }

  bool store_is_idle() {
    const std::lock_guard lock(mutex);
    return !storing;
  }

  // Waits until the storer has nothing in hand; false when told to give up.
  bool hand_over(Handed next) {
    next.repeated = replay.has_value();
    replay.reset();
    std::unique_lock lock(mutex);
    stored_more.wait(lock, [&] { return !storing || give_up; });
    if (give_up) return false;
    storing.emplace(std::move(next));
    handed_over.notify_all();
    return true;
  }

  Cut make_cut(std::vector<ProcessedBlock> blocks) {
    Cut cut;
    if (replay) cut.range = *replay;  // and so the same tokens, even if a block was damaged meanwhile
    else cut.range = {blocks.front().range.first, blocks.back().range.last};
    if (!blocks.empty() && blocks.back().range.last > cut.range.last) {
      log_error("flow", "the journal does not give the cut {}..{} again, but up to {}: was it changed while stopped? Rows may be there twice",
                cut.range.first.number(), cut.range.last.number(), blocks.back().range.last.number());
      cut.range.last = blocks.back().range.last;
    }
    // Columns that grow by doubling would be there twice while they are copied.
    std::map<std::string, std::size_t> rows;
    for (const auto& block : blocks)
      for (const auto& table : block.tables) rows[table.table()] += table.row_count();
    for (auto& block : blocks) {
      if (step) step->see(block.range, std::move(block.findings));
      for (auto& table : block.tables) {
        const std::size_t expected = rows[table.table()];
        cut.add(std::move(table), expected);
      }
    }
    if (step) step->complete(cut);
    for (auto& table : cut.tables) {
      table.first_position = cut.range.first;
      table.last_position = cut.range.last;
    }
    return cut;
  }

  void store() {
    name_thread("flow-store");
    while (true) {
      Handed* next = nullptr;
      {
        std::unique_lock lock(mutex);
        handed_over.wait(lock, [&] { return storing || gathering_ended || give_up; });
        if (give_up || !storing) break;
        next = &*storing;  // the gatherer leaves it alone until it is taken away
      }
      if (!store_cut(*next)) break;
      if (step) step->stored(next->cut.range);
      std::optional<Handed> done;  // its memory is freed outside of the lock
      {
        const std::lock_guard lock(mutex);
        done.swap(storing);
        current.stored = done->cut.range.last;
        current.rows_stored += done->rows;
        current.last_error.clear();
        blocks_stored += done->blocks;
      }
      stored_more.notify_all();
    }
    if (!give_up) {
      if (auto written = log.finish(true); !written) log_error("flow", "{}", written.error().message());
    }
  }

  // Keeps trying until stored; false when told to give up.
  bool store_cut(Handed& next) {
    auto pause = options.first_retry;
    while (!give_up) {
      Result<> stored = next.repeated ? Result<>() : log.plan(next.cut.range);
      if (stored) stored = sink.store(next.cut);
      if (stored) {
        [[maybe_unused]] const auto noted = log.finish(false);  // in memory: cannot fail
        return true;
      }
      static Counter& failures = metrics().counter("yagura_flow_store_failures_total", "Cuts that the store refused and that were tried again");
      failures.add();
      log_warning("flow", "storing positions {}..{} failed, trying again in {} ms: {}", next.cut.range.first.number(),
                  next.cut.range.last.number(), pause.count(), stored.error().message());
      std::unique_lock lock(mutex);
      current.last_error = stored.error().message();
      ++current.failures;
      wake.wait_for(lock, pause, [&] { return give_up.load(); });
      pause = std::min(pause * 2, options.last_retry);
    }
    return false;
  }

  std::atomic<bool> reader_done{false};
};

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::unique_ptr<Pipeline> Pipeline::start(PipelineOptions options, CutLog log, BlockSource source,
                                          std::vector<std::unique_ptr<BlockProcessor>> workers, CutSink& sink, OrderedStep* step) {
  auto impl = std::make_unique<Impl>(options, std::move(log), std::move(source), std::move(workers), sink, step);
  Impl* it = impl.get();
  it->reader_thread = std::thread([it] {
    it->read();
    it->reader_done = true;
  });
  for (auto& processor : it->processors) it->worker_threads.emplace_back([it, worker = processor.get()] { it->process(*worker); });
  it->gatherer_thread = std::thread([it] { it->gather(); });
  it->storer_thread = std::thread([it] { it->store(); });
  return std::unique_ptr<Pipeline>(new Pipeline(std::move(impl)));
}

void Pipeline::stop(Deadline deadline) {
  if (!impl_->storer_thread.joinable()) return;
  impl_->stop_reading = true;
  impl_->reader_thread.join();
  // A helper thread would be needed to join with a deadline; the storer tells through `stored` instead.
  while (!deadline.passed() && !impl_->give_up && impl_->blocks_stored < impl_->blocks_read) {
    std::unique_lock lock(impl_->mutex);
    impl_->stored_more.wait_for(lock, 20ms);
  }
  {
    const std::lock_guard lock(impl_->mutex);  // or a thread between its look at give_up and its wait would not be woken
    if (impl_->blocks_stored < impl_->blocks_read) impl_->give_up = true;
  }
  impl_->wake.notify_all();
  impl_->stored_more.notify_all();
  impl_->handed_over.notify_all();
  impl_->work.close();
  impl_->results.close();
  for (auto& thread : impl_->worker_threads) thread.join();
  impl_->gatherer_thread.join();
  impl_->storer_thread.join();
}

Pipeline::~Pipeline() {
  impl_->give_up = true;
  stop(Deadline::in(0ms));
}

PipelineStatus Pipeline::status() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->current;
}

bool Pipeline::wait_stored(Position position, Deadline deadline) {
  std::unique_lock lock(impl_->mutex);
  const auto reached = [&] { return impl_->current.stored >= position || impl_->current.stopped_by_error; };
  if (deadline.is_never()) impl_->stored_more.wait(lock, reached);
  else impl_->stored_more.wait_until(lock, deadline.at(), reached);
  return impl_->current.stored >= position;
}

}  // namespace yagura::flow
