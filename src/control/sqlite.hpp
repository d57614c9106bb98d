// A thin, safe face on SQLite: one connection behind a mutex, prepared statements only, errors as values.
//
// Any thread may call. A Transaction holds the connection's mutex from begin to end, so keep it short and never
// do anything slow (hashing a password, writing to a socket) inside one. Statements are prepared once per SQL text and
// kept; SQL texts are literals of this room, values are always bound.
#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace yagura::control {

// A bound value: SQL's null, integer, text or blob.
struct Blob {
  std::string_view bytes;
};

// The current row of a running SELECT; valid inside the callback only.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  bool boolean(int column) const { return integer(column) != 0; }
  std::string text(int column) const;  // also blobs
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  enum class Durability { full, relaxed };  // relaxed: a power cut may lose the last commits, never corrupt

  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Durability durability);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Holds the lock; rolls back when destroyed without commit().
  class Transaction {
   public:
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)), lock_(std::move(other.lock_)), writes_(other.writes_) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    // Runs one statement that returns no rows; gives the number of rows changed.
    template <class... Args>
    Result<std::int64_t> run(std::string_view sql, const Args&... args) {
      auto* statement = TRY(prepare(sql));
      int index = 0;
      (bind(statement, ++index, args), ...);
      return finish(statement, sql);
    }
    // Calls `each` for every row; it returns false to stop early.
    template <class... Args>
    Result<> rows(std::string_view sql, const std::function<bool(const Row&)>& each, const Args&... args) {
      auto* statement = TRY(prepare(sql));
      int index = 0;
      (bind(statement, ++index, args), ...);
      return iterate(statement, sql, each);
    }
    // One integer of the first row, or nullopt.
    template <class... Args>
    Result<std::optional<std::int64_t>> integer(std::string_view sql, const Args&... args) {
      std::optional<std::int64_t> value;
      TRY(rows(
          sql,
          [&](const Row& row) {
            value = row.optional_integer(0);
            return false;
          },
          args...));
      return value;
    }
    // A script of several statements, without parameters: migrations only.
    Result<> script(std::string_view sql);
    std::int64_t last_insert_id() const;
    Result<> commit();

   private:
    friend class Database;
    Transaction(Database& database, std::unique_lock<std::mutex> lock, bool writes)
        : database_(&database), lock_(std::move(lock)), writes_(writes) {}
    Result<sqlite3_stmt*> prepare(std::string_view sql);
    Result<std::int64_t> finish(sqlite3_stmt* statement, std::string_view sql);
    Result<> iterate(sqlite3_stmt* statement, std::string_view sql, const std::function<bool(const Row&)>& each);
    static void bind_null(sqlite3_stmt* statement, int index);
    static void bind_integer(sqlite3_stmt* statement, int index, std::int64_t value);
    static void bind_text(sqlite3_stmt* statement, int index, std::string_view value);
    static void bind_blob(sqlite3_stmt* statement, int index, std::string_view value);
    template <std::integral T>
    static void bind(sqlite3_stmt* s, int i, T value) {
      bind_integer(s, i, static_cast<std::int64_t>(value));
    }
    static void bind(sqlite3_stmt* s, int i, std::string_view value) { bind_text(s, i, value); }
    static void bind(sqlite3_stmt* s, int i, const std::string& value) { bind_text(s, i, value); }
    static void bind(sqlite3_stmt* s, int i, const char* value) { bind_text(s, i, value); }
    static void bind(sqlite3_stmt* s, int i, Blob value) { bind_blob(s, i, value.bytes); }
    template <class T>
    static void bind(sqlite3_stmt* s, int i, const std::optional<T>& value) {
      if (value)
        bind(s, i, *value);
      else
        bind_null(s, i);
    }

    Database* database_;
    std::unique_lock<std::mutex> lock_;
    bool writes_;
    bool done_ = false;
  };

  Result<Transaction> read();   // several SELECTs; no BEGIN
  Result<Transaction> write();  // BEGIN IMMEDIATE: waits for other writers, then cannot fail for them

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Error error(std::string_view doing) const;

  std::mutex mutex_;
  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace yagura::control
