#include "net/content_encoding.hpp"

#include <zstd.h>

#include <zlib.h>

#include "base/text.hpp"

namespace yagura::net {

namespace {

// Grows by doubling, never past the limit plus one byte (which is how we see that it is too much).
std::size_t next_size(std::size_t current, std::size_t input, std::uint64_t limit) {
  const std::uint64_t wanted = current == 0 ? std::max<std::uint64_t>(input * 4, 16 << 10) : current * 2ULL;
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, limit + 1));
}

std::unexpected<Error> too_large(Bytes limit) {
  return fail(ErrorKind::exhausted, "the decompressed body is larger than {}", yagura::to_string(limit));
}

// window_bits: 15 zlib, -15 raw, 31 gzip (zlib.h, inflateInit2).
Result<std::string> inflate_body(std::string_view body, int window_bits, Bytes limit) {
  z_stream stream{};
  if (::inflateInit2(&stream, window_bits) != Z_OK) return fail(ErrorKind::exhausted, "no memory to decompress");
  struct End {
    z_stream* stream;
    ~End() { ::inflateEnd(stream); }
  } const end{&stream};
  std::string out;
  std::size_t filled = 0;
  std::size_t read = 0;
  while (true) {
    if (filled > limit.count()) return too_large(limit);
    if (filled == out.size())
      out.resize_and_overwrite(next_size(out.size(), body.size(), limit.count()),
                               [](char*, std::size_t n) { return n; });
    constexpr std::size_t kMost = 1U << 30;  // zlib counts in 32 bits
    const std::size_t in_piece = std::min(body.size() - read, kMost);
    const std::size_t out_piece = std::min(out.size() - filled, kMost);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data() + read));
    stream.avail_in = static_cast<uInt>(in_piece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    stream.avail_out = static_cast<uInt>(out_piece);
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    read += in_piece - stream.avail_in;
    filled += out_piece - stream.avail_out;
    if (code == Z_STREAM_END) {
      if (filled > limit.count()) return too_large(limit);
      if (read == body.size()) break;
      // RFC 1952 section 2.2: members may follow one another.
      if (window_bits < 31) return fail(ErrorKind::invalid_input, "bytes after the compressed body");
      ::inflateReset(&stream);
      continue;
    }
    if (code == Z_BUF_ERROR && filled == out.size()) continue;
    if (code == Z_BUF_ERROR || (code == Z_OK && read == body.size() && filled < out.size()))
      return fail(ErrorKind::invalid_input, "the compressed body is cut short");
    if (code != Z_OK)
      return fail(ErrorKind::invalid_input, "the compressed body is damaged: {}", stream.msg ? stream.msg : "?");
  }
  out.resize(filled);
  return out;
}

Result<std::string> unzstd_body(std::string_view body, Bytes limit) {
  ZSTD_DStream* stream = ZSTD_createDStream();
  if (stream == nullptr) return fail(ErrorKind::exhausted, "no memory to decompress");
  struct End {
    ZSTD_DStream* stream;
    ~End() { ZSTD_freeDStream(stream); }
  } const end{stream};
  ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);  // 128 MiB: the window is memory that a sender makes us take
  std::string out;
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::size_t filled = 0;
  std::size_t left = 1;  // 0 when a frame has ended exactly
  while (true) {
    if (filled > limit.count()) return too_large(limit);
    if (filled == out.size())
      out.resize_and_overwrite(next_size(out.size(), body.size(), limit.count()),
                               [](char*, std::size_t n) { return n; });
    ZSTD_outBuffer to{out.data(), out.size(), filled};
    left = ZSTD_decompressStream(stream, &to, &in);
    filled = to.pos;
    if (ZSTD_isError(left))
      return fail(ErrorKind::invalid_input, "the compressed body is damaged: {}", ZSTD_getErrorName(left));
    if (in.pos == in.size && (left == 0 || filled < out.size())) break;
  }
  if (filled > limit.count()) return too_large(limit);
  if (left != 0) return fail(ErrorKind::invalid_input, "the compressed body is cut short");
  out.resize(filled);
  return out;
}

}  // namespace

bool is_identity_encoding(std::string_view encoding) {
  encoding = trim(encoding);
  return encoding.empty() || equal_ignoring_ascii_case(encoding, "identity");
}

Result<std::string> decode_content(std::string_view encoding, std::string_view body, Bytes limit) {
  const std::string word = to_lower_ascii(trim(encoding));
  if (is_identity_encoding(word)) {
    if (body.size() > limit.count()) return too_large(limit);
    return std::string(body);
  }
  if (word == "gzip" || word == "x-gzip") return inflate_body(body, 31, limit);
  if (word == "zstd" || word == "x-zstd") return unzstd_body(body, limit);
  if (word == "deflate") {
    // RFC 9110 means zlib's format; many senders leave its two bytes of header out.
    const auto first = body.empty() ? 0 : static_cast<unsigned char>(body[0]);
    const auto second = body.size() < 2 ? 0 : static_cast<unsigned char>(body[1]);
    const bool zlib_header = (first & 0x0F) == 8 && (first * 256 + second) % 31 == 0;
    return inflate_body(body, zlib_header ? 15 : -15, limit);
  }
  return fail(ErrorKind::not_supported, "Content-Encoding '{}' is not supported: gzip, deflate, zstd or identity",
              word);
}

Result<std::string> encode_gzip(std::string_view body, int level) {
  if (body.size() >= (1U << 31)) return fail(ErrorKind::exhausted, "the body is too large to compress");
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(ErrorKind::exhausted, "no memory to compress");
  std::string out;
  out.resize(::deflateBound(&stream, body.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = ::deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  if (code != Z_STREAM_END) return fail(ErrorKind::internal, "compressing failed");
  return out;
}

Result<std::string> encode_zstd(std::string_view body, int level) {
  std::string out;
  out.resize(ZSTD_compressBound(body.size()));
  const std::size_t size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), level);
  if (ZSTD_isError(size)) return fail(ErrorKind::internal, "compressing failed: {}", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace yagura::net
