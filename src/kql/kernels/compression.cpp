// Kernels of gzip and zlib in base64.
#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

constexpr std::size_t kMaxText = 16 << 20;  // what is longer unpacked gives the empty text
constexpr int kGzip = 15 + 16;              // zlib's window bits: its own format, or gzip's
constexpr int kZlib = 15;

std::string unpack(std::string_view text, int format) {
  const auto bytes = from_base64(text);
  z_stream stream{};
  if (!bytes || inflateInit2(&stream, format) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes->data()));
  stream.avail_in = static_cast<uInt>(bytes->size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kMaxText) {
    const auto before = out.size();
    out.resize(before + std::clamp<std::size_t>(before, 4096, 1 << 20));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() == before && state == Z_OK) break;  // cut short
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && out.size() <= kMaxText && utf8::valid(out) ? out : std::string();
}

// Bytes of the format at a level of compression; empty when zlib fails.
std::string deflated(std::string_view text, int format, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return done ? out : std::string();
}

// What does not get smaller is stored. As in the documentation's examples, gzip's header tells no system and no level.
std::string pack(std::string_view text, int format) {
  const std::size_t around = format == kGzip ? 18 : 6;  // header and checksum
  auto bytes = deflated(text, format, Z_DEFAULT_COMPRESSION);
  if (bytes.size() >= text.size() + around) bytes = deflated(text, format, Z_NO_COMPRESSION);
  if (format == kGzip && bytes.size() > around) bytes[8] = '\0', bytes[9] = '\xFF';
  return to_base64(bytes);
}

constexpr Kernel kKernels[] = {
    {"gzip_decompress_from_base64_string", kernel_rows<[](std::string_view text) { return unpack(text, kGzip); }>},
    {"zlib_decompress_from_base64_string", kernel_rows<[](std::string_view text) { return unpack(text, kZlib); }>},
    {"gzip_compress_to_base64_string", kernel_rows<[](std::string_view text) { return pack(text, kGzip); }>},
    {"zlib_compress_to_base64_string", kernel_rows<[](std::string_view text) { return pack(text, kZlib); }>},
};

}  // namespace

std::span<const Kernel> compression_kernels() { return kKernels; }

}  // namespace yagura::kql
