#include "kql/binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "base/text.hpp"
#include "kql/language.hpp"

namespace yagura::kql {

Binder::Binder(const SyntaxTree& tree, const Catalog& catalog, const CompileOptions& options,
               std::vector<Diagnostic>& diagnostics)
    : tree_(tree), catalog_(catalog), options_(options), diagnostics_(diagnostics) {}

BoundQuery Binder::bind() {
  Bound result;
  for (const auto* s : tree_.statements) {
    const bool another = s->kind == NodeKind::expression_statement && (result.table || result.scalar);
    if (another && errors_ == 0) {
      auto before = std::exchange(result, {});
      if (!names_only_) {
        query_.earlier.push_back({std::move(query_.name), table_of(std::move(before)), std::move(query_.visualization)});
        std::ranges::move(query_.later, std::back_inserter(query_.earlier));
      }
      query_.later.clear();
      query_.name.clear();
      query_.visualization.clear();
    }
    const bool gives = s->kind == NodeKind::expression_statement;
    if (gives) {
      names_only_ = false;
      top_ = static_cast<const ExpressionStatement*>(s)->value;
    }
    auto later = std::exchange(query_.later, {});
    statement(*s, &result);
    if (!gives) query_.later = std::move(later);
    for (const auto& n : std::exchange(named_, {})) declare(n->name, n->variable);
  }
  query_.plan = table_of(std::move(result));
  if (!query_.later.empty() && query_.plan) {
    query_.earlier.push_back({std::move(query_.name), std::move(query_.plan), std::move(query_.visualization)});
    NamedResult last = std::move(query_.later.back());
    query_.later.pop_back();
    std::ranges::move(query_.later, std::back_inserter(query_.earlier));
    query_.later.clear();
    query_.plan = std::move(last.plan);
    query_.name = std::move(last.name);
    query_.visualization = std::move(last.visualization);
  }
  return std::move(query_);
}

PlanPtr Binder::table_of(Bound result) {
  if (result.scalar && !result.table && errors_ == 0) {
    // A bare scalar expression is the table print makes of it.
    auto values = std::make_shared<ValuesPlan>();
    values->columns.push_back(new_column("print_0", result.scalar->type));
    values->rows.push_back({result.scalar});
    result.table = values;
  }
  return result.table;
}

// ---- mistakes

std::string hint(std::string_view word, std::span<const std::string_view> candidates) {
  // A short name is near to all others, and its own twin beside it is no help.
  if (word.size() < 2) return ".";
  std::vector<std::string_view> others;
  for (const auto c : candidates) {
    if (c != word) others.push_back(c);
  }
  std::string text = did_you_mean(word, others);
  return text.empty() ? "." : text;
}

void Binder::error(std::string_view code, Span span, std::string message) {
  ++errors_;
  if (quiet_ || diagnostics_.size() >= 200) return;
  if (inside_text_ != nullptr && span.start >= inside_start_) {
    Diagnostic place;
    place.start = static_cast<std::uint32_t>(span.start - inside_start_);
    const std::string_view body = inside_text_->text_of({static_cast<decltype(span.start)>(inside_start_), static_cast<decltype(span.length)>(span.start - inside_start_ + 1)});
    locate(place, body);
    message += fmt::format(" (in the function '{}', line {}, column {})", inside_, place.line, place.column);
  }
  if (at_) span = *at_;
  for (const auto& d : diagnostics_) {
    if (d.start == span.start && d.length == span.length && d.code == code && d.message == message) return;
  }
  Diagnostic d;
  d.code = code;
  d.message = std::move(message);
  d.start = span.start;
  d.length = span.length;
  diagnostics_.push_back(std::move(d));
}

void Binder::not_supported(Span span, std::string_view what) { error("YK010", span, fmt::format("{} is not supported yet.", what)); }

void Binder::unknown_name(Span span, std::string_view name, const Row& row) {
  if (in_language(CallKind::function, name) || (row.aggregates != nullptr && in_language(CallKind::aggregate, name))) {
    return error("KS117", span, fmt::format("The function '{}' requires an argument list.", name));
  }
  std::vector<std::string_view> names;
  for (const Plan* plan : {row.input, row.right}) {
    if (plan == nullptr) continue;
    for (const auto& c : plan->columns) names.push_back(c.name);
  }
  for (const Scope* s = scope_.get(); s != nullptr; s = s->parent.get()) {
    if (lookup(s->name) != nullptr) names.push_back(s->name);
  }
  error("KS142", span,
        fmt::format("The name '{}' does not refer to any known column, table, variable or function{}", name, hint(name, names)));
}

void Binder::client_parameter(const NameExpression& e) {
  error("KS213", e.span, fmt::format("The client parameter '{}' has no value: a workbook or dashboard puts it in before the query is sent.", text_of(e.span)));
}

bool Binder::broken_function(Span span, std::string_view name) {
  const auto found = broken_.find(std::string(name));
  if (found == broken_.end() || !permitted(name)) return false;
  error("YK012", span, fmt::format("The stored function '{}' cannot be used: {}", name, found->second));
  return true;
}

void Binder::unknown_table(Span span, std::string_view name) {
  if (broken_function(span, name)) return;
  if (in_language(CallKind::function, name)) return error("KS117", span, fmt::format("The function '{}' requires an argument list.", name));
  std::vector<std::string_view> names = catalog_.table_names();
  std::erase_if(names, [&](const auto n) { return !permitted(n); });
  for (const Scope* s = scope_.get(); s != nullptr; s = s->parent.get()) {
    if (lookup(s->name) != nullptr) names.push_back(s->name);
  }
  error("KS204", span,
        fmt::format("The name '{}' does not refer to any known table, tabular variable or function{}", name, hint(name, names)));
}

std::string_view Binder::text_of(Span span) const { return tree_.text_of(span); }

bool Binder::spend(Span span) {
  if (++spent_ <= options_.max_bound_nodes) return true;
  if (spent_ == options_.max_bound_nodes + 1) error("YK003", span, "The query is too large once its functions are expanded.");
  return false;
}

// ---- columns

const PlanColumn* Binder::find(const Plan& plan, std::string_view name) const {
  for (const auto& c : plan.columns) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

namespace {
bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}
}  // namespace

std::vector<const PlanColumn*> Binder::matching(const Plan& plan, const Name& wildcard) const {
  std::vector<const PlanColumn*> found;
  for (const auto& c : plan.columns) {
    if (matches_wildcard(wildcard.text, c.name)) found.push_back(&c);
  }
  return found;
}

const PlanColumn* Binder::column(const Expression& e, const Plan& input) {
  const Expression* inner = &e;
  while (const auto* p = as<ParenthesizedExpression>(inner)) inner = p->inner;
  if (const auto* n = as<NameExpression>(inner)) {
    if (const auto* c = find(input, n->name.text)) return c;
    if (input.open) return infer(input, n->name.text);
    unknown_name(n->span, n->name.text, {.input = &input});
    return nullptr;
  }
  if (is<MissingExpression>(*inner)) return nullptr;
  error("KS109", e.span, "Column name expected.");
  return nullptr;
}

namespace {
constexpr std::size_t kInferredColumns = 256;
}

PlanPtr Binder::opened(PlanPtr plan) const {
  // Operators keep pointers to columns while they bind: they must not move when one is added.
  const_cast<Plan&>(*plan).columns.reserve(plan->columns.size() + kInferredColumns);
  plan->open = true;
  return plan;
}

const PlanColumn* Binder::infer(const Plan& plan, std::string_view name) {
  auto& columns = const_cast<Plan&>(plan).columns;
  if (columns.size() == columns.capacity()) return nullptr;
  columns.push_back(new_column(std::string(name), kUnknown));
  return &columns.back();
}

std::string Binder::default_column_name(const Plan* input) {
  std::string name;
  do name = "Column" + std::to_string(++unnamed_columns_);
  while (input != nullptr && find(*input, name) != nullptr);
  return name;
}

PlanPtr Binder::select(PlanPtr input, std::vector<std::pair<PlanColumn, Expr>> columns) const {
  auto plan = std::make_shared<ProjectPlan>();
  plan->input = std::move(input);
  for (auto& [c, value] : columns) {
    plan->columns.push_back(std::move(c));
    plan->values.push_back(std::move(value));
  }
  return plan;
}

// Two columns of one name, which parse leaves in the language service's view, as its next projection calls them.
PlanPtr Binder::with_own_names(PlanPtr input) {
  std::unordered_set<std::string> used;
  bool twice = false;
  std::vector<std::pair<PlanColumn, Expr>> columns;
  for (const auto& c : input->columns) {
    PlanColumn named = c;
    for (int number = 1; !used.insert(named.name).second; ++number) {
      twice = true;
      named.name = c.name + std::to_string(number);
    }
    columns.push_back({named, make_column(c)});
  }
  if (!twice) return input;
  const bool open = input->open;
  PlanPtr plan = select(std::move(input), std::move(columns));
  return open ? opened(std::move(plan)) : plan;
}

PlanPtr Binder::with_windows(PlanPtr input, const std::vector<std::pair<PlanColumn, Expr>>& windows) const {
  if (windows.empty()) return input;
  auto plan = std::make_shared<WindowPlan>();
  plan->columns = input->columns;
  plan->input = std::move(input);
  for (const auto& [c, value] : windows) {
    plan->columns.push_back(c);
    plan->functions.push_back(value);
  }
  return plan;
}

std::shared_ptr<const SharedPlan> Binder::share(std::string name, PlanPtr plan, bool materialized) {
  auto shared = std::make_shared<SharedPlan>();
  shared->name = std::move(name);
  shared->plan = std::move(plan);
  shared->materialized = materialized;
  return shared;
}

PlanPtr Binder::reference(std::shared_ptr<const SharedPlan> target) {
  auto plan = std::make_shared<ReferencePlan>();
  for (const auto& c : target->plan->columns) plan->columns.push_back(new_column(c.name, c.type, c.shape));
  const bool open = target->plan->open;
  plan->target = std::move(target);
  if (open) return opened(std::move(plan));
  return plan;
}

PlanPtr Binder::empty_table(const std::vector<PlanColumn>& columns) {
  auto plan = std::make_shared<ValuesPlan>();
  for (const auto& c : columns) plan->columns.push_back(new_column(c.name, c.type));
  return plan;
}

// ---- variables

void Binder::declare(std::string name, Variable variable) {
  auto s = std::make_shared<Scope>();
  s->parent = scope_;
  s->name = std::move(name);
  s->variable = std::move(variable);
  scope_ = std::move(s);
}

const Variable* Binder::lookup(std::string_view name) const {
  for (const Scope* s = scope_.get(); s != nullptr; s = s->parent.get()) {
    if (s->name == name) return s->variable.hidden ? nullptr : &s->variable;
  }
  return nullptr;
}

std::vector<std::string> Binder::visible_tables() const {
  std::vector<std::string> names;
  for (const Scope* s = scope_.get(); s != nullptr; s = s->parent.get()) {
    if (s->variable.is_view && lookup(s->name) == &s->variable) names.push_back(s->name);
  }
  std::ranges::reverse(names);
  for (const auto n : catalog_.table_names()) {
    if (permitted(n)) names.emplace_back(n);
  }
  return names;
}

bool Binder::permitted(std::string_view name) const {
  name = name.substr(0, name.find('('));  // a stored function for one argument is named f('x')
  for (const Restriction* r = restriction_.get(); r != nullptr; r = r->outer.get()) {
    const bool listed = std::ranges::any_of(r->entries, [&](const auto& e) { return e.wildcard ? matches_wildcard(e.name, name) : e.name == name; });
    if (!listed) return false;
  }
  return true;
}

// Names of let statements and patterns, or of what is stored; database().X is always what is stored, a lone wildcard never.
// https://learn.microsoft.com/kusto/query/restrict-statement
void Binder::restrict_access(const RestrictStatement& s) {
  std::size_t depth = 0;
  for (const Restriction* r = restriction_.get(); r != nullptr; r = r->outer.get()) ++depth;
  if (depth >= 32 || s.tables.size() > 1000) {  // each name of the query is looked up in all of them
    error("YK003", s.span, "A query holds at most 32 restrict statements of at most 1000 names each.");
    return;
  }
  auto restriction = std::make_shared<Restriction>();
  restriction->outer = restriction_;
  std::vector<const NameExpression*> names;
  for (const auto* item : s.tables) {
    if (const auto* n = as<NameExpression>(item)) {
      if (n->name.missing) continue;
      names.push_back(n);
      const bool is_pattern = std::ranges::any_of(patterns_, [&](const auto& p) { return p.first->name.text == n->name.text; });
      if (n->name.wildcard || is_pattern || lookup(n->name.text) != nullptr) continue;
      const std::string name(n->name.text);
      if (!permitted(name) || (catalog_.find_table(name) == nullptr && stored_function(name) == nullptr)) unknown_table(n->span, name);
      else restriction->entries.push_back({name});
      continue;
    }
    const auto* path = as<PathExpression>(item);
    const auto* database = path != nullptr ? as<CallExpression>(path->target) : nullptr;
    const auto* selector = path != nullptr ? as<NameExpression>(path->selector) : nullptr;
    const auto* function = path != nullptr ? as<CallExpression>(path->selector) : nullptr;
    if (database == nullptr || database->name.text != "database" || (selector == nullptr && function == nullptr)) {
      error("KS207", item->span, "restrict access takes names of let statements, patterns, tables and functions, or database().name.");
      continue;
    }
    const Name& name = selector != nullptr ? selector->name : function->name;
    restriction->entries.push_back({std::string(name.text), name.wildcard});
  }
  // Tables and views of let statements, and patterns, that the list leaves out get a shadow.
  const auto listed = [&](std::string_view name) {
    return std::ranges::any_of(names, [&](const auto* n) { return n->name.wildcard ? matches_wildcard(n->name.text, name) : n->name.text == name; });
  };
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> hidden;
  for (const Scope* o = scope_.get(); o != nullptr; o = o->parent.get()) {
    const Variable& v = o->variable;
    if (!seen.insert(o->name).second || v.hidden) continue;
    if (v.kind != Variable::Kind::table && !(v.kind == Variable::Kind::function && v.tabular_function)) continue;
    if (!listed(o->name)) hidden.push_back(o->name);
  }
  for (const auto& [pattern, _] : patterns_) {
    if (!listed(pattern->name.text) && seen.insert(pattern->name.text).second) hidden.emplace_back(pattern->name.text);
  }
  for (auto& name : hidden) {
    Variable shadow;
    shadow.hidden = true;
    declare(std::move(name), std::move(shadow));
  }
  restriction_ = std::move(restriction);
}

std::string_view Binder::parameter(Parameters parameters, std::string_view name) const {
  for (const auto& p : parameters) {
    if (p.name.text != name || p.value == nullptr) continue;
    if (const auto* l = as<Literal>(p.value)) {
      if (l->token || l->type == Type::string) return l->text;
      if (l->type == Type::boolean) return l->boolean ? "true" : "false";
      return text_of(l->span);
    }
    if (const auto* n = as<NameExpression>(p.value)) return n->name.text;
    return text_of(p.value->span);
  }
  return {};
}

// ---- tables

PlanPtr Binder::stored_table(std::string_view name) {
  const event::TableSchema* schema = catalog_.find_table(name);
  if (schema == nullptr || !permitted(name)) return nullptr;
  auto scan = std::make_shared<ScanPlan>();
  scan->table = schema->name;
  scan->table_sql = catalog_.table_sql(schema->name);
  const PlanColumn* time = nullptr;
  scan->columns.reserve(schema->columns.size());
  for (const auto& c : schema->columns) {
    scan->columns.push_back(new_column(c.name, c.type));
    scan->stored.push_back(c.name);
  }
  for (const auto& c : scan->columns) {
    if (c.name == "TimeGenerated" && c.type == Type::datetime) time = &c;
  }
  PlanPtr plan = scan;
  const auto cut = [&](std::string_view op, std::optional<std::int64_t> ticks) {
    if (!ticks || time == nullptr) return;
    LiteralValue v;
    v.integer = *ticks;
    auto filter = std::make_shared<FilterPlan>();
    filter->columns = plan->columns;
    filter->input = plan;
    filter->condition = call(op, {make_column(*time), make_literal(Type::datetime, v)});
    plan = filter;
  };
  cut(">=", options_.from_ticks);
  cut("<", options_.to_ticks);
  return plan;
}

PlanPtr Binder::assuming_missing(const Expression& e) {
  const bool before = std::exchange(assuming_missing_, true);
  PlanPtr plan = table(e);
  assuming_missing_ = before;
  return plan;
}

PlanPtr Binder::table_name(const NameExpression& e) {
  if (e.name.missing) return nullptr;
  if (e.name.braced) {
    client_parameter(e);
    return nullptr;
  }
  if (const Variable* v = lookup(e.name.text)) {
    switch (v->kind) {
      case Variable::Kind::table: return reference(v->table);
      case Variable::Kind::function: return invoke(*v, e.name.text, {}, e.span, e.span, {}).table;
      case Variable::Kind::scalar:
        error("KS207", e.span, "A tabular expression is expected.");
        return nullptr;
      case Variable::Kind::unknown: ++errors_; return nullptr;
    }
  }
  if (PlanPtr plan = stored_table(e.name.text)) return plan;
  if (const Variable* f = stored_function(e.name.text)) return invoke(*f, e.name.text, {}, e.span, e.span, {}).table;
  if (assuming_missing_) return opened(empty_table({}));
  unknown_table(e.span, e.name.text);
  return nullptr;
}

namespace {

// declare pattern: the name of `e` when it calls one, P("a"), P("a").b or P("a").["b"].
// https://learn.microsoft.com/kusto/query/pattern-statement
struct PatternCall {
  const PatternStatement* pattern = nullptr;
  const CallExpression* call = nullptr;
  const Expression* path = nullptr;  // may be absent
};

template <class Patterns>
PatternCall pattern_call(const Patterns& declared, const Scope* scope, const Expression& e) {
  if (declared.empty()) return {};
  const auto* path = as<PathExpression>(&e);
  const auto* call = as<CallExpression>(path != nullptr ? path->target : &e);
  if (call == nullptr) return {};
  const PatternStatement* found = nullptr;
  for (const auto& [pattern, _] : declared) {
    if (pattern->name.text == call->name.text && (found == nullptr || found->span.start < pattern->span.start)) found = pattern;
  }
  if (found == nullptr) return {};
  // A let of this name, or the shadow that a restrict statement left, hides it.
  for (; scope != nullptr; scope = scope->parent.get()) {
    if (scope->name == call->name.text) return {};
  }
  return {found, call, path != nullptr ? path->selector : nullptr};
}

}  // namespace

bool Binder::is_table(const Expression& e, const Row& row) const {
  if (is_operator(e.kind)) return true;
  if (inside_text_ == nullptr && pattern_call(patterns_, scope_.get(), e).pattern != nullptr) return true;
  switch (e.kind) {
    case NodeKind::pipe:
    case NodeKind::data_table:
    case NodeKind::external_data:
    case NodeKind::materialize:
    case NodeKind::to_table:
    case NodeKind::contextual_data_table:
    case NodeKind::inline_external_table:
    case NodeKind::materialized_view_combine:
    case NodeKind::data_scope: return true;
    case NodeKind::parenthesized: return is_table(*static_cast<const ParenthesizedExpression&>(e).inner, row);
    case NodeKind::name: {
      const auto& n = static_cast<const NameExpression&>(e).name;
      if (row.input != nullptr && find(*row.input, n.text) != nullptr) return false;
      if (const Variable* v = lookup(n.text)) {
        return v->kind == Variable::Kind::table || (v->kind == Variable::Kind::function && v->tabular_function);
      }
      if (!permitted(n.text)) return false;
      if (catalog_.find_table(n.text) != nullptr) return true;
      if (catalog_.find_function(n.text) == nullptr) return false;
      const Variable* f = const_cast<Binder*>(this)->stored_function(n.text);
      return f != nullptr && f->tabular_function;
    }
    case NodeKind::path: {
      // database("x").T, cluster("x").database("y").T
      const auto& p = static_cast<const PathExpression&>(e);
      const Expression* target = p.target;
      while (const auto* inner = as<PathExpression>(target)) target = inner->target;
      if (const auto* c = as<CallExpression>(target)) {
        return c->name.text == "database" || c->name.text == "cluster" || c->name.text == "workspace" || c->name.text == "app";
      }
      return false;
    }
    case NodeKind::call: {
      const auto& c = static_cast<const CallExpression&>(e);
      static constexpr std::string_view kTables[] = {"table", "materialize", "view", "external_table", "materialized_view",
                                                    "stored_query_result"};
      if (std::ranges::find(kTables, c.name.text) != std::end(kTables)) return true;
      if (const Variable* v = lookup(c.name.text)) return v->kind == Variable::Kind::function && v->tabular_function;
      if (const Variable* f = const_cast<Binder*>(this)->stored_function(c.name.text)) return f->tabular_function;
      return false;
    }
    default: return false;
  }
}

PlanPtr Binder::table_if_there(const Expression& e, bool& missing) {
  const std::size_t told = diagnostics_.size(), before = errors_;
  PlanPtr plan = table(e);
  const auto fresh = std::span(diagnostics_).subspan(told);
  // One thing that is missing makes others unknown (its columns): all of the leg goes.
  missing = std::ranges::any_of(fresh, [](const Diagnostic& d) { return d.code == "KS204" || d.code == "KS211" || d.code == "YK012"; });
  // A mistake inside of a stored function is not the asker's: its leg goes as well, but he is told.
  std::string why;
  if (!missing)
    for (const auto& d : fresh)
      if (d.severity == Diagnostic::Severity::error && d.message.find("(in the function '") != std::string::npos && why.empty()) why = d.message;
  if (!missing && why.empty()) return plan;
  diagnostics_.resize(told);
  errors_ = before;
  if (!why.empty() && diagnostics_.size() < 200) {
    Diagnostic warning;
    warning.code = "YK013";
    warning.severity = Diagnostic::Severity::warning;
    warning.message = "A leg of the union is left out: " + why;
    warning.start = at_.value_or(e.span).start;
    warning.length = at_.value_or(e.span).length;
    diagnostics_.push_back(std::move(warning));
  }
  missing = true;
  return nullptr;
}

PlanPtr Binder::table(const Expression& e, const Row& row) {
  if (!spend(e.span)) return nullptr;
  if (is_operator(e.kind)) return apply(static_cast<const Operator&>(e), nullptr, true);
  if (inside_text_ == nullptr) {
    if (const PatternCall p = pattern_call(patterns_, scope_.get(), e); p.pattern != nullptr) {
      // Which of its tuples: the values are constants, compared as text.
      std::vector<std::string> asked;
      const auto text_value = [&](const Expression& value) {
        const Expr v = constant(value, row);
        if (is_literal(v) && v->type == Type::string) return v->value.text;
        if (v->type != kUnknown) error("KS118", value.span, "The expression must be a string literal.");
        return std::string();
      };
      const std::size_t before = errors_;
      for (const auto* a : p.call->arguments) asked.push_back(text_value(*a));
      std::optional<std::string> path;
      if (const auto* n = as<NameExpression>(p.path)) path = n->name.text;
      else if (const auto* b = as<BracketedExpression>(p.path)) path = text_value(*b->inner);
      if (errors_ != before) return nullptr;
      const std::size_t count = p.pattern->parameters.size();
      if (!p.pattern->declared_only && asked.size() != count) {
        error("KS119", p.call->name.span, fmt::format("The pattern '{}' expects {} argument{}.", p.pattern->name.text, count, count == 1 ? "" : "s"));
        return nullptr;
      }
      for (const auto& match : p.pattern->matches) {
        if (match.arguments.size() != asked.size() || (match.path != nullptr) != path.has_value() || match.body == nullptr) continue;
        bool same = path ? text_value(*match.path) == *path : true;
        for (std::size_t i = 0; same && i < asked.size(); ++i) same = text_value(*match.arguments[i]) == asked[i];
        if (!same) continue;
        Variable body = function_variable(*match.body);
        std::tie(body.closure, body.restriction) = patterns_[p.pattern];
        const Bound result = invoke(body, p.call->name.text, {}, e.span, p.call->name.span, {});
        if (!result.table && result.scalar && result.scalar->type != kUnknown) error("KS207", e.span, "A tabular expression is expected.");
        return result.table;
      }
      error("SEM0036", e.span, fmt::format("One or more pattern references were not declared. Detected pattern references: {}.", text_of(e.span)));
      return nullptr;
    }
  }
  switch (e.kind) {
    case NodeKind::pipe: {
      const auto& p = static_cast<const PipeExpression&>(e);
      if (p.source == nullptr) {
        error("KS006", {e.span.start, 0}, "Missing expression");
        return nullptr;
      }
      PlanPtr plan = table(*p.source, row);
      // Names declared by `as` are seen by what follows in this pipe only.
      const ScopePtr before = scope_;
      for (const auto* op : p.operators) {
        if (plan == nullptr) break;
        plan = apply(*op, std::move(plan));
      }
      if (&e == top_) {
        for (auto s = scope_; s && s != before; s = s->parent) named_.insert(named_.begin(), s);
      }
      scope_ = before;
      return plan;
    }
    case NodeKind::parenthesized: return table(*static_cast<const ParenthesizedExpression&>(e).inner, row);
    case NodeKind::name: return table_name(static_cast<const NameExpression&>(e));
    case NodeKind::materialize: {
      PlanPtr plan = table(*static_cast<const MaterializeExpression&>(e).value, row);
      return plan ? reference(share("", std::move(plan), true)) : nullptr;
    }
    case NodeKind::to_table: return table(*static_cast<const ToTableExpression&>(e).value, row);
    case NodeKind::data_scope: return table(*static_cast<const DataScopeExpression&>(e).table, row);
    case NodeKind::call: return table_call(static_cast<const CallExpression&>(e), row);
    case NodeKind::data_table: {
      const auto& d = static_cast<const DataTableExpression&>(e);
      auto plan = std::make_shared<ValuesPlan>();
      for (const auto* c : d.schema.columns) {
        if (!c->type.type) {
          ++errors_;  // the parser has said so
          return nullptr;
        }
        if (std::ranges::any_of(plan->columns, [&](const auto& o) { return o.name == c->name.text; })) {
          error("KS171", c->name.span, fmt::format("A column with the name '{}' is already declared.", c->name.text));
        }
        plan->columns.push_back(new_column(std::string(c->name.text), *c->type.type));
      }
      const std::size_t width = plan->columns.size();
      if (width == 0) {
        if (!d.values.empty()) error("KS125", d.schema.span, "The datatable has no columns.");
        return plan;
      }
      if (d.values.size() % width != 0) {
        error("KS173", d.values.back()->span,
              fmt::format("The number of values must be a multiple of the number of columns ({}).", width));
        return nullptr;
      }
      for (std::size_t at = 0; at < d.values.size(); at += width) {
        std::vector<Expr> cells;
        for (std::size_t i = 0; i < width; ++i) {
          Expr cell = constant(*d.values[at + i], {});
          const Type wanted = plan->columns[i].type;
          if (cell->type != wanted && cell->type != kUnknown) cell = convert(cell, wanted);
          cells.push_back(std::move(cell));
        }
        plan->rows.push_back(std::move(cells));
      }
      return plan;
    }
    case NodeKind::external_data: {
      const auto& x = static_cast<const ExternalDataExpression&>(e);
      auto plan = std::make_shared<ExternalPlan>();
      plan->span = x.keyword;
      for (const auto* c : x.schema.columns) {
        if (!c->type.type) {
          ++errors_;  // the parser has said so
          return nullptr;
        }
        plan->columns.push_back(new_column(std::string(c->name.text), *c->type.type));
      }
      for (const auto* address : x.addresses) {
        const Expr value = constant(*address, {});
        if (is_literal(value) && value->type == Type::string) plan->addresses.push_back(value->value.text);
      }
      for (const auto& p : x.properties) plan->properties.emplace_back(p.name.text, parameter(x.properties, p.name.text));
      return plan;
    }
    case NodeKind::path: {
      const auto& p = static_cast<const PathExpression&>(e);
      const auto* target = as<CallExpression>(p.target);
      if (target != nullptr && target->name.text == "database") {
        if (const auto* n = as<NameExpression>(p.selector)) return table_name(*n);
        if (const auto* c = as<CallExpression>(p.selector)) return table_call(*c, row);
      }
      error("KS207", e.span, "A query reaches only the tables of its own workspace: cluster(), workspace() and app() are not supported.");
      return nullptr;
    }
    case NodeKind::missing: ++errors_; return nullptr;
    default: break;
  }
  const std::size_t before = errors_;
  const Expr value = scalar(e, row);
  if (errors_ == before && value->type != kUnknown) error("KS207", e.span, "A tabular expression is expected.");
  return nullptr;
}

PlanPtr Binder::table_call(const CallExpression& e, const Row& row) {
  const std::string_view name = e.name.text;
  if (name == "table" || name == "view") {
    if (e.arguments.empty()) {
      error("KS119", e.name.span, "The function 'table' expects 1 argument.");
      return nullptr;
    }
    const Expr argument = constant(*e.arguments[0], row);
    // Which table it is shows only at the call.
    if (argument->kind == BoundExpression::Kind::parameter) return opened(empty_table({}));
    if (!is_literal(argument) || argument->type != Type::string) {
      error("KS118", e.arguments[0]->span, "The expression must be a string literal.");
      return nullptr;
    }
    if (const Variable* v = lookup(argument->value.text)) {
      if (v->kind == Variable::Kind::table) return reference(v->table);
      if (v->kind == Variable::Kind::function) return invoke(*v, argument->value.text, {}, e.span, e.name.span, {}).table;
    }
    if (PlanPtr plan = stored_table(argument->value.text)) return plan;
    if (const Variable* f = stored_function(argument->value.text)) {
      return invoke(*f, argument->value.text, {}, e.span, e.name.span, {}).table;
    }
    unknown_table(e.arguments[0]->span, argument->value.text);
    return nullptr;
  }
  if (name == "materialize" && e.arguments.size() == 1) {
    PlanPtr plan = table(*e.arguments[0], row);
    return plan ? reference(share("", std::move(plan), true)) : nullptr;
  }
  const Variable* f = lookup(name);
  if (f == nullptr) f = stored_function(e, row);
  if (f == nullptr) {
    if (catalog_.find_table(name) != nullptr && permitted(name)) return stored_table(name);
    if (assuming_missing_) {
      for (const auto* a : e.arguments) {
        if (!is_table(*a, row)) scalar(as<NamedExpression>(a) != nullptr ? *static_cast<const NamedExpression&>(*a).value : *a, row);
      }
      return opened(empty_table({}));
    }
    if (broken_function(e.name.span, name)) return nullptr;
    std::vector<std::string_view> names = catalog_.function_names();
    std::erase_if(names, [&](const auto n) { return !permitted(n); });
    for (const auto n : scalar_names()) names.push_back(n);
    error("KS211", e.name.span,
          fmt::format("The name '{}' does not refer to any known function{}", name, hint(name, names)));
    for (const auto* a : e.arguments) {
      const auto* named = as<NamedExpression>(a);
      const Expression& value = named != nullptr ? *named->value : *a;
      if (!is_table(value, row)) scalar(value, row);
    }
    return nullptr;
  }
  if (f->kind == Variable::Kind::table && e.arguments.empty()) return reference(f->table);
  if (f->kind != Variable::Kind::function) {
    if (f->kind == Variable::Kind::scalar) error("KS207", e.name.span, "A tabular expression is expected.");
    return nullptr;
  }
  const Bound result = invoke(*f, name, e.arguments, e.span, e.name.span, row);
  if (!result.table && result.scalar && result.scalar->type != kUnknown) {
    error("KS207", e.name.span, "A tabular expression is expected.");
  }
  return result.table;
}

std::optional<std::vector<std::vector<std::string>>> Binder::probe(PlanPtr plan, Span span, std::string_view what) {
  if (options_.probe && errors_ == 0) {
    BoundQuery query;
    query.plan = std::move(plan);
    CompileOptions options;
    options.now_ticks = options_.now_ticks;
    options.max_rows = 1000;
    const SqlStatement statement = to_sql(query, options);
    if (statement.unsupported.empty()) {
      if (auto rows = options_.probe(statement)) return rows;
    }
  }
  if (!unprobed_) unprobed_ = {at_.value_or(span), std::string(what)};
  return std::nullopt;
}

PlanPtr Binder::sub_pipe(const Expression& body, PlanPtr input) {
  if (const auto* p = as<PipeExpression>(&body)) {
    PlanPtr plan = std::move(input);
    if (p->source != nullptr) {
      if (is_operator(p->source->kind)) plan = apply(static_cast<const Operator&>(*p->source), std::move(plan));
      else plan = table(*p->source);
    }
    for (const auto* op : p->operators) {
      if (plan == nullptr) return nullptr;
      plan = apply(*op, std::move(plan));
    }
    return plan;
  }
  if (const auto* p = as<ParenthesizedExpression>(&body)) return sub_pipe(*p->inner, std::move(input));
  if (is_operator(body.kind)) return apply(static_cast<const Operator&>(body), std::move(input));
  return table(body);
}

PlanPtr Binder::apply(const Operator& op, PlanPtr input, bool) {
  if (!spend(op.keyword)) return nullptr;
  query_.later.clear();  // only the last operator of a statement may give more than its own result
  const bool open = input && input->open;
  const PlanPtr before = open ? input : nullptr;
  const std::size_t mistakes = errors_;
  if (options_.as_language_service && input) {
    switch (op.kind) {
      case NodeKind::extend:
      case NodeKind::serialize:
      case NodeKind::mv_expand:
      case NodeKind::mv_apply: input = with_own_names(std::move(input)); break;
      default: break;
    }
  }
  PlanPtr result = bind_operator(*this, op, std::move(input));
  // What hangs on the unknown type of a column nobody has seen yet is no mistake.
  if (open && !result && errors_ == mistakes) result = empty_table(before->columns);
  if (open && result) {
    switch (op.kind) {
      case NodeKind::count:
      case NodeKind::get_schema: break;
      default: return opened(std::move(result));
    }
  }
  return result;
}

}  // namespace yagura::kql
