// An alert: which rule, about which events, who and what was involved; and its row in the table SecurityAlert.
//
// An alert's id is made of the rule and the event (or, for a correlation, of the rule, the group and the events' time),
// so a journal that is replayed gives the same alerts again, and the store drops the repeats. Plain values.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/guid.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "event/record.hpp"
#include "event/table_batch.hpp"
#include "sigma/rule.hpp"

namespace yagura::detect {

// Someone or something that an alert is about, as Microsoft Sentinel types entities: host, account, ip, process, file,
// url ...
struct Entity {
  std::string type;
  std::vector<std::pair<std::string, std::string>> properties;  // "HostName" -> "web01"
  friend bool operator==(const Entity&, const Entity&) = default;
};

// Those that the record's fields name. Bounded: at most 32.
std::vector<Entity> entities_of(const event::Record& record);

// What the alert says of its rule; made once per rule.
struct AlertRule {
  std::string id;  // or its title
  std::string title;
  std::string description;
  std::string severity;  // "Informational", "Low", "Medium", "High"
  std::string level;     // Sigma's own word
  std::string author;    // shown with each alert: the Detection Rule License asks for it
  std::string license;
  std::string kind;  // "Sigma", "SigmaCorrelation"
  std::vector<std::string> tactics, techniques, sub_techniques, references, false_positives, tags;
};
AlertRule alert_rule(const sigma::Metadata& metadata, std::string kind);
// Sentinel's word for a level: it has no critical.
std::string_view severity_of(sigma::Level level);

struct Alert {
  const AlertRule* rule = nullptr;
  Guid id{};
  EventTime start{}, end{};   // of the events
  ReceiveTime received_at{};  // of the event that completed it
  Position position{};        // of that event in the journal
  std::uint32_t index_in_entry = 0;
  Guid item_id{};
  std::string severity;     // in place of the rule's; "" for the rule's own
  std::string record_json;  // a copy of that event
  std::vector<Entity> entities;
  // Of a correlation: the group's values by field, how many events, and the journal positions of the first of them.
  std::vector<std::pair<std::string, std::string>> group;
  std::uint64_t event_count = 1;
  std::vector<Position> positions;
  std::string throttle_key;  // of the rule's throttle: the values of its fields
  bool is_folded = false;    // stands for event_count alerts that a throttle kept back
};

// version 8 UUID of SHA-256 over the parts.
Guid alert_id(std::string_view rule_id, std::string_view identity);
Guid alert_id(std::string_view rule_id, const Guid& item_id);

// The alert of a rule that matched one record.
Alert alert_of(const AlertRule& rule, const event::Record& record);

// Appends rows to a batch of the table SecurityAlert; columns that the schema does not have are left out.
class AlertWriter {
 public:
  explicit AlertWriter(const event::TableSchema& schema) : schema_(&schema), batch_(schema) {}
  void add(const Alert& alert, ReceiveTime ingested_at);
  std::size_t row_count() const { return batch_.row_count(); }
  // Gives the rows away and begins anew.
  event::TableBatch finish();

 private:
  const event::TableSchema* schema_;
  event::TableBatch batch_;
};

}  // namespace yagura::detect
