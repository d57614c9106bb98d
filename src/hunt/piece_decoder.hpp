// Pieces of evidence to records.
//
//   PieceDecoder decoder(files, options);              // one per thread
//   decoder.decode(piece, batch, notes);
//
// The records' position is the piece's number + 1, their index counts on in the piece, so (position, index) orders all
// events as they stand in the evidence. Damage and what could not be explained go to the notes, with file and offset.
#pragma once
#include "event/record.hpp"
#include "formats/evtx.hpp"
#include "hunt/evidence.hpp"

namespace yagura::hunt {

struct DecodeOptions {
  bool with_slack = false;  // records of EVTX files that are left over behind the newer ones
};

struct DecodeNotes {
  std::vector<FileProblem> problems;          // at most 100 a piece are named
  std::uint64_t malformed = 0;                // events that no format explains
  std::vector<std::uint64_t> record_numbers;  // EVTX: of the records' binary headers
};

class PieceDecoder {
 public:
  PieceDecoder(const std::vector<EvidenceFile>& files, DecodeOptions options) : files_(files), options_(options) {}
  // `batch` keeps views into `piece`.
  void decode(const Piece& piece, event::RecordBatch& batch, DecodeNotes& notes);

 private:
  void decode_text(const Piece& piece, std::string_view text, std::uint64_t offset, std::uint32_t& index,
                   event::RecordBatch& batch, DecodeNotes& notes);
  const std::vector<EvidenceFile>& files_;
  const DecodeOptions options_;
  formats::EvtxChunkReader evtx_;
};

}  // namespace yagura::hunt
