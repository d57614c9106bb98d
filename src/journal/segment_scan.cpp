#include "journal/segment_scan.hpp"

#include <zstd.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/hash.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(FileDescriptor fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::pread(fd_.get(), to + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail_errno(errno, "reading " + path_.string());
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }
  Result<std::uint64_t> size() const override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return fail_errno(errno, "reading " + path_.string());
    return static_cast<std::uint64_t>(info.st_size);
  }
  bool deleted() const override {
    struct stat info{};
    return ::fstat(fd_.get(), &info) == 0 && info.st_nlink == 0;
  }

 private:
  FileDescriptor fd_;
  fs::path path_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t size) const override {
    if (offset >= bytes_.size()) return 0;
    const std::size_t count = std::min<std::uint64_t>(size, bytes_.size() - offset);
    std::memcpy(to, bytes_.data() + offset, count);
    return count;
  }
  Result<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

// Where the stored bytes first fail their table; nullopt: nowhere.
std::optional<std::size_t> first_bad_chunk(std::string_view table, std::string_view stored) {
  for (std::size_t chunk = 0; chunk * kChunkSize < stored.size(); ++chunk)
    if (load<std::uint32_t>(table.data() + 4 * chunk) != crc32c(stored.substr(chunk * kChunkSize, kChunkSize)))
      return chunk;
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const ByteSource>> open_source(const fs::path& path) {
  auto fd = TRY(open_file(path, O_RDONLY));
  return std::make_shared<FileSource>(std::move(fd), path);
}

std::shared_ptr<const ByteSource> memory_source(std::string bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

Result<std::string_view> SegmentCursor::bytes_at(std::uint64_t offset, std::size_t size, std::size_t read_ahead) {
  if (offset < window_at_ || offset + size > window_at_ + window_.size()) {
    window_.resize(std::max(size, read_ahead));
    window_at_ = offset;
    auto count = source_->read_at(offset, window_.data(), window_.size());
    if (!count) {
      window_.clear();
      return std::unexpected(std::move(count).error());
    }
    window_.resize(*count);
  }
  return std::string_view(window_).substr(offset - window_at_, size);
}

Result<std::optional<std::uint64_t>> SegmentCursor::search(std::uint64_t from, std::uint64_t limit) {
  constexpr std::size_t kWindow = 1 << 18;
  // The tag stands 8 bytes behind a block's begin.
  const std::string_view tag(tag_.data(), tag_.size());
  while (from + kBlockHeaderSize <= limit) {
    const auto window = TRY(bytes_at(from, std::min<std::uint64_t>(kWindow, limit - from), 0));
    if (window.size() < kBlockHeaderSize) return std::optional<std::uint64_t>();
    for (std::size_t at = 8; (at = window.find(tag, at)) != std::string_view::npos; ++at) {
      const std::size_t begin = at - 8;
      if (begin + kBlockHeaderSize > window.size()) break;
      if (decode_block_header(window.substr(begin))) return std::optional<std::uint64_t>(from + begin);
    }
    from += window.size() - kBlockHeaderSize + 1;
  }
  return std::optional<std::uint64_t>();
}

Result<SegmentStep> SegmentCursor::next(Depth depth, std::uint64_t limit) {
  limit = std::min(limit, TRY(source_->size()));
  SegmentStep step;
  step.offset = step.end = offset_;
  if (offset_ >= limit) {
    step.kind = SegmentStep::Kind::end;
    return step;
  }
  const auto damage_until = [&](std::uint64_t end, std::string what) {
    step.kind = SegmentStep::Kind::damage;
    step.end = end;
    step.what = std::move(what);
    offset_ = end;
    return step;
  };

  const std::size_t read_ahead = depth == Depth::headers ? 0 : 1 << 18;
  const auto in_view = TRY(bytes_at(offset_, std::min<std::uint64_t>(kBlockHeaderSize, limit - offset_), read_ahead));
  std::string why;
  const auto header = decode_block_header(in_view, &why);
  const bool tag_fits = header && header->tag == tag_;
  if (header && !tag_fits) why = "the block belongs to another segment";
  if (!tag_fits || header->whole_size() > limit - offset_) {
    step.header_intact = tag_fits;
    if (tag_fits) step.header = *header;
    const auto found = TRY(search(offset_ + 1, limit));
    if (found) return damage_until(*found, tag_fits ? "the block does not end before the next begins" : why);
    step.kind = SegmentStep::Kind::incomplete;
    step.end = limit;
    step.what = tag_fits ? "the block is cut off" : why;
    return step;
  }

  step.header = *header;
  step.header_intact = true;
  step.end = offset_ + header->whole_size();
  if (depth == Depth::whole) {
    const auto whole = TRY(bytes_at(offset_, header->whole_size(), read_ahead));
    if (whole.size() < header->whole_size()) {  // cut while we read
      step.kind = SegmentStep::Kind::incomplete;
      step.what = "the block is cut off";
      return step;
    }
    step.header_bytes = whole.substr(0, kBlockHeaderSize);
    step.table = whole.substr(kBlockHeaderSize, header->table_size());
    step.stored = whole.substr(kBlockHeaderSize + header->table_size());
    std::string wrong;
    if (crc32c(step.table) != header->table_crc) {
      wrong = "the checksum of the block's table is wrong";
    } else if (const auto chunk = first_bad_chunk(step.table, step.stored)) {
      wrong = fmt::format("the checksum of stored bytes {} to {} is wrong", *chunk * kChunkSize,
                          std::min((*chunk + 1) * kChunkSize, step.stored.size()) - 1);
    }
    if (!wrong.empty()) {
      // When bytes were taken out the next block begins before this one's stated end.
      const auto found = TRY(search(offset_ + 1, step.end));
      return damage_until(found.value_or(step.end), std::move(wrong));
    }
  }
  step.kind = SegmentStep::Kind::block;
  offset_ = step.end;
  return step;
}

Result<std::string> decompress(const BlockHeader& header, std::string_view stored) {
  const auto corrupt = [&](std::string_view why) {
    return fail(ErrorKind::corrupt, "the block of entry {} does not decompress: {}", header.first.number(), why);
  };
  if (header.codec == Codec::none) {
    if (stored.size() != header.content_size) return corrupt("its sizes differ");
    return std::string(stored);
  }
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != header.content_size)
    return corrupt("the frame states another size");
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string content(header.content_size, '\0');
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), content.data(), content.size(), stored.data(), stored.size());
  if (ZSTD_isError(size)) return corrupt(ZSTD_getErrorName(size));
  if (size != content.size()) return corrupt("it is shorter than stated");
  return content;
}

Result<std::shared_ptr<const Block>> decode_step(const SegmentStep& step, Position segment) {
  auto content = TRY(decompress(step.header, step.stored));
  return Block::decode(std::move(content), step.header.payload_bytes, step.header.first, step.header.count,
                       {segment, step.offset, step.end});
}

std::string encode_seal(bool closing, std::string_view head) {
  return fmt::format("yagura-seal:1:{}\n{}\n", closing ? "close" : "rotate", head);
}

std::optional<Seal> decode_seal(std::string_view stored) {
  for (const bool closing : {false, true}) {
    const std::string begin = encode_seal(closing, "");
    const std::string_view first_line = std::string_view(begin).substr(0, begin.size() - 1);
    if (!stored.starts_with(first_line) || !stored.ends_with('\n')) continue;
    return Seal{closing, std::string(stored.substr(first_line.size(), stored.size() - first_line.size() - 1))};
  }
  return std::nullopt;
}

Result<OpenSegment> open_segment(std::shared_ptr<const ByteSource> source, Position first,
                                 const std::optional<std::array<char, 16>>& tag_seed) {
  OpenSegment segment;
  segment.source = std::move(source);
  std::string bytes(kSegmentHeaderSize + kBlockHeaderSize, '\0');
  bytes.resize(TRY(segment.source->read_at(0, bytes.data(), bytes.size())));
  segment.header_bytes = bytes.substr(0, kSegmentHeaderSize);
  segment.header = decode_segment_header(segment.header_bytes, &segment.header_fault);
  if (segment.header && segment.header->first != first) {
    segment.header_fault = fmt::format("the header is that of the segment of position {}, not {}",
                                       segment.header->first.number(), first.number());
    // The tag belongs to the header's position: a renamed file is still readable.
    segment.tag = segment_tag(segment.header->tag_seed, segment.header->first);
    segment.header.reset();
    return segment;
  }
  if (segment.header) {
    segment.tag = segment_tag(segment.header->tag_seed, first);
  } else if (tag_seed) {
    segment.tag = segment_tag(*tag_seed, first);
  } else if (bytes.size() > kSegmentHeaderSize) {
    if (const auto block = decode_block_header(std::string_view(bytes).substr(kSegmentHeaderSize)))
      segment.tag = block->tag;
  }
  return segment;
}

Result<std::vector<SegmentFile>> list_segments(const fs::path& folder) {
  std::vector<SegmentFile> segments;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto first = parse_segment_file_name(it->path().filename().string());
    if (!first) continue;
    std::error_code gone;  // retention may delete it while we look
    const auto size = fs::file_size(it->path(), gone);
    if (!gone) segments.push_back({*first, it->path(), size});
  }
  if (error) return fail_errno(error.value(), "reading folder " + folder.string());
  std::ranges::sort(segments, {}, &SegmentFile::first);
  return segments;
}

}  // namespace yagura::journal
