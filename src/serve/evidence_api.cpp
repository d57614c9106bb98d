// The raw bytes of an event with the proof that they are unchanged.
#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "journal/evidence.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr std::size_t kMostShown = 1 << 20;  // of the bytes, in the answer; `size` and `sha256` speak of all of them

Answer show_evidence(Context& context, Exchange& exchange) {
  const auto& folder = context.options.journal;
  if (folder.empty()) return fail(ErrorKind::not_supported, "this server keeps no journal");
  const std::string id(exchange.parameter("id"));
  auto proof = journal::prove_entry(folder, id);
  context.control().audit().record({.actor = exchange.caller.actor,
                                    .action = "evidence.show",
                                    .target = id.substr(0, 100),
                                    .outcome = proof ? "ok" : proof.error().message()});
  if (!proof) return std::unexpected(std::move(proof.error()));
  const journal::Entry& entry = *proof->found.entry;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("itemId").text(to_string(journal::item_id_of(entry)));
  json.key("position").number(entry.position.number());
  json.key("source").text(entry.source());
  json.key("peer").text(entry.peer());
  json.key("format").text(entry.hint());
  json.key("receivedAt").text(format_datetime(entry.received_at.time_since_epoch().count()));
  json.key("size").number(static_cast<std::uint64_t>(entry.payload.size()));
  json.key("sha256").text(to_hex(as_text(proof->payload_digest)));
  json.key("base64").text(to_base64(entry.payload.substr(0, kMostShown)));
  json.key("proven").boolean(proof->proven());
  json.key("chainHolds").boolean(proof->chain_holds);
  json.key("verdict").text(journal::to_text(*proof));
  if (proof->chain_holds) json.key("chain").text(to_hex(as_text(proof->chain)));
  if (proof->signed_by) json.key("head").text(to_text(*proof->signed_by));
  json.end_object();
  return net::json_response(200, std::move(out));
}

}  // namespace

void add_evidence_routes(Router& router, Context& context) {
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/evidence/{id}",
       .access = Access::with(control::Permission::query),
       .summary = "An event as it was received, by _ItemId or journal position, and whether it is proven unchanged",
       .tag = "evidence",
       .answer_schema =
           R"({"type":"object","properties":{"base64":{"type":"string"},"sha256":{"type":"string"},"proven":{"type":"boolean"},"verdict":{"type":"string"}}})",
       .handler = answering([&context](Exchange& exchange) { return show_evidence(context, exchange); })});
}

}  // namespace yagura::serve
