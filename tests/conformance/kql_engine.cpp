#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "kql/stages/run_stages.hpp"
#include "kql_suites.hpp"
#include "store/native_block.hpp"

namespace yagura::conformance {

struct Engine::Functions {
  void* library = nullptr;
  void** connection = nullptr;
  void* (*query)(void*, const char*, std::size_t, const char*, std::size_t) = nullptr;
  const char* (*buffer)(void*) = nullptr;
  std::size_t (*length)(void*) = nullptr;
  const char* (*error)(void*) = nullptr;
  void (*destroy)(void*) = nullptr;
};

Engine::Engine(const std::string& path) : functions_(std::make_unique<Functions>()) {
  auto& f = *functions_;
  f.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (f.library == nullptr) {
    std::fprintf(stderr, "cannot load %s: %s\n", path.c_str(), dlerror());
    std::exit(2);
  }
  const auto load = [&](const char* name) { return dlsym(f.library, name); };
  reinterpret_cast<void (*)(int)>(load("chdb_set_signal_handlers_enabled"))(0);
  const char* arguments[] = {"clickhouse", "--max_threads=2", "--max_memory_usage=3000000000", "--max_execution_time=60"};
  f.connection = reinterpret_cast<void** (*)(int, const char**)>(load("chdb_connect"))(4, arguments);
  if (f.connection == nullptr) {
    std::fprintf(stderr, "the engine does not start\n");
    std::exit(2);
  }
  f.query = reinterpret_cast<decltype(f.query)>(load("chdb_query_n"));
  f.buffer = reinterpret_cast<decltype(f.buffer)>(load("chdb_result_buffer"));
  f.length = reinterpret_cast<decltype(f.length)>(load("chdb_result_length"));
  f.error = reinterpret_cast<decltype(f.error)>(load("chdb_result_error"));
  f.destroy = reinterpret_cast<decltype(f.destroy)>(load("chdb_destroy_query_result"));
}

Engine::~Engine() = default;

bool Engine::query(const std::string& sql, const std::vector<std::pair<std::string, std::string>>& settings, std::string& out,
                   const char* format) {
  auto& f = *functions_;
  // Settings belong to the connection here: a query's own SETTINGS come too late for the parser's limits.
  static std::string last;
  std::string set;
  for (const auto& [name, value] : settings) {
    set += (set.empty() ? "SET " : ", ") + name + " = " + (value.find_first_not_of("0123456789") == std::string::npos ? value : "'" + value + "'");
  }
  const auto run = [&](const std::string& text, std::string& result) {
    void* r = f.query(*f.connection, text.data(), text.size(), format, std::char_traits<char>::length(format));
    const char* error = f.error(r);
    const bool good = error == nullptr;
    if (good) result.assign(f.buffer(r) != nullptr ? f.buffer(r) : "", f.length(r));
    else result = error;
    f.destroy(r);
    return good;
  };
  if (!set.empty() && set != last) {
    std::string ignored;
    if (!run(set, ignored)) {
      out = "settings: " + ignored;
      return false;
    }
    last = set;
  }
  return run(sql, out);
}

bool Engine::query(const kql::SqlStatement& statement, std::string& out) {
  if (statement.stages.empty()) return query(statement.sql, statement.settings, out);
  kql::StageEnvironment environment;
  environment.select = [&](const kql::SqlStatement& input, const kql::StageLimits&, const std::string&) -> Result<event::TableBatch> {
    std::string bytes;
    if (!query(input.sql, input.settings, bytes, "Native")) return fail(ErrorKind::internal, "{} SQL: {}", bytes, input.sql.substr(0, 1000));
    bool given = false;
    store::NativeReader reader(
        [&](std::string& buffer) -> Result<bool> {
          if (std::exchange(given, true)) return false;
          buffer += bytes;
          return true;
        },
        input.columns);
    event::TableBatch all;
    for (const auto& c : input.columns) all.add_column(c, event::Column(c.type));
    while (auto batch = TRY(reader.next())) all.append(std::move(*batch));
    return all;
  };
  environment.fetch = [](const std::string&, Bytes) { return std::string(); };  // files elsewhere are empty here
  // The rows of the last stage take the way through the engine too, so that it is looked at.
  auto direct = statement;
  direct.result_stage.reset();
  const auto staged = kql::run_stages(std::move(direct), environment);
  if (!staged) {
    out = staged.error().message();
    return false;
  }
  return query(staged->statement.sql, staged->statement.settings, out);
}

}  // namespace yagura::conformance
