#include "hunt/byte_source.hpp"

#include <zstd.h>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <istream>

#include "base/text.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kPiece = 256 << 10;
constexpr int kWindowLogMax = 27;  // 128 MiB, as zstd itself takes without being asked

class FileSource : public ByteSource {
 public:
  explicit FileSource(FileDescriptor fd) : fd_(std::move(fd)) {}
  Result<bool> read(std::string& out, std::size_t size) override {
    const std::size_t before = out.size();
    out.resize(before + size);
    for (;;) {
      const auto got = ::read(fd_.get(), out.data() + before, size);
      if (got < 0 && errno == EINTR) continue;
      out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got < 0) return fail_errno(errno, "reading it");
      taken_ += static_cast<std::uint64_t>(got);
      return got > 0;
    }
  }
  std::uint64_t taken() const override { return taken_; }

 private:
  FileDescriptor fd_;
  std::uint64_t taken_ = 0;
};

class StreamSource : public ByteSource {
 public:
  explicit StreamSource(std::istream& in) : in_(in) {}
  Result<bool> read(std::string& out, std::size_t size) override {
    const std::size_t before = out.size();
    out.resize(before + size);
    in_.read(out.data() + before, static_cast<std::streamsize>(size));
    const auto got = static_cast<std::size_t>(in_.gcount());
    out.resize(before + got);
    taken_ += got;
    return got > 0;
  }
  std::uint64_t taken() const override { return taken_; }

 private:
  std::istream& in_;
  std::uint64_t taken_ = 0;
};

// Gives back first what was looked at.
class PrefixedSource : public ByteSource {
 public:
  PrefixedSource(std::string prefix, std::unique_ptr<ByteSource> inner)
      : prefix_(std::move(prefix)), inner_(std::move(inner)) {}
  Result<bool> read(std::string& out, std::size_t size) override {
    if (prefix_.empty()) return inner_->read(out, size);
    const auto now = std::min(size, prefix_.size());
    out.append(prefix_, 0, now);
    prefix_.erase(0, now);
    return true;
  }
  std::uint64_t taken() const override { return inner_->taken(); }

 private:
  std::string prefix_;
  std::unique_ptr<ByteSource> inner_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {
    good_ = inflateInit2(&stream_, 15 + 32) == Z_OK;
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  Result<bool> read(std::string& out, std::size_t size) override {
    if (!good_) return fail(ErrorKind::exhausted, "gzip cannot be started");
    const std::size_t before = out.size();
    out.resize(before + size);
    std::size_t got = 0;
    while (got == 0 && !done_) {
      if (stream_.avail_in == 0) {
        input_.clear();
        const bool more = TRY(inner_->read(input_, kPiece));
        if (!more) {
          out.resize(before);
          done_ = true;
          if (in_member_) return fail(ErrorKind::corrupt, "the gzip data ends too early");
          return false;
        }
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(input_.size());
      }
      in_member_ = true;
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before + got);
      stream_.avail_out = static_cast<uInt>(size - got);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      got = size - stream_.avail_out;
      if (status == Z_STREAM_END) {  // another member may follow
        in_member_ = false;
        inflateReset(&stream_);
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        out.resize(before + got);
        done_ = true;
        if (got > 0) return true;
        return fail(ErrorKind::corrupt, "the gzip data is damaged: {}", stream_.msg ? stream_.msg : "bad data");
      }
    }
    out.resize(before + got);
    return got > 0;
  }
  std::uint64_t taken() const override { return inner_->taken(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string input_;
  z_stream stream_{};
  bool good_ = false, done_ = false, in_member_ = false;
};

class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)), stream_(ZSTD_createDStream()) {
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  Result<bool> read(std::string& out, std::size_t size) override {
    const std::size_t before = out.size();
    out.resize(before + size);
    ZSTD_outBuffer to{out.data() + before, size, 0};
    while (to.pos == 0 && !done_) {
      if (input_at_ == input_.size()) {
        input_.clear();
        input_at_ = 0;
        const bool more = TRY(inner_->read(input_, kPiece));
        if (!more) {
          done_ = true;
          out.resize(before);
          if (in_frame_) return fail(ErrorKind::corrupt, "the zstd data ends too early");
          return false;
        }
      }
      ZSTD_inBuffer from{input_.data(), input_.size(), input_at_};
      const auto status = ZSTD_decompressStream(stream_, &to, &from);
      input_at_ = from.pos;
      if (ZSTD_isError(status)) {
        out.resize(before);
        done_ = true;
        return fail(ErrorKind::corrupt, "the zstd data is damaged: {}", ZSTD_getErrorName(status));
      }
      in_frame_ = status != 0;
    }
    out.resize(before + to.pos);
    return to.pos > 0;
  }
  std::uint64_t taken() const override { return inner_->taken(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string input_;
  std::size_t input_at_ = 0;
  ZSTD_DStream* stream_;
  bool done_ = false, in_frame_ = false;
};

class Utf16Source : public ByteSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> inner, bool big_endian) : inner_(std::move(inner)), big_endian_(big_endian) {}
  Result<bool> read(std::string& out, std::size_t size) override {
    const bool more = TRY(inner_->read(units_, std::max<std::size_t>(size, 16)));
    if (!more && units_.empty()) return false;
    std::size_t at = 0;
    const auto unit_at = [&](std::size_t i) {
      const auto a = static_cast<unsigned char>(units_[i]), b = static_cast<unsigned char>(units_[i + 1]);
      return static_cast<char32_t>(big_endian_ ? a << 8 | b : b << 8 | a);
    };
    while (at + 2 <= units_.size()) {
      char32_t code = unit_at(at);
      if (code >= 0xD800 && code < 0xDC00) {
        if (at + 4 > units_.size() && more) break;
        const char32_t low = at + 4 <= units_.size() ? unit_at(at + 2) : 0;
        if (low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          at += 2;
        } else {
          code = 0xFFFD;
        }
      } else if (code >= 0xDC00 && code < 0xE000) {
        code = 0xFFFD;
      }
      at += 2;
      utf8::append(out, code);
    }
    units_.erase(0, more ? at : units_.size());
    return true;
  }
  std::uint64_t taken() const override { return inner_->taken(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  const bool big_endian_;
  std::string units_;
};

// The source with its first bytes looked at.
Result<std::string> peek(std::unique_ptr<ByteSource>& source, std::size_t size) {
  std::string first;
  while (first.size() < size) {
    const bool more = TRY(source->read(first, size - first.size()));
    if (!more) break;
  }
  source = std::make_unique<PrefixedSource>(first, std::move(source));
  return first;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path) {
  auto fd = TRY(open_file(path, O_RDONLY | O_NOCTTY));
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<FileSource>(std::move(fd));
}

std::unique_ptr<ByteSource> stream_source(std::istream& in) { return std::make_unique<StreamSource>(in); }

Result<std::unique_ptr<ByteSource>> uncompressed(std::unique_ptr<ByteSource> source) {
  const auto first = TRY(peek(source, 4));
  if (first.starts_with("\x1f\x8b")) return std::make_unique<GzipSource>(std::move(source));
  if (first.starts_with("\x28\xb5\x2f\xfd")) return std::make_unique<ZstdSource>(std::move(source));
  return source;
}

Result<std::unique_ptr<ByteSource>> as_utf8(std::unique_ptr<ByteSource> source) {
  const auto first = TRY(peek(source, 2));
  // A source may give more than it was asked for.
  if (first.starts_with("\xFF\xFE") || first.starts_with("\xFE\xFF"))
    return std::make_unique<Utf16Source>(std::move(source), first.starts_with("\xFE"));
  return source;
}

Result<> SlidingWindow::fill(std::size_t size) {
  if (at_ > 0 && buffer_.size() - at_ < size) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  while (!ended_ && buffer_.size() - at_ < size) {
    const auto more = source_->read(buffer_, std::max(kPiece, size - (buffer_.size() - at_)));
    if (!more) {
      ended_ = true;
      return std::unexpected(more.error());
    }
    if (!*more) ended_ = true;
  }
  return {};
}

}  // namespace yagura::hunt
