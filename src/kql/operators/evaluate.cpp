// evaluate: the plugins that are here, by name. A plugin whose columns depend on the data asks it first (Binder::probe).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kql/operators/operators.hpp"
#include "kql/operators/plugins.hpp"
#include "kql/stages/schema_operator.hpp"

namespace yagura::kql {

namespace {

using Columns = std::vector<std::pair<PlanColumn, Expr>>;

struct Arguments {
  std::vector<const Expression*> positional;
  std::map<std::string_view, const Expression*> named;
};

Arguments arguments_of(const CallExpression& call) {
  Arguments out;
  for (const auto* a : call.arguments) {
    if (const auto* n = as<NamedExpression>(a); n != nullptr && n->names.size() == 1) out.named[n->names[0].text] = n->value;
    else out.positional.push_back(a);
  }
  return out;
}

Columns pass(const Plan& input, const std::vector<ColumnId>& without = {}) {
  Columns out;
  for (const auto& c : input.columns) {
    if (std::ranges::find(without, c.id) == without.end()) out.push_back({c, make_column(c)});
  }
  return out;
}

std::optional<std::string> text_argument(Binder& b, const Expression& e) {
  const Expr value = b.constant(e, {});
  if (is_literal(value) && value->type == Type::string) return value->value.text;
  if (value->type != kUnknown) b.error("KS118", e.span, "The expression must be a string literal.");
  return std::nullopt;
}

bool wrong_count(Binder& b, const CallExpression& call, std::size_t count, std::size_t low, std::size_t high) {
  if (count >= low && count <= high) return false;
  b.error("KS120", call.name.span, fmt::format("The function '{}' expects between {} and {} arguments.", call.name.text, low, high));
  return true;
}

// bag_unpack(column, prefix, conflict, ignored): a column for each key.
PlanPtr bag_unpack(Binder& b, const CallExpression& call, const std::optional<RowSchema>& schema, PlanPtr input) {
  const Arguments arguments = arguments_of(call);
  if (wrong_count(b, call, arguments.positional.size(), 1, 4)) return nullptr;
  const PlanColumn* bag = b.column(*arguments.positional[0], *input);
  if (bag == nullptr) return nullptr;
  if (bag->type != Type::dynamic && bag->type != kUnknown) {
    b.error("KS141", arguments.positional[0]->span, "The expression must have the type dynamic.");
    return nullptr;
  }
  std::string prefix, conflict = "error";
  std::vector<std::string> ignored;
  const auto by = [&](std::size_t i, std::string_view name) -> const Expression* {
    if (i < arguments.positional.size()) return arguments.positional[i];
    const auto it = arguments.named.find(name);
    return it == arguments.named.end() ? nullptr : it->second;
  };
  if (const auto* e = by(1, "OutputColumnPrefix")) prefix = text_argument(b, *e).value_or("");
  if (const auto* e = by(2, "columnsConflict")) conflict = text_argument(b, *e).value_or("error");
  if (const auto* e = by(3, "ignoredProperties")) {
    if (const auto list = literal_strings(b.constant(*e, {}))) ignored = *list;
  }
  const PlanColumn source = *bag;
  Columns result = pass(*input, {source.id});
  std::vector<std::pair<std::string, Type>> keys;  // in the bag
  if (schema) {
    Columns only;
    for (const auto* c : schema->columns) {
      const PlanColumn* existing = b.find(*input, c->name.text);
      if (existing != nullptr && existing->id != source.id) {
        only.push_back({*existing, make_column(*existing)});
        continue;
      }
      std::string key(c->name.text);
      if (!prefix.empty() && key.starts_with(prefix)) key = key.substr(prefix.size());
      const Type type = c->type.type.value_or(Type::dynamic);
      only.push_back({b.new_column(std::string(c->name.text), type), b.convert(b.member(make_column(source), key, call.span), type)});
    }
    if (!schema->any_first) return b.select(std::move(input), std::move(only));
    for (auto& [c, v] : only) {
      const bool there = std::ranges::any_of(result, [&](const auto& r) { return r.first.name == c.name; });
      if (!there) result.push_back({c, v});
    }
    return b.select(std::move(input), std::move(result));
  }
  // Ask for the keys and what they hold.
  auto unnest = std::make_shared<UnnestPlan>();
  const PlanColumn pair = b.new_column("", Type::dynamic);
  unnest->input = input;
  unnest->columns = input->columns;
  unnest->columns.push_back(pair);
  unnest->items.push_back({pair.id, make_column(source), Type::dynamic, true});
  auto distinct = std::make_shared<AggregatePlan>();
  distinct->input = unnest;
  distinct->columns = {b.new_column("key", Type::string), b.new_column("type", Type::string)};
  distinct->keys = {b.convert(b.element(make_column(pair), make_long(0), call.span), Type::string),
                    make_call(find_scalar("gettype"), Type::string, {b.element(make_column(pair), make_long(1), call.span)})};
  const auto rows = b.probe(distinct, call.name.span, "bag_unpack");
  if (!rows) {
    PlanPtr plan = b.select(std::move(input), std::move(result));
    return b.opened(std::move(plan));
  }
  std::map<std::string, std::vector<std::string>> types;
  for (const auto& r : *rows) {
    if (r.size() == 2 && std::ranges::find(ignored, r[0]) == ignored.end()) types[r[0]].push_back(r[1]);
  }
  for (const auto& [key, found] : types) {
    Type type = Type::dynamic;
    bool any = false, mixed = false;
    for (const auto& t : found) {
      if (t == "null") continue;
      const Type one = t == "long" ? Type::int64 : t == "real" ? Type::real : t == "string" ? Type::string : t == "bool" ? Type::boolean : Type::dynamic;
      if (!any) type = one;
      else if (type != one) mixed = mixed || !(is_number(type) && is_number(one));
      if (any && is_number(type) && is_number(one)) type = *wider(type, one);
      any = true;
    }
    keys.push_back({key, mixed ? Type::dynamic : type});
  }
  for (const auto& [key, type] : keys) {
    const std::string name = prefix + key;
    Expr value = b.convert(b.member(make_column(source), key, call.span), type);
    const auto old = std::ranges::find_if(result, [&](const auto& r) { return r.first.name == name; });
    if (old == result.end()) {
      result.push_back({b.new_column(name, type), value});
    } else if (conflict == "replace_source") {
      *old = {b.new_column(name, type), value};
    } else if (conflict != "keep_source") {
      b.error("YK012", call.name.span, fmt::format("bag_unpack finds the key '{}', which is the name of a column already.", key));
      return nullptr;
    }
  }
  return b.select(std::move(input), std::move(result));
}

// pivot(column, aggregate, keys ...): a column for each value.
PlanPtr pivot(Binder& b, const CallExpression& call, const std::optional<RowSchema>& schema, PlanPtr input) {
  const Arguments arguments = arguments_of(call);
  if (arguments.positional.empty()) {
    wrong_count(b, call, 0, 1, 100);
    return nullptr;
  }
  const PlanColumn* column = b.column(*arguments.positional[0], *input);
  if (column == nullptr) return nullptr;
  const PlanColumn source = *column;
  std::string function = "count";
  std::vector<Expr> values;
  std::vector<ColumnId> used{source.id};
  const Row row{.input = input.get()};
  if (arguments.positional.size() > 1) {
    const auto* a = as<CallExpression>(arguments.positional[1]);
    if (a == nullptr || find_aggregate(a->name.text) == nullptr) {
      b.error("KS212", arguments.positional[1]->span, "An aggregate function is expected.");
      return nullptr;
    }
    function = find_aggregate(a->name.text)->name;
    for (const auto* x : a->arguments) {
      values.push_back(b.scalar(*x, row));
      if (values.back()->type == kUnknown && !input->open) return nullptr;
      if (values.back()->kind == BoundExpression::Kind::column) used.push_back(values.back()->column);
    }
  }
  std::vector<PlanColumn> keys;
  if (arguments.positional.size() > 2) {
    for (std::size_t i = 2; i < arguments.positional.size(); ++i) {
      const PlanColumn* k = b.column(*arguments.positional[i], *input);
      if (k == nullptr) return nullptr;
      keys.push_back(*k);
    }
  } else {
    for (const auto& c : input->columns) {
      if (std::ranges::find(used, c.id) == used.end()) keys.push_back(c);
    }
  }
  // The conditional form of the aggregate.
  const Function* conditional = find_aggregate(function == "make_list" || function == "make_set" || function == "make_bag" ? function + "_if" : function + "if");
  if (conditional == nullptr) {
    b.not_supported(arguments.positional[1]->span, fmt::format("pivot with the aggregate '{}'", function));
    return nullptr;
  }
  std::vector<std::pair<std::string, Type>> wanted;
  std::vector<std::string> names;
  if (schema) {
    for (const auto* c : schema->columns) {
      if (std::ranges::none_of(keys, [&](const auto& k) { return k.name == c->name.text; })) names.emplace_back(c->name.text);
    }
  } else {
    auto distinct = std::make_shared<AggregatePlan>();
    distinct->input = input;
    distinct->columns = {b.new_column("value", Type::string)};
    distinct->keys = {b.convert(make_column(source), Type::string)};
    const auto rows = b.probe(distinct, call.name.span, "pivot");
    if (!rows) {
      Columns columns;
      for (const auto& k : keys) columns.push_back({k, make_column(k)});
      PlanPtr plan = b.select(std::move(input), std::move(columns));
      return b.opened(std::move(plan));
    }
    for (const auto& r : *rows) {
      if (!r.empty()) names.push_back(r[0]);
    }
    std::ranges::sort(names);
  }
  auto plan = std::make_shared<AggregatePlan>();
  ColumnNames unique(b);
  for (const auto& k : keys) {
    unique.keep(k.name);
    plan->columns.push_back(b.new_column(k.name, k.type));
    plan->keys.push_back(make_column(k));
  }
  const Expr text = b.convert(make_column(source), Type::string);
  for (const auto& name : names) {
    std::vector<Expr> list = values;
    list.push_back(b.binary(BinaryOperator::equal, text, make_string(name), call.span, call.name.span));
    Expr bound = b.call(*conditional, std::move(list), call.span, call.name.span);
    if (bound->type == kUnknown || bound->kind != BoundExpression::Kind::call) return nullptr;
    auto aggregate = std::make_shared<BoundExpression>(*bound);
    aggregate->kind = BoundExpression::Kind::aggregate;
    plan->columns.push_back(b.new_column(unique.make(name), aggregate->type));
    plan->aggregates.push_back(aggregate);
  }
  plan->input = std::move(input);
  if (schema) {
    // In the order of the schema.
    Columns result;
    for (const auto* c : schema->columns) {
      for (const auto& p : plan->columns) {
        if (p.name == c->name.text) {
          const Type type = c->type.type.value_or(p.type);
          if (type == p.type) result.push_back({p, make_column(p)});
          else result.push_back({b.new_column(p.name, type), b.convert(make_column(p), type)});
        }
      }
    }
    return b.select(plan, std::move(result));
  }
  return plan;
}

PlanPtr narrow(Binder& b, PlanPtr input) {
  Columns numbered;
  auto number = std::make_shared<BoundExpression>();
  number->kind = BoundExpression::Kind::window;
  number->type = Type::int64;
  number->function = find_window("row_number");
  number->arguments = {make_long(0)};
  const PlanColumn row = b.new_column("Row", Type::int64);
  const std::vector<PlanColumn> columns = input->columns;
  PlanPtr rows = b.with_windows(std::move(input), {{row, number}});
  auto unnest = std::make_shared<UnnestPlan>();
  std::vector<Expr> pairs;
  for (const auto& c : columns) {
    pairs.push_back(make_call(find_scalar("pack_array"), Type::dynamic, {make_string(c.name), b.convert(make_column(c), Type::string)}));
  }
  const PlanColumn pair = b.new_column("", Type::dynamic);
  unnest->columns = rows->columns;
  unnest->columns.push_back(pair);
  unnest->input = rows;
  unnest->items.push_back({pair.id, make_call(find_scalar("pack_array"), Type::dynamic, std::move(pairs)), Type::dynamic, false});
  const auto part = [&](std::int64_t i) { return b.convert(b.element(make_column(pair), make_long(i), {}), Type::string); };
  return b.select(unnest, {{row, make_column(row)}, {b.new_column("Column", Type::string), part(0)}, {b.new_column("Value", Type::string), part(1)}});
}

// ipv4_lookup(table, ip, network, other keys ..., return_unmatched)
PlanPtr ip_lookup(Binder& b, const CallExpression& call, PlanPtr input, std::string_view in_range) {
  Arguments arguments = arguments_of(call);
  if (arguments.positional.size() < 3) {
    wrong_count(b, call, arguments.positional.size(), 3, 10);
    return nullptr;
  }
  bool unmatched = false;
  if (const auto it = arguments.named.find("return_unmatched"); it != arguments.named.end()) {
    const Expr flag = b.constant(*it->second, {});
    unmatched = is_literal(flag) && flag->value.boolean;
  }
  if (arguments.positional.size() > 3) {
    if (const auto* l = as<Literal>(arguments.positional.back()); l != nullptr && l->type == Type::boolean) {
      unmatched = l->boolean;
      arguments.positional.pop_back();
    }
  }
  PlanPtr right = b.table(*arguments.positional[0], {.input = input.get()});
  if (right == nullptr) return nullptr;
  const Row left_row{.input = input.get()}, right_row{.input = right.get()};
  const Expr ip = b.convert(b.scalar(*arguments.positional[1], left_row), Type::string);
  const Expr network = b.convert(b.scalar(*arguments.positional[2], right_row), Type::string);
  if (ip->type == kUnknown || network->type == kUnknown) return nullptr;
  std::vector<std::pair<Expr, Expr>> keys;
  std::vector<ColumnId> key_columns;  // of the right; the left ones stand for them in the result
  for (std::size_t i = 3; i < arguments.positional.size(); ++i) {
    const PlanColumn* l = b.column(*arguments.positional[i], *input);
    const PlanColumn* r = b.column(*arguments.positional[i], *right);
    if (l == nullptr || r == nullptr) return nullptr;
    keys.push_back({make_column(*l), b.convert(make_column(*r), l->type)});
    key_columns.push_back(r->id);
  }
  const auto is_key = [&](const PlanColumn& c) { return std::ranges::find(key_columns, c.id) != key_columns.end(); };
  auto number = std::make_shared<BoundExpression>();
  number->kind = BoundExpression::Kind::window;
  number->type = Type::int64;
  number->function = find_window("row_number");
  const PlanColumn id = b.new_column("", Type::int64);
  const std::vector<PlanColumn> left_columns = input->columns;
  PlanPtr left = unmatched ? b.with_windows(std::move(input), {{id, number}}) : input;
  const auto shared = b.share("", left, true);
  PlanPtr matching = unmatched ? b.reference(shared) : left;
  std::unordered_map<ColumnId, Expr> moved;
  PlanColumn matching_id = id;
  if (unmatched) {
    for (std::size_t i = 0; i < matching->columns.size(); ++i) {
      moved[left->columns[i].id] = make_column(matching->columns[i]);
      if (left->columns[i].id == id.id) matching_id = matching->columns[i];
    }
  }
  auto cross = std::make_shared<JoinPlan>();
  cross->join = keys.empty() ? JoinKind::cross : JoinKind::inner;
  cross->left = matching;
  cross->right = right;
  for (auto& [l, r] : keys) cross->keys.push_back({substitute(l, moved), r});
  cross->columns = matching->columns;
  cross->columns.insert(cross->columns.end(), right->columns.begin(), right->columns.end());
  PlanPtr found = make_filter(cross, make_call(find_scalar(in_range), Type::boolean, {substitute(ip, moved), network}, call.span));
  PlanPtr joined = found;
  if (unmatched) {
    Columns kept;
    kept.push_back({matching_id, make_column(matching_id)});
    for (const auto& c : right->columns) kept.push_back({c, make_column(c)});
    PlanPtr only = b.select(found, std::move(kept));
    PlanPtr again = b.reference(shared);
    auto outer = std::make_shared<JoinPlan>();
    outer->join = JoinKind::left_outer;
    outer->left = again;
    outer->right = only;
    PlanColumn again_id = id;
    std::vector<PlanColumn> again_columns;
    for (std::size_t i = 0; i < again->columns.size(); ++i) {
      if (left->columns[i].id == id.id) again_id = again->columns[i];
      else again_columns.push_back(again->columns[i]);
    }
    outer->keys.push_back({make_column(again_id), make_column(matching_id)});
    outer->columns = again->columns;
    outer->columns.insert(outer->columns.end(), right->columns.begin(), right->columns.end());
    Columns result;
    ColumnNames names(b);
    for (const auto& c : again_columns) {
      names.keep(c.name);
      result.push_back({c, make_column(c)});
    }
    for (const auto& c : right->columns) {
      if (!is_key(c)) result.push_back({{c.id, names.make(c.name), c.type}, make_column(c)});
    }
    return b.select(outer, std::move(result));
  }
  Columns result;
  ColumnNames names(b);
  for (const auto& c : left_columns) {
    names.keep(c.name);
    result.push_back({c, make_column(c)});
  }
  for (const auto& c : right->columns) {
    if (!is_key(c)) result.push_back({{c.id, names.make(c.name), c.type}, make_column(c)});
  }
  return b.select(joined, std::move(result));
}

// rows_near(condition, before, restart, after): rows near those for which the condition holds.
PlanPtr rows_near(Binder& b, const CallExpression& call, PlanPtr input) {
  const Arguments arguments = arguments_of(call);
  if (wrong_count(b, call, arguments.positional.size(), 2, 4)) return nullptr;
  const Row row{.input = input.get()};
  Expr condition = b.boolean(*arguments.positional[0], row);
  const auto before = b.constant_long(*arguments.positional[1], {});
  std::optional<std::int64_t> after = before;
  if (arguments.positional.size() > 2) {
    // The third may be the number of rows behind, or where counting begins anew (not here).
    const Expr third = b.scalar(*arguments.positional[2], row);
    if (is_literal(third) && is_integer(third->type)) after = third->value.integer;
    else if (!(is_literal(third) && third->type == Type::boolean && !third->value.boolean)) b.not_supported(arguments.positional[2]->span, "rows_near with restart");
  }
  if (arguments.positional.size() > 3) after = b.constant_long(*arguments.positional[3], {});
  if (condition->type == kUnknown || !before || !after) return input;
  auto near = std::make_shared<BoundExpression>();
  near->kind = BoundExpression::Kind::window;
  near->type = Type::boolean;
  near->function = find_window(".near");
  near->arguments = {condition, make_long(*before), make_long(*after)};
  const PlanColumn flag = b.new_column("", Type::boolean);
  const std::vector<PlanColumn> columns = input->columns;
  PlanPtr plan = make_filter(b.with_windows(std::move(input), {{flag, near}}), make_column(flag));
  Columns result;
  for (const auto& c : columns) result.push_back({c, make_column(c)});
  return b.select(plan, std::move(result));
}

// schema_merge(PreserveOrder = true): on rows as those of getschema.
PlanPtr schema_merge(Binder& b, const CallExpression& call, PlanPtr input) {
  const Arguments arguments = arguments_of(call);
  if (wrong_count(b, call, call.arguments.size(), 0, 1)) return nullptr;
  bool keep_order = true;
  if (!call.arguments.empty()) {
    const Expr flag = b.constant(arguments.positional.empty() ? *arguments.named.begin()->second : *arguments.positional[0], {});
    if (!is_literal(flag) || flag->type != Type::boolean) {
      if (flag->type != kUnknown) b.error("KS107", call.arguments[0]->span, "A value of type bool expected.");
      return nullptr;
    }
    keep_order = flag->value.boolean;
  }
  Columns read;
  for (const auto& [name, type] : {std::pair("ColumnName", Type::string), std::pair("ColumnOrdinal", Type::int64), std::pair("ColumnType", Type::string)}) {
    const PlanColumn* c = b.find(*input, name);
    if (c == nullptr) {
      b.error("KS142", call.name.span, fmt::format("schema_merge reads schemas, as getschema gives them: there is no column '{}'.", name));
      return nullptr;
    }
    read.push_back({b.new_column(name, type), b.convert(make_column(*c), type)});
  }
  auto plan = std::make_shared<LocalPlan>();
  plan->what = "the plugin 'schema_merge'";
  plan->span = call.name.span;
  plan->ordered = true;
  plan->columns = {b.new_column("ColumnName", Type::string), b.new_column("ColumnOrdinal", Type::int64), b.new_column("DataType", Type::string), b.new_column("ColumnType", Type::string)};
  plan->operation = make_schema_operator(keep_order, plan->columns);
  plan->inputs.push_back(b.select(std::move(input), std::move(read)));
  return plan;
}

}  // namespace

PlanPtr bind_evaluate(Binder& b, const EvaluateOperator& op, PlanPtr input) {
  const auto* call = as<CallExpression>(op.call);
  if (call == nullptr) return nullptr;
  const std::string_view name = call->name.text;
  if (name == "bag_unpack") return bag_unpack(b, *call, op.schema, std::move(input));
  if (name == "pivot") return pivot(b, *call, op.schema, std::move(input));
  if (name == "narrow") return narrow(b, std::move(input));
  if (name == "ipv4_lookup") return ip_lookup(b, *call, std::move(input), "ipv4_is_in_range");
  if (name == "ipv6_lookup") return ip_lookup(b, *call, std::move(input), "ipv6_is_in_range");
  if (name == "rows_near") return rows_near(b, *call, std::move(input));
  if (name == "schema_merge") return schema_merge(b, *call, std::move(input));
  for (const auto bind : {bind_activity_plugin, bind_sequence_plugin, bind_pattern_plugin, bind_lookup_plugin}) {
    bool known = false;
    PlanPtr plan = bind(b, *call, input, known);
    if (known) return plan;
  }
  if (name == "preview") {
    if (wrong_count(b, *call, call->arguments.size(), 1, 1)) return nullptr;
    const auto rows = b.constant_long(*call->arguments[0], {});
    return rows ? preview_plugin(b, std::move(input), *rows) : nullptr;
  }
  static constexpr std::string_view kRefused[] = {"python", "r", "sql_request", "http_request", "http_request_post", "cosmosdb_sql_request",
                                                  "mysql_request", "postgresql_request", "azure_digital_twins_query_request", "infer_storage_schema",
                                                  "infer_storage_schema_with_suggestions", "ai_embeddings", "ai_chat_completion", "ai_chat_completion_prompt"};
  if (std::ranges::find(kRefused, name) != std::end(kRefused)) {
    b.error("YK021", call->name.span, fmt::format("The plugin '{}' is not available: queries run no programs and reach no other services.", name));
    return nullptr;
  }
  b.error("KS124", call->name.span, fmt::format("The plug-in function '{}' is not defined.", name));
  return nullptr;
}

}  // namespace yagura::kql
