#include "event/record.hpp"

#include "base/json_writer.hpp"

namespace yagura::event {

std::span<const Field> Record::fields() const { return batch_->fields(*header_); }

const Value* Record::find(FieldId id) const {
  const auto all = fields();
  for (std::size_t i = all.size(); i-- > 0;)
    if (all[i].id == id) return &all[i].value;
  return nullptr;
}

const Value* Record::find(std::string_view name) const {
  const auto all = fields();
  for (std::size_t i = all.size(); i-- > 0;)
    if (all[i].name == name) return &all[i].value;
  return nullptr;
}

Guid Record::item_id() const {
  const auto& origin = header_->origin;
  if (origin.item_id != Guid{}) return origin.item_id;
  // RFC 4122 version 8 (free form): the position in the journal and the index within the entry.
  return {std::uint64_t{origin.index_in_entry} << 16 | 0x8000ULL,
          (2ULL << 62) | (origin.position.number() & ~(3ULL << 62))};
}

RecordHeader& RecordBatch::begin_record(const RecordOrigin& origin) {
  end_record();
  RecordHeader header;
  header.origin = origin;
  header.time = assume_event_time(origin.received_at);
  header.first_field = static_cast<std::uint32_t>(fields_.size());
  headers_.push_back(header);
  open_ = true;
  return headers_.back();
}

void RecordBatch::end_record() {
  if (!open_) return;
  auto& header = headers_.back();
  header.field_count = static_cast<std::uint32_t>(fields_.size()) - header.first_field;
  open_ = false;
}

void RecordBatch::mark_malformed(std::string_view static_reason, std::size_t at) {
  auto& header = headers_.back();
  header.malformed = static_reason;
  header.malformed_at = static_cast<std::uint32_t>(at);
}

std::span<const Field> RecordBatch::fields(const RecordHeader& header) const {
  const bool open = open_ && &header == &headers_.back();
  const std::size_t count = open ? fields_.size() - header.first_field : header.field_count;
  return std::span(fields_).subspan(header.first_field, count);
}

void RecordBatch::clear() {
  headers_.clear();
  fields_.clear();
  arena_.clear();
  open_ = false;
}

void RecordBatch::append_fields(std::size_t record, std::span<const Field> more) {
  end_record();
  auto& header = headers_[record];
  const std::size_t begin = header.first_field;
  const std::size_t count = header.field_count;
  if (begin + count != fields_.size()) {
    const std::size_t needed = fields_.size() + count + more.size();
    if (fields_.capacity() < needed) fields_.reserve(std::max(needed, 2 * fields_.capacity()));
    header.first_field = static_cast<std::uint32_t>(fields_.size());
    for (std::size_t i = 0; i < count; ++i) fields_.push_back(fields_[begin + i]);
  }
  fields_.insert(fields_.end(), more.begin(), more.end());
  header.field_count = static_cast<std::uint32_t>(count + more.size());
  header.added_field_count += static_cast<std::uint32_t>(more.size());
}

std::string to_text(const Record& record) {
  const auto& header = record.header();
  std::string out;
  if (header.has_own_time) out += "@time: " + format_datetime(header.time.time_since_epoch().count()) + "\n";
  if (!header.format.empty()) out += fmt::format("@format: {}\n", header.format);
  if (header.log_source != LogSource{})
    out += fmt::format("@logsource: {}/{}/{}\n", header.log_source.product, header.log_source.category, header.log_source.service);
  if (!header.malformed.empty()) out += fmt::format("@malformed: {} at byte {}\n", header.malformed, header.malformed_at);
  for (const auto& field : record.fields()) {
    out += field.name;
    out += ": ";
    append_json(out, field.value);
    out += '\n';
  }
  if (!out.empty()) out.pop_back();
  return out;
}

void append_json(std::string& out, const Record& record) {
  out += '{';
  bool first = true;
  for (const auto& field : record.fields()) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, field.name);
    out += ':';
    append_json(out, field.value);
  }
  out += '}';
}

}  // namespace yagura::event
