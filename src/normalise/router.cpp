#include "normalise/router.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "normalise/aws_layout.hpp"
#include "normalise/mapping.hpp"
#include "normalise/table_writer.hpp"
#include "normalise/windows_event.hpp"

namespace yagura::normalise {

using event::Field;
using event::FieldId;
using event::Record;
using event::RecordBatch;
using event::TableBatch;
using event::TableSchema;
using event::Value;

namespace {

namespace field {
using event::intern_field;
const FieldId facility = intern_field("Facility");
const FieldId severity = intern_field("Severity");
const FieldId host_name = intern_field("HostName");
const FieldId app_name = intern_field("AppName");
const FieldId proc_id = intern_field("ProcID");
const FieldId msg_id = intern_field("MsgID");
const FieldId structured_data = intern_field("StructuredData");
const FieldId relay_host = intern_field("RelayHost");
const FieldId syslog_version = intern_field("SyslogVersion");
const FieldId message = intern_field("Message");
const FieldId cef_version = intern_field("CEFVersion");
const FieldId leef_version = intern_field("LEEFVersion");
const FieldId hec_index = intern_field("hec.index");
const FieldId hec_source = intern_field("hec.source");
const FieldId hec_sourcetype = intern_field("hec.sourcetype");
const FieldId pack_table = intern_field("pack.table");
const FieldId hec_host = intern_field("hec.host");
const FieldId source_table = intern_field("source.table");
}  // namespace field

// Inside of a syslog record other fields of the same names may follow (a JSON payload's own Message): the header's come
// first.
std::string_view first_text(std::span<const Field> fields, FieldId id) {
  for (const auto& f : fields)
    if (f.id == id) return f.value.as_string();
  return {};
}

struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};

// Fills one table's rows; made for each call of Router::rows(), columns looked up once in the Layout.
class SyslogLayout {
 public:
  explicit SyslogLayout(const TableSchema& schema)
      : source_system_(column(schema, "SourceSystem")),
        computer_(column(schema, "Computer")),
        event_time_(column(schema, "EventTime")),
        facility_(column(schema, "Facility")),
        host_name_(column(schema, "HostName")),
        severity_(column(schema, "SeverityLevel")),
        message_(column(schema, "SyslogMessage")),
        process_id_(column(schema, "ProcessID")),
        host_ip_(column(schema, "HostIP")),
        process_name_(column(schema, "ProcessName")),
        collector_(column(schema, "CollectorHostName")) {}

  void add(TableWriter& rows, const Record& record) const {
    rows.begin_row(record);
    const auto& header = record.header();
    // RFC 3164 section 4.3.3: without PRI it is user.notice.
    std::string_view facility = "user";
    std::string_view severity = "notice";
    std::string_view host = header.origin.peer;
    std::string_view message;
    bool has_message = false;
    for (const Field& f : record.fields()) {
      if (f.id == field::message) {
        if (!has_message) message = f.value.as_string();
        has_message = true;
        break;  // what follows is the payload's
      }
      const std::string_view text = f.value.as_string();
      if (f.id == field::facility)
        facility = text;
      else if (f.id == field::severity)
        severity = text;
      else if (f.id == field::host_name)
        host = text;
      else if (f.id == field::app_name)
        rows.text(process_name_, text);
      else if (f.id == field::relay_host)
        rows.text(collector_, text);
      else if (f.id == field::proc_id) {
        if (const auto number = parse_int64(text);
            number && *number >= 0 && *number <= std::numeric_limits<std::int32_t>::max())
          rows.int32(process_id_, static_cast<std::int32_t>(*number));
      }
    }
    if (host.data() == header.origin.peer.data())  // no HOSTNAME
      if (const auto named = record.text(field::hec_host); !named.empty()) host = named;
    rows.text(source_system_, "Linux");
    rows.text(computer_, host);
    rows.text(host_name_, host);
    rows.text(host_ip_, header.origin.peer);
    rows.text(facility_, facility);
    rows.text(severity_, severity);
    rows.text(message_, message);
    rows.int64(event_time_, header.time.time_since_epoch().count());
  }

 private:
  static std::size_t column(const TableSchema& schema, std::string_view name) {
    return schema.find(name).value_or(kNoColumn);
  }
  std::size_t source_system_, computer_, event_time_, facility_, host_name_, severity_, message_, process_id_, host_ip_,
      process_name_, collector_;
};

class CommonSecurityLogLayout {
 public:
  explicit CommonSecurityLogLayout(const TableSchema& schema)
      : cef_(schema, cef_columns()),
        ecs_(schema, ecs_columns()),
        additional_(schema.find("AdditionalExtensions").value_or(kNoColumn)),
        computer_(schema.find("Computer").value_or(kNoColumn)),
        collector_(schema.find("CollectorHostName").value_or(kNoColumn)),
        source_system_(schema.find("SourceSystem").value_or(kNoColumn)),
        message_(schema.find("Message").value_or(kNoColumn)),
        device_address_(schema.find("DeviceAddress").value_or(kNoColumn)) {}

  void add(TableWriter& rows, const Record& record, std::string& scratch) const {
    rows.begin_row(record);
    scratch.clear();
    const auto& header = record.header();
    const bool is_cef = header.format == "cef" || header.format == "leef";
    std::string_view host = header.origin.peer;
    bool in_payload = false;
    for (const Field& f : record.own_fields()) {
      if (f.id == field::host_name) {
        if (!in_payload) host = f.value.as_string();
        continue;
      }
      if (f.id == field::relay_host && !in_payload) {
        rows.text(collector_, f.value.as_string());
        continue;
      }
      if (f.id == field::message && !in_payload) {
        in_payload = true;
        if (!is_cef) rows.text(message_, f.value.as_string());
        continue;
      }
      if (!in_payload && is_syslog_header(f.id)) continue;
      if (f.id == field::cef_version || f.id == field::leef_version) continue;
      bool placed = false;
      for (const auto column : cef_.columns_of(f)) placed = rows.value(column, f.value) || placed;
      if (placed) continue;
      if (!scratch.empty()) scratch += ';';
      scratch += f.name;
      scratch += '=';
      event::append_text(scratch, f.value);
    }
    // What a device pack found out. Of several ECS fields for one column (source.user.name, user.name) the first
    // stands, and none overrides what a CEF key said.
    for (const Field& f : record.added_fields()) {
      for (const auto column : ecs_.columns_of(f))
        if (!rows.is_set(column)) rows.value(column, f.value);
    }
    rows.text(computer_, host);
    rows.text(source_system_, "Linux");
    if (!header.origin.peer.empty() && device_address_ != kNoColumn && !rows.is_set(device_address_))
      rows.text(device_address_, header.origin.peer);
    if (!scratch.empty()) rows.text(additional_, rows.arena().copy(scratch));
  }

 private:
  static bool is_syslog_header(FieldId id) {
    return id == field::facility || id == field::severity || id == field::app_name || id == field::proc_id ||
           id == field::msg_id || id == field::structured_data || id == field::syslog_version;
  }
  Mapping cef_;
  Mapping ecs_;
  std::size_t additional_, computer_, collector_, source_system_, message_, device_address_;
};

class UnparsedLayout {
 public:
  explicit UnparsedLayout(const TableSchema& schema)
      : reason_(schema.find("Reason").value_or(kNoColumn)),
        offset_(schema.find("Offset").value_or(kNoColumn)),
        format_(schema.find("Format").value_or(kNoColumn)),
        peer_(schema.find("SenderAddress").value_or(kNoColumn)),
        raw_(schema.find("RawData").value_or(kNoColumn)) {}
  void add(TableWriter& rows, const Record& record) const {
    rows.begin_row(record);
    const auto& header = record.header();
    rows.text(reason_, header.malformed);
    rows.int64(offset_, header.malformed_at);
    rows.text(format_, header.format);
    rows.text(peer_, header.origin.peer);
    rows.text(raw_, header.origin.raw);
  }

 private:
  std::size_t reason_, offset_, format_, peer_, raw_;
};

// Any other table: fields go to the columns of their names; "a.b" into the dynamic column "a" when there is one.
class ByNameLayout {
 public:
  explicit ByNameLayout(const TableSchema& schema) {
    for (std::size_t i = 0; i < schema.columns.size(); ++i) {
      const auto& column = schema.columns[i];
      if (!column.name.starts_with('_')) by_name_.emplace(column.name, i);
      types_.push_back(column.type);
    }
    const auto find = [&](std::string_view name) { return schema.find(name).value_or(kNoColumn); };
    additional_ = find("AdditionalFields");
    normalised_ = find("Normalised");
    message_ = find("Message");
    host_ = find("Computer");
    source_ = find("Source");
    source_type_ = find("SourceType");
    format_ = find("Format");
    sender_ = find("SenderAddress");
    // Their values come from the journal and the decoder, not from the sender.
    by_name_.erase("Type");
  }

  void add(TableWriter& rows, const Record& record, std::string& scratch) const {
    static Counter& unknown =
        metrics().counter("yagura_normalise_unknown_fields_total", "Fields that no column of their table takes");
    static Counter& unconvertible = metrics().counter("yagura_normalise_unconvertible_total",
                                                      "Values that their column's type cannot hold, stored as null");
    rows.begin_row(record);
    const auto& header = record.header();
    rows.text(format_, header.format);
    rows.text(sender_, header.origin.peer);
    std::vector<const Field*> rest;
    std::vector<std::pair<std::size_t, std::vector<const Field*>>> nested;
    for (const Field& f : record.own_fields()) {
      if (f.id == field::hec_source) {
        rows.value(source_, f.value);
        continue;
      }
      if (f.id == field::hec_sourcetype) {
        rows.value(source_type_, f.value);
        continue;
      }
      if (f.id == field::hec_host || f.id == field::host_name) {
        if (host_ != kNoColumn) {
          rows.value(host_, f.value);
          continue;
        }
      }
      if (f.id == field::hec_index) continue;
      if (const auto known = by_name_.find(f.name); known != by_name_.end()) {
        // An own time that cannot be read leaves the record's.
        if (!rows.value(known->second, f.value)) unconvertible.add();
        continue;
      }
      if (const auto dot = f.name.find('.'); dot != std::string_view::npos) {
        const auto known = by_name_.find(f.name.substr(0, dot));
        if (known != by_name_.end() && types_[known->second] == event::KqlType::dynamic) {
          auto at = std::find_if(nested.begin(), nested.end(), [&](const auto& n) { return n.first == known->second; });
          if (at == nested.end()) at = nested.insert(nested.end(), {known->second, {}});
          at->second.push_back(&f);
          continue;
        }
      }
      if (additional_ != kNoColumn)
        rest.push_back(&f);
      else
        unknown.add();
    }
    for (const auto& [column, members] : nested) {
      scratch.clear();
      append_nested(scratch, members, members.front()->name.find('.') + 1);
      rows.text(column, rows.arena().copy(scratch));
    }
    if (!rest.empty()) {
      scratch.clear();
      append_nested(scratch, rest, 0);
      rows.text(additional_, rows.arena().copy(scratch));
    }
    if (normalised_ != kNoColumn && !record.added_fields().empty()) {
      // What a device pack found out. Sorted, so that members of one object stand together.
      rest.clear();
      for (const Field& f : record.added_fields())
        if (f.id != field::pack_table) rest.push_back(&f);
      std::ranges::sort(rest, {}, [](const Field* f) { return f->name; });
      scratch.clear();
      append_nested(scratch, rest, 0);
      rows.text(normalised_, rows.arena().copy(scratch));
    }
  }

 private:
  // {"b":..,"c":{"d":..}} of fields whose names share the first `skip` characters and are in the order they were read
  // in, so that members of one object stand together. A name twice keeps its first place.
  static void append_nested(std::string& out, std::span<const Field* const> fields, std::size_t skip) {
    out += '{';
    bool first = true;
    for (std::size_t i = 0; i < fields.size();) {
      const std::string_view name = fields[i]->name.substr(skip);
      const auto dot = name.find('.');
      if (!std::exchange(first, false)) out += ',';
      if (dot == std::string_view::npos || dot == 0 || skip > 512) {
        append_json_string(out, name);
        out += ':';
        event::append_json(out, fields[i]->value);
        ++i;
        continue;
      }
      const std::string_view shared = fields[i]->name.substr(0, skip + dot + 1);
      std::size_t end = i + 1;
      while (end < fields.size() && fields[end]->name.starts_with(shared)) ++end;
      append_json_string(out, name.substr(0, dot));
      out += ':';
      append_nested(out, fields.subspan(i, end - i), shared.size());
      i = end;
    }
    out += '}';
  }

  std::unordered_map<std::string, std::size_t, TransparentHash, std::equal_to<>> by_name_;
  std::vector<event::KqlType> types_;
  std::size_t normalised_, additional_, message_, host_, source_, source_type_, format_, sender_;
};

}  // namespace

RouterSettings RouterSettings::read(const SettingsNode& node) {
  RouterSettings settings;
  settings.json_table = node.get("json_table", settings.json_table);
  for (const auto& item : node.child("routes").items()) {
    Route route;
    route.index = item.get("index", "");
    route.sourcetype = item.get("sourcetype", "");
    route.source = item.get("source", "");
    route.format = item.get("format", "");
    route.app = item.get("app", "");
    route.table = item.get("table", "");
    if (route.table.empty()) item.error("a route needs a 'table'");
    settings.routes.push_back(std::move(route));
  }
  return settings;
}

struct Router::State {
  struct Target {
    const TableSchema* schema = nullptr;
    std::variant<SyslogLayout, CommonSecurityLogLayout, UnparsedLayout, ByNameLayout, SecurityEventLayout,
                 WindowsEventLayout, ClassicEventLayout, AwsLayout>
        layout;
  };
  std::shared_ptr<const event::SchemaSet> schemas;
  RouterSettings settings;
  std::vector<Target> targets;
  std::unordered_map<std::string_view, std::size_t> by_table;
  std::size_t syslog = 0, common_security_log = 0, unparsed = 0, json = 0;
  std::vector<std::size_t> route_targets;
  struct WindowsTarget {
    std::string_view table;
    std::size_t by_name = 0, layout = 0;
  };
  std::vector<WindowsTarget> windows;
  std::unordered_map<std::size_t, std::size_t> aws;  // by name: the layout for what AWS itself writes

  // Rows that have the table's columns already, as exported, go by name.
  std::size_t aws_target_of(std::size_t by_name, const Record& record) const {
    const auto found = aws.find(by_name);
    return found == aws.end() || record.find("TimeGenerated") != nullptr ? by_name : found->second;
  }

  std::size_t target_of(const Record& record) const {
    const std::size_t target = table_target_of(record);
    for (const auto& one : windows)
      if (one.by_name == target && windows_table_of(record) == one.table && !is_sentinel_row(record)) return one.layout;
    return target;
  }

  std::size_t table_target_of(const Record& record) const {
    const auto& header = record.header();
    if (!header.malformed.empty()) return unparsed;
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
      const Route& route = settings.routes[i];
      if (!route.index.empty() && route.index != record.text(field::hec_index)) continue;
      if (!route.sourcetype.empty() && route.sourcetype != record.text(field::hec_sourcetype)) continue;
      if (!route.source.empty() && route.source != record.text(field::hec_source)) continue;
      if (!route.format.empty() && route.format != header.format) continue;
      if (!route.app.empty() && route.app != first_text(record.fields(), field::app_name)) continue;
      return route_targets[i];
    }
    // A source that was told its destination.
    if (const auto told = record.text(field::source_table); !told.empty()) {
      if (const auto known = by_table.find(told); known != by_table.end()) return aws_target_of(known->second, record);
    }
    if (header.format == "cef" || header.format == "leef") return common_security_log;
    // A device pack says where its records belong.
    // (Only a pack: a sender's own field of that name says nothing.)
    std::string_view table;
    for (const Field& f : record.added_fields())
      if (f.id == field::pack_table) table = f.value.as_string();
    if (!table.empty()) {
      if (const auto known = by_table.find(table); known != by_table.end()) return known->second;
    }
    // An index of a HEC sender that is a table's name is that table.
    if (const auto index = record.text(field::hec_index); !index.empty()) {
      if (const auto known = by_table.find(index); known != by_table.end()) return aws_target_of(known->second, record);
    }
    // A Windows event, in whatever way it came.
    if (const auto windows = windows_table_of(record); !windows.empty()) {
      if (const auto known = by_table.find(windows); known != by_table.end()) return known->second;
    }
    if (header.format == "json" || header.format == "hec" || header.format == "tsv" || header.format == "xml") {
      // What is inside of syslog has its header.
      const bool in_syslog = record.find(field::facility) != nullptr || record.find(field::host_name) != nullptr;
      return in_syslog ? syslog : json;
    }
    return syslog;
  }
};

Router::Router(std::unique_ptr<State> state) : state_(std::move(state)) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<Router> Router::create(std::shared_ptr<const event::SchemaSet> schemas, RouterSettings settings) {
  auto state = std::make_unique<State>();
  state->schemas = std::move(schemas);
  state->settings = std::move(settings);
  std::string mistakes;
  for (const TableSchema* schema : state->schemas->all()) {
    const std::size_t index = state->targets.size();
    if (schema->name == "Syslog") {
      state->syslog = index;
      state->targets.push_back({schema, SyslogLayout(*schema)});
    } else if (schema->name == "CommonSecurityLog") {
      state->common_security_log = index;
      state->targets.push_back({schema, CommonSecurityLogLayout(*schema)});
    } else if (schema->name == "YaguraUnparsed") {
      state->unparsed = index;
      state->targets.push_back({schema, UnparsedLayout(*schema)});
    } else {
      state->targets.push_back({schema, ByNameLayout(*schema)});
    }
    state->by_table.emplace(schema->name, index);
    // Windows events have layouts of their own; rows that have the table's columns already go by name.
    const auto windows = [&](auto layout) {
      state->windows.push_back({schema->name, index, state->targets.size()});
      state->targets.push_back({schema, std::move(layout)});
    };
    if (const auto paths = aws_paths(schema->name); !paths.empty()) {
      state->aws.emplace(index, state->targets.size());
      state->targets.push_back({schema, AwsLayout(*schema, paths)});
    }
    if (schema->name == "SecurityEvent") windows(SecurityEventLayout(*schema));
    if (schema->name == "WindowsEvent") windows(WindowsEventLayout(*schema));
    if (schema->name == "Event") windows(ClassicEventLayout(*schema));
  }
  const auto require = [&](std::string_view table, std::string_view why) -> std::size_t {
    if (const auto known = state->by_table.find(table); known != state->by_table.end()) return known->second;
    std::vector<std::string_view> names;
    for (const auto& target : state->targets) names.push_back(target.schema->name);
    mistakes += fmt::format("{}{}: there is no table '{}'{}", mistakes.empty() ? "" : "\n", why, table,
                            did_you_mean(table, names));
    return 0;
  };
  for (const std::string_view table : {"Syslog", "CommonSecurityLog", "YaguraUnparsed"})
    require(table, "table schemas");
  state->json = require(state->settings.json_table, "json_table");
  for (const auto& route : state->settings.routes) state->route_targets.push_back(require(route.table, "routes"));
  if (!mistakes.empty()) return fail(ErrorKind::invalid_input, "{}", mistakes);
  return Router(std::move(state));
}

std::string_view Router::table_of(const Record& record) const {
  return state_->targets[state_->target_of(record)].schema->name;
}

std::vector<TableBatch> Router::rows(std::shared_ptr<const RecordBatch> records, ReceiveTime ingested_at) const {
  std::vector<TableBatch> out;
  std::vector<std::pair<std::size_t, TableWriter>> writers;
  std::string scratch;
  for (std::size_t i = 0; i < records->size(); ++i) {
    const Record record = (*records)[i];
    const std::size_t target = state_->target_of(record);
    auto writer = std::find_if(writers.begin(), writers.end(), [&](const auto& w) { return w.first == target; });
    if (writer == writers.end())
      writer = writers.emplace(writers.end(), target, TableWriter(*state_->targets[target].schema, ingested_at, records->size() - i));
    TableWriter& rows = writer->second;
    std::visit(
        [&](const auto& layout) {
          using Layout = std::remove_cvref_t<decltype(layout)>;
          if constexpr (!std::is_same_v<Layout, SyslogLayout> && !std::is_same_v<Layout, UnparsedLayout>)
            layout.add(rows, record, scratch);
          else
            layout.add(rows, record);
        },
        state_->targets[target].layout);
  }
  out.reserve(writers.size());
  for (auto& [target, writer] : writers) out.push_back(writer.finish(records));
  return out;
}

}  // namespace yagura::normalise
