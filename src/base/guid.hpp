// A 128-bit identifier in RFC 4122 text form.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yagura {

struct Guid {
  std::uint64_t high = 0;  // the first 8 bytes of the text form, big-endian
  std::uint64_t low = 0;
  auto operator<=>(const Guid&) const = default;

  static Guid random();  // version 4, from the system's random source
  // 8-4-4-4-12, also in braces or without dashes, any case.
  static std::optional<Guid> parse(std::string_view text);
};

std::string to_string(const Guid& guid);  // lower case, with dashes
void append_guid(std::string& out, const Guid& guid);

}  // namespace yagura
