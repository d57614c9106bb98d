#include "journal/reader.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "journal/segment_scan.hpp"
#include "journal/tail.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

struct IndexedBlock {
  Position first;
  Position last;
  std::uint64_t offset;
};

// Where the blocks of one segment begin; grows with the file.
struct SegmentIndex {
  std::vector<IndexedBlock> blocks;
  std::uint64_t scanned_until = kSegmentHeaderSize;
  std::vector<std::pair<std::uint64_t, std::string>> damage;
  // Walking by headers alone is fast; where something is wrong only whole blocks tell where the next begins.
  SegmentCursor::Depth depth = SegmentCursor::Depth::headers;
};

constexpr std::size_t kMaxIndexes = 64;

}  // namespace

class Reader::Core {
 public:
  explicit Core(fs::path given) : folder(std::move(given)) {}

  Result<std::shared_ptr<const Block>> block_of(Position position) {
    const auto files = TRY(list_segments(folder));
    if (files.empty() || position.number() == 0)
      return fail(ErrorKind::not_found, "the journal {} has no entry {}", folder.string(), position.number());
    auto file = std::ranges::upper_bound(files, position, {}, &SegmentFile::first);
    if (file == files.begin())
      return fail(ErrorKind::not_found,
                  "entry {} is no longer in the journal: the oldest that retention has left is {}", position.number(),
                  files.front().first.number());
    const bool newest = file == files.end();
    const SegmentFile& segment_file = *std::prev(file);
    const auto segment = TRY(open_segment(TRY(open_source(segment_file.path)), segment_file.first, tag_seed(files)));
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    if (!newest) {
      const auto after = open_segment(TRY(open_source(file->path)), file->first, std::nullopt);
      if (after && after->header && after->header->previous_size >= kSegmentHeaderSize)
        limit = after->header->previous_size;
    }
    SegmentCursor cursor(segment.source, segment.tag);
    std::uint64_t offset = 0;
    std::string damage;
    {
      const std::lock_guard lock(mutex);
      if (indexes.size() > kMaxIndexes) indexes.clear();
      SegmentIndex& index = indexes[segment_file.first];
      TRY(extend(index, cursor, limit));
      const auto found = std::ranges::lower_bound(index.blocks, position, {}, &IndexedBlock::last);
      if (found == index.blocks.end() || found->first > position) {
        if (!index.damage.empty())
          return fail(ErrorKind::corrupt, "entry {} cannot be read: {} is damaged at byte {}: {}", position.number(),
                      segment_file.path.string(), index.damage.front().first, index.damage.front().second);
        return fail(ErrorKind::not_found, "the journal {} has no entry {}", folder.string(), position.number());
      }
      offset = found->offset;
    }
    cursor.seek(offset);
    const SegmentStep step = TRY(cursor.next(SegmentCursor::Depth::whole, limit));
    if (step.kind != SegmentStep::Kind::block)
      return fail(ErrorKind::corrupt, "entry {} cannot be trusted: its block at byte {} of {} is damaged: {}",
                  position.number(), offset, segment_file.path.string(), step.what);
    return TRY(decode_step(step, segment_file.first), "reading byte {} of {}", offset, segment_file.path.string());
  }

  const fs::path folder;

 private:
  // Blocks are only ever added behind what was indexed, except after a failed write, when the newest segment is
  // cut: then an offset leads to no block, which the caller notices by its checksum.
  static Result<> extend(SegmentIndex& index, SegmentCursor& cursor, std::uint64_t limit) {
    cursor.seek(index.scanned_until);
    while (true) {
      const SegmentStep step = TRY(cursor.next(index.depth, limit));
      if (step.kind == SegmentStep::Kind::end || step.kind == SegmentStep::Kind::incomplete) return {};
      if (step.kind == SegmentStep::Kind::damage && index.depth == SegmentCursor::Depth::headers) {
        index = SegmentIndex();
        index.depth = SegmentCursor::Depth::whole;
        cursor.seek(index.scanned_until);
        continue;
      }
      if (step.kind == SegmentStep::Kind::damage) index.damage.emplace_back(step.offset, step.what);
      if (step.kind == SegmentStep::Kind::block && step.header.kind == BlockKind::entries)
        index.blocks.push_back({step.header.first, step.header.last(), step.offset});
      index.scanned_until = step.end;
    }
  }

  // For a segment whose own header is damaged.
  static std::optional<std::array<char, 16>> tag_seed(const std::vector<SegmentFile>& files) {
    for (const SegmentFile& file : files) {
      const auto source = open_source(file.path);
      if (!source) continue;
      const auto segment = open_segment(*source, file.first, std::nullopt);
      if (segment && segment->header) return segment->header->tag_seed;
    }
    return std::nullopt;
  }

  std::mutex mutex;
  std::map<Position, SegmentIndex> indexes;
};

Result<std::unique_ptr<Reader>> Reader::open(fs::path folder) {
  TRY(list_segments(folder), "opening the journal");
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Core>(std::move(folder))));
}

Reader::Reader(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Reader::~Reader() = default;

Result<std::shared_ptr<const Block>> Reader::block_of(Position position) const { return core_->block_of(position); }

Result<FoundEntry> Reader::find_entry(Position position) const {
  FoundEntry found;
  found.block = TRY(core_->block_of(position));
  found.entry = found.block->find(position);
  if (found.entry == nullptr)
    return fail(ErrorKind::not_found, "the journal {} has no entry {}", core_->folder.string(), position.number());
  return found;
}

Result<FoundEntry> Reader::find_item(const Guid& item_id, Position from) const {
  if (const auto position = position_in(item_id)) {
    auto found = find_entry(*position);
    // Another system's version 8 UUID may look like ours: only the same identity counts.
    if (found && found->entry->item_id == Guid{}) return found;
    if (!found && found.error().kind() != ErrorKind::not_found) return found;
  }
  const auto tail = TRY(open_tail(core_->folder, from));
  while (auto block = TRY(tail->next(Deadline::in(0ms))))
    for (const Entry& entry : block->entries())
      if (entry.item_id == item_id) return FoundEntry{block, &entry};
  return fail(ErrorKind::not_found, "no entry in the journal {} has the identity {}", core_->folder.string(),
              to_string(item_id));
}

Result<std::optional<std::pair<Position, Position>>> Reader::range() const {
  std::optional<std::pair<Position, Position>> range;
  const auto files = TRY(list_segments(core_->folder));
  // The newest files may hold no entry yet, and the oldest may be damaged: look from both ends.
  for (auto file = files.rbegin(); file != files.rend() && !range; ++file) {
    const auto segment = TRY(open_segment(TRY(open_source(file->path)), file->first, std::nullopt));
    SegmentCursor cursor(segment.source, segment.tag);
    while (true) {
      const SegmentStep step = TRY(cursor.next(SegmentCursor::Depth::headers));
      if (step.kind == SegmentStep::Kind::end || step.kind == SegmentStep::Kind::incomplete) break;
      if (step.kind == SegmentStep::Kind::block && step.header.kind == BlockKind::entries)
        range = {files.front().first, step.header.last()};
    }
  }
  return range;
}

}  // namespace yagura::journal
