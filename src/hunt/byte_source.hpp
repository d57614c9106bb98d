// The bytes of an evidence file, front to back: plain, gzip or zstd (told by their magic), or standard input; UTF-16
// text with a byte order mark becomes UTF-8.
//
// One thread at a time. What the compressed forms become is not bounded here: readers take it piece by piece.
#pragma once
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace yagura::hunt {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Appends up to `size` bytes to `out`; false at the end.
  virtual Result<bool> read(std::string& out, std::size_t size) = 0;
  // Bytes taken from the disk so far, for progress.
  virtual std::uint64_t taken() const = 0;
};

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path);
std::unique_ptr<ByteSource> stream_source(std::istream& in);  // which must live as long
// What is inside of gzip or zstd, else the source itself.
Result<std::unique_ptr<ByteSource>> uncompressed(std::unique_ptr<ByteSource> source);
// The same text in UTF-8 when it begins with a byte order mark of UTF-16.
Result<std::unique_ptr<ByteSource>> as_utf8(std::unique_ptr<ByteSource> source);

// A window that slides over a source: fill() as much as is needed, look at view(), drop() what is done with.
class SlidingWindow {
 public:
  explicit SlidingWindow(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  // Until view() has `size` bytes or the source ends.
  Result<> fill(std::size_t size);
  std::string_view view() const { return std::string_view(buffer_).substr(at_); }
  void drop(std::size_t size) { at_ += size, offset_ += size; }
  std::uint64_t offset() const { return offset_; }  // of view()'s first byte
  bool ended() const { return ended_; }             // view() is all that is left
  std::uint64_t taken() const { return source_->taken(); }

 private:
  std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace yagura::hunt
