// Watchlists in the store and in queries: rows of the table Watchlist, and the functions that read them.
//
// _GetWatchlist('alias') has the columns of that watchlist's file, as text, behind _DTItemId, LastUpdatedTimeUTC,
// SearchKey and WatchlistItem; the binder finds the function for a constant alias under the name
// "_GetWatchlist('alias')". An alias that nobody knows gives no rows. Free functions, any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "event/table_batch.hpp"
#include "kql/catalog.hpp"

namespace yagura::query {

struct WatchlistRow {
  std::string id, search_key, json;
  std::int64_t changed_ticks = 0;
};

struct WatchlistData {
  std::string id, alias, name, provider, source, search_key;
  std::vector<std::string> columns;
  std::int64_t version = 0;
  std::int64_t created_ticks = 0, changed_ticks = 0;
  std::string created_by, changed_by;
};

// Names these rows of this watchlist in the store. Changes with its version, and every twelve days, before retention
// takes the rows away: as in Sentinel, which writes them anew in that rhythm.
std::string watchlist_stamp(const WatchlistData& watchlist, std::int64_t now_ticks);
// Rows for the table Watchlist, `schema`.
event::TableBatch watchlist_rows(const event::TableSchema& schema, const WatchlistData& watchlist,
                                 const std::vector<WatchlistRow>& items, std::int64_t now_ticks);
// _GetWatchlist, _GetWatchlistRaw, _GetWatchlistAlias, for all aliases.
std::vector<kql::StoredFunction> watchlist_functions(const std::vector<WatchlistData>& watchlists,
                                                     std::int64_t now_ticks);

}  // namespace yagura::query
