// Kernels of base64, URLs and hashes.
#include "base/encoding.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/xxhash64.hpp"
#include "kql/literal_text.hpp"

namespace yagura::kql {
namespace {

// Text that is no base64, or whose bytes are no UTF-8, gives the empty string.
std::string decode_text(std::string_view text) {
  auto bytes = from_base64(text);
  return bytes && utf8::valid(*bytes) ? std::move(*bytes) : std::string();
}

std::optional<Json> decode_array(Arena& arena, std::string_view text) {
  // Padded, and of the standard letters, as .NET reads it.
  if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  const auto bytes = from_base64(text);
  if (!bytes || bytes->empty()) return std::nullopt;
  std::string out = "[";
  for (const char c : *bytes) {
    if (out.size() > 1) out += ',';
    out += std::to_string(static_cast<unsigned char>(c));
  }
  return Json{arena.copy(out + ']')};
}

std::string encode_array(Json array) {
  std::string bytes;
  bool whole = json::is_array(array.text);
  if (whole) {
    json::for_each_element(array.text, [&](std::string_view item) {
      const auto value = parse_long_text(item);
      if (!value || *value < 0 || *value > 255) {
        whole = false;
      } else {
        bytes += static_cast<char>(*value);
      }
    });
  }
  return whole ? to_base64(bytes) : std::string();
}

// A guid's first three groups lie little-endian in its 16 bytes.
constexpr std::array<std::size_t, 16> kGuidOrder = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
std::string guid_bytes(const Guid& guid) {
  std::string bytes(16, '\0');
  for (std::size_t i = 0; i < 16; ++i) {
    const auto half = i < 8 ? guid.high : guid.low;
    bytes[i] = static_cast<char>(half >> (56 - 8 * (i % 8)));
  }
  return bytes;
}
std::optional<Guid> decode_guid(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != 16) return std::nullopt;
  Guid guid;
  for (std::size_t i = 0; i < 16; ++i) {
    auto& half = i < 8 ? guid.high : guid.low;
    half = half << 8 | static_cast<unsigned char>((*bytes)[kGuidOrder[i]]);
  }
  return guid;
}
std::string encode_guid(Guid guid) {
  const auto bytes = guid_bytes(guid);
  std::string out;
  for (const auto i : kGuidOrder) out += bytes[i];
  return to_base64(out);
}

// As .NET writes it: '+' for a blank, lower-case hexadecimal.
std::string url_encode(std::string_view text, std::string_view blank = "+") {
  std::string out;
  for (const char c : text) {
    if (is_ascii_alpha(c) || is_ascii_digit(c) || std::string_view("_.!*()-").find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += blank;
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string digest(const EVP_MD* method, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, method, nullptr) != 1) return {};
  return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

// What Kusto hashes: the text of a string, the little-endian bytes of a number.
std::uint64_t hash_of(const Operand& value, std::size_t row, Arena& arena) {
  const auto of_integer = [](std::int64_t number) {
    char bytes[8];
    std::memcpy(bytes, &number, 8);
    return xxhash64({bytes, 8});
  };
  switch (value.type()) {
    case Type::int32:
    case Type::int64:
    case Type::timespan: return of_integer(value.integer(row));
    case Type::datetime: return of_integer(value.integer(row) + kTicksOf1970);
    case Type::real: return of_integer(std::bit_cast<std::int64_t>(value.real(row)));
    case Type::boolean: return xxhash64(value.boolean(row) ? "true" : "false");
    default: return xxhash64(text_of(value, row, arena));
  }
}

void hash(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto value = static_cast<std::int64_t>(hash_of(call[0], row, call.arena));
    if (call.size() == 1) {
      call.put(value);
      continue;
    }
    const auto modulus = call[1].integer(row);
    if (modulus == 0) {
      call.put_null();
    } else if (modulus == -1) {
      call.put(std::int64_t{0});
    } else {
      const auto rest = value % modulus;
      call.put(rest < 0 ? -rest : rest);
    }
  }
}

// hash_many(a, b) is hash_combine(hash(a), hash(b)).
std::uint64_t with_hash(std::uint64_t combined, std::uint64_t hash) { return combined ^ (hash + 0x9E3779B9 + (combined << 6) + (combined >> 2)); }

void hash_many(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    std::uint64_t combined = 0;
    for (std::size_t i = 0; i < call.size(); ++i) combined = with_hash(combined, static_cast<std::uint64_t>(hash_of(call[i], row, call.arena)));
    call.put(static_cast<std::int64_t>(combined));
  }
}

void hash_combine(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    std::uint64_t combined = 0;
    for (std::size_t i = 0; i < call.size(); ++i) {
      combined = with_hash(combined, static_cast<std::uint64_t>(call[i].integer(row)));
    }
    call.put(static_cast<std::int64_t>(combined));
  }
}

constexpr Kernel kKernels[] = {
    {"base64_encode_tostring", kernel_rows<[](std::string_view text) { return to_base64(text); }>},
    {"base64_decode_tostring", kernel_rows<[](std::string_view text) { return decode_text(text); }>},
    {"base64_decode_toarray",
     kernel_rows<[](Arena& arena, std::string_view text) { return decode_array(arena, text); }>},
    {"base64_decode_toguid", kernel_rows<[](std::string_view text) { return decode_guid(text); }>},
    {"base64_encode_fromguid", kernel_rows<[](Guid guid) { return encode_guid(guid); }>},
    {"base64_encode_fromarray", kernel_rows<[](Json array) { return encode_array(array); }>},
    {"url_encode", kernel_rows<[](std::string_view text) { return url_encode(text); }>},
    {"url_encode_component", kernel_rows<[](std::string_view text) { return url_encode(text, "%20"); }>},
    {"url_decode", kernel_rows<[](std::string_view text) { return percent_decode(text, true); }>},
    {"hash", hash},
    {"hash_xxhash64", hash},
    {"hash_many", hash_many},
    {"hash_combine", hash_combine},
    {"hash_md5", kernel_rows<[](std::string_view text) { return digest(EVP_md5(), text); }>},
    {"hash_sha1", kernel_rows<[](std::string_view text) { return digest(EVP_sha1(), text); }>},
    {"hash_sha256", kernel_rows<[](std::string_view text) { return digest(EVP_sha256(), text); }>},
};

}  // namespace

std::span<const Kernel> encoding_kernels() { return kKernels; }

}  // namespace yagura::kql
