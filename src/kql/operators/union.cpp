// union; also the union that search and find make.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "base/text.hpp"
#include "kql/operators/operators.hpp"

namespace yagura::kql {

// Columns of one name and type become one; of one name and several types, name_type each.
PlanPtr make_union(Binder& b, std::vector<PlanPtr> inputs, bool inner, const std::string& source_column,
                   const std::vector<std::string>& source_names) {
  struct Merged {
    std::string name;
    Type type;
    std::size_t branches = 0;
    Shape shape;
  };
  // Schemas of a whole store come together here (union *: thousands of columns of a hundred tables): each step is one look-up.
  std::deque<Merged> all;
  std::vector<std::vector<std::size_t>> by_name;  // in order of first sight; inside, the types in order of sight
  std::unordered_map<std::string_view, std::size_t> place_of;
  for (const auto& input : inputs) {
    for (const auto& c : input->columns) {
      const auto known = place_of.find(c.name);
      if (known == place_of.end()) {
        all.push_back({c.name, c.type, 1, c.shape});
        place_of.emplace(all.back().name, by_name.size());
        by_name.push_back({all.size() - 1});
        continue;
      }
      auto& types = by_name[known->second];
      // The language service loses a type that comes after two columns of the first one.
      const bool forgotten = b.options().as_language_service && types.size() == 1 && all[types[0]].branches > 1;
      const auto same = std::ranges::find_if(types, [&](std::size_t i) { return all[i].type == c.type; });
      if (same == types.end()) {
        if (forgotten) continue;
        types.push_back(all.size());
        all.push_back({c.name, c.type, 1, c.shape});
        continue;
      }
      Merged& m = all[*same];
      ++m.branches;
      if (m.shape != c.shape) m.shape = {};
    }
  }
  std::vector<Merged> merged;  // by name, a name's types one behind the other
  std::unordered_map<std::string_view, std::size_t> types_of;
  for (const auto& types : by_name) {
    for (const std::size_t i : types) {
      if (!inner || all[i].branches >= inputs.size()) merged.push_back(all[i]);
    }
  }
  for (const auto& m : merged) ++types_of[m.name];
  auto plan = std::make_shared<UnionPlan>();
  if (!source_column.empty()) plan->columns.push_back(b.new_column(source_column, Type::string));
  ColumnNames names(b);
  if (!source_column.empty()) names.keep(source_column);
  const auto clashes = [&](const Merged& m) { return types_of.at(m.name) > 1; };
  for (const auto& m : merged) {
    if (!clashes(m) && m.name != source_column) names.keep(m.name);
  }
  for (const auto& m : merged) {
    std::string name = m.name;
    if (!source_column.empty() && m.name == source_column) name = names.make(m.name);
    else if (clashes(m)) name = names.make(m.name + "_" + std::string(type_name(m.type)));
    plan->columns.push_back(b.new_column(std::move(name), m.type, m.shape));
  }
  const std::size_t first = source_column.empty() ? 0 : 1;
  std::vector<Expr> nulls;  // one for all the branches that lack a column
  for (const auto& m : merged) nulls.push_back(make_null(m.type));
  std::unordered_map<std::string_view, std::vector<std::size_t>> place_in_merged;
  for (std::size_t i = 0; i < merged.size(); ++i) place_in_merged[merged[i].name].push_back(i);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    UnionPlan::Branch branch;
    branch.values.reserve(first + merged.size());
    if (first == 1) branch.values.push_back(make_string(i < source_names.size() ? source_names[i] : ""));
    branch.values.insert(branch.values.end(), nulls.begin(), nulls.end());
    std::vector<bool> filled(merged.size());
    for (const auto& c : inputs[i]->columns) {
      const auto places = place_in_merged.find(c.name);
      if (places == place_in_merged.end()) continue;
      for (const std::size_t at : places->second) {
        if (merged[at].type != c.type || filled[at]) continue;
        filled[at] = true;
        branch.values[first + at] = make_column(c);
      }
    }
    branch.input = std::move(inputs[i]);
    plan->branches.push_back(std::move(branch));
  }
  return plan;
}

namespace {

// Whether the rows come from a table or function that nobody knows: isfuzzy leaves such a leg out.
bool has_unknown_source(Binder& b, const Expression& e) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return has_unknown_source(b, *p->inner);
  if (const auto* p = as<PipeExpression>(&e)) return p->source != nullptr && has_unknown_source(b, *p->source);
  if (const auto* n = as<NameExpression>(&e)) {
    return !n->name.missing && !n->name.wildcard && b.lookup(n->name.text) == nullptr && b.catalog().find_table(n->name.text) == nullptr &&
           b.stored_function(n->name.text) == nullptr;
  }
  if (const auto* c = as<CallExpression>(&e)) {
    static constexpr std::string_view kKnown[] = {"table", "materialize", "view", "database", "cluster", "workspace", "app"};
    if (std::ranges::find(kKnown, c->name.text) != std::end(kKnown)) return false;
    return b.lookup(c->name.text) == nullptr && b.catalog().find_table(c->name.text) == nullptr && b.stored_function(c->name.text) == nullptr &&
           find_scalar(c->name.text) == nullptr;
  }
  return false;
}

}  // namespace

// What withsource= calls a leg: its table, or what its last operator "as" calls it.
static std::string leg_name(const Expression& e, std::size_t position) {
  if (const auto* n = as<NameExpression>(&e)) return std::string(n->name.text);
  const auto* pipe = as<PipeExpression>(&e);
  const auto* named = pipe != nullptr && !pipe->operators.empty() ? as<AsOperator>(pipe->operators.back()) : nullptr;
  return named != nullptr ? std::string(named->name.text) : "union_arg" + std::to_string(position);
}

PlanPtr bind_union(Binder& b, const UnionOperator& op, PlanPtr input) {
  const bool fuzzy = b.parameter(op.parameters, "isfuzzy") == "true";
  const bool inner = b.parameter(op.parameters, "kind") == "inner";
  std::string source(b.parameter(op.parameters, "withsource"));
  if (source.empty()) source = b.parameter(op.parameters, "with_source");
  std::vector<PlanPtr> inputs;
  std::vector<std::string> names;
  bool bad = false;
  const bool had_input = input != nullptr;
  if (input) {
    const auto* scan = as<ScanPlan>(input);
    const auto* named = as<ReferencePlan>(input);  // ... | as T | union
    names.push_back(scan != nullptr ? scan->table : named != nullptr && !named->target->name.empty() ? named->target->name : "union_arg0");
    inputs.push_back(std::move(input));
  }
  std::size_t position = had_input ? 1 : 0;
  for (const auto* item : op.tables) {
    const Expression* inner_item = item;
    while (const auto* p = as<ParenthesizedExpression>(inner_item)) inner_item = p->inner;
    const auto* n = as<NameExpression>(inner_item);
    if (n != nullptr && n->name.wildcard) {
      std::size_t found = 0;
      Plan all(Plan::Kind::values);
      for (const auto& t : b.visible_tables()) all.columns.push_back({0, t, Type::string});
      for (const auto* t : b.matching(all, n->name)) {
        PlanPtr plan;
        if (const Variable* v = b.lookup(t->name); v != nullptr && v->kind == Variable::Kind::function) {
          plan = b.invoke(*v, t->name, {}, n->span, n->span, {}).table;
        } else {
          plan = b.stored_table(t->name);
        }
        if (plan == nullptr) continue;
        inputs.push_back(std::move(plan));
        names.push_back(t->name);
        ++found;
      }
      if (found == 0 && !fuzzy) {
        b.error("KS142", n->span, fmt::format("The name '{}' does not refer to any known table.", n->name.text));
        bad = true;
      }
      ++position;
      continue;
    }
    if (fuzzy && has_unknown_source(b, *inner_item)) {
      ++position;
      if (b.options().as_language_service) {
        if (PlanPtr plan = b.assuming_missing(*item)) {
          names.push_back(n != nullptr ? std::string(n->name.text) : "");
          inputs.push_back(std::move(plan));
        }
      }
      continue;
    }
    bool missing = false;
    PlanPtr plan = fuzzy ? b.table_if_there(*item, missing) : b.table(*item);
    if (missing) {
      ++position;
      continue;
    }
    if (plan == nullptr) {
      bad = true;
    } else {
      names.push_back(leg_name(*inner_item, position));
      inputs.push_back(std::move(plan));
    }
    ++position;
  }
  if (inputs.empty()) return bad ? nullptr : b.empty_table({});
  const bool open = std::ranges::any_of(inputs, [](const PlanPtr& i) { return i->open; });
  PlanPtr plan = make_union(b, std::move(inputs), inner, source, names);
  return open ? b.opened(std::move(plan)) : plan;
}

}  // namespace yagura::kql
