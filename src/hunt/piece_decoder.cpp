#include "hunt/piece_decoder.hpp"

#include <cstring>

#include "base/text.hpp"
#include "formats/registry.hpp"
#include "formats/windows_event.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kMostProblems = 100;

void note(DecodeNotes& notes, const std::string& file, std::string what, std::optional<std::uint64_t> offset) {
  if (notes.problems.size() < kMostProblems) notes.problems.push_back({file, std::move(what), offset});
}

}  // namespace

void PieceDecoder::decode_text(const Piece& piece, std::string_view text, std::uint64_t offset, std::uint32_t& index,
                               event::RecordBatch& batch, DecodeNotes& notes) {
  event::RecordOrigin origin;
  origin.raw = text;
  origin.received_at = receive_time(piece.modified_ticks);
  origin.position = Position(piece.number + 1);
  origin.index_in_entry = index++;
  const std::size_t before = batch.size();
  const std::string_view format = piece.kind == Kind::json ? "json" : piece.kind == Kind::xml ? "windows-xml" : "auto";
  formats::decode(format, origin, {}, batch);
  for (std::size_t i = before; i < batch.size(); ++i) {
    const auto& header = batch.header(i);
    if (header.malformed.empty()) continue;
    ++notes.malformed;
    if (piece.kind != Kind::lines)
      note(notes, files_[piece.file].name, std::string(header.malformed), offset + header.malformed_at);
  }
}

void PieceDecoder::decode(const Piece& piece, event::RecordBatch& batch, DecodeNotes& notes) {
  std::uint32_t index = 0;
  switch (piece.kind) {
    case Kind::evtx: {
      std::vector<formats::EvtxDamage> damage;
      evtx_.read(piece.bytes, piece.offset,
                 {.position = Position(piece.number + 1),
                  .with_slack = options_.with_slack,
                  .record_numbers = &notes.record_numbers},
                 batch, damage);
      for (auto& one : damage) note(notes, files_[piece.file].name, std::move(one.what), one.offset);
      break;
    }
    case Kind::xml: {
      std::size_t at = 0;
      for (;;) {
        const auto event = formats::next_event_element(piece.bytes, at);
        if (event.empty()) break;
        decode_text(piece, event, piece.offset + static_cast<std::size_t>(event.data() - piece.bytes.data()), index,
                    batch, notes);
      }
      break;
    }
    case Kind::json:
      if (piece.whole_values) {
        std::string_view rest = piece.bytes;
        while (rest.size() >= sizeof(std::uint32_t)) {
          std::uint32_t size = 0;
          std::memcpy(&size, rest.data(), sizeof size);
          decode_text(piece, rest.substr(sizeof size, size), piece.offset, index, batch, notes);
          rest.remove_prefix(sizeof size + size);
        }
        break;
      }
      [[fallthrough]];
    default: {
      std::string_view rest = piece.bytes;
      while (!rest.empty()) {
        const auto end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        const std::uint64_t offset = piece.offset + static_cast<std::size_t>(line.data() - piece.bytes.data());
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) decode_text(piece, line, offset, index, batch, notes);
      }
      break;
    }
  }
  batch.end_record();
}

}  // namespace yagura::hunt
