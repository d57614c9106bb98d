#include "query/watchlists.hpp"

#include <algorithm>
#include <array>

#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "query/store_catalog.hpp"

namespace yagura::query {

namespace {

constexpr std::int64_t kTicksPerDay = 864'000'000'000;
constexpr std::array<std::string_view, 4> kBase{"_DTItemId", "LastUpdatedTimeUTC", "SearchKey", "WatchlistItem"};

std::string kql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + "'";
}

std::string person(std::string_view name) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").text(name).end_object();
  return out;
}

}  // namespace

std::string watchlist_stamp(const WatchlistData& watchlist, std::int64_t now_ticks) {
  return fmt::format("{}/{}/{}", watchlist.id, watchlist.version, now_ticks / (12 * kTicksPerDay));
}

event::TableBatch watchlist_rows(const event::TableSchema& schema, const WatchlistData& watchlist,
                                 const std::vector<WatchlistRow>& items, std::int64_t now_ticks) {
  event::TableBatch batch(schema);
  Arena& arena = batch.arena();
  const auto text = [&](std::string_view column, std::string_view value) {
    if (const auto at = batch.find(column)) batch.column(*at).append_text(arena.copy(value));
  };
  const auto time = [&](std::string_view column, std::int64_t ticks) {
    if (const auto at = batch.find(column)) batch.column(*at).append_int64(ticks);
  };
  const std::string stamp = watchlist_stamp(watchlist, now_ticks), created_by = person(watchlist.created_by),
                    updated_by = person(watchlist.changed_by);
  for (const auto& item : items) {
    time("TimeGenerated", now_ticks);
    time("_TimeReceived", now_ticks);
    time("_TimeIngested", now_ticks);
    text("WatchlistId", watchlist.id);
    text("WatchlistItemId", item.id);
    text("WatchlistName", watchlist.name);
    text("WatchlistAlias", watchlist.alias);
    text("Source", watchlist.source);
    text("Provider", watchlist.provider);
    text("CreatedBy", created_by);
    text("UpdatedBy", updated_by);
    time("CreatedTimeUTC", watchlist.created_ticks);
    time("LastUpdatedTimeUTC", item.changed_ticks);
    text("WatchlistItem", item.json);
    text("CorrelationId", stamp);
    text("SearchKey", item.search_key);
    time("_DTTimestamp", now_ticks);
    text("_DTItemId", item.id);
    text("_DTItemType", "watchlist-item");
    text("_DTItemStatus", "Create");
    text("SourceSystem", "Watchlist");
    if (const auto at = batch.find("_ItemId")) batch.column(*at).append_guid(Guid::random());
    if (const auto at = batch.find("_Position")) batch.column(*at).append_int64(0);
    for (std::size_t i = 0; i < batch.column_count(); ++i)
      batch.column(i).pad(batch.find("WatchlistItem") ? batch.column(*batch.find("WatchlistItem")).size() : 0);
  }
  return batch;
}

std::vector<kql::StoredFunction> watchlist_functions(const std::vector<WatchlistData>& watchlists,
                                                     std::int64_t now_ticks) {
  std::vector<kql::StoredFunction> out;
  const auto add = [&](std::string name, std::string parameters, std::string body, std::string_view about) {
    kql::StoredFunction function;
    function.name = std::move(name);
    function.parameters = std::move(parameters);
    function.body = std::move(body);
    function.folder = "Watchlists";
    function.docstring = about;
    out.push_back(std::move(function));
  };
  constexpr std::string_view about = "The items of a watchlist";
  constexpr std::string_view nothing =
      "{ datatable(_DTItemId:string, LastUpdatedTimeUTC:datetime, SearchKey:string, WatchlistItem:dynamic)[] }";
  for (const std::string_view name : {"_GetWatchlist", "_GetWatchlistRaw"})
    add(std::string(name), "(watchlistAlias:string, keys:dynamic=dynamic([]))", std::string(nothing), about);
  std::string aliases;
  for (const auto& watchlist : watchlists) {
    aliases += (aliases.empty() ? "" : ", ") + kql_text(watchlist.alias);
    std::string body = fmt::format(
        "{{ {} | where CorrelationId == {} | where array_length(keys) == 0 or isnull(array_length(keys)) or SearchKey "
        "in (keys)\n| project ",
        StoreCatalog::kWatchlistItems, kql_text(watchlist_stamp(watchlist, now_ticks)));
    for (std::size_t i = 0; i < kBase.size(); ++i) body += (i == 0 ? "" : ", ") + std::string(kBase[i]);
    const std::string raw = body + " }";
    for (const auto& column : watchlist.columns) {
      if (std::ranges::find(kBase, column) != kBase.end()) continue;
      body += fmt::format(", [{0}] = tostring(WatchlistItem[{0}])", kql_text(column));
    }
    body += " }";
    add(fmt::format("_GetWatchlist('{}')", watchlist.alias), "(watchlistAlias:string, keys:dynamic=dynamic([]))", body,
        about);
    add(fmt::format("_GetWatchlistRaw('{}')", watchlist.alias), "(watchlistAlias:string, keys:dynamic=dynamic([]))",
        raw, about);
  }
  add("_GetWatchlistAlias", "()", "{ datatable(WatchlistAlias:string)[" + aliases + "] }",
      "The aliases of all watchlists");
  return out;
}

}  // namespace yagura::query
