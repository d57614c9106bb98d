#include "detect/archive.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace yagura::detect {

namespace {

using Wanted = std::function<bool(std::string_view)>;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// window_bits as zlib has them: -15 for raw deflate, 31 for gzip.
Result<std::string> inflate_all(std::string_view packed, int window_bits, std::size_t most, std::string_view what) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return fail(ErrorKind::internal, "zlib cannot be started");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } const end{&stream};
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    const std::size_t before = out.size();
    const std::size_t step = std::min<std::size_t>(std::max<std::size_t>(before, 64 * 1024), most + 1 - before);
    if (step == 0) return fail(ErrorKind::exhausted, "{} unpacks to more than {} bytes", what, most);
    out.resize(before + step);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(step);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > most) return fail(ErrorKind::exhausted, "{} unpacks to more than {} bytes", what, most);
    // A gzip file may be several, one behind the other.
    if (state == Z_STREAM_END && window_bits > 15 && stream.avail_in > 0 && inflateReset(&stream) == Z_OK) state = Z_OK;
    if (state != Z_OK && state != Z_STREAM_END) return fail(ErrorKind::corrupt, "{} is damaged, or cut off", what);
    if (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) return fail(ErrorKind::corrupt, "{} is cut off", what);
  }
  return out;
}

// ---- zip: the directory stands at the end, behind the files.

Result<std::vector<ArchiveFile>> read_zip(std::string_view bytes, const Wanted& wanted, const ArchiveLimits& limits) {
  constexpr std::size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;
  const std::size_t lowest = bytes.size() > kEndSize + 65'535 ? bytes.size() - kEndSize - 65'535 : 0;
  const auto end = bytes.rfind("PK\5\6");
  if (end == std::string_view::npos || end < lowest || end + kEndSize > bytes.size())
    return fail(ErrorKind::corrupt, "the zip file has no directory: is it cut off?");
  const std::size_t count = little(bytes, end + 10, 2);
  std::size_t at = little(bytes, end + 16, 4);
  if (count == 0xFFFF || at == 0xFFFFFFFF) return fail(ErrorKind::not_supported, "the zip file is of the zip64 kind; pack fewer files, or use tar.gz");
  if (count > limits.max_files) return fail(ErrorKind::exhausted, "the zip file has {} files, more than {}", count, limits.max_files);
  std::vector<ArchiveFile> files;
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + kEntrySize > bytes.size() || bytes.substr(at, 4) != "PK\1\2") return fail(ErrorKind::corrupt, "the zip file's directory is damaged at entry {}", i + 1);
    const auto flags = little(bytes, at + 8, 2), method = little(bytes, at + 10, 2), crc = little(bytes, at + 16, 4);
    const std::size_t packed = little(bytes, at + 20, 4), size = little(bytes, at + 24, 4), name_size = little(bytes, at + 28, 2),
                      more = little(bytes, at + 30, 2) + little(bytes, at + 32, 2), local = little(bytes, at + 42, 4);
    if (at + kEntrySize + name_size > bytes.size()) return fail(ErrorKind::corrupt, "the zip file's directory is damaged at entry {}", i + 1);
    const std::string name(bytes.substr(at + kEntrySize, name_size));
    at += kEntrySize + name_size + more;
    if (name.ends_with('/') || !wanted(name)) continue;
    if ((flags & 1) != 0) return fail(ErrorKind::not_supported, "{} in the zip file is encrypted", utf8::repaired(name));
    if (size > limits.max_file.count()) return fail(ErrorKind::exhausted, "{} is larger than {}", utf8::repaired(name), to_string(limits.max_file));
    if (local + kLocalSize > bytes.size() || bytes.substr(local, 4) != "PK\3\4") return fail(ErrorKind::corrupt, "{} is not where the zip file's directory says", utf8::repaired(name));
    const std::size_t begin = local + kLocalSize + little(bytes, local + 26, 2) + little(bytes, local + 28, 2);
    if (begin > bytes.size() || packed > bytes.size() - begin) return fail(ErrorKind::corrupt, "{} is cut off", utf8::repaired(name));
    ArchiveFile file{name, {}};
    if (method == 0) file.content = bytes.substr(begin, packed);
    else if (method == 8) file.content = TRY(inflate_all(bytes.substr(begin, packed), -15, limits.max_file.count(), utf8::repaired(name)));
    else return fail(ErrorKind::not_supported, "{} is packed by method {}; only deflate is read", utf8::repaired(name), method);
    if (file.content.size() != size || ::crc32(0, reinterpret_cast<const Bytef*>(file.content.data()), static_cast<uInt>(file.content.size())) != crc)
      return fail(ErrorKind::corrupt, "{} in the zip file is damaged: its checksum differs", utf8::repaired(name));
    total += size;
    if (total > limits.max_total.count()) return fail(ErrorKind::exhausted, "the zip file unpacks to more than {}", to_string(limits.max_total));
    files.push_back(std::move(file));
  }
  return files;
}

// ---- tar: blocks of 512 bytes, a header before each file.

std::optional<std::size_t> octal(std::string_view field) {
  std::size_t value = 0;
  bool digits = false;
  for (const char c : field) {
    if (c == ' ' && !digits) continue;
    if (c == '\0' || c == ' ') break;
    if (c < '0' || c > '7' || value >> 40 != 0) return std::nullopt;
    value = value * 8 + static_cast<std::size_t>(c - '0');
    digits = true;
  }
  return value;
}

std::string_view until_zero(std::string_view field) { return field.substr(0, field.find('\0')); }

// "27 path=rules/x.yml\n": the value of `path` in a pax header.
std::string pax_path(std::string_view text) {
  std::string path;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const auto size = blank == std::string_view::npos ? std::nullopt : parse_uint64(text.substr(0, blank));
    if (!size || *size <= blank + 1 || *size > text.size()) break;
    const auto entry = text.substr(blank + 1, *size - blank - 2);
    if (entry.starts_with("path=")) path = entry.substr(5);
    text.remove_prefix(*size);
  }
  return path;
}

Result<std::vector<ArchiveFile>> read_tar(std::string_view bytes, const Wanted& wanted, const ArchiveLimits& limits) {
  constexpr std::size_t kBlock = 512;
  std::vector<ArchiveFile> files;
  std::string long_name;
  std::size_t entries = 0;
  for (std::size_t at = 0; at + kBlock <= bytes.size();) {
    const auto header = bytes.substr(at, kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) break;
    if (++entries > limits.max_files * 2) return fail(ErrorKind::exhausted, "the archive has more than {} entries", limits.max_files * 2);
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
    const auto said = octal(header.substr(148, 8)), size = octal(header.substr(124, 12));
    if (!said || !size || *said != sum) return fail(ErrorKind::corrupt, "the archive is damaged at byte {}: this is no tar header", at);
    if (*size > bytes.size() - at - kBlock) return fail(ErrorKind::corrupt, "the archive is cut off");
    const auto content = bytes.substr(at + kBlock, *size);
    at += kBlock + (*size + kBlock - 1) / kBlock * kBlock;
    const char kind = header[156];
    if (kind == 'L') {
      long_name = until_zero(content.substr(0, 4'096));
      continue;
    }
    if (kind == 'x') {
      if (content.size() <= 65'536) long_name = pax_path(content);
      continue;
    }
    std::string name = std::exchange(long_name, {});
    if (name.empty()) {
      name = until_zero(header.substr(0, 100));
      const auto prefix = header.substr(257, 5) == "ustar" ? until_zero(header.substr(345, 155)) : std::string_view();
      if (!prefix.empty()) name = fmt::format("{}/{}", prefix, name);
    }
    if ((kind != '0' && kind != '\0') || !wanted(name)) continue;
    if (*size > limits.max_file.count()) return fail(ErrorKind::exhausted, "{} is larger than {}", utf8::repaired(name), to_string(limits.max_file));
    if (files.size() == limits.max_files) return fail(ErrorKind::exhausted, "the archive has more than {} files", limits.max_files);
    files.push_back({std::move(name), std::string(content)});
  }
  return files;
}

}  // namespace

bool is_archive_name(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  return std::ranges::any_of(std::initializer_list<std::string_view>{".zip", ".tar", ".tar.gz", ".tgz"},
                             [&](std::string_view end) { return lower.ends_with(end); });
}

Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, const Wanted& wanted, const ArchiveLimits& limits) {
  if (bytes.size() > 0x7FFFFFFF) return fail(ErrorKind::exhausted, "the archive is larger than 2 GiB");
  if (bytes.starts_with("PK\3\4") || bytes.starts_with("PK\5\6")) return read_zip(bytes, wanted, limits);
  if (bytes.starts_with("\x1F\x8B")) {
    const auto tar = TRY(inflate_all(bytes, 31, limits.max_total.count(), "the archive"));
    return read_tar(tar, wanted, limits);
  }
  if (bytes.size() >= 512 && bytes.substr(257, 5) == "ustar") return read_tar(bytes, wanted, limits);
  return fail(ErrorKind::invalid_input, "this is neither zip nor tar.gz nor tar");
}

}  // namespace yagura::detect
