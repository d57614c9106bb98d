// Lines of colon-separated fields whose last field is a signature over what stands before it: heads, tombstones.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace yagura::journal {

// The fields of "<kind>:1:a:b:...", without the first two; nullopt when the kind, version or number of fields differ.
inline std::optional<std::vector<std::string_view>> signed_fields(std::string_view line, std::string_view kind,
                                                                  std::size_t count) {
  if (line.size() > 4096) return std::nullopt;
  auto fields = split(line, ':');
  if (fields.size() != count + 2 || fields[0] != kind || fields[1] != "1") return std::nullopt;
  fields.erase(fields.begin(), fields.begin() + 2);
  return fields;
}

// What the signature is over.
inline std::string_view signed_part(std::string_view line) { return line.substr(0, line.rfind(':')); }

inline std::optional<Sha256Digest> parse_digest(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Sha256Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

inline std::optional<std::string> parse_signature(std::string_view base64url) {
  auto bytes = from_base64(base64url);
  // One text for one signature: a head that was edited in its spelling is not the head that was printed.
  if (!bytes || bytes->size() != 64 || to_base64url(*bytes) != base64url) return std::nullopt;
  return bytes;
}

}  // namespace yagura::journal
