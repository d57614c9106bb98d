#include "journal/writer_core.hpp"

#include <zstd.h>

#include <algorithm>

#include "base/log.hpp"
#include "journal/segment_scan.hpp"
#include "journal/storage.hpp"

namespace yagura::journal {

namespace {

// What an entry costs in memory beside its payload, roughly.
constexpr std::uint64_t kEntryCost = 24;
constexpr std::size_t kMaxOriginText = 64 << 10;
// Per call; bounds how long append holds the lock.
constexpr std::size_t kMaxEntriesPerAppend = 1 << 20;
// Per block; bounds the entry table that a reader builds.
constexpr std::uint32_t kMaxEntriesPerBlock = 1 << 16;
constexpr auto kSpaceInterval = 250ms;
// With so much pending a block compresses well enough, so there is no reason to wait for more.
constexpr std::uint64_t kWorthCommitting = 64 << 10;

struct Meters {
  Counter& entries = metrics().counter("yagura_journal_entries_total", "Entries made durable");
  Counter& payload = metrics().counter("yagura_journal_payload_bytes_total", "Received bytes made durable");
  Counter& stored = metrics().counter("yagura_journal_stored_bytes_total", "Bytes written to segments");
  Counter& syncs = metrics().counter("yagura_journal_syncs_total", "Group commits (fsync)");
  Counter& errors = metrics().counter("yagura_journal_write_errors_total", "Failed writes and fsyncs; retried");
  Counter& refused = metrics().counter("yagura_journal_refused_total", "Appends refused for want of room or space");
  Counter& cut = metrics().counter("yagura_journal_torn_bytes_total", "Bytes of torn tails cut at a start");
  Counter& damage = metrics().counter("yagura_journal_damaged_places_total", "Damaged places found at a start");
  Gauge& pending = metrics().gauge("yagura_journal_pending_bytes", "Accepted and not yet durable");
};
Meters& meters() {
  static Meters all;
  return all;
}

std::uint64_t cost_of(const EntryView& entry) {
  return entry.payload.size() + kEntryCost + (entry.item_id == Guid{} ? 0 : 16);
}

}  // namespace

Writer::Core::Core(WriterOptions given, SigningKey key, FileDescriptor lock, Recovered recovered)
    : options(std::move(given)),
      recovery(recovered.report),
      feed(recovered.report.last, options.cache),
      storage_(options.storage),
      key_(std::move(key)),
      lock_(std::move(lock)),
      journal_(recovered.journal),
      tag_seed_(recovered.tag_seed),
      appended_(recovered.report.last),
      next_(recovered.report.next),
      durable_end_(recovered.end),
      next_reason_(recovered.reason),
      cut_bytes_(recovered.report.bytes_cut),
      promised_(recovered.report.promised),
      compressor_(ZSTD_createCCtx()) {
  meters().cut.add(recovery.bytes_cut);
  meters().damage.add(recovery.bad_places);
  check_space();
  thread_ = std::thread([this] { run(); });
}

Writer::Core::~Core() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = give_up_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
  ZSTD_freeCCtx(compressor_);
}

// ---- any thread ----

bool Writer::Core::have_entries() const { return current_.builder != nullptr || !full_.empty(); }

bool Writer::Core::in_a_hurry() const {
  return closing_ || !full_.empty() || wanted_ > durable_end_.last || pending_bytes_ >= kWorthCommitting ||
         feed.has_subscribers();
}

std::string Writer::Core::trouble() const {
  if (stalled_) return "writing fails: " + stall_reason_;
  if (low_space_)
    return fmt::format("only {} are free on the file system of {}, below the mark of {}", to_string(free_space_),
                       options.folder.string(), to_string(options.min_free));
  return {};
}

Result<Position> Writer::Core::append(std::span<const EntryView> entries, Deadline deadline) {
  if (entries.empty()) return fail(ErrorKind::invalid_input, "there is nothing to append to the journal");
  if (entries.size() > kMaxEntriesPerAppend)
    return fail(ErrorKind::invalid_input, "{} entries are too many for one append; at most {}", entries.size(),
                kMaxEntriesPerAppend);
  std::uint64_t cost = 0;
  for (const EntryView& entry : entries) {
    if (entry.payload.size() > options.max_entry.count())
      return fail(ErrorKind::invalid_input, "a message of {} from {} is larger than the journal's limit of {}",
                  to_string(Bytes(entry.payload.size())), entry.peer, to_string(options.max_entry));
    if (entry.source.size() > kMaxOriginText || entry.peer.size() > kMaxOriginText ||
        entry.hint.size() > kMaxOriginText)
      return fail(ErrorKind::invalid_input, "a source, peer or hint of more than 64 KiB");
    cost += cost_of(entry);
  }

  std::unique_lock lock(mutex_);
  // What is larger than the whole bound may come in when nothing else is there: its sender holds it in memory
  // anyway.
  const auto fits = [&] {
    return closing_ || low_space_ || pending_bytes_ == 0 ||
           (pending_bytes_ + cost <= options.max_pending.count() && pending_entries_ + entries.size() < kPositionJump);
  };
  if (!fits()) {
    const bool in_time =
        deadline.is_never() ? (room_.wait(lock, fits), true) : room_.wait_until(lock, deadline.at(), fits);
    if (!in_time) {
      meters().refused.add();
      const std::string why = trouble();
      return fail(ErrorKind::exhausted, "the journal has {} waiting to be written and takes no more{}{}",
                  to_string(Bytes(pending_bytes_)), why.empty() ? "" : ": ", why);
    }
  }
  if (closing_) return fail(ErrorKind::cancelled, "the journal is closed");
  if (low_space_) {
    meters().refused.add();
    return fail(ErrorKind::exhausted, "the journal takes nothing: {}", trouble());
  }

  bool filled = false;
  if (pending_entries_ == 0) oldest_pending_ = Clock::now();
  for (const EntryView& entry : entries) {
    if (current_.builder && (current_.builder->bytes() + entry.payload.size() > options.block_size.count() ||
                             current_.builder->count() >= kMaxEntriesPerBlock)) {
      expected_block_ = options.block_size.count() + (options.block_size.count() >> 4);
      full_.push_back(std::move(current_));
      current_ = {};
      filled = true;
    }
    if (!current_.builder) {
      current_.builder = std::make_unique<BlockBuilder>(expected_block_);
      current_.first = next_;
    }
    current_.builder->add(entry);
    current_.cost += cost_of(entry);
    appended_ = next_;
    next_ = Position(next_.number() + 1);
  }
  const bool worth_it = pending_bytes_ < kWorthCommitting && pending_bytes_ + cost >= kWorthCommitting;
  pending_bytes_ += cost;
  pending_entries_ += entries.size();
  const Position last = appended_;
  const bool wake = filled || sleeping_ || worth_it;
  lock.unlock();
  if (wake) work_.notify_one();
  return last;
}

Result<> Writer::Core::wait_durable(Position position, Deadline deadline) {
  if (feed.durable() >= position) return {};
  {
    const std::lock_guard lock(mutex_);
    wanted_ = std::max(wanted_, position);
  }
  work_.notify_one();
  if (feed.wait(position, deadline) >= position) return {};
  const std::lock_guard lock(mutex_);
  if (finished_)
    return fail(ErrorKind::cancelled, "the journal was closed before position {} was written", position.number());
  const std::string why = trouble();
  return fail(ErrorKind::timeout, "position {} is not durable yet{}{}", position.number(), why.empty() ? "" : ": ",
              why);
}

Position Writer::Core::appended() const {
  const std::lock_guard lock(mutex_);
  return appended_;
}

Head Writer::Core::head() const {
  ChainEnd end;
  {
    const std::lock_guard lock(mutex_);
    end = durable_end_;
  }
  return sign_head(key_, journal_, end.last, end.chain, ReceiveClock::now());
}

WriterStatus Writer::Core::status() const {
  WriterStatus status;
  if (const auto segments = list_segments(options.folder)) {
    status.segments = segments->size();
    for (const SegmentFile& segment : *segments) status.size += Bytes(segment.size);
  }
  status.durable = feed.durable();
  const std::lock_guard lock(mutex_);
  status.state = closing_     ? WriterState::closed
                 : stalled_   ? WriterState::stalled
                 : low_space_ ? WriterState::low_space
                              : WriterState::running;
  status.reason = trouble();
  status.appended = appended_;
  status.pending = Bytes(pending_bytes_);
  status.free_space = free_space_;
  return status;
}

std::string Writer::Core::current_trouble() const {
  const std::lock_guard lock(mutex_);
  return closing_ ? "the journal is closed" : trouble();
}

Result<> Writer::Core::close(Deadline deadline) {
  std::unique_lock lock(mutex_);
  closing_ = true;
  work_.notify_all();
  room_.notify_all();
  const auto ended = [&] { return finished_; };
  const bool in_time =
      deadline.is_never() ? (ended_.wait(lock, ended), true) : ended_.wait_until(lock, deadline.at(), ended);
  if (!in_time) {
    give_up_ = true;
    work_.notify_all();
    ended_.wait(lock, ended);
  }
  return close_result_;
}

// ---- the commit thread ----

void Writer::Core::run() {
  std::unique_lock lock(mutex_);
  while (!give_up_) {
    if (stalled_here_) {
      work_.wait_for(lock, options.retry_interval, [&] { return give_up_; });
      if (give_up_) break;
      lock.unlock();
      check_space();
      if (write_all() && sync_and_publish()) set_running();
      lock.lock();
      continue;
    }
    auto sync_due = last_sync_ + options.commit_interval;
    const bool lazy = in_flight_.empty() && !in_a_hurry();
    if (lazy) sync_due = std::max(sync_due, oldest_pending_ + options.lazy_interval);
    const bool due = closing_ || Clock::now() >= sync_due;
    if (!have_entries() && in_flight_.empty()) {
      if (closing_) break;
      // Nothing to do but to look at the space and the head's age now and then.
      sleeping_ = true;
      auto until = Clock::time_point::max();
      if (low_space_) until = Clock::now() + kSpaceInterval;
      if (head_stale_) until = std::min(until, last_head_ + options.head_interval);
      const auto woken = [&] { return have_entries() || closing_; };
      if (until == Clock::time_point::max()) {
        work_.wait(lock, woken);
      } else {
        work_.wait_until(lock, until, woken);
      }
      sleeping_ = false;
      if (have_entries()) continue;
    } else if (full_.empty() && !due) {
      work_.wait_until(lock, sync_due, [&] { return !full_.empty() || closing_ || (lazy && in_a_hurry()); });
      continue;
    }

    Pending taken;
    if (!full_.empty()) {
      taken = std::move(full_.front());
      full_.pop_front();
    } else if (current_.builder) {
      taken = std::exchange(current_, {});
      expected_block_ = taken.builder->bytes() + (taken.builder->bytes() >> 2);
    }
    lock.unlock();
    if (taken.builder) {
      encode(std::move(taken));
      bool fine = write_all();
      if (fine && (due || Clock::now() >= sync_due)) fine = sync_and_publish();
    } else if (!in_flight_.empty()) {
      sync_and_publish();
    }
    check_space();
    if (head_stale_ && Clock::now() >= last_head_ + options.head_interval) write_head();
    lock.lock();
  }

  const std::uint64_t left = pending_entries_;
  const std::string why = trouble();
  lock.unlock();
  Result<> result;
  if (left > 0) {
    result = fail(ErrorKind::unavailable, "the journal was closed with {} entries not written{}{}", left,
                  why.empty() ? "" : ": ", why);
  } else if (segment_ && !seal(true)) {
    result = fail(ErrorKind::unavailable, "the journal could not be sealed; everything accepted is durable");
  }
  if (head_stale_) write_head();
  segment_.reset();
  feed.close();
  lock.lock();
  close_result_ = std::move(result);
  finished_ = true;
  ended_.notify_all();
  room_.notify_all();
  lock_.reset();
}

void Writer::Core::encode(Pending pending) {
  InFlight& block = in_flight_.emplace_back();
  block.header.kind = BlockKind::entries;
  block.cost = pending.cost;
  block.header.first = pending.first;
  block.header.count = pending.builder->count();
  block.header.payload_bytes = static_cast<std::uint32_t>(pending.builder->payload_bytes());
  block.content = pending.builder->finish();
  block.header.content_size = static_cast<std::uint32_t>(block.content.size());
  block.header.committed_at = ReceiveClock::now();
  block.header.codec = Codec::none;
  // A quiet journal commits a few lines at a time: they must not each keep a whole block's memory in the cache.
  if (block.content.capacity() > 2 * block.content.size()) block.content.shrink_to_fit();
  const std::size_t bound = ZSTD_compressBound(block.content.size());
  if (compressed_.size() < bound) compressed_.resize(bound);
  const std::size_t size = ZSTD_compressCCtx(compressor_, compressed_.data(), compressed_.size(), block.content.data(),
                                             block.content.size(), options.compression_level);
  if (!ZSTD_isError(size) && size < block.content.size()) {
    block.stored.assign(compressed_, 0, size);
    block.header.codec = Codec::zstd;
  }
  if (compressed_.size() > 4 * options.block_size.count()) std::string().swap(compressed_);  // after a huge entry
}

Result<> Writer::Core::start_segment(Position first) {
  SegmentHeader header;
  header.journal = journal_;
  header.tag_seed = tag_seed_;
  {
    const std::lock_guard lock(mutex_);
    header.number = durable_end_.segment_number + 1;
    header.previous_last = durable_end_.last;
    header.previous_size = durable_end_.size;
    header.previous_chain = durable_end_.chain;
  }
  header.first = first;
  header.created_at = ReceiveClock::now();
  header.reason = next_reason_;
  header.cut_bytes = cut_bytes_;
  header.promised = promised_;
  header.key = key_.fingerprint();
  segment_ = TRY(SegmentWriter::create(*storage_, options.folder, header));
  segment_begun_ = Clock::now();
  return {};
}

bool Writer::Core::write_all() {
  while (written_count_ < in_flight_.size()) {
    const bool full = segment_ && (segment_->written().size >= options.segment_size.count() ||
                                   Clock::now() - segment_begun_ >= options.segment_age);
    if (full && written_count_ == 0 && !seal(false)) return false;
    InFlight& block = in_flight_[written_count_];
    if (!segment_) {
      if (auto started = start_segment(block.header.first); !started) {
        set_stalled(started.error());
        return false;
      }
    }
    auto place = segment_->write(block.header, block.stored_bytes());
    if (!place) {
      set_stalled(place.error());
      if (!segment_->good()) give_up_segment();
      return false;
    }
    block.place = *place;
    meters().stored.add(place->end - place->offset);
    ++written_count_;
  }
  return true;
}

bool Writer::Core::sync_and_publish() {
  last_sync_ = Clock::now();
  if (!segment_) return true;
  auto synced = segment_->sync();
  meters().syncs.add();
  if (!synced) {
    set_stalled(synced.error());
    give_up_segment();
    return false;
  }
  publish();
  return true;
}

// The file is not trusted any more: what it holds since the last good fsync is written anew, to another.
void Writer::Core::give_up_segment() {
  const bool part_of_journal = segment_->anything_synced();
  log_warning("journal", "{} is given up after a failed write; {}", segment_->path().string(),
              part_of_journal ? "going on in a new segment" : "it is made anew");
  segment_->abandon();
  segment_.reset();
  if (part_of_journal) next_reason_ = SegmentReason::write_error;
  written_count_ = 0;
}

void Writer::Core::publish() {
  std::vector<std::shared_ptr<const Block>> blocks;
  blocks.reserve(in_flight_.size());
  std::uint64_t entries = 0;
  std::uint64_t payload = 0;
  std::uint64_t cost = 0;
  for (InFlight& block : in_flight_) {
    cost += block.cost;
    entries += block.header.count;
    payload += block.header.payload_bytes;
    blocks.push_back(Block::trusted(std::move(block.content), block.header.payload_bytes, block.header.first,
                                    block.header.count, block.place));
  }
  in_flight_.clear();
  written_count_ = 0;
  cut_bytes_ = 0;
  promised_ = {};
  next_reason_ = SegmentReason::sealed;
  head_stale_ = true;
  meters().entries.add(entries);
  meters().payload.add(payload);
  const ChainEnd end = segment_->synced();
  {
    const std::lock_guard lock(mutex_);
    durable_end_ = end;
    pending_entries_ -= entries;
    pending_bytes_ -= cost;
    meters().pending.set(static_cast<double>(pending_bytes_));
  }
  room_.notify_all();
  feed.publish(end.last, blocks);
}

bool Writer::Core::seal(bool closing) {
  const ChainEnd before = segment_->synced();
  const Head head = sign_head(key_, journal_, before.last, before.chain, ReceiveClock::now());
  const std::string text = encode_seal(closing, to_text(head));
  BlockHeader header;
  header.kind = BlockKind::seal;
  header.first = Position(before.last.number() + 1);
  header.content_size = static_cast<std::uint32_t>(text.size());
  header.committed_at = head.signed_at;
  auto written = segment_->write(header, text);
  Result<> synced;
  if (written) synced = segment_->sync();
  if (!written || !synced) {
    set_stalled(written ? synced.error() : written.error());
    give_up_segment();
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    durable_end_ = segment_->synced();
  }
  segment_.reset();
  next_reason_ = SegmentReason::sealed;
  write_head();
  return true;
}

void Writer::Core::write_head() {
  last_head_ = Clock::now();
  if (auto written = write_file_atomically(options.folder / kHeadFile, to_text(head()) + "\n"); !written) {
    log_warning("journal", "the signed head could not be written: {}", written.error().message());
    return;
  }
  head_stale_ = false;
}

void Writer::Core::check_space() {
  const auto now = Clock::now();
  if (now < last_space_check_ + kSpaceInterval) return;
  last_space_check_ = now;
  const auto space = storage_->free_space(options.folder);
  if (!space) return;  // a file system that cannot say is judged by its writes
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    free_space_ = *space;
    changed = low_space_ != (*space < options.min_free);
    low_space_ = *space < options.min_free;
  }
  if (!changed) return;
  if (*space < options.min_free) {
    log_error("journal", "takes nothing more: only {} are free on the file system of {}, below the mark of {}",
              to_string(*space), options.folder.string(), to_string(options.min_free));
  } else {
    log_info("journal", "goes on: {} are free again", to_string(*space));
  }
  room_.notify_all();
}

void Writer::Core::set_stalled(const Error& error) {
  meters().errors.add();
  if (!stalled_here_)
    log_error("journal", "writing fails, nothing more becomes durable until it works: {}", error.message());
  stalled_here_ = true;
  const std::lock_guard lock(mutex_);
  stalled_ = true;
  stall_reason_ = error.message();
}

void Writer::Core::set_running() {
  log_info("journal", "writing works again");
  stalled_here_ = false;
  const std::lock_guard lock(mutex_);
  stalled_ = false;
  stall_reason_.clear();
}

// ---- retention ----

Result<RetentionReport> Writer::Core::retain(const RetentionPolicy& policy) {
  const std::lock_guard one_at_a_time(retain_mutex_);
  RetentionReport report;
  auto files = TRY(list_segments(options.folder));
  if (files.empty()) return report;
  report.first_kept = files.front().first;
  const auto tombstones = TRY(read_tombstones(options.folder));

  Bytes total;
  for (const SegmentFile& file : files) total += Bytes(file.size);
  const ReceiveTime now = ReceiveClock::now();
  Tombstone tombstone;
  tombstone.journal = journal_;
  tombstone.deleted_at = now;
  tombstone.reason = "size";
  std::vector<SegmentFile> doomed;
  // A segment's end is told by the header that follows it, so the newest file always stays.
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    const auto segment =
        TRY(open_segment(TRY(open_source(files[i + 1].path)), files[i + 1].first, std::nullopt), "applying retention");
    if (!segment.header) {
      log_warning("journal", "retention stops at {}: {}", files[i + 1].path.string(), segment.header_fault);
      break;
    }
    const SegmentHeader& next = *segment.header;
    const std::uint64_t number = next.number - 1;
    const bool promised = !tombstones.empty() && number <= tombstones.back().last_segment;  // a crash came between
    const bool too_old = policy.max_age && next.created_at < now - *policy.max_age;
    const bool too_much = policy.max_size && total > *policy.max_size;
    if (!promised && !too_old && !too_much) break;
    if (!promised && next.previous_last >= policy.keep_from) {
      report.held_by_keep_from = true;
      break;
    }
    if (!promised) {
      if (tombstone.first_segment == 0) {
        tombstone.first_segment = number;
        tombstone.first = files[i].first;
      }
      tombstone.last_segment = number;
      tombstone.last = next.previous_last;
      tombstone.chain = next.previous_chain;
      tombstone.bytes += Bytes(files[i].size);
      if (too_old) tombstone.reason = "age";
    }
    total -= Bytes(files[i].size);
    doomed.push_back(files[i]);
    report.first_kept = files[i + 1].first;
  }
  if (doomed.empty()) return report;

  if (tombstone.first_segment != 0) {
    std::string text;
    for (const Tombstone& before : tombstones) text += to_text(before) + "\n";
    text += to_text(sign_tombstone(key_, std::move(tombstone))) + "\n";
    TRY(write_file_atomically(options.folder / kTombstoneFile, text), "writing the tombstone");
  }
  for (const SegmentFile& file : doomed) {
    TRY(storage_->remove(file.path), "applying retention");
    ++report.segments_deleted;
    report.bytes_deleted += Bytes(file.size);
  }
  TRY(storage_->sync_folder(options.folder));
  log_info("journal", "retention deleted {} segments ({})", report.segments_deleted, to_string(report.bytes_deleted));
  return report;
}

}  // namespace yagura::journal
