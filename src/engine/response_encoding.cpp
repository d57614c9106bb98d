#include "engine/response_encoding.hpp"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <stdexcept>

#include "base/text.hpp"

namespace yagura::engine {

struct ResponseEncoder::State {
  LZ4F_cctx* lz4 = nullptr;
  ZSTD_CCtx* zstd = nullptr;
  z_stream gzip{};
  bool gzip_open = false, lz4_begun = false;

  ~State() {
    if (lz4 != nullptr) LZ4F_freeCompressionContext(lz4);
    if (zstd != nullptr) ZSTD_freeCCtx(zstd);
    if (gzip_open) ::deflateEnd(&gzip);
  }

  void run_lz4(std::string_view piece, bool last, std::string& out) {
    const auto checked = [](std::size_t n) {
      if (LZ4F_isError(n)) throw std::runtime_error(std::string("lz4: ") + LZ4F_getErrorName(n));
      return n;
    };
    const std::size_t before = out.size();
    out.resize(before + LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(piece.size(), nullptr));
    std::size_t used = before;
    if (!lz4_begun) {
      used += checked(LZ4F_compressBegin(lz4, out.data() + used, out.size() - used, nullptr));
      lz4_begun = true;
    }
    if (!piece.empty()) used += checked(LZ4F_compressUpdate(lz4, out.data() + used, out.size() - used, piece.data(), piece.size(), nullptr));
    if (last) used += checked(LZ4F_compressEnd(lz4, out.data() + used, out.size() - used, nullptr));
    out.resize(used);
  }

  void run_zstd(std::string_view piece, bool last, std::string& out) {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    char buffer[64 << 10];
    while (true) {
      ZSTD_outBuffer to{buffer, sizeof buffer, 0};
      const std::size_t rest = ZSTD_compressStream2(zstd, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
      if (ZSTD_isError(rest)) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(rest));
      out.append(buffer, to.pos);
      if (rest == 0 && in.pos == in.size) break;
    }
  }

  void run_gzip(std::string_view piece, bool last, std::string& out) {
    gzip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    gzip.avail_in = static_cast<uInt>(piece.size());  // pieces are the engine's blocks, far below 4 GiB
    char buffer[64 << 10];
    do {
      gzip.next_out = reinterpret_cast<Bytef*>(buffer);
      gzip.avail_out = sizeof buffer;
      if (::deflate(&gzip, last ? Z_FINISH : Z_SYNC_FLUSH) == Z_STREAM_ERROR) throw std::runtime_error("gzip: stream error");
      out.append(buffer, sizeof buffer - gzip.avail_out);
    } while (gzip.avail_out == 0);
  }

  void run(std::string_view piece, bool last, std::string& out) {
    if (lz4 != nullptr) run_lz4(piece, last, out);
    else if (zstd != nullptr) run_zstd(piece, last, out);
    else run_gzip(piece, last, out);
  }
};

ResponseEncoder::ResponseEncoder(std::string_view accept_encoding) {
  for (const auto part : split(accept_encoding, ',')) {
    const auto word = trim(part.substr(0, part.find(';')));
    auto state = std::make_unique<State>();
    if (word == "lz4") {
      if (LZ4F_isError(LZ4F_createCompressionContext(&state->lz4, LZ4F_VERSION))) continue;
      name_ = "lz4";
    } else if (word == "zstd") {
      state->zstd = ZSTD_createCCtx();
      if (state->zstd == nullptr) continue;
      ZSTD_CCtx_setParameter(state->zstd, ZSTD_c_compressionLevel, 1);
      name_ = "zstd";
    } else if (word == "gzip") {
      if (::deflateInit2(&state->gzip, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) continue;
      state->gzip_open = true;
      name_ = "gzip";
    } else {
      continue;
    }
    state_ = std::move(state);
    return;
  }
}

ResponseEncoder::~ResponseEncoder() = default;

std::string_view ResponseEncoder::add(std::string_view piece) {
  if (!state_) return piece;
  out_.clear();
  state_->run(piece, false, out_);
  return out_;
}

std::string_view ResponseEncoder::end() {
  if (!state_) return {};
  out_.clear();
  state_->run({}, true, out_);
  return out_;
}

net::HttpResponse ResponseEncoder::finish(net::HttpResponse head, std::string body) {
  if (state_ && !body.empty()) {
    head.set("Content-Encoding", std::string(name_));
    std::string packed;
    state_->run(body, true, packed);
    body = std::move(packed);
  }
  head.body = std::move(body);
  return head;
}

}  // namespace yagura::engine
