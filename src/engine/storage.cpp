#include "engine/storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <thread>

#include "base/log.hpp"
#include "base/text.hpp"

namespace yagura::engine {

namespace fs = std::filesystem;

namespace {

// Caches are bounded well below ClickHouse's defaults (5 GiB each), and merges to half of the cores (a merge of CommonSecurityLog takes
// 180 MB): the engine shares the machine with the intake.
constexpr std::string_view kConfig = R"(<!-- Written by yagura at each start; changes are lost. -->
<clickhouse>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <primary_index_cache_size>67108864</primary_index_cache_size>
  <index_mark_cache_size>33554432</index_mark_cache_size>
  <text_index_tokens_cache_size>33554432</text_index_tokens_cache_size>
  <text_index_header_cache_size>33554432</text_index_header_cache_size>
  <text_index_postings_cache_size>67108864</text_index_postings_cache_size>
  <query_condition_cache_size>33554432</query_condition_cache_size>
  <vector_similarity_index_cache_size>1048576</vector_similarity_index_cache_size>
  <parquet_metadata_cache_size>1048576</parquet_metadata_cache_size>
  <iceberg_metadata_files_cache_size>1048576</iceberg_metadata_files_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <background_pool_size>{merges}</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <max_table_size_to_drop>0</max_table_size_to_drop>
  <max_partition_size_to_drop>0</max_partition_size_to_drop>
</clickhouse>
)";

constexpr Bytes kReserve = 16_MiB;  // dropping a partition of any size wants 1 MiB per part it touches

// Of a table function's names, those that stay within the tables or make up their rows.
constexpr std::string_view kHarmless[] = {"numbers",  "numbers_mt",     "zeros",           "zeros_mt",       "generateseries", "generate_series",
                                          "values",   "view",           "viewifpermitted", "merge",          "null",           "primes",
                                          "generaterandom", "mergetreeindex", "mergetreeprojection", "mergetreetextindex", "sqlstandardvalues", "format"};
// Reach outside without being table functions, or in other versions' lists.
constexpr std::string_view kOutside[] = {"file",     "url",      "s3",        "remote", "remotesecure", "cluster",   "executable", "mysql",   "postgresql",
                                         "sqlite",   "odbc",     "jdbc",      "hdfs",   "mongodb",      "redis",     "input",      "eval",    "filesystem",
                                         "dictionary", "python", "catboostevaluate", "arrowflight", "azureblobstorage", "addresstoline", "addresstosymbol",
                                         "addresstolinewithinlines", "demangle", "executablepool", "loop", "viewexplain", "fuzzquery", "fuzzjson"};

Result<std::string> ask(ChdbConnection& connection, std::string_view sql) {
  auto answer = connection.query(sql, "TabSeparatedRaw");
  if (!answer) return fail(ErrorKind::unavailable, "{}", answer.error().text);
  return std::move(answer->data);
}

}  // namespace

Result<std::unique_ptr<Storage>> Storage::open(std::shared_ptr<const ChdbLibrary> library, const fs::path& data, Bytes max_memory) {
  std::error_code error;
  const fs::path folder = fs::absolute(data, error);
  fs::create_directories(folder / "db", error);
  if (error) return fail(ErrorKind::unavailable, "making the store's folder {}: {}", folder.string(), error.message());
  std::unique_ptr<Storage> storage(new Storage);
  // Before the engine looks: its own message for a folder in use goes to stderr, and its answer is only NULL.
  storage->lock_ = TRY(open_file(folder / "lock", O_RDWR | O_CREAT, 0600), "opening the store");
  // The one before us may be on its way out.
  bool locked = false;
  for (int tries = 0; !(locked = ::flock(storage->lock_.get(), LOCK_EX | LOCK_NB) == 0) && tries < 80; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  if (!locked) {
    auto holder = read_file(folder / "lock", 64_B);
    return fail(ErrorKind::conflict, "the store {} is in use by another process ({}); one engine per folder", folder.string(),
                holder && !holder->empty() ? "pid " + std::string(trim(*holder)) : "pid unknown");
  }
  if (::ftruncate(storage->lock_.get(), 0) == 0) TRY(write_all(storage->lock_.get(), fmt::format("{}\n", ::getpid())));
  if (max_memory.count() == 0)
    max_memory = Bytes(static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 2);
  std::string config(kConfig);
  const auto put = [&](std::string_view place, std::uint64_t value) { config.replace(config.find(place), place.size(), std::to_string(value)); };
  put("{memory}", max_memory.count());
  put("{merges}", std::clamp(std::thread::hardware_concurrency() / 2, 1U, 16U));
  TRY(write_file_atomically(folder / "engine.xml", config, 0600));
  // A config.xml of the current folder would be read silently, and relative names in statements lead here.
  if (::chdir(folder.c_str()) != 0) return fail_errno(errno, "entering " + folder.string());

  storage->library_ = std::move(library);
  storage->path_ = folder / "db";
  storage->reserve_ = folder / "reserve";
  storage->take_reserve();
  storage->keeper_ = TRY(storage->library_->connect(storage->path_, {{"config-file", (folder / "engine.xml").string()}}), "opening the store");
  storage->control_ = TRY(storage->connect({}));
  storage->version_ = std::string(trim(TRY(ask(*storage->control_, "SELECT version()"))));
  const std::string settings = TRY(ask(*storage->control_, "SELECT name FROM system.settings"));
  for (const auto name : split(settings, '\n')) storage->settings_.emplace(name);
  const std::string functions = TRY(ask(*storage->control_, "SELECT lower(name) FROM system.table_functions"));
  for (const auto name : split(functions, '\n'))
    if (std::ranges::find(kHarmless, name) == std::end(kHarmless)) storage->outside_.emplace(name);
  for (const auto name : kOutside) storage->outside_.emplace(name);
  storage->outside_.erase("");
  return storage;
}

Result<std::unique_ptr<ChdbConnection>> Storage::connect(const ChdbSettings& settings) const {
  ChdbSettings all{{"implicit_select", "0"}, {"allow_introspection_functions", "0"}};
  all.insert(all.end(), settings.begin(), settings.end());
  return library_->connect(path_, all);
}

bool Storage::give_up_reserve() {
  std::error_code ignored;
  if (!fs::remove(reserve_, ignored)) return false;
  log_warning("engine", "the disk is full: giving up the {} held in {} to make room", to_string(kReserve), reserve_.string());
  return true;
}

void Storage::take_reserve() {
  std::error_code error;
  if (fs::exists(reserve_, error)) return;
  const auto free = free_space(reserve_.parent_path());
  if (!free || *free < kReserve * 4) return;
  auto file = open_file(reserve_, O_RDWR | O_CREAT, 0600);
  if (file && ::posix_fallocate(file->get(), 0, static_cast<off_t>(kReserve.count())) != 0) fs::remove(reserve_, error);
}

void Storage::kill(std::string_view tag) {
  const std::lock_guard lock(control_mutex_);
  // Not SYNC: the statement stays in the list until its handle is destroyed, which its own thread does.
  auto killed = control_->query("KILL QUERY WHERE Settings['log_comment'] = {tag:String} ASYNC", "Null", {{"tag", std::string(tag)}});
  if (!killed) log_warning("engine", "cancelling a query whose client has gone: {}", killed.error().text);
}

}  // namespace yagura::engine
