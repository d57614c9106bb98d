// Lets go of what is older than it must be kept, and says when the disk is nearly full.
//
// A day of a table (by receipt) is a partition: dropping it frees its files at once, while ClickHouse's own TTL waits for a
// merge. On a full disk dropping fails too ("Cannot reserve"), so intake must stop at a mark well before that; below the
// mark the oldest days go first, if the operator has allowed it.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "event/table_schema.hpp"
#include "store/store.hpp"

namespace yagura::store {

struct RetentionOptions {
  std::filesystem::path data;         // of the embedded engine; empty: a server's disk, of which we know nothing
  Bytes keep_free = 2_GiB;            // the mark
  bool drop_oldest_when_full = false; // lose the oldest day rather than the newest events
};

struct RetentionReport {
  std::vector<std::string> dropped;   // "Syslog 2026-01-09"
  Bytes free = Bytes(0);              // 0 when unknown
  bool below_mark = false;            // still, after dropping: intake should stop
};

class Retention {
 public:
  Retention(Store& store, RetentionOptions options) : store_(store), options_(std::move(options)) {}
  // `now`: ticks since 1970. Today and yesterday are never dropped for space.
  Result<RetentionReport> sweep(const event::SchemaSet& schemas, std::int64_t now_ticks, Deadline deadline);

 private:
  struct Day {
    std::string table, date, partition_id;
  };
  Result<std::vector<Day>> days(Deadline deadline);
  Result<> drop(const Day& day, RetentionReport& report, Deadline deadline);
  Store& store_;
  const RetentionOptions options_;
};

// Days that a table is kept: its schema's "Retention", or the fallback; 0 for ever.
unsigned retention_days(const event::TableSchema* schema, unsigned fallback);

}  // namespace yagura::store
