// Records: decoded events with their native field names, many to a batch.
//
// A RecordBatch owns an arena; everything in it is a view into that arena (or into a buffer that the arena
// has adopted). Fields of all records lie in one flat vector, a record is a slice of it. Build one record at a time:
//
//   RecordBatch batch;
//   auto record = batch.begin_record({.raw = line, .received_at = now, .position = position});
//   record.set(kMessage, Value::string(text));
//   record.set_log_source({.product = "linux"});
//   batch.end_record();                       // or begin_record() again
//
// One thread at a time; move-only.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/annotations.hpp"
#include "base/arena.hpp"
#include "base/guid.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "event/field.hpp"
#include "event/value.hpp"

namespace yagura::event {

// What Sigma calls a logsource; empty means not said. Views must live as long as the batch (string
// literals, or copied into its arena).
struct LogSource {
  std::string_view product;
  std::string_view category;
  std::string_view service;
  friend bool operator==(const LogSource&, const LogSource&) = default;
};

struct Field {
  FieldId id;
  std::string_view name;
  Value value;
  friend bool operator==(const Field& a, const Field& b) { return a.name == b.name && a.value == b.value; }
};

// What is known of an event before anyone looks inside: from the journal entry.
struct RecordOrigin {
  std::string_view raw;             // the exact bytes received, without the transport's framing
  std::string_view peer;            // address of the sender, "" when there is none
  ReceiveTime received_at{};
  std::optional<ReceiveTime> read_at{};  // when the host that has the log read it, if it says so
  Position position{};              // of the journal entry
  std::uint32_t index_in_entry = 0; // for entries that hold many events
  Guid item_id{};                   // zero: made from position and index, see item_id()
};

struct RecordHeader {
  RecordOrigin origin;
  EventTime time{};              // the event's own time; assumed from received_at when it has none
  bool has_own_time = false;
  std::string_view format;       // "rfc3164", "rfc5424", "cef", "json" ...: static text of the decoder
  std::string_view malformed;    // why no grammar explains it; "" when well-formed
  std::uint32_t malformed_at = 0;  // byte offset in raw where we stopped
  LogSource log_source;
  std::uint32_t first_field = 0;
  std::uint32_t field_count = 0;
  std::uint32_t added_field_count = 0;  // of these, at the end: added by append_fields()
};

class RecordBatch;

// A record of a batch, for reading; valid until the batch changes.
class Record {
 public:
  Record(const RecordBatch& batch, const RecordHeader& header) : batch_(&batch), header_(&header) {}
  const RecordHeader& header() const { return *header_; }
  std::span<const Field> fields() const;
  // Without, and only, those that RecordBatch::append_fields() added.
  std::span<const Field> own_fields() const { return fields().first(header_->field_count - header_->added_field_count); }
  std::span<const Field> added_fields() const { return fields().last(header_->added_field_count); }
  // The last field set with that id, or nullptr.
  const Value* find(FieldId id) const;
  // For names that need not be interned; slower.
  const Value* find(std::string_view name) const;
  // The text of a string field; "" when absent or not a string.
  std::string_view text(FieldId id) const {
    const Value* value = find(id);
    return value ? value->as_string() : std::string_view();
  }
  // A stable identity: the origin's own, or one made of journal position and index.
  Guid item_id() const;

 private:
  const RecordBatch* batch_;
  const RecordHeader* header_;
};

class RecordBatch {
 public:
  RecordBatch() = default;
  RecordBatch(RecordBatch&&) = default;
  RecordBatch& operator=(RecordBatch&&) = default;

  Arena& arena() YAGURA_LIFETIMEBOUND { return arena_; }

  // Building. begin_record() ends the record before it.
  void reserve(std::size_t records, std::size_t fields) { headers_.reserve(records), fields_.reserve(fields); }
  RecordHeader& begin_record(const RecordOrigin& origin);
  void end_record();
  // Opens the last record again, for fields that are known only once it is decoded.
  void resume_record() { open_ = !headers_.empty(); }
  RecordHeader& current() { return headers_.back(); }
  void set(FieldId id, Value value) { fields_.push_back({id, name_of(id), value}); }
  void set(FieldId id, std::string_view in_arena) { set(id, Value::string(in_arena)); }
  template <std::same_as<std::string> Temporary>
  void set(FieldId, Temporary&&) = delete;
  // The same without looking the name up: it is name_of(id), or of an unlisted field and lives as long as the batch.
  void set_named(FieldId id, std::string_view name, Value value) { fields_.push_back({id, name, value}); }
  // A field whose name came from outside; `name` must live as long as the batch.
  void set_foreign(std::string_view name, Value value) { fields_.push_back({field_of_foreign_name(name), name, value}); }
  // More fields of the current record, at the end, for the caller to change; good until the next call. shrink() takes back
  // the last ones.
  Field* append(std::span<const Field> fields) {
    fields_.insert(fields_.end(), fields.begin(), fields.end());
    return fields_.data() + (fields_.size() - fields.size());
  }
  void shrink(std::size_t count) { fields_.resize(fields_.size() - count); }
  // Marks the current record: what stopped us, and at which byte of raw.
  void mark_malformed(std::string_view static_reason, std::size_t at);
  // Drops fields set since begin_record(): for decoders that try one grammar after another.
  void drop_current_fields_after(std::size_t count) { fields_.resize(headers_.back().first_field + count); }
  void reset_current_fields() { fields_.resize(headers_.back().first_field); }
  // Adds fields to a record that was ended, for what normalisation finds out later. Its fields move to the
  // end of the batch's, so spans from fields() are no longer good.
  void append_fields(std::size_t record, std::span<const Field> more);
  RecordHeader& header(std::size_t record) { return headers_[record]; }
  std::span<const Field> current_fields() const { return std::span(fields_).subspan(headers_.back().first_field); }

  // Reading.
  std::size_t size() const { return headers_.size(); }
  bool empty() const { return headers_.empty(); }
  Record operator[](std::size_t i) const { return Record(*this, headers_[i]); }
  std::span<const Field> fields(const RecordHeader& header) const;
  std::span<const RecordHeader> headers() const { return headers_; }
  void clear();

 private:
  Arena arena_;
  std::vector<RecordHeader> headers_;
  std::vector<Field> fields_;
  bool open_ = false;
};

// For tests and --explain: one "name: json" line per field, in order; time, log source and malformed first.
std::string to_text(const Record& record);
// The record as one JSON object: {"name": value, ...}.
void append_json(std::string& out, const Record& record);

}  // namespace yagura::event
