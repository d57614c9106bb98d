// The inside of a Writer: the pending entries (any thread, under mutex_) and the commit thread's own state.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/annotations.hpp"
#include "base/metrics.hpp"
#include "journal/block_builder.hpp"
#include "journal/durable_feed.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_writer.hpp"
#include "journal/writer.hpp"

struct ZSTD_CCtx_s;

namespace yagura::journal {

class Writer::Core {
 public:
  Core(WriterOptions options, SigningKey key, FileDescriptor lock, Recovered recovered);
  ~Core();

  Result<Position> append(std::span<const EntryView> entries, Deadline deadline);
  Result<> wait_durable(Position position, Deadline deadline);
  Position appended() const;
  Head head() const;
  WriterStatus status() const;
  std::string current_trouble() const;
  Result<RetentionReport> retain(const RetentionPolicy& policy);
  Result<> close(Deadline deadline);

  const WriterOptions options;
  const RecoveryReport recovery;
  DurableFeed feed;

 private:
  using Clock = std::chrono::steady_clock;

  // Entries that wait for the commit thread.
  struct Pending {
    std::unique_ptr<BlockBuilder> builder;
    Position first;
    std::uint64_t cost = 0;  // against max_pending
  };
  // A compressed block that is not yet known to be on disk.
  struct InFlight {
    BlockHeader header;
    std::string content;
    std::string stored;  // empty: the content is stored as it is
    BlockPlace place;
    std::uint64_t cost = 0;
    std::string_view stored_bytes() const { return header.codec == Codec::none ? content : stored; }
  };

  void run();
  void encode(Pending pending);
  // Each of these does what it can; false: writing fails, try again later (the reason is set).
  bool write_all();
  bool sync_and_publish();
  bool seal(bool closing);
  Result<> start_segment(Position first);
  void give_up_segment();
  void publish();
  void write_head();
  void check_space();
  void set_stalled(const Error& error);
  void set_running();
  bool have_entries() const;    // under mutex_
  bool in_a_hurry() const;      // under mutex_: commit at the next commit_interval, not lazily
  std::string trouble() const;  // under mutex_: why writing does not go on, or ""

  std::shared_ptr<Storage> storage_;
  SigningKey key_;
  FileDescriptor lock_;
  Guid journal_;
  std::array<char, 16> tag_seed_;

  mutable std::mutex mutex_;
  std::condition_variable work_;   // the commit thread waits for entries or the end
  std::condition_variable room_;   // appenders wait for room
  std::condition_variable ended_;  // close waits for the commit thread
  Pending current_ GUARDED_BY(mutex_);
  std::deque<Pending> full_ GUARDED_BY(mutex_);
  std::size_t expected_block_ GUARDED_BY(mutex_) = 0;  // what the next block will need, judged by the last
  std::uint64_t pending_bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t pending_entries_ GUARDED_BY(mutex_) = 0;
  Position appended_ GUARDED_BY(mutex_);  // the last given out, or found at the start
  Position next_ GUARDED_BY(mutex_);
  bool sleeping_ GUARDED_BY(mutex_) = false;
  Position wanted_ GUARDED_BY(mutex_);  // somebody waits until this is durable
  Clock::time_point oldest_pending_ GUARDED_BY(mutex_){};
  bool low_space_ GUARDED_BY(mutex_) = false;
  bool stalled_ GUARDED_BY(mutex_) = false;
  std::string stall_reason_ GUARDED_BY(mutex_);
  Bytes free_space_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
  bool give_up_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  Result<> close_result_ GUARDED_BY(mutex_);
  ChainEnd durable_end_ GUARDED_BY(mutex_);

  // The commit thread's.
  std::optional<SegmentWriter> segment_;
  SegmentReason next_reason_;
  std::uint64_t cut_bytes_;
  Position promised_;
  std::deque<InFlight> in_flight_;
  std::size_t written_count_ = 0;  // of in_flight_, from the front
  Clock::time_point segment_begun_{};
  Clock::time_point last_sync_{};
  Clock::time_point last_head_{};
  Clock::time_point last_space_check_{};
  bool head_stale_ = false;
  bool stalled_here_ = false;
  ZSTD_CCtx_s* compressor_;
  std::string compressed_;  // used again for each block

  std::mutex retain_mutex_;
  std::thread thread_;
};

}  // namespace yagura::journal
