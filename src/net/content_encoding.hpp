// Content-Encoding of HTTP bodies: gzip, deflate and zstd undone and done (RFC 9110 section 8.4.1, RFC 8878).
//
// Stateless; any thread. Output is bounded while it is made: a bomb costs at most `limit` bytes of memory.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura::net {

// "", "identity", "gzip", "x-gzip", "deflate" (zlib or raw), "zstd", "x-zstd"; any letter case. Errors: not_supported
// for another word, exhausted when the content is larger than `limit`, invalid_input when the bytes are not that
// encoding or are cut short.
Result<std::string> decode_content(std::string_view encoding, std::string_view body, Bytes limit);

bool is_identity_encoding(std::string_view encoding);

// For clients that send much, and for tests.
Result<std::string> encode_gzip(std::string_view body, int level = 1);
Result<std::string> encode_zstd(std::string_view body, int level = 1);

}  // namespace yagura::net
