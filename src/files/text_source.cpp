#include "files/text_source.hpp"

#include <bzlib.h>
#include <lzma.h>

#include <cstring>

namespace yagura::files {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

// Gives back what was looked at, then the source itself.
class WithHead final : public hunt::ByteSource {
 public:
  WithHead(std::string head, std::unique_ptr<hunt::ByteSource> source)
      : head_(std::move(head)), source_(std::move(source)) {}
  Result<bool> read(std::string& out, std::size_t size) override {
    if (!head_.empty()) {
      out += head_;
      head_.clear();
      return true;
    }
    return source_->read(out, size);
  }
  std::uint64_t taken() const override { return source_->taken(); }

 private:
  std::string head_;
  std::unique_ptr<hunt::ByteSource> source_;
};

class Packed : public hunt::ByteSource {
 public:
  explicit Packed(std::unique_ptr<hunt::ByteSource> source) : source_(std::move(source)) {}
  std::uint64_t taken() const override { return source_->taken(); }
  Result<bool> read(std::string& out, std::size_t size) override {
    const std::size_t before = out.size();
    while (!done_ && out.size() == before) {
      if (in_.empty() && !ended_) {
        in_.clear();
        ended_ = !TRY(source_->read(in_, kPiece));
        at_ = 0;
      }
      out.resize(before + size);
      const std::size_t made = TRY(step(out.data() + before, size));
      out.resize(before + made);
      if (at_ >= in_.size()) in_.clear(), at_ = 0;
      if (made == 0 && in_.empty() && ended_ && !done_)
        return fail(ErrorKind::corrupt, "the compressed file ends too early");
    }
    return out.size() > before || !done_;
  }

 protected:
  virtual Result<std::size_t> step(char* out, std::size_t size) = 0;  // takes from in_, gives bytes made
  std::string in_;
  std::size_t at_ = 0;
  bool ended_ = false, done_ = false;

 private:
  std::unique_ptr<hunt::ByteSource> source_;
};

class Bzip2 final : public Packed {
 public:
  explicit Bzip2(std::unique_ptr<hunt::ByteSource> source) : Packed(std::move(source)) { begin(); }
  ~Bzip2() override { BZ2_bzDecompressEnd(&stream_); }

 private:
  void begin() {
    std::memset(&stream_, 0, sizeof stream_);
    BZ2_bzDecompressInit(&stream_, 0, 0);
  }
  Result<std::size_t> step(char* out, std::size_t size) override {
    stream_.next_in = in_.data() + at_;
    stream_.avail_in = static_cast<unsigned>(in_.size() - at_);
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30));
    const unsigned offered = stream_.avail_out;
    const int code = BZ2_bzDecompress(&stream_);
    at_ = in_.size() - stream_.avail_in;
    const std::size_t made = offered - stream_.avail_out;
    if (more_ && code != BZ_STREAM_END && made > 0) more_ = false;
    if (code == BZ_STREAM_END) {
      // pbzip2 writes one stream after another.
      if (at_ < in_.size() || !ended_) {
        BZ2_bzDecompressEnd(&stream_);
        begin();
        if (at_ >= in_.size()) more_ = true;
      } else {
        done_ = true;
      }
    } else if (code != BZ_OK) {
      return fail(ErrorKind::corrupt, "the bzip2 data is damaged");
    } else if (more_ && made == 0 && ended_ && at_ >= in_.size()) {
      done_ = true;
    }
    return made;
  }
  bz_stream stream_;
  bool more_ = false;  // a stream has ended; another may begin
};

class Xz final : public Packed {
 public:
  explicit Xz(std::unique_ptr<hunt::ByteSource> source) : Packed(std::move(source)) {
    ready_ = lzma_stream_decoder(&stream_, 256U << 20, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~Xz() override { lzma_end(&stream_); }

 private:
  Result<std::size_t> step(char* out, std::size_t size) override {
    if (!ready_) return fail(ErrorKind::exhausted, "no memory for reading xz");
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in_.data()) + at_;
    stream_.avail_in = in_.size() - at_;
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out);
    stream_.avail_out = size;
    const auto code = lzma_code(&stream_, ended_ && stream_.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    at_ = in_.size() - stream_.avail_in;
    if (code == LZMA_STREAM_END)
      done_ = true;
    else if (code == LZMA_MEMLIMIT_ERROR)
      return fail(ErrorKind::exhausted, "the xz file needs more than 256 MiB to be read");
    else if (code != LZMA_OK && code != LZMA_BUF_ERROR)
      return fail(ErrorKind::corrupt, "the xz data is damaged");
    return size - stream_.avail_out;
  }
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

}  // namespace

Result<std::unique_ptr<hunt::ByteSource>> unpacked(std::unique_ptr<hunt::ByteSource> source) {
  std::string head;
  while (head.size() < 6)
    if (!TRY(source->read(head, kPiece))) break;
  const bool bzip2 = head.size() >= 4 && head.starts_with("BZh") && head[3] >= '1' && head[3] <= '9';
  const bool xz =
      head.starts_with(std::string_view("\xFD"
                                        "7zXZ\0",
                                        6));
  std::unique_ptr<hunt::ByteSource> whole = std::make_unique<WithHead>(std::move(head), std::move(source));
  if (bzip2) return std::make_unique<Bzip2>(std::move(whole));
  if (xz) return std::make_unique<Xz>(std::move(whole));
  return whole;
}

Result<std::unique_ptr<hunt::ByteSource>> open_text(const std::filesystem::path& path) {
  auto source = TRY(hunt::open_source(path));
  source = TRY(hunt::uncompressed(std::move(source)));
  source = TRY(unpacked(std::move(source)));
  return hunt::as_utf8(std::move(source));
}

}  // namespace yagura::files
