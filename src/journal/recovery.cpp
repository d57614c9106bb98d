#include "journal/recovery.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "journal/segment_scan.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

struct Scanned {
  std::optional<SegmentHeader> header;
  bool readable = false;  // a header or at least one block
  bool closed = false;    // ends with a closing seal
  bool sealed = false;
  std::uint64_t good_end = 0;  // behind the last intact block
  std::uint64_t size = 0;
  std::uint64_t bad_places = 0;  // before good_end
  Sha256Digest chain{};
  std::optional<Position> last;
};

Result<Scanned> scan(const SegmentFile& file, const std::optional<std::array<char, 16>>& tag_seed) {
  // After a crash the page cache may hold what the disk does not (a failed fsync leaves pages that look clean):
  // write what is dirty, drop the pages, and judge what the disk gives back.
  if (const auto fd = open_file(file.path, O_RDONLY)) {
    ::fdatasync(fd->get());
    ::posix_fadvise(fd->get(), 0, 0, POSIX_FADV_DONTNEED);
  }
  auto segment = TRY(open_segment(TRY(open_source(file.path)), file.first, tag_seed));
  Scanned result;
  result.header = segment.header;
  result.size = TRY(segment.source->size());
  if (segment.header) {
    result.readable = true;
    result.good_end = kSegmentHeaderSize;
    result.chain = chain_after_header(segment.header->previous_chain, segment.header_bytes);
    result.last = segment.header->previous_last;
  } else {
    ++result.bad_places;
  }
  SegmentCursor cursor(segment.source, segment.tag);
  std::uint64_t damaged = 0;
  while (true) {
    const SegmentStep step = TRY(cursor.next());
    if (step.kind == SegmentStep::Kind::end || step.kind == SegmentStep::Kind::incomplete) break;
    if (step.kind == SegmentStep::Kind::damage) {
      ++damaged;
      continue;
    }
    result.bad_places += std::exchange(damaged, 0);
    result.readable = true;
    result.good_end = step.end;
    result.chain = step.header.chain;
    result.sealed = result.closed = false;
    if (step.header.kind == BlockKind::entries) {
      result.last = step.header.last();
    } else if (const auto seal = decode_seal(step.stored)) {
      result.sealed = true;
      result.closed = seal->closing;
      result.last = Position(step.header.first.number() - 1);
    }
  }
  return result;
}

// Nothing in the file can be read: it was torn while it was made, or somebody destroyed it. Either way it is no
// place to write to, and evidence is not thrown away.
void put_aside(const SegmentFile& file) {
  std::error_code error;
  if (file.size == 0) {
    fs::remove(file.path, error);
  } else {
    fs::rename(file.path, fs::path(file.path.string() + ".damaged"), error);
    log_warning("journal", "nothing in {} ({} bytes) can be read; it is kept as .damaged", file.path.string(),
                file.size);
  }
  if (error) log_warning("journal", "putting {} aside: {}", file.path.string(), error.message());
}

void cut(const SegmentFile& file, std::uint64_t size) {
  const auto fd = open_file(file.path, O_RDWR);
  if (fd && ::ftruncate(fd->get(), static_cast<off_t>(size)) == 0 && ::fdatasync(fd->get()) == 0) return;
  // Harmless: the next segment's header says where this one ends.
  log_warning("journal", "cannot cut the torn tail of {}", file.path.string());
}

// Identity from the newest segment that still tells it.
std::optional<SegmentHeader> any_header(const std::vector<SegmentFile>& files) {
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const auto source = open_source(file->path);
    if (!source) continue;
    const auto segment = open_segment(*source, file->first, std::nullopt);
    if (segment && segment->header) return segment->header;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Head>> read_head_file(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kHeadFile, error)) return std::optional<Head>();
  const std::string text = TRY(read_file(folder / kHeadFile, 64_KiB));
  return TRY(parse_head(text), "reading {}", (folder / kHeadFile).string());
}

Result<std::vector<Tombstone>> read_tombstones(const fs::path& folder, std::size_t* malformed) {
  std::vector<Tombstone> tombstones;
  std::error_code error;
  if (!fs::exists(folder / kTombstoneFile, error)) return tombstones;
  const std::string text = TRY(read_file(folder / kTombstoneFile, 256_MiB));
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    if (auto tombstone = parse_tombstone(line)) {
      tombstones.push_back(std::move(*tombstone));
    } else if (malformed != nullptr) {
      ++*malformed;
    }
  }
  return tombstones;
}

Result<Recovered> recover(const fs::path& folder, const PublicKeys& keys) {
  Recovered result;
  RecoveryReport& report = result.report;
  std::optional<Head> head;
  if (auto read = read_head_file(folder); !read)
    log_warning("journal", "{}", read.error().message());
  else if (*read && !signature_holds(**read, keys))
    log_warning("journal", "the head file's signature is wrong: its promise is not believed");
  else
    head = *read;
  std::vector<Tombstone> tombstones;
  if (auto read = read_tombstones(folder); read)
    tombstones = std::move(*read);
  else
    log_warning("journal", "{}", read.error().message());

  auto files = TRY(list_segments(folder));
  const bool brand_new = files.empty() && !head && tombstones.empty();
  const auto known = any_header(files);
  result.journal = known ? known->journal : head ? head->journal : Guid::random();
  if (known) {
    result.tag_seed = known->tag_seed;
  } else {
    std::memcpy(result.tag_seed.data(), random_bytes(16).data(), 16);
  }
  if (brand_new) {
    report.next = Position(1);
    return result;
  }

  result.reason = SegmentReason::recovered;
  report.clean = false;
  report.promised = head ? head->position : Position();
  if (!tombstones.empty()) {
    const Tombstone& newest = tombstones.back();
    result.end = {newest.last_segment, 0, newest.chain, newest.last};
  } else if (head) {
    result.end = {0, 0, head->chain, Position()};
  }

  while (!files.empty()) {
    const SegmentFile file = files.back();
    const std::optional<std::array<char, 16>> tag_seed = known ? std::optional(known->tag_seed) : std::nullopt;
    const Scanned scanned = TRY(scan(file, tag_seed));
    if (!scanned.readable) {
      report.bytes_cut += file.size;
      put_aside(file);
      files.pop_back();
      continue;
    }
    report.bad_places = scanned.bad_places;
    result.end.chain = scanned.chain;
    result.end.size = scanned.good_end;
    result.end.last = scanned.last.value_or(Position(file.first.number() - 1));
    // Numbers have no holes, so a segment whose header is destroyed can count on those before it.
    result.end.segment_number = scanned.header ? scanned.header->number : files.size();
    if (!scanned.header && files.size() > 1)
      if (const auto before = any_header({files.begin(), files.end() - 1}))
        result.end.segment_number = before->number + 1;

    report.promise_broken = report.promised > result.end.last;
    const std::uint64_t torn = scanned.size - scanned.good_end;
    if (torn > 0 && !report.promise_broken) {
      cut(file, scanned.good_end);
      report.bytes_cut += torn;
    }
    if (torn == 0 && scanned.closed && report.bytes_cut == 0 && !report.promise_broken) {
      report.clean = true;
      result.reason = SegmentReason::sealed;
    }
    break;
  }
  if (files.empty()) report.promise_broken = report.promised > result.end.last;

  // A segment's name may not have reached the disk before the crash; from here on it counts as durable.
  if (auto synced = fsync_directory(folder); !synced) log_warning("journal", "{}", synced.error().message());
  report.last = result.end.last;
  const Position seen = std::max(report.last, report.promised);
  report.next = Position(seen.number() + 1 + (report.clean ? 0 : kPositionJump));
  if (report.promise_broken)
    log_error("journal",
              "entries are missing: the signed head speaks of position {}, the journal ends at {}; nothing was cut, "
              "'yagura evidence verify' tells more",
              report.promised.number(), report.last.number());
  if (report.bytes_cut > 0)
    log_warning("journal", "cut a torn tail of {} bytes behind position {}; none of it had been acknowledged",
                report.bytes_cut, report.last.number());
  if (report.bad_places > 0)
    log_error("journal", "{} damaged places in the newest segment; kept, and skipped by readers", report.bad_places);
  return result;
}

}  // namespace yagura::journal
