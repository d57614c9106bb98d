#include "store/table_layout.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "event/kql_type.hpp"

namespace yagura::store {

using event::KqlType;

namespace {

constexpr std::string_view kItemId = "_ItemId", kItemIndex = "_ItemIndex", kItemIdGiven = "_ItemIdGiven", kPosition = "_Position", kType = "Type";

// Times that every row has; the others may be null.
bool is_certain_time(std::string_view name) { return name == "TimeGenerated" || name == "_TimeReceived" || name == "_TimeIngested"; }

// Few different values in any day's data: hosts, products, severities.
bool has_few_values(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "Computer", "HostName", "Facility", "SeverityLevel", "ProcessName", "HostIP", "CollectorHostName", "SourceSystem", "DeviceVendor", "DeviceProduct",
      "DeviceVersion", "DeviceEventClassID", "Activity", "LogSeverity", "OriginalLogSeverity", "DeviceAction", "SimplifiedDeviceAction", "Protocol",
      "ApplicationProtocol", "CommunicationDirection", "DeviceFacility", "DeviceName", "DeviceHostName", "DeviceAddress", "DeviceInboundInterface",
      "DeviceOutboundInterface", "RequestMethod", "EventOutcome", "Channel", "Provider", "EventSourceName", "EventLevelName", "Level", "AwsRegion",
      "AwsEventSource", "EventSource", "EventName", "EventTypeName", "UserIdentityType", "EventVendor", "EventProduct", "EventType", "EventResult",
      "EventSeverity", "Dvc", "DvcHostname", "Reason", "Format", "Counter", "Name"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// Columns with free text that is searched by words.
bool is_searched(std::string_view table, std::string_view column) {
  static constexpr std::pair<std::string_view, std::string_view> kColumns[] = {
      {"Syslog", "SyslogMessage"}, {"CommonSecurityLog", "Message"}, {"CommonSecurityLog", "AdditionalExtensions"}, {"SecurityEvent", "CommandLine"},
      {"SecurityEvent", "EventData"}, {"WindowsEvent", "EventData"}, {"YaguraUnparsed", "RawData"}};
  if (table.ends_with("_CL")) return column == "RawData" || column == "Message";
  return std::ranges::any_of(kColumns, [&](const auto& pair) { return pair.first == table && pair.second == column; });
}

// Rows that agree in these are alike: sorted together they compress to three quarters.
std::vector<std::string> alike_columns(const event::TableSchema& schema) {
  if (!schema.order_by.empty()) return schema.order_by;
  static constexpr std::string_view kCandidates[][2] = {
      {"Facility", "ProcessName"}, {"DeviceProduct", "DeviceEventClassID"}, {"Channel", "EventID"}, {"Provider", "EventID"}, {"EventSource", "EventName"}, {"EventProduct", "EventType"}};
  for (const auto& candidates : kCandidates)
    if (schema.find(candidates[0]) && schema.find(candidates[1])) return {std::string(candidates[0]), std::string(candidates[1])};
  if (schema.find("Computer")) return {"Computer"};
  return {};
}

std::string_view codec_of(std::string_view name, KqlType type) {
  if (name == kPosition) return "CODEC(DoubleDelta, ZSTD(1))";
  if (name == "_TimeIngested") return "CODEC(DoubleDelta, ZSTD(1))";
  switch (type) {
    case KqlType::datetime: return "CODEC(Delta(8), ZSTD(1))";
    case KqlType::int64:
    case KqlType::timespan:
    case KqlType::int32: return "CODEC(T64, ZSTD(1))";
    case KqlType::string:
    case KqlType::dynamic: return "CODEC(ZSTD(1))";
    default: return "CODEC(ZSTD(1))";
  }
}

PhysicalColumn physical(const event::ColumnSchema& column) {
  PhysicalColumn out;
  out.name = column.name;
  const bool certain = is_certain_time(column.name) || column.name == kPosition;
  if (column.type == KqlType::string && has_few_values(column.name)) out.type = "LowCardinality(String)";
  else out.type = native_type_name(column.type, !certain);
  out.definition = quoted_name(out.name) + " " + out.type;
  // A string column is distinguished from a dynamic one, and a long from a timespan, only by its comment.
  const std::string comment = fmt::format(" COMMENT {}", quoted_text(event::to_string(column.type)));
  out.definition += comment;
  if (out.type != "LowCardinality(String)") out.definition += fmt::format(" {}", codec_of(column.name, column.type));
  return out;
}

void add_alias(TableLayout& layout, std::string_view name, std::string_view type, std::string_view expression) {
  layout.columns.push_back({std::string(name), std::string(type), fmt::format("{} {} ALIAS {}", quoted_name(name), type, expression), true});
}

bool is_default(const event::Column& column) {
  if (column.type() == KqlType::string) return std::ranges::all_of(column.texts(), [](std::string_view text) { return text.empty(); });
  return std::ranges::all_of(column.nulls(), [](std::uint8_t null) { return null != 0; });
}

}  // namespace

std::string quoted_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`' || c == '\\') out += '\\';
    out += c;
  }
  return out += '`';
}

std::string quoted_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out += '\'';
}

const PhysicalColumn* TableLayout::find(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &PhysicalColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

TableLayout layout_of(const event::TableSchema& schema) {
  TableLayout out;
  out.table = schema.name;
  for (const auto& column : schema.columns) {
    if (column.name == kType) {
      add_alias(out, kType, "String", quoted_text(schema.name));
    } else if (column.name == kItemId) {
      out.columns.push_back({std::string(kItemIndex), "UInt32", "`_ItemIndex` UInt32 CODEC(ZSTD(1))", false});
      out.columns.push_back({std::string(kItemIdGiven), "UUID", "`_ItemIdGiven` UUID CODEC(ZSTD(1))", false});
      // The inverse of event::Record::item_id(): index and position in the fields of an RFC 4122 version 8 identifier.
      add_alias(out, kItemId, "Nullable(UUID)",
                "if(`_ItemIdGiven` != toUUID('00000000-0000-0000-0000-000000000000'), `_ItemIdGiven`, "
                "reinterpretAsUUID(concat(reinterpretAsFixedString(bitOr(bitShiftLeft(toUInt64(`_ItemIndex`), 16), 32768)), "
                "reinterpretAsFixedString(bitOr(bitAnd(toUInt64(`_Position`), 4611686018427387903), 9223372036854775808)))))");
    } else {
      out.columns.push_back(physical(column));
    }
  }
  for (const auto& column : schema.columns)
    if ((column.type == KqlType::string || column.type == KqlType::dynamic) && is_searched(schema.name, column.name))
      out.indexes.push_back(fmt::format("INDEX {} lower({}) TYPE tokenbf_v1(32768, 2, 0) GRANULARITY 1", quoted_name("words_" + column.name), quoted_name(column.name)));
  out.indexes.emplace_back("INDEX `time` `TimeGenerated` TYPE minmax GRANULARITY 1");
  // By the day of receipt, so that an insert touches one or two partitions whatever times its events claim; events more
  // than two days off lie apart, which keeps the others' range of TimeGenerated narrow. All columns named here get a
  // minimum and maximum per part, by which queries skip parts: that is what `_Position` is here for.
  out.partition_by = "(toDate(`_TimeReceived`), abs(intDiv(reinterpretAsInt64(`TimeGenerated`) - reinterpretAsInt64(`_TimeReceived`), 36000000000)) > 48, `_Position` < 0)";
  // Five minutes together, then what is alike. Plain integers: toStartOfInterval() wraps outside 1970..2106.
  std::string order = "intDiv(reinterpretAsInt64(`TimeGenerated`), 3000000000)";
  for (const auto& name : alike_columns(schema))
    if (const auto* column = out.find(name); column != nullptr && !column->is_alias && name != "TimeGenerated") order += ", " + quoted_name(name);
  out.order_by = "(" + order + ", `TimeGenerated`)";
  // Columns share one file until a part has half a gigabyte (uncompressed): with a file and an fsync for each of
  // CommonSecurityLog's 160 columns an insert took three times as long, nearly all of it in the file system.
  // Parts are merged by tens, not by fives: half of the work, for a few more parts that queries read. A part of 160 columns has
  // 160 compression buffers, by default of a megabyte each.
  out.settings =
      "min_bytes_for_wide_part = 536870912, non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, old_parts_lifetime = 60, allow_nullable_key = 1, "
      "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, "
      "merge_selector_base = 10, max_compress_block_size = 131072, min_compress_block_size = 65536";
  return out;
}

TableLayout plain_layout_of(const event::TableSchema& schema) {
  TableLayout out;
  out.table = schema.name;
  for (const auto& column : schema.columns) {
    PhysicalColumn physical;
    physical.name = column.name;
    physical.type = native_type_name(column.type, true);
    physical.definition = fmt::format("{} {} COMMENT {}", quoted_name(column.name), physical.type, quoted_text(event::to_string(column.type)));
    out.columns.push_back(std::move(physical));
  }
  out.partition_by = "tuple()";
  out.order_by = "tuple()";
  out.settings = "min_bytes_for_wide_part = 0, allow_nullable_key = 1";
  return out;
}

std::string ttl_of(unsigned days) { return fmt::format("toDateTime(`_TimeReceived`) + toIntervalDay({})", days); }

std::string create_statement(const TableLayout& layout, unsigned retention_days) {
  std::string sql = fmt::format("CREATE TABLE IF NOT EXISTS {} (\n", quoted_name(layout.table));
  for (std::size_t i = 0; i < layout.columns.size(); ++i) sql += fmt::format("{}  {}", i == 0 ? "" : ",\n", layout.columns[i].definition);
  for (const auto& index : layout.indexes) sql += ",\n  " + index;
  sql += fmt::format("\n) ENGINE = MergeTree PARTITION BY {} ORDER BY {}", layout.partition_by, layout.order_by);
  if (retention_days > 0) sql += " TTL " + ttl_of(retention_days);
  return sql + " SETTINGS " + layout.settings;
}

Result<std::vector<SentColumn>> plan_insert(event::TableBatch& batch, const TableLayout& layout) {
  std::vector<SentColumn> sent;
  const auto position_at = batch.find(kPosition), item_at = batch.find(kItemId);
  const auto index_at = batch.find(kItemIndex), given_at = batch.find(kItemIdGiven);
  if (index_at) sent.push_back({*index_at, std::string(kItemIndex), false});  // planned before: an insert that is repeated
  if (given_at) sent.push_back({*given_at, std::string(kItemIdGiven), false});
  if (item_at && !index_at && !given_at && layout.find(kItemIndex) != nullptr) {
    const auto& items = batch.column(*item_at);
    event::Column indexes(KqlType::int64), given(KqlType::guid);
    bool any_index = false, any_given = false;
    for (std::size_t row = 0; row < items.size(); ++row) {
      const Guid& id = items.guids()[row];
      const std::uint64_t position = position_at && !batch.column(*position_at).is_null(row) ? static_cast<std::uint64_t>(batch.column(*position_at).int64s()[row]) : 0;
      const std::uint64_t index = id.high >> 16;
      const bool derived = (id.high & 0xffff) == 0x8000 && index <= std::numeric_limits<std::uint32_t>::max() && id.low == ((2ULL << 62) | (position & ~(3ULL << 62)));
      indexes.append_int64(derived ? static_cast<std::int64_t>(index) : 0);
      given.append_guid(derived ? Guid{} : id);
      any_index = any_index || (derived && index != 0);
      any_given = any_given || !derived;
    }
    if (any_index) {
      sent.push_back({batch.column_count(), std::string(kItemIndex), false});
      batch.add_column({std::string(kItemIndex), KqlType::int64, ""}, std::move(indexes));
    }
    if (any_given) {
      sent.push_back({batch.column_count(), std::string(kItemIdGiven), false});
      batch.add_column({std::string(kItemIdGiven), KqlType::guid, ""}, std::move(given));
    }
  }
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    const auto& name = batch.schema()[i].name;
    if (name == kItemIndex || name == kItemIdGiven) continue;
    const auto* column = layout.find(name);
    if (column == nullptr) return fail(ErrorKind::not_found, "the table {} has no column '{}' in the store", layout.table, name);
    if (column->is_alias) continue;
    const bool certain = (is_certain_time(name) || name == kPosition) && !column->type.starts_with("Nullable(");
    if (!certain && is_default(batch.column(i))) continue;
    sent.push_back({i, name, !certain});
  }
  return sent;
}

}  // namespace yagura::store
