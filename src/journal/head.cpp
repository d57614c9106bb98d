#include "journal/head.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "journal/signed_text.hpp"
#include "journal/signing_key.hpp"

namespace yagura::journal {

std::string to_text(const Head& head) {
  return fmt::format("yagura-head:1:{}:{}:{}:{}:{}", to_string(head.journal), head.position.number(),
                     head.signed_at.time_since_epoch().count(), to_hex(as_text(head.chain)),
                     to_base64url(head.signature));
}

Result<Head> parse_head(std::string_view text) {
  text = trim(text);
  const auto wrong = [] {
    return fail(ErrorKind::invalid_input,
                "this is not a journal head; expected yagura-head:1:<journal>:<position>:<time>:<chain>:<signature>");
  };
  const auto fields = signed_fields(text, "yagura-head", 5);
  if (!fields) return wrong();
  const auto journal = Guid::parse((*fields)[0]);
  const auto position = parse_uint64((*fields)[1]);
  const auto signed_at = parse_int64((*fields)[2]);
  const auto chain = parse_digest((*fields)[3]);
  auto signature = parse_signature((*fields)[4]);
  if (!journal || !position || !signed_at || !chain || !signature) return wrong();
  Head head{*journal, Position(*position), *chain, receive_time(*signed_at), std::move(*signature)};
  if (to_text(head) != text) return wrong();
  return head;
}

Head sign_head(const SigningKey& key, const Guid& journal, Position position, const Sha256Digest& chain,
               ReceiveTime now) {
  Head head{journal, position, chain, now, {}};
  head.signature = key.sign(signed_part(to_text(head)));
  return head;
}

bool signature_holds(const Head& head, const PublicKeys& keys) {
  return keys.check(signed_part(to_text(head)), head.signature);
}

}  // namespace yagura::journal
