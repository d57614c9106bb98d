#include "detect/alert.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "detect/attack_tags.hpp"

namespace yagura::detect {

namespace {

// A record larger than this is not copied whole into its alert; the journal has it.
constexpr std::size_t kMostRecord = 256 * 1024;

std::string json_list(const std::vector<std::string>& texts) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& text : texts) json.text(text);
  json.end_array();
  return out;
}

// SecurityAlert.Entities: objects numbered by "$id".
std::string entities_json(const std::vector<Entity>& entities) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  int number = 1;
  for (const auto& entity : entities) {
    json.begin_object();
    json.key("$id").text(std::to_string(++number));
    for (const auto& [name, value] : entity.properties) json.key(name).text(value);
    json.key("Type").text(entity.type);
    json.end_object();
  }
  json.end_array();
  return out;
}

std::string properties_json(const Alert& alert) {
  const AlertRule& rule = *alert.rule;
  std::string out;
  JsonWriter json(out);
  const auto list = [&](std::string_view key, const std::vector<std::string>& texts) {
    if (!texts.empty()) json.key(key).raw(json_list(texts));
  };
  json.begin_object();
  json.key("RuleId").text(rule.id);
  json.key("RuleKind").text(rule.kind);
  if (!rule.level.empty()) json.key("Level").text(rule.level);
  if (!rule.author.empty()) json.key("RuleAuthor").text(rule.author);
  if (!rule.license.empty()) json.key("RuleLicense").text(rule.license);
  list("Tags", rule.tags);
  list("FalsePositives", rule.false_positives);
  json.key("JournalPosition").number(alert.position.number());
  json.key("IndexInEntry").number(std::uint64_t{alert.index_in_entry});
  json.key("ItemId").text(to_string(alert.item_id));
  json.key("EventCount").number(alert.event_count);
  if (alert.is_folded) json.key("FoldedAlerts").number(alert.event_count);
  if (!alert.group.empty()) {
    json.key("GroupBy").begin_object();
    for (const auto& [field, value] : alert.group) json.key(field).text(value);
    json.end_object();
  }
  if (!alert.positions.empty()) {
    json.key("JournalPositions").begin_array();
    for (const auto position : alert.positions) json.number(position.number());
    json.end_array();
  }
  if (!alert.record_json.empty()) json.key("Record").raw(alert.record_json);
  json.end_object();
  return out;
}

std::string extended_links(const std::vector<std::string>& references) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& reference : references)
    json.begin_object().key("Href").text(reference).key("Type").text("webLink").end_object();
  json.end_array();
  return out;
}

std::string compromised_entity(const std::vector<Entity>& entities) {
  for (const auto* type : {"host", "account", "ip"})
    for (const auto& entity : entities)
      if (entity.type == type && !entity.properties.empty()) return entity.properties.front().second;
  return {};
}

}  // namespace

std::string_view severity_of(sigma::Level level) {
  switch (level) {
    case sigma::Level::informational: return "Informational";
    case sigma::Level::low: return "Low";
    case sigma::Level::none:
    case sigma::Level::medium: return "Medium";
    case sigma::Level::high:
    case sigma::Level::critical: return "High";
  }
  return "Medium";
}

AlertRule alert_rule(const sigma::Metadata& metadata, std::string kind) {
  AlertRule rule;
  rule.id = metadata.identity();
  rule.title = metadata.title;
  rule.description = metadata.description;
  rule.level = to_string(metadata.level);
  rule.severity = severity_of(metadata.level);
  rule.author = metadata.author;
  rule.license = metadata.license;
  rule.kind = std::move(kind);
  auto attack = attack_tags(metadata.tags);
  rule.tactics = std::move(attack.tactics);
  rule.techniques = std::move(attack.techniques);
  rule.sub_techniques = std::move(attack.sub_techniques);
  rule.references = metadata.references;
  rule.false_positives = metadata.false_positives;
  rule.tags = metadata.tags;
  return rule;
}

Guid alert_id(std::string_view rule_id, std::string_view identity) {
  Sha256 hash;
  hash.update("yagura alert 1\n").update(std::to_string(rule_id.size())).update("\n").update(rule_id).update(identity);
  const auto digest = hash.finish();
  Guid id;
  for (std::size_t i = 0; i < 8; ++i) id.high = id.high << 8 | digest[i];
  for (std::size_t i = 8; i < 16; ++i) id.low = id.low << 8 | digest[i];
  id.high = (id.high & ~0xF000ULL) | 0x8000ULL;
  id.low = (id.low & ~(3ULL << 62)) | (2ULL << 62);
  return id;
}

Guid alert_id(std::string_view rule_id, const Guid& item_id) { return alert_id(rule_id, to_string(item_id)); }

Alert alert_of(const AlertRule& rule, const event::Record& record) {
  Alert alert;
  const auto& header = record.header();
  alert.rule = &rule;
  alert.item_id = record.item_id();
  alert.id = alert_id(rule.id, alert.item_id);
  alert.start = alert.end = header.time;
  alert.received_at = header.origin.received_at;
  alert.position = header.origin.position;
  alert.index_in_entry = header.origin.index_in_entry;
  append_json(alert.record_json, record);
  if (alert.record_json.size() > kMostRecord) {
    const std::string start = utf8::repaired(std::string_view(alert.record_json).substr(0, 4'096));
    const std::size_t size = alert.record_json.size();
    alert.record_json.clear();
    JsonWriter(alert.record_json)
        .begin_object()
        .key("TooLarge")
        .number(std::uint64_t{size})
        .key("Start")
        .text(start)
        .end_object();
  }
  alert.entities = entities_of(record);
  return alert;
}

void AlertWriter::add(const Alert& alert, ReceiveTime ingested_at) {
  const AlertRule& rule = *alert.rule;
  auto& arena = batch_.arena();
  const auto ticks = [](auto time) { return time.time_since_epoch().count(); };
  const auto text_of = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "DisplayName" && alert.is_folded) return fmt::format("{} ({} more)", rule.title, alert.event_count);
    if (name == "DisplayName" || name == "AlertName") return rule.title;
    if (name == "AlertSeverity") return alert.severity.empty() ? rule.severity : alert.severity;
    if (name == "Description") return rule.description;
    if (name == "ProviderName" || name == "VendorName" || name == "ProductName") return "Yagura";
    if (name == "ProductComponentName") return rule.kind;
    if (name == "VendorOriginalId" || name == "SystemAlertId") return to_string(alert.id);
    if (name == "AlertType") return rule.kind + "_" + rule.id;
    if (name == "ExtendedProperties") return properties_json(alert);
    if (name == "Entities") return entities_json(alert.entities);
    if (name == "ExtendedLinks") return extended_links(rule.references);
    if (name == "Status") return "New";
    if (name == "CompromisedEntity") return compromised_entity(alert.entities);
    if (name == "Tactics") return join(rule.tactics, ", ");
    if (name == "Techniques") return json_list(rule.techniques);
    if (name == "SubTechniques") return json_list(rule.sub_techniques);
    if (name == "Type") return batch_.table();
    return std::nullopt;
  };
  for (std::size_t c = 0; c < batch_.column_count(); ++c) {
    auto& column = batch_.column(c);
    const std::string& name = batch_.schema()[c].name;
    switch (column.type()) {
      case event::KqlType::string:
        if (const auto text = text_of(name))
          column.append_text(arena.copy(*text));
        else
          column.append_null();
        break;
      case event::KqlType::datetime:
        if (name == "TimeGenerated" || name == "_TimeReceived" || name == "ProcessingEndTime")
          column.append_int64(ticks(alert.received_at));
        else if (name == "StartTime")
          column.append_int64(ticks(alert.start));
        else if (name == "EndTime")
          column.append_int64(ticks(alert.end));
        else if (name == "_TimeIngested")
          column.append_int64(ticks(ingested_at));
        else
          column.append_null();
        break;
      case event::KqlType::guid:
        if (name == "_ItemId")
          column.append_guid(alert.id);
        else
          column.append_null();
        break;
      case event::KqlType::int64:
        if (name == "_Position")
          column.append_int64(static_cast<std::int64_t>(alert.position.number()));
        else
          column.append_null();
        break;
      case event::KqlType::boolean:
        if (name == "IsIncident")
          column.append_boolean(false);
        else
          column.append_null();
        break;
      default: column.append_null();
    }
  }
  if (batch_.row_count() == 1 || alert.position < batch_.first_position) batch_.first_position = alert.position;
  if (batch_.row_count() == 1 || alert.position > batch_.last_position) batch_.last_position = alert.position;
}

event::TableBatch AlertWriter::finish() {
  event::TableBatch done = std::move(batch_);
  batch_ = event::TableBatch(*schema_);
  return done;
}

}  // namespace yagura::detect
