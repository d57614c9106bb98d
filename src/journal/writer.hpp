// Accepts entries and makes them durable: group commit, compression, hash chain, signed heads.
//
//   auto writer = TRY(journal::Writer::open({.folder = data / "journal", .signing_key = keys / "journal.pem"}));
//   const Position last = TRY(writer->append(entries, deadline));   // accepted into memory
//   TRY(writer->wait_durable(last, deadline));                      // fsynced: now it may be acknowledged
//
// Threads: every method may be called by any thread, except that callbacks of on_durable run on the commit
// thread and must neither block nor call on_durable, close or destroy a Subscription.
// Lifetime: destroying the Writer closes it; Tails made by tail() must be gone by then.
// Errors: a full or failing disk never loses what was reported durable and never stops the Writer: it pushes
// back (append waits, then fails with ErrorKind::exhausted) and goes on by itself when writing works again.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "journal/entry.hpp"
#include "journal/head.hpp"
#include "journal/retention.hpp"
#include "journal/tail.hpp"

namespace yagura::journal {

class Storage;

struct WriterOptions {
  std::filesystem::path folder;          // made when missing; one Writer at a time (a lock file keeps others out)
  std::filesystem::path signing_key;     // PEM file outside `folder`; made at first start
  Bytes segment_size = 128_MiB;          // a segment is sealed when it has grown past this
  std::chrono::hours segment_age = 24h;  // ... or is older than this: retention deletes whole segments
  Bytes block_size = 512_KiB;            // entries compressed together at most, before compression
  std::chrono::milliseconds commit_interval = 20ms;  // at most one fsync in this time; none when nothing came
  // When nobody waits for durability (no wait_durable, no subscriber) and little has come (below 64 KiB), a commit may
  // take this long: a block of two lines costs ten times as much on disk per line as one of a hundred.
  std::chrono::milliseconds lazy_interval = 200ms;
  std::chrono::milliseconds head_interval = 1s;      // how often the signed head file is renewed while entries come
  Bytes max_pending = 64_MiB;                        // accepted but not yet durable; append waits above it
  Bytes max_entry = 16_MiB;                          // a larger payload is refused (invalid_input)
  Bytes min_free = 256_MiB;                          // append refuses while the file system has less free space
  Bytes cache = 32_MiB;                              // newest blocks kept in memory for tails
  int compression_level = 1;                         // zstd
  std::chrono::milliseconds retry_interval = 200ms;  // how soon a failed write is tried again
  std::shared_ptr<Storage> storage;                  // null: the operating system's files (tests put faults here)
};

// What opening found.
struct RecoveryReport {
  bool clean = true;             // the last Writer had closed properly
  Position last;                 // the last entry that was on disk
  Position next;                 // the first that will be given out
  std::uint64_t bytes_cut = 0;   // of a torn tail
  std::uint64_t bad_places = 0;  // corruption in the last segment that is not a torn tail: kept
  Position promised;             // position of the signed head file
  bool promise_broken = false;   // fewer entries are there than the signed head says
};

enum class WriterState : std::uint8_t {
  running,
  low_space,  // append refuses: less than min_free left
  stalled,    // writing fails; retried until it works
  closed,
};
std::string_view to_string(WriterState state);

struct WriterStatus {
  WriterState state = WriterState::running;
  std::string reason;  // for people, when the state is not running
  Position appended;
  Position durable;
  Bytes pending;
  Bytes free_space;
  std::uint64_t segments = 0;  // files in the folder
  Bytes size;                  // of all of them
};

// Ends the callbacks when destroyed; waits for one that is running.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
  }
  ~Subscription() { reset(); }
  void reset() {
    if (cancel_) std::exchange(cancel_, nullptr)();
  }

 private:
  std::function<void()> cancel_;
};

class Writer {
 public:
  // Cuts a torn tail, checks the last segment, goes on after it. Corruption is reported (recovery()), logged
  // and kept, never a reason not to start. Errors: the folder or key cannot be used, or another Writer has it.
  static Result<std::unique_ptr<Writer>> open(WriterOptions options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes all entries or none; returns the last one's position, and they got consecutive ones, so the
  // first has last - entries.size() + 1. The bytes are copied before it returns. Waits while more than
  // max_pending bytes are not yet durable, until the deadline: then ErrorKind::exhausted, with the reason.
  // At once: exhausted below min_free, invalid_input (too large, or no entries), cancelled when closed.
  Result<Position> append(std::span<const EntryView> entries, Deadline deadline);

  // Until everything up to `position` is on disk. timeout names the reason if writing is stalled.
  Result<> wait_durable(Position position, Deadline deadline);
  // `callback(p)`: everything up to p is on disk. Called after each commit, in rising order.
  [[nodiscard]] Subscription on_durable(std::function<void(Position)> callback);
  Position durable_position() const;
  Position appended_position() const;

  // Follows the journal from `from` on; served from memory near the head. Position(0) or 1: from the oldest.
  std::unique_ptr<Tail> tail(Position from);

  // The newest durable end of the chain, signed now: to print or to anchor on another machine.
  Head head() const;
  WriterStatus status() const;  // looks into the folder; trouble() does not
  // Why nothing becomes durable or is taken now, for people; "" when all is well. Cheap.
  std::string trouble() const;
  const RecoveryReport& recovery() const;
  const std::filesystem::path& folder() const;

  // Deletes whole sealed segments; leaves a signed tombstone. Never the newest sealed one.
  Result<RetentionReport> retain(const RetentionPolicy& policy);

  // Makes everything accepted durable and seals the segment; afterwards append fails. An error says what was
  // not written. Idempotent.
  Result<> close(Deadline deadline);

 private:
  class Core;
  explicit Writer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace yagura::journal
