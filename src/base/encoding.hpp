// Hex, base64 and percent-encoding. Decoders give nullopt on anything that is not the encoding.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace yagura {
std::string to_hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);     // RFC 4648 section 4, padded
std::string to_base64url(std::string_view bytes);  // section 5, without padding
std::optional<std::string> from_base64(std::string_view text);  // both alphabets, padding optional
std::string percent_encode(std::string_view text);              // RFC 3986: all but unreserved characters
// `plus_is_space`: application/x-www-form-urlencoded. A '%' without two hex digits stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_space = false);
}  // namespace yagura
