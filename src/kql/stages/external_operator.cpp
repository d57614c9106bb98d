#include "kql/stages/external_operator.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/text.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/stages/zip_archive.hpp"

namespace yagura::kql {

namespace {

bool equals_ignore_case(std::string_view a, std::string_view b) { return to_lower_ascii(a) == to_lower_ascii(b); }

constexpr Bytes kMostBytes = 128_MiB;  // of one file, unpacked too

std::string_view property(const std::vector<std::pair<std::string, std::string>>& properties, std::string_view name) {
  for (const auto& [key, value] : properties) {
    if (equals_ignore_case(key, name)) return value;
  }
  return {};
}

// Without what follows the file's name: ?sas, ;key.
std::string_view file_of(std::string_view address) { return address.substr(0, address.find_first_of("?;#")); }

std::string format_of(std::string_view address, std::string_view said) {
  if (!said.empty()) return to_lower_ascii(said);
  std::string file = to_lower_ascii(file_of(address));
  for (const std::string_view packed : {".gz", ".zip"}) {
    if (file.ends_with(packed)) file.resize(file.size() - packed.size());
  }
  for (const std::string_view format : {"csv", "tsv", "psv", "scsv", "txt", "json", "multijson", "raw", "parquet", "avro", "orc"}) {
    if (file.ends_with("." + std::string(format))) return std::string(format);
  }
  return "csv";
}

Result<std::string> unpacked(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return fail(ErrorKind::internal, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  std::vector<char> piece(1 << 18);
  while (state == Z_OK || (state == Z_STREAM_END && stream.avail_in > 0)) {
    if (state == Z_STREAM_END && inflateReset(&stream) != Z_OK) break;  // members one after the other
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const uInt before = stream.avail_in;
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    out.append(piece.data(), made);
    if (out.size() > kMostBytes.count()) break;
    if (made == 0 && stream.avail_in == before) break;
  }
  inflateEnd(&stream);
  if (out.size() > kMostBytes.count()) return fail(ErrorKind::exhausted, "it is more than {} unpacked", to_string(kMostBytes));
  if (state != Z_STREAM_END) return fail(ErrorKind::invalid_input, "its gzip data is damaged or cut off");
  return out;
}

void append_field(event::Column& column, std::string_view text, Arena& arena) {
  const auto put = [&](const auto& value, auto append) {
    if (value) append(*value);
    else column.append_null();
  };
  switch (column.type()) {
    case Type::string: column.append_text(arena.copy(text)); return;
    case Type::boolean: return put(bool_from_text(text), [&](bool v) { column.append_boolean(v); });
    case Type::int32:
      return put(long_from_text(text), [&](std::int64_t v) {
        if (v == static_cast<std::int32_t>(v)) column.append_int32(static_cast<std::int32_t>(v));
        else column.append_null();
      });
    case Type::int64: return put(long_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::real: return put(real_from_text(text), [&](double v) { column.append_real(v); });
    case Type::datetime: return put(datetime_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::timespan: return put(timespan_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::guid: return put(guid_from_text(text), [&](const Guid& v) { column.append_guid(v); });
    case Type::dynamic: {
      if (text.empty()) return column.append_null();
      const auto value = json::compact(text, arena);
      const std::string_view json = value ? *value : json::quote(text, arena);
      return json::is_null(json) ? column.append_null() : column.append_text(arena.copy(json));
    }
    default: append_from_json(column, json::quote(text, arena), arena);
  }
}

// The fields of the next record; false at the end. Quoted as RFC 4180 says, with line breaks inside.
bool next_record(std::string_view text, std::size_t& at, char separator, std::vector<std::string>& fields) {
  fields.clear();
  if (at >= text.size()) return false;
  while (true) {
    std::string& field = fields.emplace_back();
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] != '"') {
          field += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += text[++at];
        } else {
          ++at;
          break;
        }
      }
    }
    while (at < text.size() && text[at] != separator && text[at] != '\n') field += text[at++];
    if (at < text.size() && text[at] == separator) {
      ++at;
      continue;
    }
    if (field.ends_with('\r')) field.pop_back();
    ++at;  // the line feed
    return true;
  }
}

// $.a.b, $['a'].b, $.a[0]: the steps to a value.
std::vector<std::string> path_of(std::string_view text) {
  std::vector<std::string> out;
  if (text.starts_with('$')) text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() == '.') {
      text.remove_prefix(1);
    } else if (text.front() == '[') {
      const auto end = text.find(']');
      std::string_view step = text.substr(1, end == std::string_view::npos ? std::string_view::npos : end - 1);
      const bool quoted = step.size() >= 2 && (step.front() == '\'' || step.front() == '"');
      out.emplace_back(quoted ? std::string(step.substr(1, step.size() - 2)) : "[" + std::string(step));
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    } else {
      const auto end = text.find_first_of(".[");
      out.emplace_back(text.substr(0, end));
      text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    }
  }
  return out;
}

std::string_view value_at(std::string_view json, const std::vector<std::string>& path) {
  for (const auto& step : path) {
    if (step.starts_with('[')) json = json::is_array(json) ? json::element(json, long_from_text(std::string_view(step).substr(1)).value_or(0)) : std::string_view();
    else json = json::is_object(json) ? json::member(json, step) : std::string_view();
    if (json.empty()) return {};
  }
  return json;
}

// Where a column's value is: the path in a JSON record, the place in a line.
struct Source {
  std::vector<std::string> path;
  std::size_t place = 0;
};

Result<std::vector<Source>> sources_of(std::span<const PlanColumn> columns, std::string_view mapping) {
  std::vector<Source> out;
  for (std::size_t i = 0; i < columns.size(); ++i) out.push_back({{columns[i].name}, i});
  if (mapping.empty()) return out;
  Arena arena;
  const auto text = json::compact(mapping, arena);
  if (!text || !json::is_array(*text)) return fail(ErrorKind::invalid_input, "the ingestionMapping is no JSON array");
  json::for_each_element(*text, [&](std::string_view item) {
    const auto member = [&](std::string_view object, std::string_view name) {
      std::string_view found;
      json::for_each_member(object, [&](std::string_view key, std::string_view value) {
        if (equals_ignore_case(json::decode(key, arena), name)) found = value;
      });
      return found;
    };
    const auto as_text = [&](std::string_view value) { return json::is_string(value) ? json::decode(value, arena) : value; };
    const std::string_view column = as_text(member(item, "column"));
    const std::string_view properties = member(item, "properties");
    std::string_view path = as_text(member(item, "path")), ordinal = as_text(member(item, "ordinal"));
    if (json::is_object(properties)) {
      if (path.empty()) path = as_text(member(properties, "path"));
      if (ordinal.empty()) ordinal = as_text(member(properties, "ordinal"));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name != column) continue;
      if (!path.empty()) out[i].path = path_of(path);
      if (const auto n = long_from_text(ordinal); n && *n >= 0) out[i].place = static_cast<std::size_t>(*n);
    }
  });
  return out;
}

// The rows of a file that is packed no more.
Result<event::TableBatch> read_plain(std::string_view bytes, std::string_view format, const std::vector<std::pair<std::string, std::string>>& properties,
                                     std::span<const PlanColumn> columns, StageContext& context) {
  std::string converted;
  if (format == "parquet" || bytes.starts_with("PAR1")) {
    converted = TRY(context.parquet_as_json(bytes));
    bytes = converted;
    format = "json";
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const bool skip_first = equals_ignore_case(property(properties, "ignoreFirstRecord"), "true");
  const auto sources = TRY(sources_of(columns, property(properties, "ingestionMapping")));
  event::TableBatch out;
  for (const auto& c : columns) out.add_column({c.name, c.type, ""}, event::Column(c.type));
  std::uint64_t number = 0;  // of the record

  if (format == "csv" || format == "tsv" || format == "psv" || format == "scsv") {
    const char separator = format == "csv" ? ',' : format == "tsv" ? '\t' : format == "psv" ? '|' : ';';
    std::vector<std::string> fields;
    for (std::size_t at = 0; next_record(bytes, at, separator, fields);) {
      TRY(context.work(fields.size()));
      if (++number == 1 && skip_first) continue;
      if (fields.size() == 1 && fields[0].empty() && columns.size() > 1) continue;  // an empty line
      for (std::size_t i = 0; i < columns.size(); ++i) append_field(out.column(i), sources[i].place < fields.size() ? std::string_view(fields[sources[i].place]) : "", out.arena());
      TRY(context.room_for(out.row_count()));
    }
    return out;
  }
  if (format == "txt" || format == "raw") {
    const auto record = [&](std::string_view text) {
      for (std::size_t i = 0; i < columns.size(); ++i) append_field(out.column(i), i == 0 ? text : "", out.arena());
    };
    if (format == "raw") {
      record(bytes);
      return out;
    }
    for (std::size_t at = 0; at < bytes.size();) {
      TRY(context.check());
      const auto end = std::min(bytes.find('\n', at), bytes.size());
      std::string_view line = bytes.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      at = end + 1;
      if (++number == 1 && skip_first) continue;
      record(line);
      TRY(context.room_for(out.row_count()));
    }
    return out;
  }
  if (format == "json" || format == "multijson" || format == "singlejson") {
    // Records one after the other, with or without line feeds, or as an array of them.
    Arena scratch;
    for (std::size_t at = json::skip_blanks(bytes, 0); at < bytes.size();) {
      TRY(context.check());
      const std::size_t end = json::skip_value(bytes, at);
      const auto value = end == at ? std::nullopt : json::compact(bytes.substr(at, end - at), scratch);
      if (!value) return fail(ErrorKind::invalid_input, "record {} (byte {}) is no JSON", number + 1, at);
      const auto record = [&](std::string_view item) {
        if (++number == 1 && skip_first) return;
        for (std::size_t i = 0; i < columns.size(); ++i) append_from_json(out.column(i), out.arena().copy(value_at(item, sources[i].path)), out.arena());
      };
      if (json::is_array(*value)) json::for_each_element(*value, record);
      else record(*value);
      TRY(context.room_for(out.row_count()));
      scratch.clear();
      at = json::skip_blanks(bytes, end);
      if (at < bytes.size() && bytes[at] == ',') at = json::skip_blanks(bytes, at + 1);
    }
    return out;
  }
  return fail(ErrorKind::not_supported, "the format '{}' is not read here; there are csv, tsv, psv, scsv, txt, raw, json, multijson and parquet", format);
}

class ExternalRows final : public LocalOperator {
 public:
  ExternalRows(std::vector<std::string> addresses, std::vector<std::pair<std::string, std::string>> properties, std::vector<PlanColumn> columns)
      : addresses_(std::move(addresses)), properties_(std::move(properties)), columns_(std::move(columns)) {}

  Result<event::TableBatch> run(const StageInputs&, StageContext& context) const override {
    event::TableBatch all;
    for (const auto& c : columns_) all.add_column({c.name, c.type, ""}, event::Column(c.type));
    for (const auto& address : addresses_) {
      // The query part may be a key: it is not for messages.
      const std::string name(file_of(address));
      const std::string bytes = TRY(context.fetch(address, kMostBytes), "fetching {}", name);
      auto rows = TRY(read_external(bytes, address, properties_, columns_, context), "reading {}", name);
      for (std::size_t i = 0; i < columns_.size(); ++i) all.column(i).append_all(rows.column(i));
      all.adopt(std::make_shared<event::TableBatch>(std::move(rows)));
      TRY(context.room_for(all.row_count()));
    }
    return all;
  }

 private:
  const std::vector<std::string> addresses_;
  const std::vector<std::pair<std::string, std::string>> properties_;
  const std::vector<PlanColumn> columns_;
};

}  // namespace

Result<event::TableBatch> read_external(std::string_view bytes, std::string_view address, const std::vector<std::pair<std::string, std::string>>& properties,
                                        std::span<const PlanColumn> columns, StageContext& context) {
  std::string plain;
  if (bytes.starts_with("\x1f\x8b")) {
    plain = TRY(unpacked(bytes));
    bytes = plain;
  }
  const std::string_view said = property(properties, "format");
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06")) {
    event::TableBatch all;
    for (const auto& c : columns) all.add_column({c.name, c.type, ""}, event::Column(c.type));
    for (const auto& file : TRY(read_zip(bytes, kMostBytes))) {
      auto rows = TRY(read_plain(file.content, format_of(file.name, said), properties, columns, context), "reading a file of the ZIP archive");
      for (std::size_t i = 0; i < columns.size(); ++i) all.column(i).append_all(rows.column(i));
      all.adopt(std::make_shared<event::TableBatch>(std::move(rows)));
      TRY(context.room_for(all.row_count()));
    }
    return all;
  }
  return read_plain(bytes, format_of(address, said), properties, columns, context);
}

PlanPtr make_external_stage(const ExternalPlan& plan) {
  auto stage = std::make_shared<LocalPlan>();
  stage->columns = plan.columns;
  stage->what = "the operator 'externaldata'";
  stage->span = plan.span;
  stage->ordered = true;
  stage->operation = std::make_shared<ExternalRows>(plan.addresses, plan.properties, plan.columns);
  return stage;
}

}  // namespace yagura::kql
