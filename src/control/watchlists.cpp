#include "control/watchlists.hpp"

#include <boost/json.hpp>

#include <map>

#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kSelect =
    "SELECT id, alias, name, description, provider, source, search_key, columns, version, created_at, changed_at, "
    "created_by, changed_by, "
    "(SELECT count(*) FROM watchlist_items WHERE watchlist_id = watchlists.id) FROM watchlists";
constexpr std::size_t kMostWatchlists = 1000, kMostItems = 200'000, kMostColumns = 100;

Watchlist watchlist_of(const Row& row) {
  Watchlist out{.id = row.text(0),
                .alias = row.text(1),
                .name = row.text(2),
                .description = row.text(3),
                .provider = row.text(4),
                .source = row.text(5),
                .search_key = row.text(6),
                .columns = {},
                .version = row.integer(8),
                .created_ticks = row.integer(9),
                .changed_ticks = row.integer(10),
                .created_by = row.text(11),
                .changed_by = row.text(12),
                .item_count = row.integer(13)};
  boost::system::error_code error;
  const auto columns = boost::json::parse(row.text(7), error);
  if (!error && columns.is_array())
    for (const auto& column : columns.get_array())
      if (column.is_string()) out.columns.emplace_back(column.get_string());
  return out;
}

bool is_alias(std::string_view alias) {
  if (alias.empty() || alias.size() > 64) return false;
  for (const char c : alias)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '_' && c != '-') return false;
  return true;
}

Result<> check(const Watchlist& watchlist, std::size_t items) {
  if (!is_alias(watchlist.alias))
    return fail(ErrorKind::invalid_input, "'{}' is no alias of a watchlist: letters, digits, _ and -, at most 64",
                watchlist.alias.substr(0, 100));
  if (watchlist.columns.empty() || watchlist.columns.size() > kMostColumns)
    return fail(ErrorKind::invalid_input, "a watchlist has 1 to {} columns, this has {}", kMostColumns,
                watchlist.columns.size());
  for (std::size_t i = 0; i < watchlist.columns.size(); ++i) {
    const auto& column = watchlist.columns[i];
    if (column.empty() || column.size() > 200 || !utf8::valid(column))
      return fail(ErrorKind::invalid_input, "column {} of the watchlist has no name, or one that is too long", i + 1);
    for (std::size_t j = 0; j < i; ++j)
      if (watchlist.columns[j] == column)
        return fail(ErrorKind::invalid_input, "two columns of the watchlist are called '{}'", column);
  }
  if (std::ranges::find(watchlist.columns, watchlist.search_key) == watchlist.columns.end()) {
    const std::vector<std::string_view> names(watchlist.columns.begin(), watchlist.columns.end());
    return fail(ErrorKind::invalid_input, "the search key '{}' is no column of the watchlist{}",
                watchlist.search_key.substr(0, 100), did_you_mean(watchlist.search_key, names));
  }
  for (const std::string* text : {&watchlist.name, &watchlist.description, &watchlist.provider, &watchlist.source})
    if (text->size() > 4096 || !utf8::valid(*text))
      return fail(ErrorKind::invalid_input, "the texts of a watchlist have at most 4 KiB each");
  if (items > kMostItems)
    return fail(ErrorKind::exhausted, "a watchlist has at most {} items, this has {}", kMostItems, items);
  return {};
}

}  // namespace

Result<std::vector<Watchlist>> Watchlists::list() {
  std::vector<Watchlist> all;
  auto reading = TRY(database_.read());
  TRY(reading.rows(std::string(kSelect) + " ORDER BY alias", [&](const Row& row) {
    all.push_back(watchlist_of(row));
    return true;
  }));
  return all;
}

Result<std::string> Watchlists::version() {
  std::string version;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT count(*), coalesce(max(changed_at), 0), coalesce(sum(changed_at & 1048575), 0), coalesce(sum(version), 0) "
      "FROM watchlists",
      [&](const Row& row) {
        version = fmt::format("{}.{}.{}.{}", row.integer(0), row.integer(1), row.integer(2), row.integer(3));
        return false;
      }));
  return version;
}

Result<std::optional<Watchlist>> Watchlists::find(std::string_view alias) {
  std::optional<Watchlist> found;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      std::string(kSelect) + " WHERE alias = ?",
      [&](const Row& row) {
        found = watchlist_of(row);
        return false;
      },
      alias));
  return found;
}

Result<std::vector<WatchlistItem>> Watchlists::items(std::string_view alias) {
  std::vector<WatchlistItem> items;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT i.item_id, i.search_key, i.item, i.changed_at FROM watchlist_items i JOIN watchlists w ON w.id = "
      "i.watchlist_id "
      "WHERE w.alias = ? ORDER BY i.place",
      [&](const Row& row) {
        items.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
        return true;
      },
      alias));
  return items;
}

Result<Watchlist> Watchlists::put(Watchlist watchlist, std::vector<WatchlistItem> items, const Actor& actor) {
  if (watchlist.name.empty()) watchlist.name = watchlist.alias;
  TRY(check(watchlist, items.size()));
  const auto now = clock_();
  auto writing = TRY(database_.write());
  const auto before = TRY([&]() -> Result<std::optional<Watchlist>> {
    std::optional<Watchlist> found;
    TRY(writing.rows(
        std::string(kSelect) + " WHERE alias = ?",
        [&](const Row& row) {
          found = watchlist_of(row);
          return false;
        },
        watchlist.alias));
    return found;
  }());
  std::multimap<std::string, WatchlistItem> known;  // by content
  if (before) {
    TRY(writing.rows(
        "SELECT item_id, search_key, item, changed_at FROM watchlist_items WHERE watchlist_id = ?",
        [&](const Row& row) {
          known.emplace(row.text(2), WatchlistItem{row.text(0), row.text(1), "", row.integer(3)});
          return true;
        },
        before->id));
    watchlist.id = before->id;
    watchlist.created_ticks = before->created_ticks;
    watchlist.created_by = before->created_by;
  } else {
    if (TRY(writing.integer("SELECT count(*) FROM watchlists")).value_or(0) >=
        static_cast<std::int64_t>(kMostWatchlists))
      return fail(ErrorKind::exhausted, "{} watchlists are all that one workspace may keep", kMostWatchlists);
    watchlist.id = to_string(Guid::random());
    watchlist.created_ticks = now;
    watchlist.created_by = actor.name;
  }
  // Never a number that was there before, not even of a watchlist that was removed: the store's rows carry it.
  watchlist.version = std::max(now, before ? before->version + 1 : 0);
  watchlist.changed_ticks = now;
  watchlist.changed_by = actor.name;
  watchlist.item_count = static_cast<std::int64_t>(items.size());
  std::string columns;
  JsonWriter json(columns);
  json.begin_array();
  for (const auto& column : watchlist.columns) json.text(column);
  json.end_array();
  TRY(
      writing.run("INSERT INTO watchlists (id, alias, name, description, provider, source, search_key, columns, "
                  "version, created_at, created_by, changed_at, changed_by) "
                  "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT (id) DO UPDATE SET name = ?3, "
                  "description = ?4, provider = ?5, source = ?6, "
                  "search_key = ?7, columns = ?8, version = ?9, changed_at = ?12, changed_by = ?13",
                  watchlist.id, watchlist.alias, watchlist.name, watchlist.description, watchlist.provider,
                  watchlist.source, watchlist.search_key, columns, watchlist.version, watchlist.created_ticks,
                  watchlist.created_by, watchlist.changed_ticks, watchlist.changed_by));
  TRY(writing.run("DELETE FROM watchlist_items WHERE watchlist_id = ?", watchlist.id));
  std::int64_t place = 0;
  for (auto& item : items) {
    std::int64_t changed = now;
    if (const auto same = known.find(item.json); same != known.end()) {
      item.id = same->second.id;
      changed = same->second.changed_ticks;
      known.erase(same);
    } else {
      item.id = to_string(Guid::random());
    }
    TRY(writing.run(
        "INSERT INTO watchlist_items (watchlist_id, item_id, place, search_key, item, changed_at) VALUES (?,?,?,?,?,?)",
        watchlist.id, item.id, place++, item.search_key, item.json, changed));
  }
  TRY(append_audit(writing, {.at_ticks = now,
                             .actor = actor,
                             .action = "watchlist.put",
                             .target = watchlist.alias,
                             .detail = fmt::format("{} items", items.size())}));
  TRY(writing.commit());
  return watchlist;
}

Result<WatchlistItem> Watchlists::put_item(std::string_view alias, WatchlistItem item, const Actor& actor) {
  const auto now = clock_();
  auto writing = TRY(database_.write());
  std::string id;
  TRY(writing.rows(
      "SELECT id FROM watchlists WHERE alias = ?",
      [&](const Row& row) {
        id = row.text(0);
        return false;
      },
      alias));
  if (id.empty()) return fail(ErrorKind::not_found, "there is no watchlist '{}'", alias.substr(0, 100));
  if (item.json.size() > 65'536) return fail(ErrorKind::invalid_input, "an item of a watchlist has at most 64 KiB");
  if (item.id.empty()) {
    if (TRY(writing.integer("SELECT count(*) FROM watchlist_items WHERE watchlist_id = ?", id)).value_or(0) >=
        static_cast<std::int64_t>(kMostItems))
      return fail(ErrorKind::exhausted, "a watchlist has at most {} items", kMostItems);
    item.id = to_string(Guid::random());
    const auto place =
        TRY(writing.integer("SELECT max(place) FROM watchlist_items WHERE watchlist_id = ?", id)).value_or(-1) + 1;
    TRY(writing.run(
        "INSERT INTO watchlist_items (watchlist_id, item_id, place, search_key, item, changed_at) VALUES (?,?,?,?,?,?)",
        id, item.id, place, item.search_key, item.json, now));
  } else if (TRY(writing.run("UPDATE watchlist_items SET search_key = ?, item = ?, changed_at = ? WHERE watchlist_id = "
                             "? AND item_id = ?",
                             item.search_key, item.json, now, id, item.id)) == 0) {
    return fail(ErrorKind::not_found, "the watchlist '{}' has no item {}", alias.substr(0, 100),
                item.id.substr(0, 100));
  }
  item.changed_ticks = now;
  TRY(writing.run(
      "UPDATE watchlists SET version = max(version + 1, ?1), changed_at = ?1, changed_by = ?2 WHERE id = ?3", now,
      actor.name, id));
  TRY(append_audit(writing, {.at_ticks = now,
                             .actor = actor,
                             .action = "watchlist.item",
                             .target = std::string(alias),
                             .detail = item.search_key.substr(0, 200)}));
  TRY(writing.commit());
  return item;
}

Result<> Watchlists::remove_item(std::string_view alias, std::string_view item_id, const Actor& actor) {
  const auto now = clock_();
  auto writing = TRY(database_.write());
  if (TRY(writing.run("DELETE FROM watchlist_items WHERE item_id = ?1 AND watchlist_id = (SELECT id FROM watchlists "
                      "WHERE alias = ?2)",
                      item_id, alias)) == 0)
    return fail(ErrorKind::not_found, "there is no watchlist '{}' with an item {}", alias.substr(0, 100),
                item_id.substr(0, 100));
  TRY(writing.run(
      "UPDATE watchlists SET version = max(version + 1, ?1), changed_at = ?1, changed_by = ?2 WHERE alias = ?3", now,
      actor.name, alias));
  TRY(append_audit(writing, {.at_ticks = now,
                             .actor = actor,
                             .action = "watchlist.item",
                             .target = std::string(alias),
                             .detail = "removed " + std::string(item_id)}));
  return writing.commit();
}

Result<> Watchlists::remove(std::string_view alias, const Actor& actor) {
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM watchlist_items WHERE watchlist_id = (SELECT id FROM watchlists WHERE alias = ?)",
                  alias));
  if (TRY(writing.run("DELETE FROM watchlists WHERE alias = ?", alias)) == 0)
    return fail(ErrorKind::not_found, "there is no watchlist '{}'", alias.substr(0, 100));
  TRY(append_audit(writing,
                   {.at_ticks = clock_(), .actor = actor, .action = "watchlist.delete", .target = std::string(alias)}));
  return writing.commit();
}

}  // namespace yagura::control
