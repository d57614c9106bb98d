#include "kql/stages/zip_archive.hpp"

#include <zlib.h>

#include <algorithm>

namespace yagura::kql {

namespace {

std::uint32_t number(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t out = 0;
  for (int i = size; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return out;
}

constexpr std::string_view kEnd = "PK\x05\x06", kEntry = "PK\x01\x02", kLocal = "PK\x03\x04";
constexpr std::size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;

Result<std::string> inflated(std::string_view packed, std::size_t size) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return fail(ErrorKind::internal, "zlib does not start");
  std::string out(size, '\0');
  char none = 0;  // zlib wants room even for nothing
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(size > 0 ? out.data() : &none);
  stream.avail_out = static_cast<uInt>(std::max<std::size_t>(size, 1));
  const int state = inflate(&stream, Z_FINISH);
  const bool whole = state == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (!whole) return fail(ErrorKind::invalid_input, "its data is damaged or cut off");
  return out;
}

Result<ZipFile> read_file_of(std::string_view bytes, std::size_t entry, std::size_t name_length, Bytes room) {
  ZipFile file;
  file.name = std::string(bytes.substr(entry + kEntrySize, name_length));
  const std::uint32_t flags = number(bytes, entry + 8, 2), method = number(bytes, entry + 10, 2);
  const std::size_t packed = number(bytes, entry + 20, 4), size = number(bytes, entry + 24, 4), at = number(bytes, entry + 42, 4);
  if ((flags & 1) != 0) return fail(ErrorKind::not_supported, "it is encrypted");
  if (packed == 0xffffffff || size == 0xffffffff || at == 0xffffffff) return fail(ErrorKind::not_supported, "it is a ZIP64 file");
  if (size > room.count()) return fail(ErrorKind::exhausted, "the archive is too large unpacked");
  if (at > bytes.size() || bytes.size() - at < kLocalSize || bytes.substr(at, 4) != kLocal) return fail(ErrorKind::invalid_input, "its data is not where the archive says");
  const std::size_t data = at + kLocalSize + number(bytes, at + 26, 2) + number(bytes, at + 28, 2);
  if (data > bytes.size() || bytes.size() - data < packed) return fail(ErrorKind::invalid_input, "its data is cut off");
  const std::string_view content = bytes.substr(data, packed);
  if (method == 0) {
    if (packed != size) return fail(ErrorKind::invalid_input, "its two sizes differ");
    file.content = std::string(content);
  } else if (method == 8) {
    file.content = TRY(inflated(content, size));
  } else {
    return fail(ErrorKind::not_supported, "it is packed by method {}; 0 (stored) and 8 (deflate) can be read", method);
  }
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(file.content.data()), static_cast<uInt>(file.content.size()));
  if (sum != number(bytes, entry + 16, 4)) return fail(ErrorKind::invalid_input, "its checksum does not fit");
  return file;
}

}  // namespace

Result<std::vector<ZipFile>> read_zip(std::string_view bytes, Bytes most) {
  // The end record is last, but for a comment of 64 KiB at most.
  if (bytes.size() < kEndSize) return fail(ErrorKind::invalid_input, "the ZIP archive is cut off");
  const std::size_t end = bytes.rfind(kEnd, bytes.size() - kEndSize);
  if (end == std::string_view::npos || bytes.size() - end > kEndSize + 0xffff) return fail(ErrorKind::invalid_input, "the ZIP archive is cut off: it has no end record");
  const std::size_t count = number(bytes, end + 10, 2);
  std::size_t at = number(bytes, end + 16, 4);
  if (count > kMostZipFiles) return fail(ErrorKind::exhausted, "the ZIP archive has more than {} files", kMostZipFiles);
  std::vector<ZipFile> out;
  std::uint64_t left = most.count();
  for (std::size_t i = 0; i < count; ++i) {
    if (at > end || end - at < kEntrySize || bytes.substr(at, 4) != kEntry) return fail(ErrorKind::invalid_input, "the ZIP archive's directory is damaged at entry {}", i + 1);
    const std::size_t name = number(bytes, at + 28, 2), extra = number(bytes, at + 30, 2), comment = number(bytes, at + 32, 2);
    const std::size_t size = kEntrySize + name + extra + comment;
    if (end - at < size) return fail(ErrorKind::invalid_input, "the ZIP archive's directory is cut off at entry {}", i + 1);
    if (!bytes.substr(at + kEntrySize, name).ends_with('/')) {
      auto file = TRY(read_file_of(bytes, at, name, Bytes(left)), "unpacking file {} of the ZIP archive", i + 1);
      left -= file.content.size();
      out.push_back(std::move(file));
    }
    at += size;
  }
  return out;
}

}  // namespace yagura::kql
