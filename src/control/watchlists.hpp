// Watchlists as Sentinel has them: a table that people upload (CSV), with one column to search by.
//
// Any thread; every change is in the audit log. This is the truth; the store's table Watchlist is made from it
// (query/watchlists.hpp), again whenever `version` has grown.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct WatchlistItem {
  std::string id;          // GUID; "" when it is to be made
  std::string search_key;  // the value of the watchlist's search key column
  std::string json;        // {"column": "value", ...}: all values are text
  std::int64_t changed_ticks = 0;
};

struct Watchlist {
  std::string id;     // GUID
  std::string alias;  // what queries call it: letters, digits, _ and -
  std::string name, description, provider, source;
  std::string search_key;            // a column
  std::vector<std::string> columns;  // in the file's order
  std::int64_t version = 0;          // grows with every change of its items
  std::int64_t created_ticks = 0, changed_ticks = 0;
  std::string created_by, changed_by;
  std::int64_t item_count = 0;
};

class Watchlists {
 public:
  using Clock = std::function<std::int64_t()>;
  Watchlists(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  Result<std::vector<Watchlist>> list();
  Result<std::optional<Watchlist>> find(std::string_view alias);
  // Another text after any change of a watchlist or its items. Cheap: no items are read.
  Result<std::string> version();
  Result<std::vector<WatchlistItem>> items(std::string_view alias);
  // Makes it or replaces it, items included; an item that is equal to one that was there keeps its id. At most 1,000
  // watchlists of 200,000 items. id, version, times and counts of `watchlist` are filled in here.
  Result<Watchlist> put(Watchlist watchlist, std::vector<WatchlistItem> items, const Actor& actor);
  // One item more, or another content for the one of this id. Its JSON has the watchlist's columns.
  Result<WatchlistItem> put_item(std::string_view alias, WatchlistItem item, const Actor& actor);
  Result<> remove_item(std::string_view alias, std::string_view item_id, const Actor& actor);
  Result<> remove(std::string_view alias, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
