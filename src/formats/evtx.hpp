// Windows event log files: EVTX, the format of C:\Windows\System32\winevt\Logs and of exported logs.
//
// A file is a header page and chunks of 64 KiB; a chunk carries all that its records need (names, templates), so chunks
// can be read by many threads, and a damaged one costs no other. The header is believed in nothing: chunks are found by
// looking, records by walking, and after a damaged record the walk goes on at the next one. What could not be read is
// said, with its place. docs/formats/evtx.md lists the fields.
//
//   EvtxFile file(bytes);
//   EvtxChunkReader reader;                             // one per thread
//   for (const auto& chunk : file.chunks()) reader.read(file, chunk, batch, damage);
//
// Sources: MS-EVEN6 2.2.12; libyal's description of the EVTX format. Total for hostile bytes: bounded memory and time.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"
#include "base/time.hpp"
#include "event/record.hpp"

namespace yagura::formats {

struct EvtxDamage {
  std::uint64_t offset = 0;  // in the file
  std::string what;
};

struct EvtxChunk {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;  // 65536, less for one that is cut off
};

// Finds the chunks of a file that is read piece by piece:
//
//   finder.begin(first_4_kib);
//   while (auto found = finder.next(window, offset, ends)) { use window.substr(found->offset - offset, found->size);
//   ... }
//
// `window` is the file from byte `offset` on, at least kWindow bytes unless the file ends in it. Each call takes
// consumed() bytes off the window's front: drop them before the next. nullopt: nothing more in this window; when
// consumed() is 0 as well, the file ends.
class EvtxChunkFinder {
 public:
  static constexpr std::size_t kHeader = 4'096;
  static constexpr std::size_t kWindow = 65'536 + 1'024;
  void begin(std::string_view header);
  std::optional<EvtxChunk> next(std::string_view window, std::uint64_t offset, bool ends);
  std::size_t consumed() const { return consumed_; }
  // The file has ended: what is missing.
  void finish(std::uint64_t size);
  const std::vector<EvtxDamage>& damage() const { return damage_; }
  bool is_dirty() const { return dirty_; }

 private:
  void end_gap();
  std::size_t consumed_ = 0;
  std::size_t chunks_ = 0;
  std::size_t promised_ = 0;
  std::uint64_t gap_begin_ = 0, gap_size_ = 0;
  bool gap_has_bytes_ = false;
  std::vector<EvtxDamage> damage_;
  bool dirty_ = false;
};

// Where the chunks of a file are that is in memory. The bytes must live as long as it is in use.
class EvtxFile {
 public:
  explicit EvtxFile(std::string_view bytes);
  std::string_view bytes() const { return bytes_; }
  const std::vector<EvtxChunk>& chunks() const { return chunks_; }
  // Of the file as a whole: its header, and places where no chunk is.
  const std::vector<EvtxDamage>& damage() const { return damage_; }
  bool is_dirty() const { return dirty_; }  // copied while Windows was writing to it

 private:
  std::string_view bytes_;
  std::vector<EvtxChunk> chunks_;
  std::vector<EvtxDamage> damage_;
  bool dirty_ = false;
};

// An element of a record's XML; views live in the batch's arena, names as long as the reader keeps its chunk.
struct EvtxElement {
  std::string_view name;
  std::vector<std::pair<std::string_view, event::Value>> attributes;
  std::vector<event::Value> texts;  // pieces of text, in order
  std::vector<EvtxElement> children;
  const EvtxElement* child(std::string_view child_name) const;
  std::string text() const;  // the pieces, joined
};

struct EvtxOptions {
  std::string_view peer;  // of the records' origin: the file's name, say
  ReceiveTime received_at{};
  Position position{};  // of the chunk; records count on from 0 in index_in_entry
  // Also what is left of older records behind the chunk's last one: overwritten in part, perhaps doubled. They have the
  // field evtx.recovered = true.
  bool with_slack = false;
  // Walk through each record's elements, without the plans that are made for templates (evtx_plan.hpp): the same records,
  // more slowly. For tests of that.
  bool walk_each = false;
  // When given: the number in each appended record's binary header. In a log as Windows wrote it that is its
  // EventRecordID; an export counts anew.
  std::vector<std::uint64_t>* record_numbers = nullptr;
};

class EvtxChunkReader {
 public:
  EvtxChunkReader();
  ~EvtxChunkReader();

  // Appends the chunk's records, in the order in which they stand there; damage is appended too. Texts are copied into
  // the batch.
  void read(const EvtxFile& file, const EvtxChunk& chunk, const EvtxOptions& options, event::RecordBatch& out,
            std::vector<EvtxDamage>& damage);
  // The same for a chunk's bytes, which stand at `offset` of the file. The records' raw bytes are views into `chunk`.
  void read(std::string_view chunk, std::uint64_t offset, const EvtxOptions& options, event::RecordBatch& out,
            std::vector<EvtxDamage>& damage);
  // The same records as trees, for XML and JSON and for comparing with other readers.
  void visit(const EvtxFile& file, const EvtxChunk& chunk, const std::function<void(const EvtxElement& event)>& each,
             std::vector<EvtxDamage>& damage);
  void visit(std::string_view chunk, std::uint64_t offset, const std::function<void(const EvtxElement& event)>& each,
             std::vector<EvtxDamage>& damage);
  // With the number in each record's binary header (see EvtxOptions::record_numbers).
  void visit_numbered(std::string_view chunk, std::uint64_t offset,
                      const std::function<void(const EvtxElement& event, std::uint64_t number)>& each,
                      std::vector<EvtxDamage>& damage);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// <Event>...</Event>, as Windows exports it.
std::string evtx_xml(const EvtxElement& event);
// {"Event": {"System": ...}}, laid out as evtx_dump does: attributes below #attributes, text beside them as #text,
// <Data Name="X">v</Data> as "X": v, a name that comes again as X_1, X_2.
std::string evtx_json(const EvtxElement& event);

}  // namespace yagura::formats
