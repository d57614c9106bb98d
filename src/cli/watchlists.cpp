// yagura watchlists list | show | add | remove: watchlists of a data folder. A running server sees a change within
// seconds.
#include <ostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/command.hpp"
#include "control/control_db.hpp"
#include "query/watchlist_file.hpp"

namespace yagura::cli {

namespace {

struct WatchlistOptions {
  std::string data = "data";
  std::string alias, file, search_key, name, description;
  std::int64_t skip_lines = 0;
};

const control::Actor kActor{.name = "command line"};

Result<std::unique_ptr<control::ControlDb>> open_control(const WatchlistOptions& options) {
  return control::ControlDb::open(std::filesystem::path(options.data) / "control.db");
}

Result<ExitCode> list(const WatchlistOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  console.out << fmt::format("{:24} {:20} {:>8} {:22} {}\n", "ALIAS", "SEARCH KEY", "ITEMS", "CHANGED", "NAME");
  for (const auto& w : TRY(control->watchlists().list()))
    console.out << fmt::format("{:24} {:20} {:>8} {:22} {}\n", w.alias, w.search_key, w.item_count,
                               format_datetime(w.changed_ticks).substr(0, 19) + "Z", w.name);
  return ExitCode::done;
}

Result<ExitCode> show(const WatchlistOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  if (!TRY(control->watchlists().find(options.alias)))
    return fail(ErrorKind::not_found, "there is no watchlist '{}'", options.alias);
  for (const auto& item : TRY(control->watchlists().items(options.alias))) console.out << item.json << '\n';
  return ExitCode::done;
}

Result<ExitCode> add(const WatchlistOptions& options, Console& console) {
  const std::string text = TRY(read_file(options.file, 64_MiB), "reading {}", options.file);
  auto file = TRY(query::parse_watchlist_csv(text, options.search_key, static_cast<std::size_t>(options.skip_lines)),
                  "reading {}", options.file);
  const auto control = TRY(open_control(options));
  control::Watchlist watchlist;
  watchlist.alias = options.alias;
  watchlist.name = options.name;
  watchlist.description = options.description;
  watchlist.source = std::filesystem::path(options.file).filename().string();
  watchlist.search_key = options.search_key;
  watchlist.columns = std::move(file.columns);
  std::vector<control::WatchlistItem> items;
  for (auto& row : file.rows) items.push_back({"", std::move(row.search_key), std::move(row.json), 0});
  const auto kept = TRY(control->watchlists().put(std::move(watchlist), std::move(items), kActor));
  console.err << fmt::format("{}: {} items; ask with _GetWatchlist('{}')\n", kept.alias, kept.item_count, kept.alias);
  return ExitCode::done;
}

Result<ExitCode> remove(const WatchlistOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  TRY(control->watchlists().remove(options.alias, kActor));
  console.err << "removed " << options.alias << '\n';
  return ExitCode::done;
}

}  // namespace

void add_watchlists(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<WatchlistOptions>();
  auto* group = app.add_subcommand("watchlists", "Watchlists: list, show, add, remove");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  yagura watchlists add vips vips.csv --search-key UserPrincipalName\n  yagura query "
      "\"_GetWatchlist('vips') | take 10\"");
  const auto add_command = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", options->data, "Data folder")->capture_default_str();
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  add_command("list", "All watchlists", list);
  add_command("show", "The items of one, as JSON lines", show)->add_option("alias", options->alias)->required();
  auto* added = add_command("add", "Make or replace one from a CSV file with a header line", add);
  added->add_option("alias", options->alias, "What queries call it")->required();
  added->add_option("file", options->file)->required();
  added->add_option("--search-key", options->search_key, "The column that queries join with")->required();
  added->add_option("--name", options->name, "For people; default: the alias");
  added->add_option("--description", options->description);
  added->add_option("--skip-lines", options->skip_lines, "Lines before the header")->check(CLI::Range(0, 100));
  add_command("remove", "Remove one", remove)->add_option("alias", options->alias)->required();
}

}  // namespace yagura::cli
