// Watchlists: upload as CSV, look at, change an item, remove.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "query/watchlist_file.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;

constexpr std::string_view kWatchlistSchema =
    R"({"type":"object","properties":{"alias":{"type":"string"},"name":{"type":"string"},"description":{"type":"string"},"search_key":{"type":"string"},)"
    R"("columns":{"type":"array","items":{"type":"string"}},"items":{"type":"integer"},"changed":{"type":"string"}}})";

void write_watchlist(JsonWriter& writer, const control::Watchlist& watchlist) {
  writer.begin_object();
  writer.key("id").text(watchlist.id).key("alias").text(watchlist.alias).key("name").text(watchlist.name);
  writer.key("description")
      .text(watchlist.description)
      .key("provider")
      .text(watchlist.provider)
      .key("source")
      .text(watchlist.source);
  writer.key("search_key").text(watchlist.search_key).key("columns").begin_array();
  for (const auto& column : watchlist.columns) writer.text(column);
  writer.end_array();
  writer.key("items").number(watchlist.item_count);
  writer.key("created").text(format_datetime(watchlist.created_ticks)).key("created_by").text(watchlist.created_by);
  writer.key("changed").text(format_datetime(watchlist.changed_ticks)).key("changed_by").text(watchlist.changed_by);
  writer.end_object();
}

Result<control::Watchlist> find(Context& context, const Exchange& exchange) {
  const auto alias = exchange.parameter("alias");
  auto watchlist = TRY(context.control().watchlists().find(alias));
  if (watchlist) return *std::move(watchlist);
  const auto all = TRY(context.control().watchlists().list());
  std::vector<std::string_view> known;
  for (const auto& other : all) known.push_back(other.alias);
  return fail(ErrorKind::not_found, "there is no watchlist '{}'{}", alias.substr(0, 100), did_you_mean(alias, known));
}

Result<> changed(Context& context) {
  return context.services.functions_changed ? context.services.functions_changed() : Result<>();
}

Answer list(Context& context, Exchange&) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("watchlists").begin_array();
  for (const auto& watchlist : TRY(context.control().watchlists().list())) write_watchlist(writer, watchlist);
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer get(Context& context, Exchange& exchange) {
  std::string out;
  JsonWriter writer(out);
  write_watchlist(writer, TRY(find(context, exchange)));
  return net::json_response(200, std::move(out));
}

Answer put(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "description", "provider", "source", "search_key", "csv", "skip_lines"}));
  control::Watchlist watchlist;
  watchlist.alias = exchange.parameter("alias");
  watchlist.name = TRY(optional_text(body, "name")).value_or("");
  watchlist.description = TRY(optional_text(body, "description")).value_or("");
  watchlist.provider = TRY(optional_text(body, "provider")).value_or("");
  watchlist.source = TRY(optional_text(body, "source")).value_or("");
  watchlist.search_key = TRY(required_text(body, "search_key"));
  const std::string csv = TRY(required_text(body, "csv"));
  const auto skip = TRY(optional_integer(body, "skip_lines")).value_or(0);
  if (skip < 0 || skip > 100) return fail(ErrorKind::invalid_input, "'skip_lines' must be 0 to 100");
  auto file =
      TRY(query::parse_watchlist_csv(csv, watchlist.search_key, static_cast<std::size_t>(skip)), "reading 'csv'");
  watchlist.columns = std::move(file.columns);
  std::vector<control::WatchlistItem> items;
  items.reserve(file.rows.size());
  for (auto& row : file.rows) items.push_back({"", std::move(row.search_key), std::move(row.json), 0});
  TRY(context.control().watchlists().put(std::move(watchlist), std::move(items), exchange.caller.actor));
  TRY(changed(context));
  return get(context, exchange);
}

Answer remove(Context& context, Exchange& exchange) {
  TRY(find(context, exchange));
  TRY(context.control().watchlists().remove(exchange.parameter("alias"), exchange.caller.actor));
  TRY(changed(context));
  return no_content();
}

Answer list_items(Context& context, Exchange& exchange) {
  TRY(find(context, exchange));
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("items").begin_array();
  for (const auto& item : TRY(context.control().watchlists().items(exchange.parameter("alias"))))
    writer.begin_object()
        .key("id")
        .text(item.id)
        .key("search_key")
        .text(item.search_key)
        .key("changed")
        .text(format_datetime(item.changed_ticks))
        .key("item")
        .raw(item.json)
        .end_object();
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

// {"item":{"column":"value",...}}; columns that are left out are empty.
Answer put_item(Context& context, Exchange& exchange, bool is_new) {
  const auto watchlist = TRY(find(context, exchange));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"item"}));
  const auto* given = body.if_contains("item");
  if (given == nullptr || !given->is_object())
    return fail(ErrorKind::invalid_input, "'item' must be an object with the watchlist's columns");
  std::vector<std::string> values(watchlist.columns.size());
  for (const auto& [key, value] : given->get_object()) {
    const std::string_view name(key.data(), key.size());
    const auto at = std::ranges::find(watchlist.columns, name);
    if (at == watchlist.columns.end()) {
      const std::vector<std::string_view> known(watchlist.columns.begin(), watchlist.columns.end());
      return fail(ErrorKind::invalid_input, "the watchlist has no column '{}'{}", name.substr(0, 100),
                  did_you_mean(name, known));
    }
    if (value.is_structured()) return fail(ErrorKind::invalid_input, "'{}' must be a text", name);
    values[static_cast<std::size_t>(at - watchlist.columns.begin())] = value.is_string()
                                                                           ? std::string(value.get_string())
                                                                       : value.is_null() ? ""
                                                                                         : json::serialize(value);
  }
  const auto key_at =
      static_cast<std::size_t>(std::ranges::find(watchlist.columns, watchlist.search_key) - watchlist.columns.begin());
  control::WatchlistItem item{.id = is_new ? "" : std::string(exchange.parameter("id")),
                              .search_key = values[key_at],
                              .json = query::watchlist_item_json(watchlist.columns, values)};
  item = TRY(context.control().watchlists().put_item(watchlist.alias, std::move(item), exchange.caller.actor));
  TRY(changed(context));
  std::string out;
  JsonWriter writer(out);
  writer.begin_object()
      .key("id")
      .text(item.id)
      .key("search_key")
      .text(item.search_key)
      .key("item")
      .raw(item.json)
      .end_object();
  return net::json_response(is_new ? 201 : 200, std::move(out));
}

Answer remove_item(Context& context, Exchange& exchange) {
  TRY(context.control().watchlists().remove_item(exchange.parameter("alias"), exchange.parameter("id"),
                                                 exchange.caller.actor));
  TRY(changed(context));
  return no_content();
}

constexpr std::string_view kItem =
    R"({"type":"object","properties":{"id":{"type":"string"},"search_key":{"type":"string"},"item":{"type":"object"}}})";
constexpr std::string_view kItemBody =
    R"({"type":"object","required":["item"],"properties":{"item":{"type":"object"}}})";

}  // namespace

void add_watchlist_routes(Router& router, Context& context) {
  const Access read = Access::with(control::Permission::query), write = Access::with(control::Permission::edit_tables);
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/watchlists",
       .access = read,
       .summary = "All watchlists",
       .tag = "watchlists",
       .answer_schema = R"({"type":"object","properties":{"watchlists":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list(context, exchange); })});
  router.add({.method = "GET",
              .pattern = "/api/v1/watchlists/{alias}",
              .access = read,
              .summary = "One watchlist",
              .tag = "watchlists",
              .answer_schema = kWatchlistSchema,
              .handler = answering([&context](Exchange& exchange) { return get(context, exchange); })});
  router.add(
      {.method = "PUT",
       .pattern = "/api/v1/watchlists/{alias}",
       .access = write,
       .summary = "Make or replace a watchlist from CSV with a header line",
       .tag = "watchlists",
       .body_schema =
           R"({"type":"object","required":["search_key","csv"],"properties":{"name":{"type":"string"},"description":{"type":"string"},"provider":{"type":"string"},"source":{"type":"string"},"search_key":{"type":"string"},"csv":{"type":"string"},"skip_lines":{"type":"integer"}}})",
       .answer_schema = kWatchlistSchema,
       .handler = answering([&context](Exchange& exchange) { return put(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/watchlists/{alias}",
              .access = write,
              .summary = "Remove a watchlist",
              .tag = "watchlists",
              .handler = answering([&context](Exchange& exchange) { return remove(context, exchange); })});
  router.add({.method = "GET",
              .pattern = "/api/v1/watchlists/{alias}/items",
              .access = read,
              .summary = "The items of a watchlist",
              .tag = "watchlists",
              .answer_schema = R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange& exchange) { return list_items(context, exchange); })});
  router.add({.method = "POST",
              .pattern = "/api/v1/watchlists/{alias}/items",
              .access = write,
              .summary = "Add an item",
              .tag = "watchlists",
              .body_schema = kItemBody,
              .answer_schema = kItem,
              .handler = answering([&context](Exchange& exchange) { return put_item(context, exchange, true); }),
              .made = "201"});
  router.add({.method = "PUT",
              .pattern = "/api/v1/watchlists/{alias}/items/{id}",
              .access = write,
              .summary = "Change an item",
              .tag = "watchlists",
              .body_schema = kItemBody,
              .answer_schema = kItem,
              .handler = answering([&context](Exchange& exchange) { return put_item(context, exchange, false); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/watchlists/{alias}/items/{id}",
              .access = write,
              .summary = "Remove an item",
              .tag = "watchlists",
              .handler = answering([&context](Exchange& exchange) { return remove_item(context, exchange); })});
}

}  // namespace yagura::serve
