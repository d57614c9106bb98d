// libchdb, ClickHouse in a shared library, loaded at run time: the one door to its C functions.
//
// The package ships no header, so chdb_library.cpp declares the ABI of 26.7. One storage path per process, any number of
// connections to it; a connection serves one thread at a time and one statement at a time. A connection costs
// 0.3 ms, so settings and limits are given when it is made, and nothing else can raise them later (readonly=1).
//
// Never load it in a process built with ASan or TSan, or with another malloc than glibc's: it crashes at load.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace yagura::engine {

struct ChdbFunctions;

// Arguments as ClickHouse's own programs take them: {"readonly", "1"} becomes --readonly=1.
using ChdbSettings = std::vector<std::pair<std::string, std::string>>;

// What the engine counted while it worked.
struct ChdbCounts {
  std::uint64_t rows_read = 0, bytes_read = 0, rows_written = 0, bytes_written = 0;
};

// A failure as ClickHouse words it: "Code: 62. DB::Exception: ... (SYNTAX_ERROR)".
struct ClickHouseError {
  int code = 1002;  // UNKNOWN_EXCEPTION
  std::string text;
};
template <class T>
using ChdbResult = std::expected<T, ClickHouseError>;

class ChdbConnection;

class ChdbLibrary {
 public:
  static Result<std::shared_ptr<const ChdbLibrary>> load(const std::filesystem::path& file);
  // The configured file, else $YAGURA_ENGINE_LIBRARY, else ../lib/yagura/libchdb.so beside the program, /usr/lib/yagura,
  // or .cache/engine of a checkout above it. not_found names all places.
  static Result<std::filesystem::path> find(const std::filesystem::path& configured = {});
  ~ChdbLibrary();

  std::string version() const;
  // The first connection of the process opens the storage `path` (absolute); later ones must name the same. `server` are
  // options that only the first one sets (config-file, ...). The reason of a failure goes to stderr, where we cannot read it.
  Result<std::unique_ptr<ChdbConnection>> connect(const std::filesystem::path& path, const ChdbSettings& settings) const;
  const ChdbFunctions& functions() const { return *functions_; }

 private:
  ChdbLibrary() = default;
  std::unique_ptr<ChdbFunctions> functions_;
};

using ChdbParameters = std::vector<std::pair<std::string, std::string>>;

// The result of a query, piece by piece. Dropping it cancels the query.
class ChdbStream {
 public:
  ~ChdbStream();
  ChdbStream(const ChdbStream&) = delete;
  ChdbStream& operator=(const ChdbStream&) = delete;
  // The next piece in the stream's format, "" at the end. The view is good until the next call.
  ChdbResult<std::string_view> next();
  const ChdbCounts& counts() const { return counts_; }

 private:
  friend class ChdbConnection;
  ChdbStream(const ChdbFunctions& functions, void* connection, void* stream) : functions_(functions), connection_(connection), stream_(stream) {}
  const ChdbFunctions& functions_;
  void* connection_;
  void* stream_;
  void* chunk_ = nullptr;
  bool done_ = false;
  ChdbCounts counts_;
};

class ChdbConnection {
 public:
  ~ChdbConnection();
  ChdbConnection(const ChdbConnection&) = delete;
  ChdbConnection& operator=(const ChdbConnection&) = delete;

  struct Answer {
    std::string data;
    ChdbCounts counts;
  };
  // The whole result at once. `format` is used when the text has no FORMAT of its own.
  ChdbResult<Answer> query(std::string_view sql, std::string_view format, const ChdbParameters& parameters = {});
  // For formats whose pieces may be put together: Native, RowBinary, TabSeparated, JSONEachRow and the like. Others
  // (JSON, Parquet) would begin anew with each piece.
  ChdbResult<std::unique_ptr<ChdbStream>> stream(std::string_view sql, std::string_view format, const ChdbParameters& parameters = {});
  // `sql` up to and without FORMAT; `data` in that format. Committed when it returns without an error.
  ChdbResult<ChdbCounts> insert(std::string_view sql, std::string_view format, std::string_view data, const ChdbParameters& parameters = {});

  struct Class {
    bool reads_only = false;
    std::uint32_t statements = 0;
  };
  // What the text would do, by ClickHouse's own parser.
  Class classify(std::string_view sql);

 private:
  friend class ChdbLibrary;
  ChdbConnection(const ChdbFunctions& functions, void* handle) : functions_(functions), handle_(handle) {}
  void* inner() const;
  const ChdbFunctions& functions_;
  void* handle_;
};

}  // namespace yagura::engine
