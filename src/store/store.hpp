// Tables, inserts and selects in ClickHouse, over its HTTP interface: the embedded engine's socket or a server.
//
// One Store per workspace (a database of its own); any number of threads. It knows no KQL: SQL comes from above, with the
// columns it is to give. Errors: unavailable (try again), exhausted (a limit, a full disk), timeout, cancelled,
// not_found, invalid_input and internal (SQL that ClickHouse does not take).
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/annotations.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "event/table_batch.hpp"
#include "net/http_client.hpp"
#include "store/cluster.hpp"
#include "store/native_block.hpp"
#include "store/table_layout.hpp"

namespace yagura::store {

struct StoreEndpoint {
  std::filesystem::path unix_socket;             // the embedded engine's
  std::string host;                              // or a server
  std::uint16_t port = 8123;
  std::shared_ptr<const net::TlsContext> tls;
  std::string user = "yagura", password;
};

struct StoreOptions {
  StoreEndpoint endpoint;
  std::string workspace = "default";             // letters, digits and _; the database is w_<workspace>
  unsigned retention_days = 0;                   // for tables whose schema says nothing; 0: kept for ever
  ClusterOptions cluster;
  // Who writes into this workspace, such as the journal's identity. Positions and tokens are that journal's, so two
  // writers in one workspace would take each other's rows for repeats: open() refuses the second. "": not asked.
  std::string owner;
};

// Names a batch for ever: a second insert under the same token adds nothing.
class DedupToken {
 public:
  static DedupToken of_range(std::string_view table, Position first, Position last);
  explicit DedupToken(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using SqlSettings = std::vector<std::pair<std::string, std::string>>;

struct SelectRequest {
  std::string sql;                               // one SELECT, without FORMAT
  std::vector<event::ColumnSchema> columns;      // what it gives, by position; empty: as ClickHouse names and types it
  SqlSettings parameters;                        // {name:Type} in the text
  SqlSettings settings;                          // of ClickHouse
  std::chrono::milliseconds max_time{0};         // 0: the deadline's
  Bytes max_memory = Bytes(0);
  std::uint64_t max_rows_to_read = 0;
  std::string query_id;                          // for cancel(); "": none
};

struct SelectStats {
  std::uint64_t rows_read = 0, bytes_read = 0;   // until the first bytes of the result came
};

// A result as it comes. Dropping it cancels the query. One thread at a time.
class BlockStream {
 public:
  virtual ~BlockStream() = default;
  // The next rows; nullopt at the end. After an Error there is nothing more.
  virtual Result<std::optional<event::TableBatch>> next() = 0;
  virtual const SelectStats& stats() const = 0;
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> create(StoreOptions options);

  // Makes the database when it is not there and lists its tables; unavailable while the store is, conflict when the
  // workspace is another's, not_found when the server does not know the cluster or lacks a macro.
  Result<> open(Deadline deadline);
  // Makes the table, or adds the columns it lacks, sets its retention, and learns its layout. conflict when a column has another type.
  Result<> ensure_table(const event::TableSchema& schema, Deadline deadline);
  // Makes a table for data that is loaded once and dropped (files on the command line): no retention, no index.
  Result<> make_plain_table(const event::TableSchema& schema, Deadline deadline);
  // One block under a token: either all of it is in the store, or nothing, or the call may be repeated. `batch` may
  // get technical columns appended.
  Result<> insert(event::TableBatch& batch, const DedupToken& token, Deadline deadline);
  Result<std::unique_ptr<BlockStream>> select(const SelectRequest& request, Deadline deadline);
  // Ends the select that runs under this id; its next() gives cancelled. Nothing happens when there is none.
  Result<> cancel(std::string_view query_id, Deadline deadline);
  // Known to be there: made by ensure_table(), or found by open().
  bool has_table(std::string_view table) const;
  // The tables that are there, as their columns' comments tell: for a data folder without its schema files.
  Result<event::SchemaSet> read_schemas(Deadline deadline);
  // A statement whose result, if any, is text (TabSeparatedRaw).
  Result<std::string> command(std::string_view sql, Deadline deadline, const SqlSettings& parameters = {}, const SqlSettings& settings = {});

  std::string database() const { return "w_" + options_.workspace; }
  const StoreOptions& options() const { return options_; }

 private:
  explicit Store(StoreOptions options);
  net::HttpRequest request(std::string target) const;
  Result<> check_cluster(Deadline deadline);
  Result<> check_owner(Deadline deadline);
  Result<> keep_for(const std::string& table, unsigned days, Deadline deadline);
  Result<std::shared_ptr<const TableLayout>> layout(std::string_view table) const;
  const StoreOptions options_;
  std::unique_ptr<net::HttpClient> client_;
  mutable std::shared_mutex layouts_mutex_;
  std::map<std::string, std::shared_ptr<const TableLayout>, std::less<>> layouts_ GUARDED_BY(layouts_mutex_);
  std::set<std::string, std::less<>> tables_ GUARDED_BY(layouts_mutex_);
};

// Inserts again while the store is away, until the deadline.
class Inserter {
 public:
  explicit Inserter(Store& store) : store_(store) {}
  Result<> insert(event::TableBatch& batch, const DedupToken& token, Deadline deadline);

 private:
  Store& store_;
};

}  // namespace yagura::store
