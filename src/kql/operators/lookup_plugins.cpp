// Plugins that look up shapes of the Earth for each row, and intersect sketches: geo_polygon_lookup, geo_line_lookup, dcount_intersect.
// https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin
//
// A lookup is every row with every shape, of which those stay that meet; the lookup table is meant to be small.
#include <fmt/format.h>

#include <map>

#include "kql/function.hpp"
#include "kql/operators/plugins.hpp"

namespace yagura::kql {

namespace {

using Columns = std::vector<std::pair<PlanColumn, Expr>>;

// What a lookup was asked for, by position or by name.
struct Lookup {
  const Expression *table = nullptr, *shape = nullptr, *longitude = nullptr, *latitude = nullptr;
  Expr radius;  // absent: containment
  bool unmatched = false, with_key = false;
};

bool flag(Binder& b, const Expression* e) {
  if (e == nullptr) return false;
  const Expr value = b.constant(*e, {});
  return is_literal(value) && value->type == Type::boolean && value->value.boolean;
}

std::optional<Lookup> arguments_of(Binder& b, const CallExpression& call, bool line) {
  static constexpr std::string_view kNames[] = {"LookupTable", "LookupKey", "SourceLongitude", "SourceLatitude", "radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"};
  std::map<std::string_view, const Expression*> given;
  std::size_t position = 0;
  for (const auto* a : call.arguments) {
    if (const auto* n = as<NamedExpression>(a); n != nullptr && n->names.size() == 1) {
      given[n->names[0].text == "Radius" ? "radius" : n->names[0].text] = n->value;
    } else if (position < std::size(kNames)) {
      given[kNames[position++]] = a;
    } else {
      ++position;
    }
  }
  const std::size_t least = line ? 5 : 4;
  for (std::size_t i = 0; i < least; ++i) {
    if (given.contains(kNames[i]) && position <= std::size(kNames)) continue;
    b.error("KS120", call.name.span, fmt::format("The function '{}' expects between {} and {} arguments.", call.name.text, least, std::size(kNames)));
    return std::nullopt;
  }
  Lookup out{.table = given["LookupTable"], .shape = given["LookupKey"], .longitude = given["SourceLongitude"], .latitude = given["SourceLatitude"], .radius = nullptr};
  if (const auto* radius = given["radius"]) out.radius = b.convert(b.constant(*radius, {}), Type::real);
  out.unmatched = flag(b, given["return_unmatched"]);
  out.with_key = flag(b, given["return_lookup_key"]);
  return out;
}

// Whether the place is at the shape.
Expr meeting(const Lookup& lookup, bool line, const Expr& longitude, const Expr& latitude, const Expr& shape, Span span) {
  if (!line && (lookup.radius == nullptr || is_null_literal(lookup.radius))) {
    return make_call(find_scalar("geo_point_in_polygon"), Type::boolean, {longitude, latitude, shape}, span);
  }
  const auto* distance = find_scalar(line ? "geo_distance_point_to_line" : "geo_distance_point_to_polygon");
  return make_call(find_scalar("<="), Type::boolean, {make_call(distance, Type::real, {longitude, latitude, shape}, span), lookup.radius}, span);
}

PlanPtr geo_lookup(Binder& b, const CallExpression& call, PlanPtr input, bool line) {
  const auto lookup = arguments_of(b, call, line);
  if (!lookup) return nullptr;
  PlanPtr right = b.table(*lookup->table, {.input = input.get()});
  if (right == nullptr) return nullptr;
  const Row left_row{.input = input.get()};
  const PlanColumn* shape = b.column(*lookup->shape, *right);
  Expr longitude = b.scalar(*lookup->longitude, left_row), latitude = b.scalar(*lookup->latitude, left_row);
  if (shape == nullptr || longitude->type == kUnknown || latitude->type == kUnknown) return nullptr;
  if (shape->type != Type::dynamic) {
    b.error("KS107", lookup->shape->span, "A value of type dynamic expected.");
    return nullptr;
  }
  longitude = b.convert(std::move(longitude), Type::real), latitude = b.convert(std::move(latitude), Type::real);
  // With unmatched rows: those found are joined once more, to the rows by their numbers.
  auto number = std::make_shared<BoundExpression>();
  number->kind = BoundExpression::Kind::window;
  number->type = Type::int64;
  number->function = find_window("row_number");
  const PlanColumn id = b.new_column("", Type::int64);
  const std::vector<PlanColumn> left_columns = input->columns;
  PlanPtr left = lookup->unmatched ? b.with_windows(std::move(input), {{id, number}}) : input;
  const auto shared = lookup->unmatched ? b.share("", left, true) : nullptr;
  PlanPtr matching = lookup->unmatched ? b.reference(shared) : left;
  std::unordered_map<ColumnId, Expr> moved;
  PlanColumn matching_id = id;
  if (lookup->unmatched) {
    for (std::size_t i = 0; i < matching->columns.size(); ++i) {
      moved[left->columns[i].id] = make_column(matching->columns[i]);
      if (left->columns[i].id == id.id) matching_id = matching->columns[i];
    }
  }
  auto cross = std::make_shared<JoinPlan>();
  cross->join = JoinKind::cross;
  cross->left = matching;
  cross->right = right;
  cross->columns = matching->columns;
  cross->columns.insert(cross->columns.end(), right->columns.begin(), right->columns.end());
  PlanPtr rows = make_filter(cross, meeting(*lookup, line, substitute(longitude, moved), substitute(latitude, moved), make_column(*shape), call.span));
  std::vector<PlanColumn> kept = left_columns;
  if (lookup->unmatched) {
    Columns found;
    found.push_back({matching_id, make_column(matching_id)});
    for (const auto& c : right->columns) found.push_back({c, make_column(c)});
    PlanPtr again = b.reference(shared);
    auto outer = std::make_shared<JoinPlan>();
    outer->join = JoinKind::left_outer;
    outer->left = again;
    outer->right = b.select(rows, std::move(found));
    PlanColumn again_id = id;
    kept.clear();
    for (std::size_t i = 0; i < again->columns.size(); ++i) {
      if (left->columns[i].id == id.id) again_id = again->columns[i];
      else kept.push_back(again->columns[i]);
    }
    outer->keys.push_back({make_column(again_id), make_column(matching_id)});
    outer->columns = again->columns;
    outer->columns.insert(outer->columns.end(), right->columns.begin(), right->columns.end());
    rows = outer;
  }
  Columns result;
  ColumnNames names(b);
  for (const auto& c : kept) {
    names.keep(c.name);
    result.push_back({c, make_column(c)});
  }
  for (const auto& c : right->columns) {
    if (c.id != shape->id || lookup->with_key) result.push_back({{c.id, names.make(c.name), c.type}, make_column(c)});
  }
  return b.select(rows, std::move(result));
}

// s0, s1 ...: how many values the first sketch has seen, the first two both, the first three all ...
PlanPtr dcount_intersect(Binder& b, const CallExpression& call, PlanPtr input) {
  if (call.arguments.size() < 2 || call.arguments.size() > 16) {
    b.error("KS120", call.name.span, "The function 'dcount_intersect' expects between 2 and 16 arguments.");
    return nullptr;
  }
  const Row row{.input = input.get()};
  Columns result;
  ColumnNames names(b);
  for (const auto& c : input->columns) {
    names.keep(c.name);
    result.push_back({c, make_column(c)});
  }
  std::vector<Expr> sketches;
  for (const auto* a : call.arguments) {
    sketches.push_back(b.scalar(*a, row));
    if (sketches.back()->type == kUnknown) return nullptr;
    if (sketches.back()->type != Type::dynamic) {
      b.error("KS107", a->span, "A value of type dynamic expected.");
      return nullptr;
    }
    const Expr value = make_call(find_scalar(".dcount_intersect"), Type::int64, sketches, a->span);
    result.push_back({b.new_column(names.make(fmt::format("s{}", sketches.size() - 1)), Type::int64), value});
  }
  return b.select(std::move(input), std::move(result));
}

}  // namespace

PlanPtr bind_lookup_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known) {
  const std::string_view name = call.name.text;
  known = true;
  if (name == "geo_polygon_lookup") return geo_lookup(b, call, std::move(input), false);
  if (name == "geo_line_lookup") return geo_lookup(b, call, std::move(input), true);
  if (name == "dcount_intersect") return dcount_intersect(b, call, std::move(input));
  known = false;
  return nullptr;
}

}  // namespace yagura::kql
