#include "base/metrics.hpp"

#include <fmt/format.h>

namespace yagura {

namespace {

constexpr std::size_t kMaxLabelSets = 10'000;

template <class Map>
auto& find_or_make(Map& map, Labels labels) {
  auto found = map.find(labels);
  if (found == map.end()) {
    if (map.size() >= kMaxLabelSets) labels = {{"overflow", "true"}};
    found = map.try_emplace(std::move(labels)).first;
    if (!found->second) found->second = std::make_unique<typename Map::mapped_type::element_type>();
  }
  return *found->second;
}

void append_labels(std::string& out, const Labels& labels) {
  if (labels.empty()) return;
  out += '{';
  for (const auto& [name, value] : labels) {
    if (out.back() != '{') out += ',';
    out += name;
    out += "=\"";
    for (const char c : value) {
      if (c == '\\') out += "\\\\";
      else if (c == '"') out += "\\\"";
      else if (c == '\n') out += "\\n";
      else out += c;
    }
    out += '"';
  }
  out += '}';
}

}  // namespace

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& family = families_[std::string(name)];
  family.help = help;
  family.is_counter = true;
  return find_or_make(family.counters, std::move(labels));
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& family = families_[std::string(name)];
  family.help = help;
  family.is_counter = false;
  return find_or_make(family.gauges, std::move(labels));
}

std::string MetricRegistry::prometheus_text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, family.is_counter ? "counter" : "gauge");
    for (const auto& [labels, counter] : family.counters) {
      out += name;
      append_labels(out, labels);
      out += fmt::format(" {}\n", counter->value());
    }
    for (const auto& [labels, gauge] : family.gauges) {
      out += name;
      append_labels(out, labels);
      out += fmt::format(" {}\n", gauge->value());
    }
  }
  return out;
}

std::vector<MetricSample> MetricRegistry::samples() const {
  const std::lock_guard lock(mutex_);
  std::vector<MetricSample> out;
  for (const auto& [name, family] : families_) {
    for (const auto& [labels, counter] : family.counters)
      out.push_back({name, labels, static_cast<double>(counter->value()), true});
    for (const auto& [labels, gauge] : family.gauges) out.push_back({name, labels, gauge->value(), false});
  }
  return out;
}

MetricRegistry& metrics() {
  static MetricRegistry registry;
  return registry;
}

}  // namespace yagura
