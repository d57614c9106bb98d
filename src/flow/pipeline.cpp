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

struct Pipeline::Impl {
  Impl(PipelineOptions options_, CutLog log_, BlockSource source_, std::vector<std::unique_ptr<BlockProcessor>> workers_,
       CutSink& sink_)
      : options(options_),
        log(std::move(log_)),
        source(std::move(source_)),
        processors(std::move(workers_)),
        sink(sink_),
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
  BatchQueue<Work> work;
  Sequencer results;
  std::optional<CutRange> replay;  // the cut to repeat exactly; only the storer touches it

  std::atomic<bool> stop_reading{false};
  std::atomic<bool> give_up{false};
  std::atomic<std::uint64_t> blocks_read{0}, blocks_stored{0};
  mutable std::mutex mutex;
  std::condition_variable stored_more, wake;
  PipelineStatus current GUARDED_BY(mutex);

  std::vector<std::thread> worker_threads;
  std::thread reader_thread, storer_thread;

  void fail_for_good(const Error& error) {
    log_error("flow", "the pipeline stops: {}", error.message());
    {
      const std::lock_guard lock(mutex);
      current.last_error = error.message();
      current.stopped_by_error = true;
    }
    stop_reading = true;
    give_up = true;
    work.close();
    results.close();
    stored_more.notify_all();
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

  void store() {
    name_thread("flow-store");
    std::vector<ProcessedBlock> pending;
    std::size_t rows = 0, bytes = 0;
    auto due = Deadline::in(options.max_cut_age);
    auto last_cut = std::chrono::steady_clock::now() - options.max_cut_age;
    while (!give_up) {
      const bool draining = stop_reading && blocks_stored + pending.size() == blocks_read && reader_done;
      if (draining && pending.empty()) break;
      auto block = draining ? std::nullopt : results.pop(pending.empty() ? Deadline::in(100ms) : due);
      if (block) {
        if (pending.empty()) {
          // A line after a pause need not wait for company: cuts are max_cut_age apart either way.
          const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - last_cut);
          due = Deadline::in(std::max(options.max_cut_age - since, std::min(options.max_cut_age, 50ms)));
        }
        // The last block of the cut to repeat is damaged or gone: repeat it with what is left.
        if (replay && block->range.first > replay->last && !store_pending(pending, rows, bytes)) break;
        rows += block->rows;
        bytes += block->bytes;
        {
          const std::lock_guard lock(mutex);
          current.processed = block->range.last;
        }
        pending.push_back(std::move(*block));
      }
      if (pending.empty() || !must_cut(pending, rows, bytes, due.passed() || draining)) continue;
      if (!store_pending(pending, rows, bytes)) break;
      last_cut = std::chrono::steady_clock::now();
    }
    if (!give_up) {
      if (auto written = log.finish(true); !written) log_error("flow", "{}", written.error().message());
    }
  }

  bool must_cut(const std::vector<ProcessedBlock>& pending, std::size_t rows, std::size_t bytes, bool due) const {
    // A replayed cut must end where it ended before the crash, neither sooner nor later.
    if (replay) return pending.back().range.last >= replay->last;
    return due || rows >= options.max_cut_rows || bytes >= options.max_cut_bytes.count();
  }

  bool store_pending(std::vector<ProcessedBlock>& pending, std::size_t& rows, std::size_t& bytes) {
    const std::size_t count = pending.size();
    if (!store_cut(std::move(pending), rows)) return false;
    blocks_stored += count;
    pending.clear();
    rows = bytes = 0;
    stored_more.notify_all();
    return true;
  }

  // Keeps trying until stored; false when told to give up.
  bool store_cut(std::vector<ProcessedBlock> blocks, std::size_t rows) {
    Cut cut;
    if (replay) cut.range = *replay;  // and so the same tokens, even if a block was damaged meanwhile
    else cut.range = {blocks.front().range.first, blocks.back().range.last};
    if (!blocks.empty() && blocks.back().range.last > cut.range.last) {
      log_error("flow", "the journal does not give the cut {}..{} again, but up to {}: was it changed while stopped? Rows may be there twice",
                cut.range.first.number(), cut.range.last.number(), blocks.back().range.last.number());
      cut.range.last = blocks.back().range.last;
    }
    std::map<std::string_view, std::size_t> place;
    for (auto& block : blocks) {
      for (auto& table : block.tables) {
        const auto known = place.find(table.table());
        if (known != place.end()) {
          cut.tables[known->second].append(std::move(table));
        } else {
          cut.tables.push_back(std::move(table));
          place.clear();  // the keys are views into strings that may have moved
          for (std::size_t i = 0; i < cut.tables.size(); ++i) place.emplace(cut.tables[i].table(), i);
        }
      }
    }
    for (auto& table : cut.tables) {
      table.first_position = cut.range.first;
      table.last_position = cut.range.last;
    }
    auto pause = options.first_retry;
    while (!give_up) {
      Result<> stored = replay ? Result<>() : log.plan(cut.range);
      if (stored) stored = sink.store(cut);
      if (stored) {
        [[maybe_unused]] const auto noted = log.finish(false);  // in memory: cannot fail
        replay.reset();
        const std::lock_guard lock(mutex);
        current.stored = cut.range.last;
        current.rows_stored += rows;
        current.last_error.clear();
        stored_more.notify_all();
        return true;
      }
      static Counter& failures = metrics().counter("yagura_flow_store_failures_total", "Cuts that the store refused and that were tried again");
      failures.add();
      log_warning("flow", "storing positions {}..{} failed, trying again in {} ms: {}", cut.range.first.number(),
                  cut.range.last.number(), pause.count(), stored.error().message());
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
                                          std::vector<std::unique_ptr<BlockProcessor>> workers, CutSink& sink) {
  auto impl = std::make_unique<Impl>(options, std::move(log), std::move(source), std::move(workers), sink);
  Impl* it = impl.get();
  it->reader_thread = std::thread([it] {
    it->read();
    it->reader_done = true;
  });
  for (auto& processor : it->processors) it->worker_threads.emplace_back([it, worker = processor.get()] { it->process(*worker); });
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
  if (impl_->blocks_stored < impl_->blocks_read) impl_->give_up = true;
  impl_->wake.notify_all();
  impl_->work.close();
  impl_->results.close();
  for (auto& thread : impl_->worker_threads) thread.join();
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
