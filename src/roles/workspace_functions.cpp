#include "roles/workspace_functions.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "query/watchlists.hpp"
#include "store/table_layout.hpp"

namespace yagura::roles {

namespace {

query::WatchlistData data_of(const control::Watchlist& w) {
  return {.id = w.id,
          .alias = w.alias,
          .name = w.name,
          .provider = w.provider,
          .source = w.source,
          .search_key = w.search_key,
          .columns = w.columns,
          .version = w.version,
          .created_ticks = w.created_ticks,
          .changed_ticks = w.changed_ticks,
          .created_by = w.created_by,
          .changed_by = w.changed_by};
}

}  // namespace

std::vector<std::filesystem::path> function_folders(const std::filesystem::path& content,
                                                    const std::vector<std::filesystem::path>& configured) {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  if (std::filesystem::is_directory(content / "functions", error)) folders.push_back(content / "functions");
  folders.insert(folders.end(), configured.begin(), configured.end());
  return folders;
}

Result<std::vector<serve::TableSize>> table_sizes(store::Store& store) {
  const std::string lines = TRY(store.command(
      "SELECT table, toString(sum(rows)), toString(sum(bytes_on_disk)), toString(sum(data_uncompressed_bytes)), "
      "toString(count()), "
      "toString(toUnixTimestamp(min(modification_time))), toString(toUnixTimestamp(max(modification_time))) "
      "FROM system.parts WHERE active AND database = {database:String} GROUP BY table FORMAT TabSeparatedRaw",
      Deadline::in(10s), {{"database", store.database()}}));
  std::vector<serve::TableSize> out;
  for (const auto line : split(lines, '\n')) {
    const auto cells = split(line, '\t');
    if (cells.size() != 7) continue;
    const auto number = [&](std::size_t i) { return parse_uint64(cells[i]).value_or(0); };
    const auto ticks = [&](std::size_t i) { return static_cast<std::int64_t>(number(i)) * 10'000'000; };
    out.push_back({.table = std::string(cells[0]),
                   .rows = number(1),
                   .bytes = number(2),
                   .uncompressed_bytes = number(3),
                   .parts = number(4),
                   .first_ticks = ticks(5),
                   .last_ticks = ticks(6)});
  }
  return out;
}

Result<std::unique_ptr<WorkspaceFunctions>> WorkspaceFunctions::open(std::vector<std::filesystem::path> folders,
                                                                     control::ControlDb* control, store::Store* store,
                                                                     Schemas schemas) {
  std::unique_ptr<WorkspaceFunctions> out(new WorkspaceFunctions(control, store, std::move(schemas)));
  out->library_ = TRY(query::FunctionLibrary::open(std::move(folders)));
  for (const auto& problem : out->library_->current()->problems)
    log_warning("query", "{}: {}", problem.file, problem.message);
  TRY(out->refresh());
  return out;
}

Result<> WorkspaceFunctions::reload_files_if_changed() {
  if (!TRY(library_->reload_if_changed())) return {};
  log_info("query", "functions were read again");
  for (const auto& problem : library_->current()->problems)
    log_warning("query", "{}: {}", problem.file, problem.message);
  return {};
}

// Which watchlists the store has whole, as of before this program started.
Result<> WorkspaceFunctions::find_stored() {
  if (asked_store_ || store_ == nullptr) return {};
  asked_store_ = true;
  if (!store_->has_table("Watchlist")) return {};
  const std::string table = store::quoted_name(store_->database()) + "." + store::quoted_name("Watchlist");
  const std::string lines = TRY(store_->command("SELECT CorrelationId, toString(count()) FROM " + table +
                                                    " GROUP BY CorrelationId FORMAT TabSeparatedRaw",
                                                Deadline::in(30s)),
                                "looking which watchlists are in the store");
  for (const auto line : split(lines, '\n'))
    if (!line.empty()) stored_.emplace(line);  // "stamp\tcount"
  return {};
}

Result<> WorkspaceFunctions::store_items(const control::Watchlist& watchlist, std::int64_t now) {
  constexpr std::size_t kBlock = 20'000;
  const auto data = data_of(watchlist);
  const std::string stamp = query::watchlist_stamp(data, now),
                    whole = fmt::format("{}\t{}", stamp, watchlist.item_count);
  if (watchlist.item_count == 0 || stored_.contains(whole)) return {};
  const auto schemas = schemas_();
  const auto* schema = schemas->find("Watchlist");
  if (schema == nullptr)
    return fail(ErrorKind::not_found, "there is no schema of the table Watchlist: watchlists cannot be queried");
  TRY(store_->ensure_table(*schema, Deadline::in(60s)));
  std::vector<query::WatchlistRow> rows;
  for (auto& item : TRY(control_->watchlists().items(watchlist.alias)))
    rows.push_back({std::move(item.id), std::move(item.search_key), std::move(item.json), item.changed_ticks});
  for (std::size_t begin = 0, block = 0; begin < rows.size(); begin += kBlock, ++block) {
    const std::vector<query::WatchlistRow> some(
        rows.begin() + static_cast<std::ptrdiff_t>(begin),
        rows.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kBlock, rows.size())));
    auto batch = query::watchlist_rows(*schema, data, some, now);
    // The same block again, after a crash in between, adds nothing.
    TRY(store_->insert(batch, store::DedupToken(fmt::format("watchlist:{}:{}", stamp, block)), Deadline::in(60s)),
        "storing the watchlist {}", watchlist.alias);
  }
  stored_.insert(whole);
  return {};
}

Result<> WorkspaceFunctions::refresh() {
  if (control_ == nullptr) return {};
  const std::lock_guard lock(mutex_);
  // Most of the time nothing has changed, and nothing but this is read. Watchlists are stored anew as their time runs
  // out, which is what the stamp of one that never changes tells.
  const std::string version =
      fmt::format("{} {} {}", TRY(control_->functions().version()), TRY(control_->watchlists().version()),
                  query::watchlist_stamp({}, control_->now()));
  if (version == version_) return {};
  const auto kept = TRY(control_->functions().list());
  const auto watchlists = store_ != nullptr ? TRY(control_->watchlists().list()) : std::vector<control::Watchlist>();
  const auto now = control_->now();
  std::string stamp;
  for (const auto& function : kept) stamp += fmt::format("{}@{};", function.name, function.changed_ticks);
  std::vector<query::WatchlistData> data;
  for (const auto& watchlist : watchlists) {
    data.push_back(data_of(watchlist));
    stamp += query::watchlist_stamp(data.back(), now) + watchlist.alias + ";";
  }
  if (stamp == seen_ && !seen_.empty()) {
    version_ = version;
    return {};
  }
  TRY(find_stored());
  for (const auto& watchlist : watchlists) TRY(store_items(watchlist, now));
  std::vector<kql::StoredFunction> made = query::watchlist_functions(data, now);
  for (const auto& function : kept) {
    kql::StoredFunction one;
    one.name = function.name;
    one.parameters = function.parameters;
    one.body = function.body;
    one.folder = function.folder;
    one.docstring = function.docstring;
    one.is_view = function.is_view;
    made.push_back(std::move(one));
  }
  library_->set_made(std::move(made));
  seen_ = stamp.empty() ? "-" : stamp;
  version_ = version;
  return {};
}

}  // namespace yagura::roles
