// graph-match and graph-shortest-paths: patterns, their names, and which conditions are looked at during the search.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kql/operators/graph.hpp"
#include "kql/stages/place.hpp"

namespace yagura::kql {

namespace {

using Kind = BoundExpression::Kind;
constexpr std::int64_t kLongestPath = 1'000;

Expr unknown_value() {
  auto e = std::make_shared<BoundExpression>();
  e->type = kUnknown;
  return e;
}

bool reads(const Expr& e, ColumnId id) {
  if (e->kind == Kind::column) return e->column == id;
  return std::ranges::any_of(e->arguments, [&](const Expr& a) { return reads(a, id); });
}

void collect_columns(const Expr& e, std::set<ColumnId>& out) {
  if (e->kind == Kind::column) out.insert(e->column);
  for (const auto& a : e->arguments) collect_columns(a, out);
}

class PatternBinder;

// Inside map(), any() and all(): the properties of an edge or inner node, without a name before them.
class InnerNames final : public OperatorNames {
 public:
  InnerNames(const PatternBinder& pattern, const Plan& properties, bool nodes, ColumnId degree_in, ColumnId degree_out, ColumnId node_id)
      : pattern_(pattern), properties_(properties), nodes_(nodes), degree_in_(degree_in), degree_out_(degree_out), node_id_(node_id) {}
  Expr name(Binder& b, const NameExpression& e, const Row& row) const override;
  Expr path(Binder& b, const PathExpression& e, const Row& row) const override;
  Expr call(Binder& b, const CallExpression& e, const Row& row) const override;

 private:
  const PatternBinder& pattern_;
  const Plan& properties_;
  const bool nodes_;
  const ColumnId degree_in_, degree_out_, node_id_;
};

class PatternBinder final : public OperatorNames {
 public:
  PatternBinder(Binder& b, const GraphPlan& graph) : b_(b), spec_(graph.spec), node_plan_(Plan::Kind::values), edge_plan_(Plan::Kind::values) {
    node_plan_.columns = spec_.node_properties;
    edge_plan_.columns.assign(spec_.edge_columns.begin(), spec_.edge_columns.begin() + static_cast<std::ptrdiff_t>(spec_.edge_properties));
  }

  GraphPatternSpec pattern;
  mutable std::vector<GraphValue> values;
  Expr residual;  // what is left of the condition

  bool bind_patterns(std::span<const GraphPattern> sequences) {
    for (const auto& s : sequences) {
      if (!bind_sequence(s)) return false;
    }
    return connected(sequences);
  }

  void bind_condition(const Expression* condition) {
    if (condition == nullptr) return;
    const Expr e = b_.boolean(*condition, row());
    if (e->type == kUnknown) return;
    place_condition(e);
  }

  // The columns of `project`; all named elements without it.
  std::vector<std::pair<PlanColumn, Expr>> bind_project(bool has_project, std::span<const Expression* const> items) {
    std::vector<std::pair<PlanColumn, Expr>> out;
    if (!has_project) {
      for (const auto& name : named_) {
        const Expr value = whole(name);
        out.push_back({b_.new_column(name, value->type), value});
      }
      return out;
    }
    const Row r = row();
    ColumnNames names(b_);
    for (const auto* item : items) {
      bool is_explicit = false;
      const auto* named = as<NamedExpression>(item);
      std::size_t at = 0;
      for (const auto& v : b_.items(*item, r, is_explicit)) {
        const std::size_t index = at++;
        std::string name = v.name;
        if (is_explicit && index < named->names.size()) {
          if (!names.declare(name, named->names[index].span)) continue;
        } else {
          name = names.make(name);
        }
        out.push_back({b_.new_column(name, v.value->type), v.value});
      }
    }
    return out;
  }

  Row row() const { return {.names = this}; }

  // Drops the values that only the search needed.
  void keep_values(const std::vector<std::pair<PlanColumn, Expr>>& columns) {
    std::set<ColumnId> read;
    for (const auto& [_, e] : columns) collect_columns(e, read);
    if (residual) collect_columns(residual, read);
    std::vector<bool> keep(values.size(), false);
    for (std::size_t i = values.size(); i-- > 0;) {
      keep[i] = keep[i] || read.contains(values[i].column.id);
      if (!keep[i]) continue;
      for (const auto& o : values[i].outer) keep[o.value] = true;
    }
    std::vector<std::size_t> moved(values.size(), 0);
    std::vector<GraphValue> kept;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!keep[i]) continue;
      moved[i] = kept.size();
      kept.push_back(std::move(values[i]));
      for (auto& o : kept.back().outer) o.value = moved[o.value];
    }
    values = std::move(kept);
  }

  // OperatorNames
  Expr name(Binder&, const NameExpression& e, const Row&) const override {
    return elements_.contains(e.name.text) ? whole(std::string(e.name.text)) : nullptr;
  }

  Expr path(Binder&, const PathExpression& e, const Row&) const override {
    const auto* target = as<NameExpression>(e.target);
    const auto* member = as<NameExpression>(e.selector);
    if (target == nullptr || member == nullptr) return nullptr;
    const auto element = elements_.find(target->name.text);
    if (element == elements_.end()) return nullptr;
    const bool node = element->second.node;
    const Plan& properties = node ? node_plan_ : edge_plan_;
    const PlanColumn* property = b_.find(properties, member->name.text);
    if (property == nullptr) {
      b_.unknown_name(member->span, member->name.text, {.input = &properties});
      return unknown_value();
    }
    GraphValue v;
    v.kind = node ? GraphValue::Kind::node_property : GraphValue::Kind::edge_property;
    v.element = element->second.number;
    v.property = static_cast<std::size_t>(property - properties.columns.data());
    v.column.type = !node && pattern.edges[v.element].ranged ? Type::dynamic : property->type;
    return value(std::move(v), e.span);
  }

  Expr call(Binder& b, const CallExpression& e, const Row& r) const override {
    const std::string_view name = e.name.text;
    if (name == "map" || name == "any" || name == "all") return along_path(e, r);
    if (name == "inner_nodes") {
      b.error("YK018", e.span, "inner_nodes() stands only as the first argument of map(), any() and all().");
      return unknown_value();
    }
    if (name != "node_degree_in" && name != "node_degree_out" && name != "node_id" && name != "labels") return nullptr;
    const auto* argument = e.arguments.size() == 1 ? as<NameExpression>(e.arguments[0]) : nullptr;
    const auto element = argument != nullptr ? elements_.find(argument->name.text) : elements_.end();
    if (element == elements_.end() || (name != "labels" && !element->second.node)) {
      b.error("YK018", e.span, fmt::format("{}() takes the name of a {} of the pattern.", name, name == "labels" ? "node or edge" : "node"));
      return unknown_value();
    }
    if (name == "labels") return no_labels();
    GraphValue v;
    v.element = element->second.number;
    v.kind = name == "node_degree_in" ? GraphValue::Kind::degree_in : name == "node_degree_out" ? GraphValue::Kind::degree_out : GraphValue::Kind::node_id;
    v.column.type = name == "node_id" ? Type::string : Type::int64;
    return value(std::move(v), e.span);
  }

  // Graphs of make-graph have no labels.
  static Expr no_labels() {
    LiteralValue none;
    none.text = "[]";
    return make_literal(Type::dynamic, none);
  }

 private:
  struct Element {
    bool node = true;
    std::size_t number = 0;
  };

  std::size_t node_number(const GraphPatternElement& e, bool& good) {
    if (!e.name || e.name->text.empty()) {
      pattern.nodes.emplace_back();
      return pattern.nodes.size() - 1;
    }
    const auto [it, added] = elements_.try_emplace(std::string(e.name->text), Element{true, pattern.nodes.size()});
    if (!added && !it->second.node) {
      b_.error("YK019", e.name->span, fmt::format("'{}' is the name of an edge of the pattern already.", e.name->text));
      good = false;
      return 0;
    }
    if (added) {
      named_.emplace_back(e.name->text);
      pattern.nodes.emplace_back();
    }
    return it->second.number;
  }

  bool bind_sequence(const GraphPattern& sequence) {
    using Shape = GraphPatternElement::Shape;
    bool good = true;
    for (std::size_t i = 0; i < sequence.elements.size(); ++i) {
      const bool node = sequence.elements[i].shape == Shape::node;
      if (node != (i % 2 == 0)) {
        b_.error("YK019", sequence.elements[i].span, node ? "An edge is expected between two nodes of a pattern." : "A pattern begins with a node, and has one between two edges.");
        return false;
      }
    }
    if (sequence.elements.size() % 2 == 0) {
      if (!sequence.elements.empty()) b_.error("YK019", sequence.elements.back().span, "A pattern ends with a node.");
      return false;
    }
    std::size_t left = node_number(sequence.elements[0], good);
    for (std::size_t i = 1; i + 1 < sequence.elements.size(); i += 2) {
      const auto& e = sequence.elements[i];
      GraphPatternSpec::Edge edge;
      edge.left = left;
      edge.right = node_number(sequence.elements[i + 1], good);
      edge.direction = !spec_.directed || e.shape == Shape::edge_any ? GraphPatternSpec::Direction::any
                       : e.shape == Shape::edge_right             ? GraphPatternSpec::Direction::forward
                                                                  : GraphPatternSpec::Direction::backward;
      edge.ranged = e.ranged;
      if (e.ranged && !range(e, edge)) good = false;
      if (e.name && !e.name->text.empty()) {
        if (!elements_.try_emplace(std::string(e.name->text), Element{false, pattern.edges.size()}).second) {
          b_.error("YK019", e.name->span, fmt::format("'{}' is the name of an element of the pattern already.", e.name->text));
          good = false;
        }
        named_.emplace_back(e.name->text);
      }
      pattern.edges.push_back(std::move(edge));
      left = pattern.edges.back().right;
    }
    return good;
  }

  bool range(const GraphPatternElement& e, GraphPatternSpec::Edge& edge) {
    const auto low = e.low != nullptr ? b_.constant_long(*e.low, {}) : std::optional<std::int64_t>(1);
    const auto high = e.high != nullptr ? b_.constant_long(*e.high, {}) : std::nullopt;
    if (!low || !high) return false;
    if (*low < 0 || *high < *low || *high > kLongestPath) {
      b_.error("YK019", e.span, fmt::format("The length of a path is *low..high with 0 <= low <= high <= {}.", kLongestPath));
      return false;
    }
    edge.low = static_cast<std::uint32_t>(*low);
    edge.high = static_cast<std::uint32_t>(*high);
    return true;
  }

  bool connected(std::span<const GraphPattern> sequences) {
    std::set<std::size_t> reached{0};
    for (bool more = true; more;) {
      more = false;
      for (const auto& e : pattern.edges) {
        if (reached.contains(e.left) != reached.contains(e.right)) {
          reached.insert({e.left, e.right});
          more = true;
        }
      }
    }
    if (reached.size() >= pattern.nodes.size()) return true;
    b_.error("YK019", sequences.back().span, "The sequences of a pattern must share the names of nodes.");
    return false;
  }

  Expr value(GraphValue v, Span span) const {
    for (const auto& known : values) {
      if (known.kind == v.kind && known.element == v.element && known.property == v.property && known.kind != GraphValue::Kind::map &&
          known.kind != GraphValue::Kind::any && known.kind != GraphValue::Kind::all) {
        return make_column(known.column, span);
      }
    }
    v.column.id = b_.fresh();
    values.push_back(std::move(v));
    return make_column(values.back().column, span);
  }

  Expr whole(const std::string& name) const {
    const Element& e = elements_.find(name)->second;
    GraphValue v;
    v.kind = e.node ? GraphValue::Kind::node_bag : GraphValue::Kind::edge_bag;
    v.element = e.number;
    v.column.type = Type::dynamic;
    return value(std::move(v), {});
  }

  Expr along_path(const CallExpression& e, const Row&) const {
    const auto fail = [&](Span span, std::string message) {
      b_.error("YK018", span, std::move(message));
      return unknown_value();
    };
    if (e.arguments.size() != 2) return fail(e.span, fmt::format("{0}() takes an edge of the pattern and an expression: {0}(edge, expression) or {0}(inner_nodes(edge), expression).", e.name.text));
    const Expression* first = e.arguments[0];
    bool inner = false;
    if (const auto* call = as<CallExpression>(first); call != nullptr && call->name.text == "inner_nodes" && call->arguments.size() == 1) {
      inner = true;
      first = call->arguments[0];
    }
    const auto* name = as<NameExpression>(first);
    const auto element = name != nullptr ? elements_.find(name->name.text) : elements_.end();
    if (element == elements_.end() || element->second.node) return fail(first->span, fmt::format("{}() goes along an edge of the pattern; its name is expected here.", e.name.text));
    GraphValue v;
    v.kind = e.name.text == "map" ? GraphValue::Kind::map : e.name.text == "any" ? GraphValue::Kind::any : GraphValue::Kind::all;
    v.element = element->second.number;
    v.inner = inner;
    v.column.type = v.kind == GraphValue::Kind::map ? Type::dynamic : Type::boolean;
    v.degree_in = b_.fresh();
    v.degree_out = b_.fresh();
    v.node_id = b_.fresh();
    const Plan& properties = inner ? node_plan_ : edge_plan_;
    const InnerNames names(*this, properties, inner, v.degree_in, v.degree_out, v.node_id);
    const Row row{.input = &properties, .names = &names};
    v.expression = v.kind == GraphValue::Kind::map ? b_.scalar(*e.arguments[1], row) : b_.boolean(*e.arguments[1], row);
    if (v.expression->type == kUnknown) return unknown_value();
    if (!stages::has_kernels(v.expression)) {
      b_.not_supported(e.arguments[1]->span, fmt::format("This expression within {}()", e.name.text));
      return unknown_value();
    }
    if (!reads(v.expression, v.degree_in)) v.degree_in = 0;
    if (!reads(v.expression, v.degree_out)) v.degree_out = 0;
    if (!reads(v.expression, v.node_id)) v.node_id = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (reads(v.expression, values[i].column.id)) v.outer.push_back({values[i].column.id, i});
    }
    return value(std::move(v), e.span);
  }

  // Conditions on one node or edge are looked at while paths are searched.
  void place_condition(const Expr& e) {
    if (e->kind == Kind::call && e->function != nullptr && e->function->name == "and") {
      for (const auto& a : e->arguments) place_condition(a);
      return;
    }
    std::set<ColumnId> read;
    collect_columns(e, read);
    std::vector<const GraphValue*> of;
    for (const auto& v : values) {
      if (read.contains(v.column.id)) of.push_back(&v);
    }
    if (!of.empty() && e->kind == Kind::column && of.front()->kind == GraphValue::Kind::all) {
      const GraphValue& all = *of.front();
      if (all.outer.empty() && all.degree_in == 0 && all.degree_out == 0 && all.node_id == 0) {
        auto& edge = pattern.edges[all.element];
        (all.inner ? edge.inner_conditions : edge.conditions).push_back(all.expression);
        return;
      }
    }
    const auto kind = of.empty() ? GraphValue::Kind::map : of.front()->kind;
    const bool one = !of.empty() && std::ranges::all_of(of, [&](const GraphValue* v) { return v->kind == kind && v->element == of.front()->element; });
    const bool node = kind == GraphValue::Kind::node_property;
    const bool edge = kind == GraphValue::Kind::edge_property && !pattern.edges[of.front()->element].ranged;
    if (one && (node || edge) && stages::has_kernels(e)) {
      std::unordered_map<ColumnId, Expr> own;
      for (const auto* v : of) own[v->column.id] = make_column(node ? spec_.node_properties[v->property] : spec_.edge_columns[v->property]);
      const Expr condition = substitute(e, own);
      if (node) pattern.nodes[of.front()->element].conditions.push_back(condition);
      else pattern.edges[of.front()->element].conditions.push_back(condition);
      return;
    }
    residual = residual ? make_call(find_scalar("and"), Type::boolean, {residual, e}, e->span) : e;
  }

  Binder& b_;
  const GraphSpec& spec_;
  Plan node_plan_, edge_plan_;
  std::map<std::string, Element, std::less<>> elements_;
  std::vector<std::string> named_;  // in the order of the text
};

Expr InnerNames::name(Binder& b, const NameExpression& e, const Row& row) const {
  return b.find(properties_, e.name.text) != nullptr ? nullptr : pattern_.name(b, e, row);
}

Expr InnerNames::path(Binder& b, const PathExpression& e, const Row& row) const {
  // A dynamic property of the same name as an element hides it.
  if (const auto* target = as<NameExpression>(e.target); target != nullptr && b.find(properties_, target->name.text) != nullptr) return nullptr;
  return pattern_.path(b, e, row);
}

Expr InnerNames::call(Binder& b, const CallExpression& e, const Row& row) const {
  if (e.arguments.empty()) {
    if (e.name.text == "labels") return PatternBinder::no_labels();
    if (nodes_ && e.name.text == "node_degree_in") return make_column({degree_in_, "", Type::int64}, e.span);
    if (nodes_ && e.name.text == "node_degree_out") return make_column({degree_out_, "", Type::int64}, e.span);
    if (nodes_ && e.name.text == "node_id") return make_column({node_id_, "", Type::string}, e.span);
  }
  if (e.name.text == "map" || e.name.text == "any" || e.name.text == "all") {
    b.error("YK018", e.span, fmt::format("{}() cannot stand within another of its kind.", e.name.text));
    return unknown_value();
  }
  return pattern_.call(b, e, row);
}

template <class Op>
PlanPtr bind_pattern(Binder& b, const Op& op, const PlanPtr& input, bool shortest) {
  const GraphPlan* graph = graph_of(b, input, op.keyword);
  if (graph == nullptr) return nullptr;
  PatternBinder names(b, *graph);
  if (!names.bind_patterns(op.patterns)) return nullptr;
  if (const auto cycles = b.parameter(op.parameters, "cycles"); cycles == "all") names.pattern.cycles = GraphPatternSpec::Cycles::all;
  else if (cycles == "none") names.pattern.cycles = GraphPatternSpec::Cycles::none;
  names.bind_condition(op.condition);
  auto columns = names.bind_project(op.has_project, op.project);
  names.keep_values(columns);
  std::shared_ptr<const LocalOperator> operation;
  if (shortest) {
    if (op.patterns.size() != 1 || std::ranges::none_of(names.pattern.edges, &GraphPatternSpec::Edge::ranged)) {
      b.error("YK019", op.keyword, "graph-shortest-paths takes one sequence with an edge of variable length, as in (a)-[e*1..5]->(b).");
      return nullptr;
    }
    if (names.residual && !stages::has_kernels(names.residual)) {
      b.not_supported(op.condition->span, "This condition on shortest paths");
      return nullptr;
    }
    operation = make_graph_shortest_paths(graph->spec, names.pattern, names.values, names.residual, b.parameter(op.parameters, "output") == "all");
    names.residual = nullptr;
  } else {
    operation = make_graph_match(graph->spec, names.pattern, names.values);
  }
  auto stage = stage_on_graph(*graph, fmt::format("the operator '{}'", b.text_of(op.keyword)), op.keyword, std::move(operation));
  for (const auto& v : names.values) stage->columns.push_back(v.column);
  if (stage->columns.empty()) stage->columns.push_back(b.new_column("_", Type::int64));
  PlanPtr plan = stage;
  if (names.residual) plan = make_filter(std::move(plan), names.residual);
  return b.select(std::move(plan), std::move(columns));
}

}  // namespace

PlanPtr bind_graph_match(Binder& b, const GraphMatchOperator& op, PlanPtr input) { return bind_pattern(b, op, input, false); }
PlanPtr bind_graph_shortest_paths(Binder& b, const GraphShortestPathsOperator& op, PlanPtr input) { return bind_pattern(b, op, input, true); }

}  // namespace yagura::kql
