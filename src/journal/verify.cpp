#include "journal/verify.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <thread>

#include "base/encoding.hpp"
#include "journal/byte_repair.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_scan.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

bool writer_is_running(const fs::path& folder) {
  const auto fd = open_file(folder / kLockFile, O_RDONLY);
  return fd && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0;
}

class Verifier {
 public:
  Verifier(const fs::path& folder, const VerifyOptions& options) : folder_(folder), options_(options) {}

  Result<VerifyReport> run();

 private:
  // A head whose point in the chain is looked for.
  struct Wanted {
    Head head;
    std::string name;  // "the head file", "the anchored head"
    fs::path file;
    bool reached = false;
    bool passed = false;
  };
  struct Segment {
    SegmentFile file;
    OpenSegment open;
    std::uint64_t limit = 0;
    bool newest = false;
  };

  void add_fault(FaultKind kind, const fs::path& file, std::uint64_t offset, std::uint64_t length, std::string what,
                 Position first = {}, Position last = {});
  void note(std::string text) { report_.notes.push_back(std::move(text)); }

  std::uint64_t readable_size(const Segment& segment, const SegmentFile& next_file) const;
  void read_tombstones_file();
  void want(const Head& head, std::string name, const fs::path& file);
  void walk(Segment& segment);
  void check_header(Segment& segment);
  void check_link(const Segment& segment, const SegmentHeader& header);
  void check_first(const Segment& segment, const SegmentHeader& header);
  // True when the walk of the segment goes on.
  bool take(const Segment& segment, SegmentCursor& cursor, const SegmentStep& step);
  void take_block(const Segment& segment, const BlockHeader& header, std::uint64_t offset, std::uint64_t end,
                  std::optional<Sha256Digest> computed, std::string_view stored, bool stored_right);
  void take_seal(const Segment& segment, const BlockHeader& header, std::uint64_t offset, std::uint64_t end,
                 std::string_view stored);
  bool explain_bad_header(const Segment& segment, SegmentCursor& cursor, const SegmentStep& step);
  void explain_bad_stored(const Segment& segment, const SegmentStep& step);
  void chain_point(const Segment& segment, std::uint64_t offset);
  void finish_heads();

  fs::path folder_;
  const VerifyOptions& options_;
  PublicKeys keys_;
  VerifyReport report_;
  std::vector<Tombstone> tombstones_;
  std::vector<Wanted> wanted_;
  bool live_ = false;

  // Where the walk stands.
  std::optional<Guid> journal_;
  std::optional<std::array<char, 16>> tag_seed_;
  std::optional<std::uint64_t> number_;  // of the segment walked last
  std::optional<Sha256Digest> chain_;    // nullopt: unknown, after damage
  std::optional<Position> expected_;     // the next entry's position; nullopt: unknown
  Position last_;
  bool sealed_ = false;
  bool beginning_known_ = true;  // false: retention is deleting the oldest segments just now
  std::uint64_t faults_before_segment_ = 0;
  std::uint64_t faults_before_previous_ = 0;
  SegmentFile previous_;            // the file walked last
  std::uint64_t block_before_ = 0;  // offset of the block before in this segment
  fs::path signed_file_;            // behind here nothing is under a good signature yet
  std::uint64_t signed_offset_ = 0;
  std::uint64_t faults_at_signature_ = 0;
  Bytes total_;
  Bytes done_;
};

void Verifier::add_fault(FaultKind kind, const fs::path& file, std::uint64_t offset, std::uint64_t length,
                         std::string what, Position first, Position last) {
  ++report_.fault_count;
  if (report_.faults.size() < options_.max_faults)
    report_.faults.push_back({kind, file, offset, length, first, last, std::move(what)});
}

Result<VerifyReport> Verifier::run() {
  keys_ = options_.keys;
  if (keys_.empty()) {
    keys_ = TRY(PublicKeys::load(folder_ / kPublicKeyFile), "reading the journal's public keys");
    report_.keys_from_folder = true;
  }
  report_.key_fingerprints = keys_.fingerprints();
  live_ = writer_is_running(folder_);

  // The head before the segments: a Writer renews it after the blocks, so that what it promises is there by now.
  const fs::path head_path = folder_ / kHeadFile;
  auto head = read_head_file(folder_);
  if (!head)
    add_fault(FaultKind::wrong_signature, head_path, 0, 0, head.error().message());
  else if (*head)
    want(**head, "the head file", head_path);
  report_.head = head ? *head : std::nullopt;
  report_.anchor = options_.anchor;
  if (options_.anchor) want(*options_.anchor, "the anchored head", "(anchor)");
  read_tombstones_file();

  const auto files = TRY(list_segments(folder_));
  for (const SegmentFile& file : files) total_ += Bytes(file.size);
  for (std::size_t i = 0; i < files.size(); ++i) {
    Segment segment;
    segment.file = files[i];
    segment.newest = i + 1 == files.size();
    const auto source = open_source(files[i].path);
    if (!source && source.error().kind() == ErrorKind::not_found && live_) {
      note(fmt::format("{} was deleted by retention while this ran", files[i].path.filename().string()));
      number_.reset();
      chain_.reset();
      expected_.reset();
      beginning_known_ = false;
      continue;
    }
    auto opened = source ? open_segment(*source, files[i].first, tag_seed_) : std::unexpected(source.error());
    if (!opened) {
      add_fault(FaultKind::unreadable, files[i].path, 0, files[i].size, opened.error().message());
      chain_.reset();
      expected_.reset();
      continue;
    }
    segment.open = std::move(*opened);
    segment.limit = files[i].size;
    if (!segment.newest) segment.limit = std::min(segment.limit, readable_size(segment, files[i + 1]));
    walk(segment);
    ++report_.segments;
    report_.bytes += Bytes(files[i].size);
    done_ = report_.bytes;
    if (options_.progress) options_.progress(done_, total_);
    previous_ = files[i];
  }
  report_.last = last_;
  if (files.empty() && wanted_.empty() && tombstones_.empty()) note("the journal is empty");
  // A Writer signs its first head right after its first commit.
  for (int tries = 0; live_ && tries < 20 && !fs::exists(head_path); ++tries) std::this_thread::sleep_for(10ms);
  if (head && !*head && report_.entries > 0 && !(live_ && fs::exists(head_path)))
    add_fault(FaultKind::wrong_signature, head_path, 0, 0,
              "there is no head file: nothing signed says where the journal ends");
  finish_heads();
  return std::move(report_);
}

// What a failed write, or a tail kept because it should not have been torn, has left behind a segment's end is no part
// of the journal. Elsewhere nothing may stand there, so the whole file is walked.
std::uint64_t Verifier::readable_size(const Segment& segment, const SegmentFile& next_file) const {
  constexpr auto kWhole = std::numeric_limits<std::uint64_t>::max();
  const auto source = open_source(next_file.path);
  if (!source) return kWhole;
  const auto next = open_segment(*source, next_file.first, std::nullopt);
  if (!next || !next->header || !segment.open.header || next->header->number != segment.open.header->number + 1)
    return kWhole;
  const bool leftovers =
      next->header->reason == SegmentReason::write_error || next->header->promised > next->header->previous_last;
  return leftovers ? next->header->previous_size : kWhole;
}

void Verifier::want(const Head& head, std::string name, const fs::path& file) {
  if (!signature_holds(head, keys_))
    return add_fault(FaultKind::wrong_signature, file, 0, to_text(head).size(),
                     fmt::format("{} is not signed by a known key", name));
  wanted_.push_back({head, std::move(name), file});
}

void Verifier::read_tombstones_file() {
  std::size_t malformed = 0;
  auto read = read_tombstones(folder_, &malformed);
  const fs::path path = folder_ / kTombstoneFile;
  if (!read) return add_fault(FaultKind::unreadable, path, 0, 0, read.error().message());
  if (malformed > 0)
    add_fault(FaultKind::wrong_signature, path, 0, 0, fmt::format("{} lines are no tombstones", malformed));
  for (Tombstone& tombstone : *read) {
    if (!signature_holds(tombstone, keys_)) {
      add_fault(FaultKind::wrong_signature, path, 0, 0,
                fmt::format("the tombstone of segments {} to {} is not signed by a known key", tombstone.first_segment,
                            tombstone.last_segment),
                tombstone.first, tombstone.last);
      continue;
    }
    note(fmt::format("entries {} to {} were deleted by retention ({}) at {}", tombstone.first.number(),
                     tombstone.last.number(), tombstone.reason,
                     format_datetime(tombstone.deleted_at.time_since_epoch().count())));
    tombstones_.push_back(std::move(tombstone));
  }
}

// ---- one segment ----

void Verifier::walk(Segment& segment) {
  faults_before_previous_ = std::exchange(faults_before_segment_, report_.fault_count);
  check_header(segment);
  sealed_ = false;
  block_before_ = 0;
  SegmentCursor cursor(segment.open.source, segment.open.tag);
  while (true) {
    const auto step = cursor.next(SegmentCursor::Depth::whole, segment.limit);
    if (!step) {
      add_fault(FaultKind::unreadable, segment.file.path, cursor.offset(), segment.limit - cursor.offset(),
                step.error().message());
      chain_.reset();
      expected_.reset();
      return;
    }
    if (!take(segment, cursor, *step)) return;
    if (options_.progress) options_.progress(done_ + Bytes(cursor.offset()), total_);
  }
}

void Verifier::check_header(Segment& segment) {
  std::optional<SegmentHeader> header = segment.open.header;
  std::string bytes = segment.open.header_bytes;
  if (!header && bytes.size() == kSegmentHeaderSize) {
    const auto fixes = find_byte_fixes(std::string_view(bytes).substr(0, 252), load<std::uint32_t>(bytes.data() + 252));
    for (const ByteFix& fix : fixes) {
      std::string fixed = bytes;
      fixed[fix.offset] = static_cast<char>(fixed[fix.offset] ^ fix.flipped);
      const auto decoded = decode_segment_header(fixed);
      if (!decoded || decoded->first != segment.file.first) continue;
      add_fault(
          FaultKind::changed_bytes, segment.file.path, fix.offset, 1,
          fmt::format("byte {} of the segment header is 0x{:02x}, was 0x{:02x} when written", fix.offset,
                      static_cast<unsigned char>(bytes[fix.offset]), static_cast<unsigned char>(fixed[fix.offset])));
      header = decoded;
      bytes = fixed;
      segment.open.tag = segment_tag(decoded->tag_seed, decoded->first);
      break;
    }
  }
  if (!header) {
    const auto other = decode_segment_header(bytes);
    if (segment.newest && live_ && bytes.size() < kSegmentHeaderSize) return;  // being made just now
    add_fault(other ? FaultKind::misplaced_block : FaultKind::changed_bytes, segment.file.path, 0,
              std::min<std::uint64_t>(kSegmentHeaderSize, segment.file.size), segment.open.header_fault);
    chain_.reset();
    expected_.reset();
    if (number_) ++*number_;
    return;
  }
  tag_seed_ = header->tag_seed;
  if (!journal_) journal_ = header->journal;
  if (*journal_ != header->journal)
    add_fault(FaultKind::misplaced_block, segment.file.path, 16, 16, "the segment belongs to another journal");
  if (!keys_.holds(header->key))
    note(fmt::format("{} names a signing key that is not among the given ones", segment.file.path.filename().string()));
  if (number_) {
    check_link(segment, *header);
  } else if (beginning_known_ && previous_.path.empty()) {
    check_first(segment, *header);
  }
  if (header->promised > header->previous_last)
    add_fault(FaultKind::cut_tail, previous_.path.empty() ? segment.file.path : previous_.path, header->previous_size,
              0,
              fmt::format("entries are missing: at a start on {} the signed head spoke of position {}, the journal "
                          "ended at {}",
                          format_datetime(header->created_at.time_since_epoch().count()), header->promised.number(),
                          header->previous_last.number()),
              Position(header->previous_last.number() + 1), header->promised);
  if (header->cut_bytes > 0)
    note(fmt::format("a torn tail of {} bytes was cut behind position {}", header->cut_bytes,
                     header->previous_last.number()));
  if (header->reason == SegmentReason::recovered && header->previous_last.number() > 0)
    note(fmt::format("after an unclean stop the numbering went on from {} at {}", header->previous_last.number(),
                     header->first.number()));
  if (report_.first == Position()) report_.first = header->first;
  number_ = header->number;
  chain_ = chain_after_header(header->previous_chain, bytes);
  expected_ = header->first;
  last_ = std::max(last_, header->previous_last);
  chain_point(segment, kSegmentHeaderSize);
}

void Verifier::check_first(const Segment& segment, const SegmentHeader& header) {
  if (header.number == 1 && header.previous_last == Position()) return;
  for (const Tombstone& tombstone : tombstones_) {
    if (tombstone.last_segment + 1 == header.number && tombstone.last == header.previous_last &&
        tombstone.chain == header.previous_chain)
      return;
    // Retention was interrupted between its tombstone and the last file.
    if (tombstone.first_segment <= header.number && header.number <= tombstone.last_segment) return;
  }
  const Position gone = tombstones_.empty() ? Position(1) : Position(tombstones_.back().last.number() + 1);
  add_fault(FaultKind::missing_segment, folder_ / segment_file_name(std::min(gone, header.first)), 0, 0,
            fmt::format("segments before number {} ({}) are missing, and no tombstone says that retention deleted them",
                        header.number, segment.file.path.filename().string()),
            gone, header.previous_last);
}

void Verifier::check_link(const Segment& segment, const SegmentHeader& header) {
  const bool damage_before = report_.fault_count > faults_before_previous_ || !chain_;
  if (header.number != *number_ + 1) {
    if (header.number > *number_ + 1) {
      add_fault(FaultKind::missing_segment, folder_ / segment_file_name(Position(last_.number() + 1)), 0, 0,
                fmt::format("segments {} to {} are missing", *number_ + 1, header.number - 1),
                Position(last_.number() + 1), header.previous_last);
    } else {
      add_fault(FaultKind::misplaced_block, segment.file.path, 48, 8,
                fmt::format("segment number {} stands behind number {}", header.number, *number_));
    }
    return;
  }
  if (header.previous_size > previous_.size) {
    add_fault(FaultKind::cut_tail, previous_.path, previous_.size, 0,
              fmt::format("the last {} bytes of the segment are cut off", header.previous_size - previous_.size));
    return;
  }
  if (header.previous_size < previous_.size) {
    const std::string text =
        fmt::format("{} bytes stand behind the segment's end", previous_.size - header.previous_size);
    if (header.reason == SegmentReason::write_error)
      note(fmt::format("{}: {} (left by a failed write; never read)", previous_.path.filename().string(), text));
    else if (header.promised <= header.previous_last && !damage_before)  // else told already, or below
      add_fault(FaultKind::unexplained_bytes, previous_.path, header.previous_size,
                previous_.size - header.previous_size, text);
  }
  if (!damage_before && (header.previous_chain != *chain_ || header.previous_last != last_)) {
    add_fault(FaultKind::broken_chain, segment.file.path, 112, 32,
              "the segment does not follow on the one before: the end of that one or this header was rewritten");
  } else if (header.reason != SegmentReason::recovered && header.first != Position(header.previous_last.number() + 1)) {
    add_fault(FaultKind::missing_blocks, segment.file.path, 56, 8, "positions are left out without an unclean stop",
              Position(header.previous_last.number() + 1), Position(header.first.number() - 1));
  }
}

bool Verifier::take(const Segment& segment, SegmentCursor& cursor, const SegmentStep& step) {
  using Kind = SegmentStep::Kind;
  switch (step.kind) {
    case Kind::end: return false;
    case Kind::block: {
      std::optional<Sha256Digest> computed;
      if (chain_) computed = chain_after_block(*chain_, step.header_bytes, step.table, step.stored);
      take_block(segment, step.header, step.offset, step.end, computed, step.stored, true);
      return true;
    }
    case Kind::damage:
      if (step.header_intact && !step.stored.empty()) {
        explain_bad_stored(segment, step);
        take_block(segment, step.header, step.offset, step.end, std::nullopt, {}, false);
        return true;
      }
      if (explain_bad_header(segment, cursor, step)) return true;
      add_fault(FaultKind::changed_bytes, segment.file.path, step.offset, step.end - step.offset, step.what,
                expected_.value_or(Position()));
      chain_.reset();
      expected_.reset();
      cursor.seek(step.end);
      return true;
    case Kind::incomplete:
      if (segment.newest && live_) return false;  // being written just now
      if (explain_bad_header(segment, cursor, step)) return true;
      add_fault(FaultKind::cut_tail, segment.file.path, step.offset, segment.limit - step.offset,
                fmt::format("the last {} bytes are no whole block ({}): cut off, overwritten, or torn by a crash",
                            segment.limit - step.offset, step.what),
                expected_.value_or(Position()));
      chain_.reset();
      expected_.reset();
      return false;
  }
  return false;
}

void Verifier::take_block(const Segment& segment, const BlockHeader& header, std::uint64_t offset, std::uint64_t end,
                          std::optional<Sha256Digest> computed, std::string_view stored, bool stored_right) {
  const fs::path& path = segment.file.path;
  ++report_.blocks;
  if (sealed_)
    add_fault(FaultKind::unexplained_bytes, path, offset, end - offset, "a block stands behind the segment's seal",
              header.first);
  else if (expected_ && header.first > *expected_)
    add_fault(
        FaultKind::missing_blocks, path, offset, 0,
        fmt::format("entries {} to {} are missing before this byte", expected_->number(), header.first.number() - 1),
        *expected_, Position(header.first.number() - 1));
  else if (expected_ && header.first < *expected_)
    add_fault(FaultKind::misplaced_block, path, offset, end - offset,
              fmt::format("a block of entries from {} on stands where {} should follow: repeated or out of order",
                          header.first.number(), expected_->number()),
              header.first, header.last());
  else if (computed && *computed != header.chain)
    add_fault(
        FaultKind::broken_chain, path, block_before_ > 0 ? block_before_ : offset,
        end - (block_before_ > 0 ? block_before_ : offset),
        fmt::format("the checksums are right but the hash chain is not: the block at byte {} or the one before it "
                    "was rewritten",
                    offset),
        header.first, header.last());
  block_before_ = offset;
  if (header.kind == BlockKind::seal) {
    if (stored_right) take_seal(segment, header, offset, end, stored);
    sealed_ = true;
    chain_ = header.chain;
    chain_point(segment, end);
    return;
  }
  report_.entries += header.count;
  if (stored_right) {
    auto content = decompress(header, stored);
    Result<> right;
    if (!content) {
      right = std::unexpected(content.error());
    } else if (auto block = Block::decode(std::move(*content), header.payload_bytes, header.first, header.count);
               !block) {
      right = std::unexpected(block.error());
    }
    if (!right)
      add_fault(FaultKind::changed_bytes, path, offset, end - offset, right.error().message(), header.first,
                header.last());
  }
  chain_ = header.chain;
  // Behind a repeated block the order goes on where it was.
  if (!expected_ || header.last() >= *expected_) expected_ = Position(header.last().number() + 1);
  last_ = std::max(last_, header.last());
  chain_point(segment, end);
}

void Verifier::take_seal(const Segment& segment, const BlockHeader& header, std::uint64_t offset, std::uint64_t end,
                         std::string_view stored) {
  const fs::path& path = segment.file.path;
  const auto seal = decode_seal(stored);
  const auto head = seal ? parse_head(seal->head) : fail(ErrorKind::corrupt, "not a seal");
  if (!head || !signature_holds(*head, keys_) || (journal_ && head->journal != *journal_))
    return add_fault(FaultKind::wrong_signature, path, offset, end - offset,
                     "the segment's seal is not signed by a known key");
  if (chain_ && (head->chain != *chain_ || head->position.number() + 1 != header.first.number())) {
    const bool same_file = signed_file_ == path;
    return add_fault(
        FaultKind::broken_chain, path, same_file ? signed_offset_ : 0, offset - (same_file ? signed_offset_ : 0),
        "the seal was signed for another content: something between the last good signature and the seal was "
        "rewritten with a chain computed anew");
  }
  if (!chain_) return;
  report_.signed_until = std::max(report_.signed_until, head->position);
  signed_file_ = path;
  signed_offset_ = end;
  faults_at_signature_ = report_.fault_count;
}

// ---- naming the byte ----

void Verifier::explain_bad_stored(const Segment& segment, const SegmentStep& step) {
  const fs::path& path = segment.file.path;
  const auto changed = [&](std::string_view piece, std::uint64_t piece_at, std::uint32_t crc, const auto& rebuild) {
    for (const ByteFix& fix : find_byte_fixes(piece, crc)) {
      if (fix.offset >= piece.size()) continue;  // the CRC itself is known to be right
      std::string fixed(piece);
      fixed[fix.offset] = static_cast<char>(fixed[fix.offset] ^ fix.flipped);
      if (chain_ && !rebuild(fixed)) continue;
      add_fault(
          FaultKind::changed_bytes, path, piece_at + fix.offset, 1,
          fmt::format("byte {} is 0x{:02x}, was 0x{:02x} when written", piece_at + fix.offset,
                      static_cast<unsigned char>(piece[fix.offset]), static_cast<unsigned char>(fixed[fix.offset])),
          step.header.first, step.header.last());
      return true;
    }
    return false;
  };
  const std::uint64_t table_at = step.offset + kBlockHeaderSize;
  if (crc32c(step.table) != step.header.table_crc) {
    if (changed(step.table, table_at, step.header.table_crc, [&](const std::string& table) {
          return chain_after_block(*chain_, step.header_bytes, table, step.stored) == step.header.chain;
        }))
      return;
    return add_fault(FaultKind::changed_bytes, path, table_at, step.table.size(), step.what, step.header.first,
                     step.header.last());
  }
  const std::uint64_t stored_at = table_at + step.table.size();
  std::vector<std::size_t> bad;
  for (std::size_t chunk = 0; chunk * kChunkSize < step.stored.size(); ++chunk)
    if (load<std::uint32_t>(step.table.data() + 4 * chunk) !=
        crc32c(step.stored.substr(chunk * kChunkSize, kChunkSize)))
      bad.push_back(chunk);
  if (bad.empty()) return;
  const std::size_t first = bad.front() * kChunkSize;
  const std::string_view piece = step.stored.substr(first, kChunkSize);
  if (bad.size() == 1 && changed(piece, stored_at + first, load<std::uint32_t>(step.table.data() + 4 * bad.front()),
                                 [&](const std::string& fixed) {
                                   std::string stored(step.stored);
                                   stored.replace(first, fixed.size(), fixed);
                                   return chain_after_block(*chain_, step.header_bytes, step.table, stored) ==
                                          step.header.chain;
                                 }))
    return;
  const std::size_t end = std::min((bad.back() + 1) * kChunkSize, step.stored.size());
  add_fault(FaultKind::changed_bytes, path, stored_at + first, end - first, step.what, step.header.first,
            step.header.last());
}

// The header is wrong, or bytes are missing behind it. True when the place was named; the cursor then stands
// behind it.
bool Verifier::explain_bad_header(const Segment& segment, SegmentCursor& cursor, const SegmentStep& step) {
  const fs::path& path = segment.file.path;
  const std::uint64_t room = std::min<std::uint64_t>(step.end - step.offset, std::uint64_t{kMaxStoredSize} + (1 << 20));
  std::string bytes(room, '\0');
  const auto count = segment.open.source->read_at(step.offset, bytes.data(), bytes.size());
  if (!count || *count < kBlockHeaderSize) return false;
  bytes.resize(*count);

  if (step.header_intact) {
    // The header promises more bytes than stand before the next block: some are gone. Where the first piece fails
    // is where they were taken.
    const std::uint64_t table_size = step.header.table_size();
    std::uint64_t at = kBlockHeaderSize;
    if (bytes.size() >= at + table_size && crc32c({bytes.data() + at, table_size}) == step.header.table_crc) {
      const std::string_view table(bytes.data() + at, table_size);
      at += table_size;
      for (std::size_t chunk = 0; chunk * 4 < table.size(); ++chunk) {
        const std::uint64_t size = std::min<std::uint64_t>(kChunkSize, step.header.stored_size - chunk * kChunkSize);
        if (at + size > bytes.size() ||
            crc32c({bytes.data() + at, size}) != load<std::uint32_t>(table.data() + 4 * chunk))
          break;
        at += size;
      }
    }
    const std::uint64_t missing = step.header.whole_size() - bytes.size();
    const bool at_end = step.kind == SegmentStep::Kind::incomplete;
    add_fault(at_end ? FaultKind::cut_tail : FaultKind::changed_bytes, path, step.offset + at, bytes.size() - at,
              fmt::format("{} bytes are missing from the block at byte {}{}", missing, step.offset,
                          at_end ? ": cut off, or torn by a crash" : ""),
              step.header.first, step.header.last());
    chain_ = step.header.chain;
    expected_ = step.header.kind == BlockKind::seal ? step.header.first : Position(step.header.last().number() + 1);
    if (step.header.kind == BlockKind::entries) last_ = std::max(last_, step.header.last());
    cursor.seek(at_end ? segment.limit : step.end);
    return true;
  }

  const std::string_view wrong = std::string_view(bytes).substr(0, kBlockHeaderSize);
  for (const ByteFix& fix : find_byte_fixes(wrong.substr(0, 84), load<std::uint32_t>(wrong.data() + 84))) {
    std::string fixed(wrong);
    fixed[fix.offset] = static_cast<char>(fixed[fix.offset] ^ fix.flipped);
    const auto header = decode_block_header(fixed);
    if (!header || header->tag != segment.open.tag || header->whole_size() > bytes.size()) continue;
    const std::string_view table(bytes.data() + kBlockHeaderSize, header->table_size());
    const std::string_view stored(bytes.data() + kBlockHeaderSize + table.size(), header->stored_size);
    const auto computed = chain_ ? std::optional(chain_after_block(*chain_, fixed, table, stored)) : std::nullopt;
    if (computed && *computed != header->chain) continue;
    add_fault(
        FaultKind::changed_bytes, path, step.offset + fix.offset, 1,
        fmt::format("byte {} (in a block header) is 0x{:02x}, was 0x{:02x} when written", step.offset + fix.offset,
                    static_cast<unsigned char>(wrong[fix.offset]), static_cast<unsigned char>(fixed[fix.offset])),
        header->first, header->kind == BlockKind::entries ? header->last() : Position());
    const std::uint64_t end = step.offset + header->whole_size();
    take_block(segment, *header, step.offset, end, computed, stored, true);
    cursor.seek(end);
    return true;
  }
  return false;
}

// ---- heads ----

void Verifier::chain_point(const Segment& segment, std::uint64_t offset) {
  for (Wanted& wanted : wanted_) {
    if (wanted.reached || wanted.passed) continue;
    if (last_ == wanted.head.position && chain_ && *chain_ == wanted.head.chain &&
        (!journal_ || *journal_ == wanted.head.journal)) {
      wanted.reached = true;
      report_.signed_until = std::max(report_.signed_until, last_);
      signed_file_ = segment.file.path;
      signed_offset_ = offset;
      faults_at_signature_ = report_.fault_count;
      continue;
    }
    if (last_ <= wanted.head.position) continue;
    wanted.passed = true;
    if (report_.fault_count > faults_at_signature_) continue;  // the damage before explains it
    if (!expected_ || wanted.head.position < report_.first) continue;
    const bool same_file = signed_file_ == segment.file.path;
    add_fault(
        FaultKind::broken_chain, segment.file.path, same_file ? signed_offset_ : 0,
        offset - (same_file ? signed_offset_ : 0),
        fmt::format("{} was signed for another content up to position {}: something since the last good signature "
                    "was rewritten with a chain computed anew",
                    wanted.name, wanted.head.position.number()),
        Position(), wanted.head.position);
  }
}

void Verifier::finish_heads() {
  for (Wanted& wanted : wanted_) {
    const Head& head = wanted.head;
    const bool is_anchor = wanted.file == fs::path("(anchor)");
    if (is_anchor) report_.anchor_reached = wanted.reached;
    if (head.position == Position()) report_.anchor_reached |= is_anchor;  // of an empty journal: always true
    if (wanted.reached || head.position == Position()) continue;
    if (journal_ && head.journal != *journal_) {
      add_fault(FaultKind::wrong_signature, wanted.file, 0, 0, fmt::format("{} is of another journal", wanted.name));
      continue;
    }
    const bool in_tombstone = std::ranges::any_of(tombstones_, [&](const Tombstone& tombstone) {
      return tombstone.last == head.position && tombstone.chain == head.chain;
    });
    if (in_tombstone && is_anchor) report_.anchor_reached = true;
    if (in_tombstone) continue;
    if (head.position < report_.first) {
      note(fmt::format("{} speaks of position {}, which retention has deleted: it proves nothing about what is left",
                       wanted.name, head.position.number()));
      continue;
    }
    if (wanted.passed) {
      if (is_anchor && report_.fault_count == 0)
        add_fault(FaultKind::broken_chain, wanted.file, 0, 0, "the anchored head's chain value is not in the journal");
      else
        note(fmt::format("{} could not be checked because of the damage before it", wanted.name));
      continue;
    }
    if (head.position == last_ && report_.fault_count > faults_at_signature_) {
      note(fmt::format("{} could not be checked because of the damage before it", wanted.name));
      continue;
    }
    // A sealed segment was whole: then it is the next file that is gone.
    const fs::path file =
        sealed_ || previous_.path.empty() ? folder_ / segment_file_name(Position(last_.number() + 1)) : previous_.path;
    add_fault(
        FaultKind::cut_tail, file, sealed_ ? 0 : previous_.size, 0,
        fmt::format("the tail is cut: {} was signed at {} for position {}, the journal ends at {}", wanted.name,
                    format_datetime(head.signed_at.time_since_epoch().count()), head.position.number(), last_.number()),
        Position(last_.number() + 1), head.position);
  }
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::changed_bytes: return "changed bytes";
    case FaultKind::broken_chain: return "broken chain";
    case FaultKind::missing_segment: return "missing segment";
    case FaultKind::missing_blocks: return "missing entries";
    case FaultKind::misplaced_block: return "misplaced block";
    case FaultKind::cut_tail: return "cut tail";
    case FaultKind::wrong_signature: return "wrong signature";
    case FaultKind::unexplained_bytes: return "unexplained bytes";
    case FaultKind::unreadable: return "unreadable";
  }
  return "unknown";
}

Result<VerifyReport> verify(const fs::path& folder, const VerifyOptions& options) {
  return Verifier(folder, options).run();
}

std::string to_text(const VerifyReport& report) {
  std::string text;
  const auto line = [&text]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    text += fmt::format(format, std::forward<Args>(args)...);
    text += '\n';
  };
  if (report.intact())
    line("intact: {} entries in {} segment{} ({}), positions {} to {}", report.entries, report.segments,
         report.segments == 1 ? "" : "s", to_string(report.bytes), report.first.number(), report.last.number());
  else
    line("NOT INTACT: {} {}", report.fault_count, report.fault_count == 1 ? "fault" : "faults");
  for (const Fault& fault : report.faults) {
    line("  {}, {} byte {}{}: {}", to_string(fault.kind), fault.file.string(), fault.offset,
         fault.length > 1 ? fmt::format(" to {}", fault.offset + fault.length - 1) : "", fault.what);
    if (fault.first != Position() && fault.last >= fault.first)
      line("    entries {} to {}", fault.first.number(), fault.last.number());
  }
  if (report.fault_count > report.faults.size()) line("  and {} more", report.fault_count - report.faults.size());
  if (report.anchor)
    line("anchor of {} for position {}: {}", format_datetime(report.anchor->signed_at.time_since_epoch().count()),
         report.anchor->position.number(),
         report.anchor_reached ? "found in the chain; nothing up to there was changed or cut off since"
                               : "NOT found in the chain, so it proves nothing about this journal");
  line("signed up to position {}{}", report.signed_until.number(),
       report.signed_until < report.last ? " (what follows is in the chain, but not yet under a signature)" : "");
  for (const std::string& fingerprint : report.key_fingerprints)
    line("key {}{}", fingerprint,
         report.keys_from_folder ? " (found beside the journal: compare it with the one you wrote down)" : "");
  for (const std::string& note : report.notes) line("note: {}", note);
  return text;
}

}  // namespace yagura::journal
