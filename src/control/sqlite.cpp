#include "control/sqlite.hpp"

#include <sqlite3.h>

namespace yagura::control {

namespace {

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT: return ErrorKind::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::unavailable;
    case SQLITE_FULL: return ErrorKind::exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_READONLY:
    case SQLITE_PERM: return ErrorKind::permission_denied;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: return ErrorKind::unavailable;
    default: return ErrorKind::internal;
  }
}

}  // namespace

bool Row::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Row::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

std::optional<std::int64_t> Row::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

Error Database::error(std::string_view doing) const {
  return Error(kind_of(sqlite3_extended_errcode(handle_)), fmt::format("{}: {}", doing, sqlite3_errmsg(handle_)));
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Durability durability) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) return std::unexpected(database->error(fmt::format("opening {}", path.string())));
  sqlite3_busy_timeout(handle, 10'000);
  // No SQL of a stranger ever runs here, but a damaged file must not run any either.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  for (const char* pragma :
       {"PRAGMA journal_mode=WAL", "PRAGMA foreign_keys=ON",
        durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"}) {
    if (sqlite3_exec(handle, pragma, nullptr, nullptr, nullptr) != SQLITE_OK)
      return std::unexpected(database->error(fmt::format("opening {}", path.string())));
  }
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Result<Database::Transaction> Database::read() { return Transaction(*this, std::unique_lock(mutex_), false); }

Result<Database::Transaction> Database::write() {
  std::unique_lock lock(mutex_);
  if (sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("beginning a transaction"));
  return Transaction(*this, std::move(lock), true);
}

Database::Transaction::~Transaction() {
  if (database_ && writes_ && !done_) sqlite3_exec(database_->handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<> Database::Transaction::commit() {
  if (sqlite3_exec(database_->handle_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(database_->error("committing"));
  done_ = true;
  return {};
}

Result<sqlite3_stmt*> Database::Transaction::prepare(std::string_view sql) {
  auto& statements = database_->statements_;
  if (const auto found = statements.find(sql); found != statements.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_->handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK)
    return std::unexpected(database_->error(fmt::format("preparing \"{}\"", sql)));
  statements.emplace(std::string(sql), statement);
  return statement;
}

Result<std::int64_t> Database::Transaction::finish(sqlite3_stmt* statement, std::string_view sql) {
  int code = sqlite3_step(statement);
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  std::optional<Error> failure;
  if (code != SQLITE_DONE) failure = database_->error(fmt::format("running \"{}\"", sql));
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (failure) return std::unexpected(*std::move(failure));
  return sqlite3_changes64(database_->handle_);
}

Result<> Database::Transaction::iterate(sqlite3_stmt* statement, std::string_view sql,
                                        const std::function<bool(const Row&)>& each) {
  int code = sqlite3_step(statement);
  while (code == SQLITE_ROW && each(Row(statement))) code = sqlite3_step(statement);
  std::optional<Error> failure;
  if (code != SQLITE_DONE && code != SQLITE_ROW) failure = database_->error(fmt::format("running \"{}\"", sql));
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (failure) return std::unexpected(*std::move(failure));
  return {};
}

Result<> Database::Transaction::script(std::string_view sql) {
  if (sqlite3_exec(database_->handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(database_->error("running a migration"));
  return {};
}

std::int64_t Database::Transaction::last_insert_id() const { return sqlite3_last_insert_rowid(database_->handle_); }

void Database::Transaction::bind_null(sqlite3_stmt* statement, int index) { sqlite3_bind_null(statement, index); }
void Database::Transaction::bind_integer(sqlite3_stmt* statement, int index, std::int64_t value) {
  sqlite3_bind_int64(statement, index, value);
}
void Database::Transaction::bind_text(sqlite3_stmt* statement, int index, std::string_view value) {
  // A null pointer would bind NULL: an empty view may have one.
  sqlite3_bind_text64(statement, index, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Database::Transaction::bind_blob(sqlite3_stmt* statement, int index, std::string_view value) {
  sqlite3_bind_blob64(statement, index, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT);
}

}  // namespace yagura::control
