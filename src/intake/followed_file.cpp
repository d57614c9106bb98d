#include "intake/followed_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace yagura::intake {

namespace {
constexpr std::uint64_t kHead = 256;
// Identities spread offsets over 62 bits: multiplying by an odd number loses nothing, and its inverse brings it back.
constexpr std::uint64_t kSpread = 0x9E37'79B9'7F4A'7C15ULL;
constexpr std::uint64_t kOffsetBits = 0x3FFF'FFFF'FFFF'FFFFULL;
constexpr std::uint64_t inverse_of(std::uint64_t odd) {
  std::uint64_t inverse = odd;  // right for three bits; each step doubles them (Newton)
  for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}
static_assert(inverse_of(kSpread) * kSpread == 1);
}  // namespace

std::string to_text(const std::vector<FileProgress>& progress) {
  std::string out;
  for (const auto& p : progress)
    fmt::format_to(std::back_inserter(out), "{} {} {} {} {} {}\n", p.identity.device, p.identity.inode, p.generation,
                   p.offset, p.head_size, p.head_hash);
  return out;
}

std::vector<FileProgress> parse_progress(std::string_view text) {
  std::vector<FileProgress> out;
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    std::uint64_t numbers[6];
    if (words.size() != 6) continue;
    bool good = true;
    for (std::size_t i = 0; i < 6; ++i) {
      const auto number = parse_uint64(words[i]);
      good = good && number.has_value();
      numbers[i] = number.value_or(0);
    }
    if (good) out.push_back({{numbers[0], numbers[1]}, numbers[2], numbers[3], numbers[4], numbers[5]});
  }
  return out;
}

FollowedFile::FollowedFile(std::filesystem::path path, FileDescriptor fd, FileIdentity identity)
    : path_(std::move(path)), fd_(std::move(fd)), identity_(identity), generation_(random_u64()) {}

bool FollowedFile::resume(const FileProgress& saved) {
  struct stat info{};
  if (::fstat(fd_.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) < saved.offset) return false;
  if (saved.head_size > 0 && hash_head(saved.head_size) != saved.head_hash) return false;
  generation_ = saved.generation;
  read_offset_ = durable_offset_ = saved.offset;
  head_size_ = saved.head_size;
  head_hash_ = saved.head_hash;
  return true;
}

FollowedFile::Change FollowedFile::look() {
  struct stat info{};
  if (::fstat(fd_.get(), &info) != 0) return Change::none;
  const auto before = size_;
  size_ = static_cast<std::uint64_t>(info.st_size);
  links_ = info.st_nlink;
  if (size_ < read_offset_) {
    begin_anew();
    return Change::truncated;
  }
  if (size_ == before && size_ == read_offset_) return Change::none;
  // Truncated and grown past where we were, between two looks.
  if (head_size_ > 0 && size_ != before && hash_head(head_size_) != head_hash_) {
    begin_anew();
    return Change::replaced;
  }
  if (head_size_ < kHead) learn_head();
  return size_ > read_offset_ ? Change::grown : Change::none;
}

void FollowedFile::begin_anew() {
  generation_ = random_u64();
  read_offset_ = durable_offset_ = 0;
  head_size_ = head_hash_ = 0;
  in_long_line = false;
  if (size_ > 0) learn_head();
}

void FollowedFile::learn_head() {
  const std::uint64_t size = std::min(size_, kHead);
  if (const auto hash = hash_head(size)) {
    head_size_ = size;
    head_hash_ = *hash;
  }
}

std::optional<std::uint64_t> FollowedFile::hash_head(std::uint64_t size) const {
  char head[kHead];
  if (size > kHead) return std::nullopt;
  const auto got = ::pread(fd_.get(), head, size, 0);
  if (got < 0 || static_cast<std::uint64_t>(got) != size) return std::nullopt;
  return hash64({head, static_cast<std::size_t>(got)});
}

Result<std::size_t> FollowedFile::read(char* buffer, std::size_t size) {
  while (true) {
    const auto got = ::pread(fd_.get(), buffer, size, static_cast<off_t>(read_offset_));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail_errno(errno, "reading " + path_.string());
  }
}

Guid FollowedFile::line_identity(std::uint64_t offset) const {
  // Laid out as a random UUID (RFC 9562 version 4): unique by the generation, distinct by the offset.
  Guid id;
  id.high = generation_in_identity(generation_) | 0x4000;
  id.low = ((offset * kSpread) & kOffsetBits) | 0x8000'0000'0000'0000ULL;
  return id;
}

std::uint64_t FollowedFile::generation_in_identity(std::uint64_t generation) {
  return generation & 0xFFFF'FFFF'FFFF'0FFFULL;
}

FollowedFile::LinePlace FollowedFile::place_of(const Guid& line) {
  return {generation_in_identity(line.high), (line.low * inverse_of(kSpread)) & kOffsetBits};
}

void FollowedFile::note_durable(std::uint64_t generation, std::uint64_t offset) {
  if (generation == generation_) durable_offset_ = std::max(durable_offset_, offset);
}

FileProgress FollowedFile::progress() const {
  return {identity_, generation_, durable_offset_, head_size_, head_hash_};
}

}  // namespace yagura::intake
