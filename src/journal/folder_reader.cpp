#include "journal/folder_reader.hpp"

#include "base/log.hpp"

namespace yagura::journal {

Result<> FolderReader::open(const SegmentFile& file) {
  current_.reset();
  const auto segment = TRY(open_segment(TRY(open_source(file.path)), file.first, tag_seed_));
  if (segment.header) tag_seed_ = segment.header->tag_seed;
  Current next;
  next.file = file;
  next.cursor = std::make_unique<SegmentCursor>(segment.source, segment.tag);
  current_ = std::move(next);
  return {};
}

Result<> FolderReader::open_at(Position position) {
  const auto files = TRY(list_segments(folder_));
  const SegmentFile* chosen = nullptr;
  for (const SegmentFile& file : files)
    if (chosen == nullptr || file.first <= position) chosen = &file;
  if (chosen == nullptr) return {};
  if (chosen->first > position && position > Position(1)) loss_since_ = true;
  auto opened = open(*chosen);
  // Retention was faster than we: the next look at the folder finds what is left.
  if (!opened && opened.error().kind() == ErrorKind::not_found) return {};
  return opened;
}

Result<std::optional<FolderReader::Successor>> FolderReader::successor() {
  const auto files = TRY(list_segments(folder_));
  const auto next = std::ranges::upper_bound(files, current_->file.first, {}, &SegmentFile::first);
  if (next == files.end()) return std::optional<Successor>();
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  if (const auto source = open_source(next->path)) {
    const auto segment = open_segment(*source, next->first, tag_seed_);
    // Not whole yet: the writer has just made it.
    if (segment && !segment->header && segment->header_bytes.size() < kSegmentHeaderSize)
      return std::optional<Successor>();
    if (segment && segment->header && segment->header->previous_size >= kSegmentHeaderSize)
      limit = segment->header->previous_size;
  }
  return std::optional<Successor>({*next, limit});
}

void FolderReader::note_damage(const SegmentStep& step, TailStats& stats) {
  ++stats.damaged_places;
  loss_since_ = true;
  log_warning("journal", "skipping damaged bytes {} to {} of {}: {}", step.offset, step.end - 1,
              current_->file.path.string(), step.what);
}

Result<std::shared_ptr<const Block>> FolderReader::next(Position position, TailStats& stats) {
  if (behind_) {
    const BlockPlace place = *std::exchange(behind_, std::nullopt);
    if (!current_ || current_->file.first != place.segment) {
      current_.reset();
      const SegmentFile file{place.segment, folder_ / segment_file_name(place.segment), 0};
      // On failure (retention took it): found anew by position below.
      if (const auto opened = open(file); !opened) current_.reset();
    }
    if (current_) current_->cursor->seek(place.end);
  }
  if (!current_) {
    TRY(open_at(position));
    if (!current_) return nullptr;
  }
  std::optional<Successor> after;
  std::optional<std::uint64_t> skipped_at;
  while (true) {
    // Headers first: far from the wanted position nothing has to be read or decompressed.
    const std::uint64_t limit = after ? after->limit : std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t at = current_->cursor->offset();
    SegmentStep step = TRY(current_->cursor->next(SegmentCursor::Depth::headers, limit));
    if (step.kind == SegmentStep::Kind::block) {
      if (step.header.kind != BlockKind::entries || step.header.last() < position) {
        skipped_at = at;
        continue;
      }
      current_->cursor->seek(at);
      step = TRY(current_->cursor->next(SegmentCursor::Depth::whole, limit));
      if (step.kind == SegmentStep::Kind::block) {
        auto block = decode_step(step, current_->file.first);
        if (block) {
          if ((*block)->first() > position && loss_since_)
            stats.positions_skipped += (*block)->first().number() - position.number();
          loss_since_ = false;
          return block;
        }
        step.what = block.error().message();
        step.kind = SegmentStep::Kind::damage;
      }
    }
    if (step.kind == SegmentStep::Kind::damage) {
      if (skipped_at && step.stored.empty()) {
        // The block that was skipped by its header alone may have lost bytes, and the place where we look now
        // may be none where a block begins.
        current_->cursor->seek(*std::exchange(skipped_at, std::nullopt));
        step = TRY(current_->cursor->next(SegmentCursor::Depth::whole, limit));
        if (step.kind != SegmentStep::Kind::damage) continue;
      }
      note_damage(step, stats);
      continue;
    }
    // The end of what is there. Only when a later segment exists is that the end of this one, and then it may
    // have got more blocks since we looked: look once more with the limit known.
    if (!after) {
      after = TRY(successor());
      if (!after) {
        if (current_->cursor->source().deleted()) current_.reset();  // made anew after a failed fsync
        return nullptr;
      }
      continue;
    }
    if (step.kind == SegmentStep::Kind::incomplete) note_damage(step, stats);
    const Position before = current_->file.first;
    TRY(open(after->file));
    after.reset();
    skipped_at.reset();
    if (current_->file.first <= before) return fail(ErrorKind::internal, "segments are not in order");
  }
}

}  // namespace yagura::journal
