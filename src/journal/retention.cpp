#include "journal/retention.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "journal/signed_text.hpp"
#include "journal/signing_key.hpp"

namespace yagura::journal {

std::string to_text(const Tombstone& tombstone) {
  return fmt::format("yagura-tombstone:1:{}:{}:{}:{}:{}:{}:{}:{}:{}:{}", to_string(tombstone.journal),
                     tombstone.first_segment, tombstone.last_segment, tombstone.first.number(), tombstone.last.number(),
                     to_hex(as_text(tombstone.chain)), tombstone.bytes.count(),
                     tombstone.deleted_at.time_since_epoch().count(), tombstone.reason,
                     to_base64url(tombstone.signature));
}

Result<Tombstone> parse_tombstone(std::string_view text) {
  text = trim(text);
  const auto wrong = [] { return fail(ErrorKind::invalid_input, "this is not a journal tombstone"); };
  const auto fields = signed_fields(text, "yagura-tombstone", 10);
  if (!fields) return wrong();
  const auto& f = *fields;
  const auto journal = Guid::parse(f[0]);
  const auto first_segment = parse_uint64(f[1]);
  const auto last_segment = parse_uint64(f[2]);
  const auto first = parse_uint64(f[3]);
  const auto last = parse_uint64(f[4]);
  const auto chain = parse_digest(f[5]);
  const auto bytes = parse_uint64(f[6]);
  const auto deleted_at = parse_int64(f[7]);
  auto signature = parse_signature(f[9]);
  if (!journal || !first_segment || !last_segment || !first || !last || !chain || !bytes || !deleted_at || !signature)
    return wrong();
  Tombstone tombstone{*journal,          *first_segment,
                      *last_segment,     Position(*first),
                      Position(*last),   *chain,
                      Bytes(*bytes),     receive_time(*deleted_at),
                      std::string(f[8]), std::move(*signature)};
  if (to_text(tombstone) != text) return wrong();
  return tombstone;
}

Tombstone sign_tombstone(const SigningKey& key, Tombstone tombstone) {
  tombstone.signature.clear();
  tombstone.signature = key.sign(signed_part(to_text(tombstone)));
  return tombstone;
}

bool signature_holds(const Tombstone& tombstone, const PublicKeys& keys) {
  return keys.check(signed_part(to_text(tombstone)), tombstone.signature);
}

}  // namespace yagura::journal
