#include "journal/evidence.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_scan.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

// Walks the chain from the entry's segment on until a signature vouches for what was walked.
class ChainWalk {
 public:
  ChainWalk(const fs::path& folder, const PublicKeys& keys, EntryProof& proof)
      : folder_(folder), keys_(keys), proof_(proof) {}

  Result<> run() {
    if (auto head = read_head_file(folder_); head && *head && signature_holds(**head, keys_)) head_ = *head;
    const auto files = TRY(list_segments(folder_));
    bool at_entry = false;
    for (std::size_t i = 0; i < files.size(); ++i) {
      at_entry = at_entry || files[i].path == proof_.file;
      if (!at_entry) continue;
      // What stands behind the end that the next header states is no part of the journal.
      std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
      if (i + 1 < files.size()) {
        const auto next = TRY(open_segment(TRY(open_source(files[i + 1].path)), files[i + 1].first, std::nullopt));
        if (next.header) limit = next.header->previous_size;
      }
      if (!TRY(walk(files[i], limit))) break;
      if (proof_.signed_by) break;
    }
    proof_.chain_holds = proof_.doubt.empty();
    if (!proof_.chain_holds) proof_.signed_by.reset();
    if (proof_.chain_holds && !proof_.signed_by)
      proof_.doubt = "no good signature covers it yet; the newest entries are signed within a second";
    return {};
  }

 private:
  bool refuse(std::string doubt) {
    proof_.doubt = std::move(doubt);
    return false;
  }

  // False: the chain does not hold.
  Result<bool> walk(const SegmentFile& file, std::uint64_t limit) {
    const auto segment = TRY(open_segment(TRY(open_source(file.path)), file.first, std::nullopt));
    if (!segment.header) return refuse(fmt::format("{}: {}", file.path.string(), segment.header_fault));
    // The segment after the entry's must follow on it; where the entry's own begins, the header is believed: the
    // signature behind it covers it.
    if (chain_ && segment.header->previous_chain != *chain_)
      return refuse(fmt::format("{} does not follow on the segment before it", file.path.string()));
    chain_ = chain_after_header(segment.header->previous_chain, segment.header_bytes);
    last_ = segment.header->previous_last;
    SegmentCursor cursor(segment.source, segment.tag);
    while (!proof_.signed_by) {
      const SegmentStep step = TRY(cursor.next(SegmentCursor::Depth::whole, limit));
      if (step.kind == SegmentStep::Kind::end || step.kind == SegmentStep::Kind::incomplete) return true;
      if (step.kind == SegmentStep::Kind::damage)
        return refuse(fmt::format("{} is damaged at byte {}: {}", file.path.string(), step.offset, step.what));
      const auto computed = chain_after_block(*chain_, step.header_bytes, step.table, step.stored);
      if (computed != step.header.chain)
        return refuse(fmt::format("the hash chain is broken at byte {} of {}", step.offset, file.path.string()));
      const bool behind_entry = last_ >= proof_.found.entry->position;
      if (step.header.kind == BlockKind::seal) {
        const auto seal = decode_seal(step.stored);
        const auto head = seal ? parse_head(seal->head) : fail(ErrorKind::corrupt, "no seal");
        if (!head || !signature_holds(*head, keys_) || head->chain != *chain_)
          return refuse(
              fmt::format("the seal of {} is not signed by a known key for this content", file.path.string()));
        if (behind_entry) {
          proof_.signed_by = *head;
          proof_.signed_in = file.path;
        }
      } else {
        last_ = step.header.last();
        if (step.header.first <= proof_.found.entry->position && proof_.found.entry->position <= last_) {
          proof_.chain_before = *chain_;
          proof_.chain = computed;
        }
      }
      chain_ = step.header.chain;
      if (!proof_.signed_by && head_ && last_ >= proof_.found.entry->position && head_->position == last_ &&
          head_->chain == *chain_) {
        proof_.signed_by = head_;
        proof_.signed_in = folder_ / kHeadFile;
      }
    }
    return true;
  }

  const fs::path& folder_;
  const PublicKeys& keys_;
  EntryProof& proof_;
  std::optional<Head> head_;
  std::optional<Sha256Digest> chain_;
  Position last_;
};

}  // namespace

Result<FoundEntry> find_entry(const Reader& reader, std::string_view id) {
  if (const auto position = parse_uint64(trim(id))) return reader.find_entry(Position(*position));
  if (const auto guid = Guid::parse(trim(id))) return reader.find_item(*guid);
  return fail(ErrorKind::invalid_input,
              "'{}' is neither an _ItemId (as query results show it) nor a journal position (a whole number)", id);
}

Result<EntryProof> prove_entry(const fs::path& folder, std::string_view id, PublicKeys keys) {
  EntryProof proof;
  if (keys.empty()) {
    keys = TRY(PublicKeys::load(folder / kPublicKeyFile), "reading the journal's public keys");
    proof.keys_from_folder = true;
  }
  proof.key_fingerprints = keys.fingerprints();
  const auto reader = TRY(Reader::open(folder));
  proof.found = TRY(find_entry(*reader, id));
  const BlockPlace& place = proof.found.block->place();
  proof.file = folder / segment_file_name(place.segment);
  proof.offset = place.offset;
  proof.end = place.end;
  proof.payload_digest = sha256(proof.found.entry->payload);
  TRY(ChainWalk(folder, keys, proof).run());
  return proof;
}

std::string to_text(const EntryProof& proof) {
  const std::string place =
      fmt::format("bytes {} to {} of {}", proof.offset, proof.end - 1, proof.file.filename().string());
  if (!proof.proven()) return fmt::format("not proven ({}): {}", place, proof.doubt);
  return fmt::format("unchanged since it was received: {}, hash chain holds to the head signed at {} for position {}{}",
                     place, format_datetime(proof.signed_by->signed_at.time_since_epoch().count()),
                     proof.signed_by->position.number(),
                     proof.keys_from_folder ? " (key found beside the journal: compare its fingerprint)" : "");
}

}  // namespace yagura::journal
