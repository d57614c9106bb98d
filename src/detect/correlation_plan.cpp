#include "detect/correlation_plan.hpp"

#include <map>

#include "base/hash.hpp"
#include "sigma/field_values.hpp"
#include "sigma/rule_printer.hpp"

namespace yagura::detect {

namespace {

// More text than this of one value does not tell groups apart.
constexpr std::size_t kMostValue = 1'024;

std::uint32_t index_of(std::vector<std::string>& list, const std::string& name) {
  const auto known = std::ranges::find(list, name);
  if (known != list.end()) return static_cast<std::uint32_t>(known - list.begin());
  list.push_back(name);
  return static_cast<std::uint32_t>(list.size() - 1);
}

bool refers(const std::string& reference, const sigma::Metadata& metadata) {
  return !reference.empty() && (reference == metadata.id || reference == metadata.name);
}

// The field that `name` means in events of the source.
const std::string& resolve(const sigma::CorrelationRule& rule, const std::string& name, const sigma::Metadata& source) {
  for (const auto& alias : rule.aliases) {
    if (alias.name != name) continue;
    for (const auto& [reference, field] : alias.fields)
      if (refers(reference, source)) return field;
  }
  return name;
}

}  // namespace

std::shared_ptr<const CorrelationPlan> CorrelationPlan::make(const sigma::RuleSet& set) {
  auto plan = std::make_shared<CorrelationPlan>();
  auto& sources = plan->sources_;
  plan->source_of_rule_.resize(set.rules().size());
  for (const auto& rule : set.correlations()) {
    Correlation correlation;
    correlation.rule = rule;
    correlation.definition = hash64(print_yaml(to_yaml(rule)));
    plan->correlations_.push_back(std::move(correlation));
  }
  auto& correlations = plan->correlations_;

  // Sources, and who consumes them.
  const auto consume = [&](std::uint32_t source, std::uint32_t consumer, std::uint32_t place) {
    auto& consumers = sources[source].consumers;
    auto known = std::ranges::find(consumers, consumer, &Consumer::correlation);
    if (known == consumers.end()) {
      consumers.push_back({consumer, {}, {}, {}});
      known = consumers.end() - 1;
    }
    known->places.push_back(place);
  };
  for (std::uint32_t c = 0; c < correlations.size(); ++c) {
    const auto& rule = correlations[c].rule;
    for (std::uint32_t place = 0; place < rule.rules.size(); ++place) {
      const auto& reference = rule.rules[place];
      for (std::uint32_t r = 0; r < set.rules().size(); ++r) {
        if (!refers(reference, set.rules()[r].metadata)) continue;
        auto& source = plan->source_of_rule_[r];
        if (!source) {
          source = static_cast<std::uint32_t>(sources.size());
          sources.push_back({set.rules()[r].metadata.identity(), std::nullopt, {}, {}});
        }
        consume(*source, c, place);
      }
      for (std::uint32_t other = 0; other < correlations.size(); ++other) {
        if (other == c || !refers(reference, correlations[other].rule.metadata)) continue;
        auto& source = correlations[other].as_source;
        if (!source) {
          source = static_cast<std::uint32_t>(sources.size());
          sources.push_back({correlations[other].rule.metadata.identity(), other, {}, {}});
        }
        if (!rule.generate) correlations[other].standalone = false;
        consume(*source, c, place);
      }
    }
  }
  for (std::uint32_t c = 0; c < correlations.size(); ++c)  // one that asks for the inner ones' own alerts wins
    if (correlations[c].rule.generate)
      for (auto& other : correlations)
        for (const auto& reference : correlations[c].rule.rules)
          if (refers(reference, other.rule.metadata)) other.standalone = true;

  // Which fields each source must bring. An outer correlation's needs reach down through the inner ones, so
  // repeat until nothing is added; the depth of chains bounds that.
  const auto metadata_of = [&](std::uint32_t source) -> const sigma::Metadata& {
    if (sources[source].correlation) return correlations[*sources[source].correlation].rule.metadata;
    for (std::uint32_t r = 0; r < plan->source_of_rule_.size(); ++r)
      if (plan->source_of_rule_[r] == source) return set.rules()[r].metadata;
    return set.rules().front().metadata;  // not reached: each source is a rule or a correlation
  };
  for (bool grown = true; grown;) {
    grown = false;
    for (std::uint32_t s = 0; s < sources.size(); ++s) {
      const std::size_t before = sources[s].fields.size();
      const auto& metadata = metadata_of(s);
      for (auto& consumer : sources[s].consumers) {
        const auto& correlation = correlations[consumer.correlation];
        consumer.group_by.clear();
        consumer.values.clear();
        for (const auto& name : correlation.rule.group_by)
          consumer.group_by.push_back(index_of(sources[s].fields, resolve(correlation.rule, name, metadata)));
        if (correlation.rule.condition)
          for (const auto& name : correlation.rule.condition->fields)
            consumer.values.push_back(index_of(sources[s].fields, resolve(correlation.rule, name, metadata)));
        if (correlation.as_source) {
          const auto wanted = sources[*correlation.as_source].fields;  // a copy: it may be this very vector
          for (const auto& name : wanted)
            if (std::ranges::find(correlation.rule.group_by, name) == correlation.rule.group_by.end())
              index_of(sources[s].fields, name);
        }
      }
      grown |= sources[s].fields.size() != before;
    }
  }
  plan->number_lanes();
  return plan;
}

// Correlations that share a source, or of which one feeds the other, are of one lane.
void CorrelationPlan::number_lanes() {
  std::vector<std::uint32_t> parent(correlations_.size());
  for (std::uint32_t c = 0; c < parent.size(); ++c) parent[c] = c;
  const auto root = [&](std::uint32_t c) {
    while (parent[c] != c) c = parent[c] = parent[parent[c]];
    return c;
  };
  for (const auto& source : sources_) {
    const std::uint32_t first = source.correlation ? *source.correlation : source.consumers.front().correlation;
    for (const auto& consumer : source.consumers) parent[root(consumer.correlation)] = root(first);
  }
  std::map<std::uint32_t, std::uint32_t> lanes;
  for (auto& source : sources_) {
    const auto next = static_cast<std::uint32_t>(lanes.size());
    source.lane = lanes.try_emplace(root(source.consumers.front().correlation), next).first->second;
  }
  lane_count_ = static_cast<std::uint32_t>(lanes.size());
}

void CorrelationPlan::collect(const sigma::RuleSet& set, const event::RecordBatch& records,
                              std::span<const Observation> observations, std::vector<CorrelationEvent>& events) const {
  if (empty()) return;
  std::vector<event::Value> leaves;
  for (const auto& observation : observations) {
    const auto source = source_of_rule_[observation.rule];
    if (!source) continue;
    const auto record = records[observation.record];
    const auto& header = record.header();
    CorrelationEvent event;
    event.time = header.time;
    event.received_at = header.origin.received_at;
    event.position = header.origin.position;
    event.index_in_entry = header.origin.index_in_entry;
    event.item_id = record.item_id();
    event.source = *source;
    for (const auto& field : sources_[*source].fields) {
      leaves.clear();
      set.field_values(record, field, leaves);
      char buffer[sigma::kNumberTextSize];
      const auto text = leaves.empty() ? std::nullopt : sigma::leaf_text(leaves.front(), buffer);
      event.values.push_back(text ? std::optional(std::string(text->substr(0, kMostValue))) : std::nullopt);
    }
    Alert alert = alert_of({}, record);
    event.record_json = std::move(alert.record_json);
    event.entities = std::move(alert.entities);
    events.push_back(std::move(event));
  }
}

}  // namespace yagura::detect
