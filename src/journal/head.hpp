// The signed statement "at this time the journal ended at this position with this chain value".
//
// One line of text, so that it can be printed, mailed or kept on another machine; given to verify() later it
// proves that nothing up to that position was changed and that the tail was not cut. Values; any thread.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::journal {

class SigningKey;
class PublicKeys;

struct Head {
  Guid journal;          // which journal
  Position position;     // the last entry it speaks of; 0: none yet
  Sha256Digest chain{};  // SHA-256 chain value after that entry's block (or after the seal that follows it)
  ReceiveTime signed_at{};
  std::string signature;  // Ed25519, 64 bytes, over the text before it

  bool operator==(const Head&) const = default;
};

// "yagura-head:1:<journal>:<position>:<time in ticks>:<chain, hex>:<signature, base64url>"
std::string to_text(const Head& head);
// The reverse; surrounding blanks are allowed. Says nothing about the signature's truth.
Result<Head> parse_head(std::string_view text);

Head sign_head(const SigningKey& key, const Guid& journal, Position position, const Sha256Digest& chain,
               ReceiveTime now);
// The newest head that the Writer has left in the journal's folder, to print and anchor; nullopt when there is none.
// Errors: unreadable, or not a head.
Result<std::optional<Head>> read_head_file(const std::filesystem::path& folder);
bool signature_holds(const Head& head, const PublicKeys& keys);

}  // namespace yagura::journal
