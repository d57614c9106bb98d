// Who read or changed what: append-only (the database refuses UPDATE, and DELETE except of the oldest).
//
// Changes are recorded in the transaction that makes them (append_audit). Reads, such as queries, go through record():
// queued, written by a thread of its own in groups, on disk within about 50 ms; when the queue is full the caller
// waits, so no entry is dropped. Any thread.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/annotations.hpp"
#include "base/result.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

// Who acts, and from where.
struct Actor {
  std::string name;  // user name, "token:name of user", or "system"
  std::string peer;  // address, "" for the program itself
};

struct AuditEntry {
  std::int64_t id = 0;  // grows; given when written
  std::int64_t at_ticks = 0;
  Actor actor;
  std::string action;          // "query", "login", "user.create" ...
  std::string target;          // what it was done to
  std::string detail;          // free text; cut at 8 KiB
  std::string outcome = "ok";  // or why not
};

struct AuditFilter {
  std::string actor, action;                  // exact; "" for any
  std::int64_t from_ticks = 0, to_ticks = 0;  // 0: open
  std::int64_t before_id = 0;                 // 0: the newest; for paging
  std::size_t limit = 100;                    // at most 1000
};

// Inside the transaction of a change.
Result<> append_audit(Database::Transaction& writing, const AuditEntry& entry);

class AuditLog {
 public:
  using Clock = std::function<std::int64_t()>;
  AuditLog(Database& database, Clock clock);
  ~AuditLog();  // writes what is queued
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Never fails for the caller; what cannot be written is counted (yagura_audit_lost_total) and logged.
  void record(AuditEntry entry);
  // Returns when everything recorded before is on disk.
  void flush();
  // Newest first.
  Result<std::vector<AuditEntry>> list(const AuditFilter& filter);
  // Removes entries older than that; gives how many.
  Result<std::int64_t> forget_before(std::int64_t ticks, const Actor& actor);

 private:
  void run();

  Database& database_;
  Clock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<AuditEntry> queue_ GUARDED_BY(mutex_);
  std::uint64_t recorded_ GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

}  // namespace yagura::control
