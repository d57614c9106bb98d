// What an agent has read and its server has not confirmed: a journal of the host's own, bounded.
//
// Each source gets a door of its own (of()), which is both its sink and the keeper of its checkpoints. Behind the door
// three things happen that a bare journal does not do:
//   - After a crash a source reads again what it had read since its last checkpoint. The spool knows the identities of what
//     it holds from there on, and lets none in twice.
//   - Above max_size nothing is let in: the oldest entry that the server lacks stays, and the source waits. Sources that can
//     read again lose nothing by that; what a network sender loses meanwhile, the source counts.
//   - At most so many events a second are let in, when a limit is set.
//
// Doors: any thread. The rest belongs to the uplink's thread, but for status().
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/annotations.hpp"
#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "journal/writer.hpp"

namespace yagura::agent {

struct SpoolSettings {
  std::filesystem::path folder;     // made when missing
  Bytes max_size = 1_GiB;           // on disk
  Bytes min_free = 256_MiB;         // of the file system
  Bytes keep_sent = 64_MiB;         // of what the server has, so that it can be sent again when the server loses it
  std::uint64_t events_per_second = 0;  // 0: no limit
};

struct SpoolStatus {
  Bytes size;
  std::uint64_t accepted = 0;  // entries, ever
  std::string trouble;         // why nothing is let in; "" when it is
};

// How far sending has come, as the uplink counts it.
struct SendProgress {
  Position through;                            // everything up to it is acknowledged and counted
  std::map<std::string, std::uint64_t> sent;   // by source
  std::uint64_t damaged = 0;                   // entries that could not be read again
  std::string agent;                           // whose counts these are: joined anew, it is another
};

class Spool {
 public:
  class Door;
  static Result<std::unique_ptr<Spool>> open(SpoolSettings settings);
  ~Spool();

  // Of the source of that name; lives as long as the spool.
  Door& of(const std::string& source);
  // Every source there is has its door and has loaded its checkpoint: what others had left is forgotten.
  void opened();
  journal::Writer& journal() { return *writer_; }
  Guid id() const { return id_; }

  // What was kept at the last start or by the last keep().
  const SendProgress& progress() const { return kept_; }
  // Writes it down, and lets go of what nobody needs any more. Now and then, and at the end.
  Result<> keep(const SendProgress& progress);
  // Somebody else who reads the spool: what is from there on stays. nullopt: nobody now. Any thread.
  void hold(std::function<std::optional<Position>()> holder);
  // There is no server: what is there is nothing that waits for one.
  void forget_unsent();
  // What was sent was sent to another server, or as another agent: counting begins behind it.
  void forget_sent(const std::map<std::string, std::uint64_t>& sent);
  // Looks at the size on disk: room may have come.
  void look();

  SpoolStatus status() const;
  std::map<std::string, std::uint64_t> accepted() const;  // by source, since the spool was made
  Result<> close(Deadline deadline);

 private:
  explicit Spool(SpoolSettings settings) : settings_(std::move(settings)) {}
  Result<> scan();
  Result<Position> let_in(Door& door, std::span<const journal::EntryView> entries, Deadline deadline);
  Result<> wait_for_room(std::unique_lock<std::mutex>& lock, std::uint64_t events, Deadline deadline);
  Position settled() const;  // under mutex_: every source's checkpoint covers what it gave up to here

  const SpoolSettings settings_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<intake::FileCheckpointStore> checkpoints_;
  Guid id_;
  SendProgress kept_;  // on disk
  Position mark_;      // on disk: settled() as it was then
  std::map<std::string, std::vector<std::pair<Position, Guid>>> found_;  // by the scan, for doors that are not open yet

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::map<std::string, std::unique_ptr<Door>> doors_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> accepted_ GUARDED_BY(mutex_);
  Position through_ GUARDED_BY(mutex_);  // what the server has
  std::uint64_t size_ GUARDED_BY(mutex_) = 0;   // on disk, when looked at
  std::uint64_t added_ GUARDED_BY(mutex_) = 0;  // since, before compression
  std::chrono::steady_clock::time_point looked_at_ GUARDED_BY(mutex_){};
  bool opened_ GUARDED_BY(mutex_) = false;
  std::function<std::optional<Position>()> holder_ GUARDED_BY(mutex_);
  double tokens_ GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point filled_at_ GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
};

class Spool::Door final : public intake::EntrySink, public intake::CheckpointStore {
 public:
  Result<Position> append(std::span<const journal::EntryView> entries, Deadline deadline) override;
  Result<> wait_durable(Position position, Deadline deadline) override;
  // What a source may put into its next checkpoint.
  Position durable_position() const override;
  std::string trouble() const override;
  Result<std::optional<std::string>> load(std::string_view key) override;
  Result<> save(std::string_view key, std::string_view value) override;

 private:
  friend class Spool;
  Door(Spool& spool, std::string source) : spool_(spool), source_(std::move(source)) {}
  Spool& spool_;
  const std::string source_;
  // Guarded by spool_.mutex_:
  bool keeps_checkpoints_ = false;
  Position last_;            // of what it gave
  mutable Position asked_;   // the durable position that it was last told: its next checkpoint speaks of no more
  Position covered_;         // by its checkpoint on disk
  struct HashGuid {
    std::size_t operator()(const Guid& id) const { return static_cast<std::size_t>(id.high ^ (id.low * 0x9E3779B97F4A7C15ULL)); }
  };
  mutable std::unordered_set<Guid, HashGuid> known_;  // identities that it may give again
  // While it does, its checkpoints speak of what it has given again, not of all that is durable: only from this position on are
  // the two the same.
  mutable Position floor_;
  std::chrono::steady_clock::time_point known_at_{};  // it has given one of them again, or began
};

}  // namespace yagura::agent
