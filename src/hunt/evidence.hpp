// Evidence files cut into pieces of work: a chunk of an EVTX file, a block of lines, a block of XML or JSON events.
//
//   Evidence evidence(TRY(find_evidence({"logs/", "-"})), std::cin, options);
//   while (auto piece = evidence.next()) { decoder.decode(*piece, batch, notes) ... }
//
// What a file is, its bytes tell: EVTX by its magic (or its name's ending, when the magic is damaged), JSON by its
// brace, Windows event XML by its tag, gzip and zstd by theirs with any of them inside; other text is lines of syslog,
// CEF, auditd and the like. Pieces come in the order of the files and of their bytes, so numbering them is numbering
// the evidence. A piece owns its bytes, at most some MiB. One thread at a time may call next().
#pragma once
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "formats/evtx.hpp"
#include "hunt/byte_source.hpp"

namespace yagura::hunt {

enum class Kind : std::uint8_t { unknown, evtx, json, xml, lines };
std::string_view to_string(Kind kind);

struct EvidenceFile {
  std::filesystem::path path;  // empty for standard input
  std::string name;            // as people see it
  std::uint64_t size = 0;      // 0: not known
};

// The files themselves and those in folders, each folder's in the order of their names. Names of what cannot be read go
// to `problems`.
struct FileProblem {
  std::string file;
  std::string what;
  std::optional<std::uint64_t> offset;
};
std::vector<EvidenceFile> find_evidence(const std::vector<std::string>& arguments, std::vector<FileProblem>& problems);

struct Piece {
  std::uint64_t number = 0;  // 0, 1, 2 ... over all files
  std::uint32_t file = 0;    // index in files()
  Kind kind = Kind::unknown;
  std::string bytes;
  std::uint64_t offset = 0;         // of bytes in the (uncompressed) file
  std::uint64_t first_event = 0;    // of XML and JSON in pieces: which event of the file the first is
  bool whole_values = false;        // JSON: one value after another rather than one a line
  bool last_of_file = false;        // and then bytes may be empty
  std::int64_t modified_ticks = 0;  // of the file: what dates without a year are near to
  std::vector<FileProblem> problems;
};

class Evidence {
 public:
  // `in` is read for a file without a path; it must live as long.
  Evidence(std::vector<EvidenceFile> files, std::istream& in);
  ~Evidence();
  std::optional<Piece> next();
  const std::vector<EvidenceFile>& files() const { return files_; }
  Kind kind_of(std::uint32_t file) const { return kinds_[file]; }
  // Bytes read from the disk, and of all files together.
  std::uint64_t bytes_done() const { return done_ + (window_ ? window_->taken() : 0); }
  std::uint64_t bytes_total() const { return total_; }

 private:
  class JsonCutter;  // with what is known of the file
  Result<> open();
  Result<bool> cut(Piece& piece);
  Result<bool> cut_evtx(Piece& piece);
  Result<bool> cut_lines(Piece& piece);
  Result<bool> cut_xml(Piece& piece);
  Result<bool> cut_json(Piece& piece);

  std::vector<EvidenceFile> files_;
  std::vector<Kind> kinds_;
  std::istream& in_;
  std::uint32_t file_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t done_ = 0, total_ = 0;
  std::unique_ptr<SlidingWindow> window_;
  std::int64_t modified_ticks_ = 0;
  std::uint64_t events_ = 0;
  formats::EvtxChunkFinder finder_;
  std::unique_ptr<JsonCutter> json_;
};

}  // namespace yagura::hunt
