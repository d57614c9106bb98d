#include "engine/chdb_library.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "engine/clickhouse_error.hpp"

namespace yagura::engine {

namespace fs = std::filesystem;

// The C ABI of libchdb 26.7: handles are opaque pointers, a connection is a pointer to one.
struct ChdbFunctions {
  struct Analysis {
    std::uint32_t struct_size, statement_count, flags, query_class;
  };
  using Texts = const char* const*;
  using Sizes = const std::size_t*;

  const char* (*version)();
  void** (*connect)(int, char**);
  void (*close_conn)(void**);
  void* (*query_with_params_n)(void*, const char*, std::size_t, const char*, std::size_t, Texts, Sizes, Texts, Sizes, std::size_t);
  void* (*stream_query_with_params_n)(void*, const char*, std::size_t, const char*, std::size_t, Texts, Sizes, Texts, Sizes, std::size_t);
  void* (*stream_fetch_result)(void*, void*);
  void (*stream_cancel_query)(void*, void*);
  void (*destroy_query_result)(void*);
  void* (*stream_insert_with_params_n)(void*, const char*, std::size_t, const char*, std::size_t, Texts, Sizes, Texts, Sizes, std::size_t);
  int (*stream_append)(void*, const void*, std::size_t);
  void* (*stream_done)(void*);
  const char* (*stream_insert_error)(void*);
  void (*destroy_insert_stream)(void*);
  char* (*result_buffer)(void*);
  std::size_t (*result_length)(void*);
  const char* (*result_error)(void*);
  std::uint64_t (*result_storage_rows_read)(void*);
  std::uint64_t (*result_storage_bytes_read)(void*);
  std::uint64_t (*result_rows_written)(void*);
  std::uint64_t (*result_bytes_written)(void*);
  int (*classify_query_n)(void*, const char*, std::size_t, const char*, std::size_t, Analysis*);
  void (*set_signal_handlers_enabled)(int);
};

namespace {

constexpr std::string_view kFileName = "libchdb.so";

// Names and values as the four arrays the C functions want.
struct ParameterArrays {
  explicit ParameterArrays(const ChdbParameters& parameters) {
    for (const auto& [name, value] : parameters) {
      names.push_back(name.data());
      name_sizes.push_back(name.size());
      values.push_back(value.data());
      value_sizes.push_back(value.size());
    }
  }
  std::vector<const char*> names, values;
  std::vector<std::size_t> name_sizes, value_sizes;
};

std::unexpected<ClickHouseError> failure(std::string_view text) { return std::unexpected(ClickHouseError{code_of_error(text), std::string(text)}); }

void add_counts(const ChdbFunctions& f, void* result, ChdbCounts& counts) {
  counts.rows_read += f.result_storage_rows_read(result);
  counts.bytes_read += f.result_storage_bytes_read(result);
  counts.rows_written += f.result_rows_written(result);
  counts.bytes_written += f.result_bytes_written(result);
}

}  // namespace

ChdbLibrary::~ChdbLibrary() = default;  // never dlclosed: its threads outlive every handle

Result<fs::path> ChdbLibrary::find(const fs::path& configured) {
  std::vector<fs::path> places;
  std::error_code ignored;
  if (!configured.empty()) {
    places.push_back(configured);
  } else if (const char* named = std::getenv("YAGURA_ENGINE_LIBRARY"); named != nullptr && *named != '\0') {
    places.emplace_back(named);
  } else {
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    if (!program.empty()) places.push_back((program / "../lib/yagura" / kFileName).lexically_normal());
    places.push_back(fs::path("/usr/lib/yagura") / kFileName);
    fs::path above = program;
    for (int level = 0; level < 4 && above.has_relative_path(); ++level, above = above.parent_path())
      places.push_back(above / ".cache/engine" / kFileName);
  }
  std::string tried;
  for (const auto& place : places) {
    if (fs::is_regular_file(place, ignored)) return fs::absolute(place);
    tried += (tried.empty() ? "" : ", ") + place.string();
  }
  return fail(ErrorKind::not_found, "the engine's library {} is not at {}; set engine.library or YAGURA_ENGINE_LIBRARY", kFileName, tried);
}

Result<std::shared_ptr<const ChdbLibrary>> ChdbLibrary::load(const fs::path& file) {
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(ErrorKind::unavailable, "loading the engine {}: {}", file.string(), ::dlerror());
  auto functions = std::make_unique<ChdbFunctions>();
  std::string missing;
  const auto bind = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    if (function == nullptr) missing += std::string(missing.empty() ? "" : ", ") + name;
  };
  bind(functions->version, "chdb_version");
  bind(functions->connect, "chdb_connect");
  bind(functions->close_conn, "chdb_close_conn");
  bind(functions->query_with_params_n, "chdb_query_with_params_n");
  bind(functions->stream_query_with_params_n, "chdb_stream_query_with_params_n");
  bind(functions->stream_fetch_result, "chdb_stream_fetch_result");
  bind(functions->stream_cancel_query, "chdb_stream_cancel_query");
  bind(functions->destroy_query_result, "chdb_destroy_query_result");
  bind(functions->stream_insert_with_params_n, "chdb_stream_insert_with_params_n");
  bind(functions->stream_append, "chdb_stream_append");
  bind(functions->stream_done, "chdb_stream_done");
  bind(functions->stream_insert_error, "chdb_stream_insert_error");
  bind(functions->destroy_insert_stream, "chdb_destroy_insert_stream");
  bind(functions->result_buffer, "chdb_result_buffer");
  bind(functions->result_length, "chdb_result_length");
  bind(functions->result_error, "chdb_result_error");
  bind(functions->result_storage_rows_read, "chdb_result_storage_rows_read");
  bind(functions->result_storage_bytes_read, "chdb_result_storage_bytes_read");
  bind(functions->result_rows_written, "chdb_result_rows_written");
  bind(functions->result_bytes_written, "chdb_result_bytes_written");
  bind(functions->classify_query_n, "chdb_classify_query_n");
  bind(functions->set_signal_handlers_enabled, "chdb_set_signal_handlers_enabled");
  if (!missing.empty())
    return fail(ErrorKind::not_supported, "the engine {} has no {}: another version than 26.7?", file.string(), missing);
  functions->set_signal_handlers_enabled(0);  // before any connection; signals stay ours
  std::shared_ptr<ChdbLibrary> library(new ChdbLibrary);
  library->functions_ = std::move(functions);
  return library;
}

std::string ChdbLibrary::version() const { return functions_->version(); }

Result<std::unique_ptr<ChdbConnection>> ChdbLibrary::connect(const fs::path& path, const ChdbSettings& settings) const {
  // A relative path breaks every insert with fsync_part_directory=1.
  if (!path.is_absolute()) return fail(ErrorKind::internal, "the engine's path {} is not absolute", path.string());
  std::vector<std::string> texts{"clickhouse", "--path=" + path.string()};
  for (const auto& [name, value] : settings) texts.push_back("--" + name + "=" + value);
  std::vector<char*> arguments;
  for (auto& text : texts) arguments.push_back(text.data());
  void** handle = functions_->connect(static_cast<int>(arguments.size()), arguments.data());
  if (handle == nullptr) return fail(ErrorKind::unavailable, "the engine refused a connection to {}; see the lines before this one", path.string());
  return std::unique_ptr<ChdbConnection>(new ChdbConnection(*functions_, handle));
}

ChdbConnection::~ChdbConnection() { functions_.close_conn(static_cast<void**>(handle_)); }

void* ChdbConnection::inner() const { return *static_cast<void**>(handle_); }

ChdbResult<ChdbConnection::Answer> ChdbConnection::query(std::string_view sql, std::string_view format, const ChdbParameters& parameters) {
  const auto& f = functions_;
  const ParameterArrays p(parameters);
  void* result = f.query_with_params_n(inner(), sql.data(), sql.size(), format.data(), format.size(), p.names.data(), p.name_sizes.data(),
                                       p.values.data(), p.value_sizes.data(), p.names.size());
  if (result == nullptr) return failure("Code: 1002. DB::Exception: The engine gave no result. (UNKNOWN_EXCEPTION)");
  struct Owner {
    const ChdbFunctions& f;
    void* result;
    ~Owner() { f.destroy_query_result(result); }
  } owner{f, result};
  if (const char* error = f.result_error(result)) return failure(error);
  Answer answer;
  if (const std::size_t length = f.result_length(result); length != 0) answer.data.assign(f.result_buffer(result), length);
  add_counts(f, result, answer.counts);
  return answer;
}

ChdbResult<std::unique_ptr<ChdbStream>> ChdbConnection::stream(std::string_view sql, std::string_view format, const ChdbParameters& parameters) {
  const auto& f = functions_;
  const ParameterArrays p(parameters);
  void* result = f.stream_query_with_params_n(inner(), sql.data(), sql.size(), format.data(), format.size(), p.names.data(),
                                              p.name_sizes.data(), p.values.data(), p.value_sizes.data(), p.names.size());
  if (result == nullptr) return failure("Code: 1002. DB::Exception: The engine gave no result. (UNKNOWN_EXCEPTION)");
  if (const char* error = f.result_error(result)) {
    auto failed = failure(error);
    f.destroy_query_result(result);
    return failed;
  }
  return std::unique_ptr<ChdbStream>(new ChdbStream(f, inner(), result));
}

ChdbStream::~ChdbStream() {
  if (chunk_ != nullptr) functions_.destroy_query_result(chunk_);
  if (!done_) functions_.stream_cancel_query(connection_, stream_);
  functions_.destroy_query_result(stream_);
}

ChdbResult<std::string_view> ChdbStream::next() {
  if (chunk_ != nullptr) functions_.destroy_query_result(std::exchange(chunk_, nullptr));
  if (done_) return std::string_view();
  chunk_ = functions_.stream_fetch_result(connection_, stream_);
  if (chunk_ == nullptr) {
    done_ = true;
    return std::string_view();
  }
  if (const char* error = functions_.result_error(chunk_)) {
    done_ = true;
    return failure(error);
  }
  add_counts(functions_, chunk_, counts_);
  const std::size_t length = functions_.result_length(chunk_);
  if (length == 0) {
    done_ = true;
    return std::string_view();
  }
  return std::string_view(functions_.result_buffer(chunk_), length);
}

ChdbResult<ChdbCounts> ChdbConnection::insert(std::string_view sql, std::string_view format, std::string_view data,
                                              const ChdbParameters& parameters) {
  const auto& f = functions_;
  const ParameterArrays p(parameters);
  void* stream = f.stream_insert_with_params_n(inner(), sql.data(), sql.size(), format.data(), format.size(), p.names.data(),
                                               p.name_sizes.data(), p.values.data(), p.value_sizes.data(), p.names.size());
  struct Owner {
    const ChdbFunctions& f;
    void* stream;
    void* result = nullptr;
    ~Owner() {
      if (result != nullptr) f.destroy_query_result(result);
      f.destroy_insert_stream(stream);
    }
  } owner{f, stream};
  if (const char* error = f.stream_insert_error(stream)) return failure(error);
  if (!data.empty() && f.stream_append(stream, data.data(), data.size()) != 0) {
    const char* error = f.stream_insert_error(stream);
    // The reason comes with done() when the parser, a thread of its own, had failed already.
    if (error != nullptr) return failure(error);
  }
  owner.result = f.stream_done(stream);
  if (owner.result == nullptr) return failure("Code: 1002. DB::Exception: The engine gave no result. (UNKNOWN_EXCEPTION)");
  if (const char* error = f.result_error(owner.result)) return failure(error);
  ChdbCounts counts;
  add_counts(f, owner.result, counts);
  return counts;
}

ChdbConnection::Class ChdbConnection::classify(std::string_view sql) {
  ChdbFunctions::Analysis analysis{sizeof(ChdbFunctions::Analysis), 0, 0, 4};
  if (functions_.classify_query_n(inner(), sql.data(), sql.size(), nullptr, 0, &analysis) != 0) return {};
  return {analysis.query_class == 0, analysis.statement_count};
}

}  // namespace yagura::engine
