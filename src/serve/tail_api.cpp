// The live tail as server-sent events (HTML Standard, section 9.2):
//   event: rows     data: [{"table":"Syslog","row":{...}}, ...]
//   event: skipped  data: {"rows": 123}      rows that matched, or were not looked at, and are not shown
//   event: end      data: {"reason":"..."}   the client should not come back by itself
#include "base/text.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr auto kHeartbeat = std::chrono::seconds(10);
constexpr auto kRecheck = std::chrono::seconds(60);

Answer tail(Context& context, Exchange& exchange) {
  if (context.services.tail == nullptr) return fail(ErrorKind::unavailable, "this server has no live tail");
  TailFilter filter{.table = exchange.request.query_parameter("table"), .words = {}};
  if (!filter.table.empty() && context.services.schemas()->find(filter.table) == nullptr)
    return fail(ErrorKind::not_found, "there is no table '{}'", filter.table.substr(0, 100));
  const std::string words = exchange.request.query_parameter("text");
  if (words.size() > 1024) return fail(ErrorKind::invalid_input, "'text' has more than 1,024 bytes");
  for (const std::string_view word : split(words, ' '))
    if (!trim(word).empty()) filter.words.emplace_back(trim(word));
  const auto watch = TRY(context.services.tail->watch(std::move(filter)));
  context.control().audit().record({.actor = exchange.caller.actor,
                                    .action = "tail",
                                    .target = exchange.request.query_parameter("table"),
                                    .detail = words});

  net::HttpResponse head{.status = 200, .headers = {}, .body = {}};
  head.set("Content-Type", "text/event-stream; charset=utf-8");
  head.set("X-Accel-Buffering", "no");
  add_security_headers(head, context.options);
  TRY(exchange.stream.start(head));
  std::string piece = ": watching\n\n";
  auto last_written = std::chrono::steady_clock::now();
  auto last_checked = last_written;
  while (true) {
    if (!piece.empty()) {
      if (!exchange.stream.write(piece)) break;
      last_written = std::chrono::steady_clock::now();
      piece.clear();
    }
    const auto taken = watch->take(std::chrono::milliseconds(500));
    const auto now = std::chrono::steady_clock::now();
    if (!taken.rows.empty()) {
      piece += "event: rows\ndata: [";
      for (std::size_t i = 0; i < taken.rows.size(); ++i) {
        if (i != 0) piece += ',';
        piece += *taken.rows[i];
      }
      piece += "]\n\n";
    }
    if (taken.skipped != 0)
      fmt::format_to(std::back_inserter(piece), "event: skipped\ndata: {{\"rows\":{}}}\n\n", taken.skipped);
    if (taken.closed || context.stopping) {
      (void)exchange.stream.write(piece + "event: end\ndata: {\"reason\":\"the server is stopping\"}\n\n");
      break;
    }
    // A watch outlives neither the session nor the right to look.
    if (now - last_checked > kRecheck) {
      last_checked = now;
      const auto caller = identify(exchange.request, context.control(), exchange.secure_cookies);
      if (!caller || !caller->may(control::Permission::query)) {
        (void)exchange.stream.write(piece + "event: end\ndata: {\"reason\":\"signed out\"}\n\n");
        break;
      }
    }
    if (piece.empty()) {
      if (exchange.stream.peer_gone()) break;
      if (now - last_written > kHeartbeat) piece = ": still here\n\n";
    }
  }
  return std::optional<net::HttpResponse>();
}

}  // namespace

void add_tail_routes(Router& router, Context& context) {
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/tail",
       .access = Access::with(control::Permission::query),
       .summary = "New rows as server-sent events; query parameters table and text (words that must be in the row)",
       .tag = "query",
       .handler = answering([&context](Exchange& exchange) { return tail(context, exchange); })});
}

}  // namespace yagura::serve
