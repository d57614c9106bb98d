#include "sigma/rule_set.hpp"

#include <hs/hs.h>

#include <chrono>
#include <set>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/field_values.hpp"
#include "sigma/filters.hpp"
#include "sigma/match_state.hpp"
#include "sigma/prefilter.hpp"
#include "sigma/program.hpp"

namespace yagura::sigma {

namespace {

// ---- Routing: which groups look at a record. The answer depends on a few field values only, so it is kept by them.

constexpr std::uint64_t kTimedRecords = 128;  // one of so many: taking the time costs as much as many a rule
constexpr std::size_t kMostRouteFields = 48;
constexpr std::size_t kMostRoutes = 4'096;
constexpr std::uint16_t kAbsent = 0, kUnknown = 1;

struct RouteKey {
  std::array<std::uint16_t, kMostRouteFields + 3> values{};
  friend bool operator==(const RouteKey&, const RouteKey&) = default;
};
struct RouteKeyHash {
  std::size_t operator()(const RouteKey& key) const {
    return hash64({reinterpret_cast<const char*>(key.values.data()), sizeof key.values});
  }
};
struct Route {
  std::vector<std::uint32_t> groups;
  bool wants_supplied = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> aliases;  // slot <- slot
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using ValueIds = std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>>;

struct RouteField {
  std::string name;
  std::uint32_t slot = kNoSlot;  // kNoSlot: "@format"
  ValueIds ids;
};

std::uint16_t id_of(const ValueIds& ids, std::string_view folded_text) {
  const auto known = ids.find(folded_text);
  return known == ids.end() ? kUnknown : known->second;
}
void add_id(ValueIds& ids, std::string_view folded_text) {
  if (!folded_text.empty()) ids.emplace(std::string(folded_text), static_cast<std::uint16_t>(ids.size() + 2));
}

bool applies(const RuleLogSource& wanted, const EventSources& sources) {
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return name.empty() || std::ranges::find(list, name) != list.end();
  };
  return has(sources.products, wanted.product) && has(sources.services, wanted.service) &&
         has(sources.categories, wanted.category);
}

bool looks_at(const Detection& detection, const std::set<std::string, std::less<>>& fields) {
  if (detection.kind == Detection::Kind::item) {
    if (fields.contains(detection.item.field)) return true;
    for (const auto& value : detection.item.values)
      for (const auto& test : value)
        if (const auto* other = std::get_if<FieldTest>(&test); other && fields.contains(other->field)) return true;
    return false;
  }
  return std::ranges::any_of(detection.children, [&](const Detection& child) { return looks_at(child, fields); });
}
bool looks_at(const Rule& rule, const std::set<std::string, std::less<>>& fields) {
  return std::ranges::any_of(rule.detections.identifiers,
                             [&](const SearchIdentifier& one) { return looks_at(one.detection, fields); });
}

RuleLogSource lower_source(const RuleLogSource& source) {
  return {to_lower_ascii(source.product), to_lower_ascii(source.category), to_lower_ascii(source.service), ""};
}

}  // namespace

struct RuleSet::Compiled {
  std::vector<Rule> rules;
  std::vector<CorrelationRule> correlations;
  std::vector<char> standalone;
  Program program;
  Prefilter prefilter;
  std::vector<Group> groups;
  std::vector<std::uint32_t> roots;     // node of each rule
  std::vector<std::uint32_t> group_of;  // of each rule
  std::shared_ptr<const LogSourceMap> map;
  bool route = true;
  std::shared_ptr<const std::set<std::string, std::less<>>> supplied;
  std::vector<RouteField> route_fields;
  ValueIds products, services, categories;
  struct ScratchDeleter {
    void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
  };
  std::unique_ptr<hs_scratch_t, ScratchDeleter> scratch;  // to clone from

  void group_rules(RuleCollection collection, Problems& problems);
  void prepare_routing(Problems& problems);
  void find_standalone();
};

struct MatchScratch::State {
  State(std::shared_ptr<const RuleSet> owner, const RuleSet::Compiled& compiled)
      : set(std::move(owner)),
        view(compiled.program, compiled.rules.size(), compiled.prefilter.units.size()),
        costs(compiled.rules.size()),
        considered(compiled.groups.size()) {}
  ~State() { hs_free_scratch(scratch); }

  std::shared_ptr<const RuleSet> set;
  EventView view;
  hs_scratch_t* scratch = nullptr;
  std::unordered_map<RouteKey, std::unique_ptr<Route>, RouteKeyHash> routes;
  RouteKey last_key;
  const Route* last_route = nullptr;
  Route every;  // without routing
  std::vector<std::uint32_t> found;

  // Since the last drain_costs().
  std::vector<RuleCost> costs;                   // by rule; without `considered`
  std::vector<std::uint32_t> costly;             // rules with a cost
  std::vector<std::uint64_t> considered;         // by group
  std::vector<std::uint32_t> considered_groups;  // with any

  bool evaluate(std::uint32_t rule, std::uint32_t root, bool timed) {
    RuleCost& cost = costs[rule];
    if (cost.evaluated++ == 0) costly.push_back(rule);
    if (!timed) return view.evaluate(root);
    const auto begin = std::chrono::steady_clock::now();
    const bool result = view.evaluate(root);
    const auto time = std::chrono::steady_clock::now() - begin;
    if (time > std::chrono::milliseconds(2)) return result;  // the machine did something else meanwhile
    cost.nanoseconds += static_cast<std::uint64_t>(time.count());
    ++cost.samples;
    return result;
  }
};

MatchScratch::MatchScratch(std::unique_ptr<State> state) : state_(std::move(state)) {}
MatchScratch::~MatchScratch() = default;
void MatchScratch::drain_costs(std::span<RuleCost> costs) {
  auto& state = *state_;
  for (const auto rule : state.costly) {
    RuleCost& cost = state.costs[rule];
    costs[rule].evaluated += cost.evaluated;
    costs[rule].samples += cost.samples;
    costs[rule].nanoseconds += cost.nanoseconds;
    cost = {};
  }
  state.costly.clear();
  for (const auto group : state.considered_groups) {
    for (const auto rule : state.set->compiled_->groups[group].rules) costs[rule].considered += state.considered[group];
    state.considered[group] = 0;
  }
  state.considered_groups.clear();
}
RuleSet::RuleSet(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

const std::vector<Rule>& RuleSet::rules() const { return compiled_->rules; }
const std::vector<CorrelationRule>& RuleSet::correlations() const { return compiled_->correlations; }
bool RuleSet::is_standalone(std::uint32_t rule) const { return compiled_->standalone[rule] != 0; }

RuleSetStats RuleSet::stats() const {
  RuleSetStats stats;
  stats.rules = compiled_->rules.size();
  stats.groups = compiled_->groups.size();
  stats.items = compiled_->program.items.size();
  stats.literals = compiled_->prefilter.literal_count;
  stats.scanners = compiled_->prefilter.scanner_count;
  for (const auto& group : compiled_->groups) stats.unguarded_rules += group.unguarded.size();
  return stats;
}

// ---- Compilation

void RuleSet::Compiled::group_rules(RuleCollection collection, Problems& problems) {
  join_filters(collection);
  rules = std::move(collection.rules);
  correlations = std::move(collection.correlations);

  std::map<std::array<std::string, 3>, std::vector<std::uint32_t>> by_source;
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const auto source = lower_source(rules[i].log_source);
    by_source[{source.product, source.category, source.service}].push_back(i);
  }
  roots.assign(rules.size(), kNone);
  group_of.assign(rules.size(), 0);
  prefilter.full_mask.assign(rules.size(), 0);
  ProgramBuilder builder(program);
  for (const auto& [source, members] : by_source) {
    builder.begin_group();
    Group group;
    group.source = {source[0], source[1], source[2], ""};
    for (const auto rule : members) {
      const auto root = builder.add(rules[rule].detections);
      if (!root) {
        problems.error(rules[rule].place, root.error().message());
        problems.all().back().rule = rules[rule].metadata.identity();
        continue;
      }
      roots[rule] = *root;
      group_of[rule] = static_cast<std::uint32_t>(groups.size());
      if (supplied && looks_at(rules[rule], *supplied)) group.wants_supplied = true;
      group.rules.push_back(rule);
    }
    if (const auto guarded = guard_rules(program, roots, group, prefilter); !guarded) {
      problems.error({}, guarded.error().message());
      continue;
    }
    groups.push_back(std::move(group));
  }
}

void RuleSet::Compiled::prepare_routing(Problems& problems) {
  for (const auto& group : groups) {
    add_id(products, group.source.product);
    add_id(services, group.source.service);
    add_id(categories, group.source.category);
  }
  if (!map) return;
  for (const auto& entry : map->entries()) {
    add_id(products, entry.product);
    for (const auto& [name, source] : entry.fields) {
      program.slots.slot_of(name);
      program.slots.slot_of(source);
    }
    for (const auto& condition : entry.when) {
      auto field = std::ranges::find(route_fields, condition.field, &RouteField::name);
      if (field == route_fields.end()) {
        if (route_fields.size() == kMostRouteFields) {
          problems.error({}, fmt::format("the log source mappings look at more than {} fields; '{}' is left out",
                                         kMostRouteFields, condition.field));
          continue;
        }
        route_fields.push_back(
            {condition.field, condition.field == "@format" ? kNoSlot : program.slots.slot_of(condition.field), {}});
        field = route_fields.end() - 1;
      }
      for (const auto& value : condition.values) add_id(field->ids, value);
    }
  }
}

void RuleSet::Compiled::find_standalone() {
  standalone.assign(rules.size(), 1);
  std::set<std::string_view> referred, generated;
  for (const auto& correlation : correlations)
    for (const auto& name : correlation.rules) (correlation.generate ? generated : referred).insert(name);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& metadata = rules[i].metadata;
    const auto in = [&](const std::set<std::string_view>& names) {
      return (!metadata.id.empty() && names.contains(metadata.id)) ||
             (!metadata.name.empty() && names.contains(metadata.name));
    };
    standalone[i] = in(generated) || !in(referred);
  }
}

std::shared_ptr<const RuleSet> RuleSet::compile(RuleCollection rules, const CompileOptions& options,
                                                Problems& problems) {
  auto compiled = std::make_unique<Compiled>();
  compiled->map = options.log_sources;
  compiled->route = options.route_by_log_source;
  compiled->supplied = options.supplied_fields;
  // A name that the mappings read from such a field is as good as one.
  if (compiled->supplied && compiled->map) {
    auto names = std::make_shared<std::set<std::string, std::less<>>>(*compiled->supplied);
    for (const auto& entry : compiled->map->entries())
      for (const auto& [name, source] : entry.fields)
        if (compiled->supplied->contains(source)) names->insert(name);
    compiled->supplied = std::move(names);
  }
  compiled->group_rules(std::move(rules), problems);
  compiled->prepare_routing(problems);
  compiled->find_standalone();
  hs_scratch_t* scratch = nullptr;
  for (const auto& group : compiled->groups) {
    for (const auto& scanner : group.scanners)
      if (scanner.database) hs_alloc_scratch(scanner.database.get(), &scratch);
    if (group.keywords && group.keywords->database) hs_alloc_scratch(group.keywords->database.get(), &scratch);
  }
  compiled->scratch.reset(scratch);
  return std::shared_ptr<const RuleSet>(new RuleSet(std::move(compiled)));
}

std::unique_ptr<MatchScratch> RuleSet::make_scratch() const {
  auto state = std::make_unique<MatchScratch::State>(shared_from_this(), *compiled_);
  if (compiled_->scratch) hs_clone_scratch(compiled_->scratch.get(), &state->scratch);
  for (std::uint32_t i = 0; i < compiled_->groups.size(); ++i) {
    state->every.groups.push_back(i);
    state->every.wants_supplied |= compiled_->groups[i].wants_supplied;
  }
  return std::unique_ptr<MatchScratch>(new MatchScratch(std::move(state)));
}

// ---- Matching

namespace {

class GroupMatcher {
 public:
  GroupMatcher(EventView& view, const Prefilter& prefilter, hs_scratch_t* scratch)
      : view_(view), prefilter_(prefilter), scratch_(scratch) {}

  void scan(const Group& group) {
    for (const auto& scanner : group.scanners) {
      if (!view_.present(scanner.slot)) continue;
      for (const auto unit : scanner.present) hit(unit);
      if (!scanner.database && scanner.whole.empty()) continue;
      for (auto& leaf : view_.leaves(scanner.slot)) {
        if (!view_.has_text(leaf)) continue;
        const auto text = view_.folded(leaf);
        if (!scanner.whole.empty())
          if (const auto found = scanner.whole.find(text); found != scanner.whole.end())
            for (const auto unit : found->second) hit(unit);
        scan(scanner, text);
      }
    }
    if (group.keywords) {
      for (const auto unit : group.keywords->present) hit(unit);
      if (group.keywords->database) scan(*group.keywords, view_.every_text());
    }
  }

 private:
  void scan(const FieldScanner& scanner, std::string_view text) {
    if (!scanner.database || text.empty()) return;
    scanner_ = &scanner;
    text_size_ = text.size();
    hs_scan(scanner.database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_, &on_literal, this);
  }

  static int on_literal(unsigned id, unsigned long long, unsigned long long to, unsigned, void* self) {
    static_cast<GroupMatcher*>(self)->literal(id, to);
    return 0;
  }
  void literal(unsigned id, std::uint64_t to) {
    const auto& found = scanner_->literals[id];
    for (std::uint32_t i = 0; i < found.target_count; ++i) {
      const auto& target = scanner_->targets[found.first_target + i];
      if (target.anchor == Anchor::start && to != found.size) continue;
      if (target.anchor == Anchor::end && to != text_size_) continue;
      hit(target.unit);
    }
  }
  void hit(std::uint32_t unit) {
    if (!view_.hit_unit(unit)) return;
    for (const auto& [rule, bit] : prefilter_.units[unit]) view_.mark_rule(rule, bit);
  }

  EventView& view_;
  const Prefilter& prefilter_;
  hs_scratch_t* scratch_;
  const FieldScanner* scanner_ = nullptr;
  std::size_t text_size_ = 0;
};

EventSources sources_of_record(const LogSourceMap* map, const event::Record& record) {
  static const auto* empty = new LogSourceMap;
  return sources_of(
      map ? *map : *empty, record.header().log_source, [&](std::string_view field) -> std::optional<std::string> {
        if (field == "@format")
          return record.header().format.empty() ? std::nullopt : std::optional(folded(record.header().format));
        std::vector<event::Value> leaves;
        if (!append_field(record, field, leaves)) return std::nullopt;
        char buffer[kNumberTextSize];
        const auto text = leaves.empty() ? std::nullopt : leaf_text(leaves.front(), buffer);
        return text ? folded(*text) : std::string();
      });
}

}  // namespace

void RuleSet::match(const event::RecordBatch& batch, MatchScratch& scratch, std::vector<Match>& matches,
                    const FieldSupplier* supply) const {
  auto& state = *scratch.state_;
  auto& view = state.view;
  const auto& compiled = *compiled_;
  GroupMatcher matcher(view, compiled.prefilter, state.scratch);

  // ASCII, as the names are: a stack buffer will do.
  const auto declared_id = [](const ValueIds& ids, std::string_view name) -> std::uint16_t {
    if (name.empty()) return kAbsent;
    char lower[64];
    if (name.size() > sizeof lower) return kUnknown;
    std::ranges::transform(name, lower, ascii_lower);
    return id_of(ids, {lower, name.size()});
  };
  const auto route_of = [&](const event::Record& record) -> const Route& {
    if (!compiled.route) return state.every;
    RouteKey key;
    const auto& header = record.header();
    key.values[0] = declared_id(compiled.products, header.log_source.product);
    key.values[1] = declared_id(compiled.services, header.log_source.service);
    key.values[2] = declared_id(compiled.categories, header.log_source.category);
    for (std::size_t i = 0; i < compiled.route_fields.size(); ++i) {
      const auto& field = compiled.route_fields[i];
      std::uint16_t& id = key.values[i + 3];
      if (field.slot == kNoSlot) {
        id = header.format.empty() ? kAbsent : id_of(field.ids, header.format);
      } else if (view.present(field.slot)) {
        const auto leaves = view.leaves(field.slot);
        id =
            !leaves.empty() && view.has_text(leaves.front()) ? id_of(field.ids, view.folded(leaves.front())) : kUnknown;
      }
    }
    if (state.last_route && key == state.last_key) return *state.last_route;
    auto known = state.routes.find(key);
    if (known == state.routes.end()) {
      if (state.routes.size() >= kMostRoutes) state.routes.clear();
      auto route = std::make_unique<Route>();
      const auto sources = sources_of_record(compiled.map.get(), record);
      for (std::uint32_t g = 0; g < compiled.groups.size(); ++g)
        if (applies(compiled.groups[g].source, sources)) {
          route->groups.push_back(g);
          route->wants_supplied |= compiled.groups[g].wants_supplied;
        }
      const auto& slots = compiled.program.slots;  // prepare_routing() has added all names
      for (const auto& [name, source] : sources.aliases)
        route->aliases.emplace_back(slots.find_name(name), slots.find_name(source));
      known = state.routes.emplace(key, std::move(route)).first;
    }
    state.last_key = key;
    state.last_route = known->second.get();
    return *state.last_route;
  };

  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const auto record = batch[i];
    const bool timed = ++scratch.records % kTimedRecords == 0;
    view.load(record);
    const Route& route = route_of(record);
    if (route.wants_supplied && supply && (*supply)(i)) view.load(record);
    for (const auto& [name, source] : route.aliases) view.alias(name, source);
    state.found.clear();
    for (const auto g : route.groups) {
      const auto& group = compiled.groups[g];
      view.touched().clear();
      if (state.considered[g]++ == 0) state.considered_groups.push_back(g);
      matcher.scan(group);
      for (const auto rule : view.touched()) {
        if (view.mask(rule) != compiled.prefilter.full_mask[rule]) continue;
        ++scratch.evaluated;
        if (state.evaluate(rule, compiled.roots[rule], timed)) state.found.push_back(rule);
      }
      for (const auto rule : group.unguarded) {
        ++scratch.evaluated;
        if (state.evaluate(rule, compiled.roots[rule], timed)) state.found.push_back(rule);
      }
    }
    std::ranges::sort(state.found);
    for (const auto rule : state.found) matches.push_back({i, rule});
    scratch.matched += state.found.size();
  }
}

// ---- Explanation

namespace {

FieldAlias alias_of(const EventSources& sources) {
  return [&sources](std::string_view name) -> std::string {
    for (const auto& [alias, source] : sources.aliases)
      if (alias == name) return source;
    return {};
  };
}

}  // namespace

Explanation RuleSet::explain(std::uint32_t number, const event::Record& record) const {
  const Rule& rule = compiled_->rules[number];
  const auto sources = sources_of_record(compiled_->map.get(), record);
  auto explanation = sigma::explain(rule.detections, record, compiled_->route ? alias_of(sources) : FieldAlias());
  if (compiled_->route) {
    const auto& group = compiled_->groups[compiled_->group_of[number]];
    const bool fits = applies(group.source, sources);
    const auto list = [](const std::vector<std::string>& names) {
      return names.empty() ? std::string("-") : join(names, ",");
    };
    explanation.conditions.insert(
        explanation.conditions.begin(),
        fmt::format("logsource: {} (the rule is for product '{}', category '{}', service '{}'; the event is of product "
                    "{}, category {}, service {})",
                    fits ? "true" : "false", group.source.product, group.source.category, group.source.service,
                    list(sources.products), list(sources.categories), list(sources.services)));
    explanation.matched = explanation.matched && fits;
  }
  return explanation;
}

void RuleSet::field_values(const event::Record& record, std::string_view field,
                           std::vector<event::Value>& leaves) const {
  if (append_field(record, field, leaves) || !compiled_->route) return;
  const auto sources = sources_of_record(compiled_->map.get(), record);
  const auto other = alias_of(sources)(field);
  if (!other.empty()) append_field(record, other, leaves);
}

}  // namespace yagura::sigma
