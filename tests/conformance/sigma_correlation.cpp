// The correlation cases of suite sigma: rules and events in time order against the groups that must fire.
#include <set>

#include "base/file.hpp"
#include "detect/correlator.hpp"
#include "detect/stream_detector.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma_json.hpp"
#include "sigma_suites.hpp"

namespace yagura::conformance {

namespace json = boost::json;

void run_correlation(const json::object& c, Report& report) {
  const TemporaryDirectory folder;
  const std::string id(c.at("id").as_string());
  (void)write_file_atomically(folder.path() / "rules.yml", std::string(c.at("rules").as_string()));
  // The cases' log source is not to be evaluated: the mapping declares what they name.
  (void)write_file_atomically(folder.path() / "map.yaml",
                              "product: conformance\nwhen: {timestamp: '*'}\ncategories: {test: {timestamp: '*'}}\n");
  auto library = detect::RuleLibrary::open({.rule_folders = {folder.path() / "rules.yml"},
                                            .mapping_folders = {folder.path() / "map.yaml"},
                                            .least_level = sigma::Level::none});
  std::string failure = id + ": " + std::string(c.at("why").as_string());
  if (!library) {
    report.add("sigma.correlation", false, failure + "\n    " + library.error().message());
    return;
  }
  event::TableSchema schema{.name = "SecurityAlert", .columns = {{"AlertName", event::KqlType::string, ""}}};
  const detect::StreamDetector detector(**library, schema);
  const auto worker = detector.make_worker();
  const auto snapshot = (*library)->current();
  detect::Correlator correlator;
  correlator.adopt(snapshot);
  std::size_t standalone = 0;
  std::uint64_t position = 0;
  for (const auto& event : c.at("events").as_array()) {
    const auto& object = event.as_object();
    event::RecordBatch batch;
    const auto ticks = parse_iso8601(std::string(object.at("timestamp").as_string())).value();
    add_record(batch, object, {.received_at = receive_time(ticks), .position = Position(++position)});
    std::vector<detect::CorrelationEvent> events;
    if (const auto rows = worker->observe(batch, {}, &events)) standalone += rows->row_count();
    correlator.add(std::move(events));
  }
  std::vector<detect::Alert> alerts;
  correlator.finish(alerts);
  bool good = true;
  for (const auto& [rule, groups] : c.at("fires").as_object()) {
    std::set<std::vector<std::string>> wanted, found;
    for (const auto& group : groups.as_array()) {
      std::vector<std::string> values;
      for (const auto& value : group.as_array()) values.emplace_back(value.as_string());
      wanted.insert(std::move(values));
    }
    for (const auto& alert : alerts) {
      if (alert.rule->id != std::string_view(rule)) continue;
      std::vector<std::string> values;
      for (const auto& [field, value] : alert.group) values.push_back(value);
      found.insert(std::move(values));
    }
    good = good && wanted == found;
  }
  const auto* topic = c.if_contains("topic");
  if (topic && topic->as_string() == "generate")
    good = good && standalone == static_cast<std::size_t>(c.at("standalone").as_int64());
  for (const auto& problem : snapshot->problems)
    if (problem.severity == sigma::Problem::Severity::error) {
      good = false;
      failure += "\n    " + problem.to_text();
    }
  report.add("sigma.correlation", good, failure + "\n    " + std::to_string(alerts.size()) + " alerts");
}

}  // namespace yagura::conformance
