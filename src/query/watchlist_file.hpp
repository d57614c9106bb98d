// A watchlist's CSV: header and rows, as Sentinel takes them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "query/watchlists.hpp"

namespace yagura::query {

struct WatchlistFile {
  std::vector<std::string> columns;
  std::vector<WatchlistRow> rows;  // ids empty
};

// `skip_lines` before the header. Errors name the line. At most 200,000 rows.
Result<WatchlistFile> parse_watchlist_csv(std::string_view text, std::string_view search_key,
                                          std::size_t skip_lines = 0);
// {"column":"value",...} of one row.
std::string watchlist_item_json(const std::vector<std::string>& columns, const std::vector<std::string>& values);

}  // namespace yagura::query
