// Plan to ClickHouse SQL: one statement.
#include "kql/sql_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kql/stages/place.hpp"

namespace yagura::kql {

void collect(const Expr& e, Needed& out) {
  if (!e) return;
  if (e->kind == BoundExpression::Kind::column) out.insert(e->column);
  for (const auto& a : e->arguments) collect(a, out);
}

bool Relation::plain(const Needed& ids) const {
  return std::ranges::all_of(ids, [&](ColumnId id) {
    const auto it = cells.find(id);
    return it == cells.end() || it->second.plain;
  });
}

SqlWriter::SqlWriter(const BoundQuery& query, const CompileOptions& options) : query_(query), options_(options) {
  count_references(*query.plan);
}

std::string SqlWriter::name_of(ColumnId id) { return id >= kHidden ? fmt::format("h{}", id - kHidden) : fmt::format("c{}", id); }

SqlStatement SqlWriter::statement() {
  SqlStatement out;
  Needed needed;
  for (const auto& c : query_.plan->columns) needed.insert(c.id);
  Relation r = write(query_.plan, needed);
  ordered_ = !r.order.empty();
  natural_ = r.natural;
  std::string select;
  std::size_t position = 0;
  for (const auto& c : query_.plan->columns) {
    if (!select.empty()) select += ", ";
    select += fmt::format("{} AS {}", r.cells.at(c.id).sql.text, sql::identifier(fmt::format("{}_{}", c.name, position++)));
    out.columns.push_back({c.name, c.type, ""});
  }
  if (select.empty()) select = "1 AS `_`";
  std::string text = select_text(r, select);
  text += order_text(r);
  std::uint64_t limit = options_.max_rows;
  if (query_.truncation_max_records > 0) limit = static_cast<std::uint64_t>(query_.truncation_max_records);
  // One row more than the limit tells that there is more; query_take_max_records is an end without a word.
  std::uint64_t most = limit > 0 && !query_.no_truncation ? limit + 1 : 0;
  if (query_.take_max_records > 0) most = std::min(most > 0 ? most : UINT64_MAX, static_cast<std::uint64_t>(query_.take_max_records));
  if (most > 0) text += fmt::format(" LIMIT {}", most);
  if (!ctes_.empty()) {
    std::string with;
    for (const auto& c : ctes_) with += (with.empty() ? "WITH " : ", ") + c;
    // The outermost WITH holds the shared tables first, then this SELECT's own values.
    if (text.starts_with("WITH ")) text = with + ", " + text.substr(5);
    else text = with + " " + text;
  }
  out.sql = std::move(text);
  out.unsupported = std::move(names_.unsupported);
  out.tables.assign(tables_.begin(), tables_.end());
  out.settings = {{"join_use_nulls", "1"},
                  {"enable_positional_arguments", "0"},
                  {"enable_materialized_cte", "1"},
                  {"enable_unaligned_array_join", "1"},
                  {"output_format_json_escape_forward_slashes", "0"},
                  {"output_format_json_quote_denormals", "1"},
                  {"transform_null_in", "0"},
                  {"least_greatest_legacy_null_behavior", "1"},
                  {"prefer_column_name_to_alias", "0"},
                  {"cast_keep_nullable", "1"},
                  {"max_query_size", "67108864"},
                  {"max_ast_elements", "1000000"},
                  {"max_expanded_ast_elements", "4000000"},
                  {"max_ast_depth", "10000"},
                  {"max_parser_depth", "10000"},
                  {"max_parser_backtracks", "100000000"},
                  {"allow_suspicious_types_in_group_by", "1"},
                  {"allow_suspicious_types_in_order_by", "1"},
                  {"use_variant_as_common_type", "0"},
                  {"decimal_check_overflow", "0"},
                  {"date_time_overflow_behavior", "ignore"},
                  {"session_timezone", "UTC"}};
  finish_stages(out);
  return out;
}

SqlScope SqlWriter::scope_of(const Relation& r) {
  SqlScope scope;
  scope.names = &names_;
  for (const auto& [id, cell] : r.cells) scope.columns[id] = cell.sql;
  scope.write_plan = [this](const Plan& plan) { return sub_query(plan); };
  return scope;
}

void SqlWriter::settle(Relation& r, const Needed& reads, const Needed& keep) {
  if (r.plain(reads)) return;
  Needed all = keep;
  all.insert(reads.begin(), reads.end());
  r = wrap(std::move(r), all);
}

std::string SqlWriter::with_text(const std::vector<std::string>& with) {
  std::string out;
  for (const auto& w : with) out += (out.empty() ? "WITH " : ", ") + w;
  return out.empty() ? out : out + " ";
}

std::string SqlWriter::select_text(const Relation& r, std::string_view columns) {
  std::string out = with_text(r.with);
  out += "SELECT ";
  out += columns;
  if (!r.from.empty()) out += " FROM " + r.from;
  for (std::size_t i = 0; i < r.where.size(); ++i) out += (i == 0 ? " WHERE " : " AND ") + ("(" + r.where[i] + ")");
  return out;
}

std::string SqlWriter::order_text(const Relation& r) {
  std::string out;
  for (const auto& t : r.order) {
    const auto it = r.cells.find(t.column);
    if (it == r.cells.end()) continue;
    out += out.empty() ? " ORDER BY " : ", ";
    out += it->second.sql.text;
    out += t.descending ? " DESC" : " ASC";
    out += t.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return out;
}

std::string SqlWriter::column_list(const Relation& r, const Needed& keep) {
  std::string out;
  const auto add = [&](ColumnId id) {
    const auto it = r.cells.find(id);
    if (it == r.cells.end()) return;
    if (!out.empty()) out += ", ";
    out += it->second.sql.text;
    const std::string name = name_of(id);
    if (it->second.sql.text != name) out += " AS " + name;
  };
  Needed ids = keep;
  for (const auto& t : r.order) ids.insert(t.column);
  for (const ColumnId id : ids) add(id);
  return out.empty() ? "1 AS _" : out;
}

Relation SqlWriter::wrap(Relation r, const Needed& keep, std::string_view after) {
  Relation out;
  out.from = "(" + select_text(r, column_list(r, keep)) + std::string(after) + ")";
  Needed ids = keep;
  for (const auto& t : r.order) ids.insert(t.column);
  for (const ColumnId id : ids) {
    const auto it = r.cells.find(id);
    if (it == r.cells.end()) continue;
    Cell cell = it->second;
    cell.sql = {name_of(id), cell.sql.nullable, true};  // other forms of the value stay inside
    cell.plain = true;
    out.cells[id] = std::move(cell);
  }
  out.order = std::move(r.order);
  out.natural = r.natural;
  out.streams_in_order = r.streams_in_order;
  return out;
}

std::string SqlWriter::sub_query(const Plan& plan) {
  Needed needed;
  for (const auto& c : plan.columns) needed.insert(c.id);
  Relation r = write_plan(plan, needed);
  std::string select;
  for (const auto& c : plan.columns) {
    if (!select.empty()) select += ", ";
    select += r.cells.at(c.id).sql.text;
  }
  return select_text(r, select);
}

Relation SqlWriter::write_plan(const Plan& plan, const Needed& needed) {
  switch (plan.kind) {
    case Plan::Kind::scan: return scan(static_cast<const ScanPlan&>(plan), needed);
    case Plan::Kind::values: return values(static_cast<const ValuesPlan&>(plan), needed);
    case Plan::Kind::sequence: return sequence(static_cast<const SequencePlan&>(plan));
    case Plan::Kind::filter: return filter(static_cast<const FilterPlan&>(plan), needed);
    case Plan::Kind::project: return project(static_cast<const ProjectPlan&>(plan), needed);
    case Plan::Kind::aggregate: return aggregate(static_cast<const AggregatePlan&>(plan), needed);
    case Plan::Kind::join: return join(static_cast<const JoinPlan&>(plan), needed);
    case Plan::Kind::union_: return union_all(static_cast<const UnionPlan&>(plan), needed);
    case Plan::Kind::sort: return sort(static_cast<const SortPlan&>(plan), needed);
    case Plan::Kind::limit: return limit(static_cast<const LimitPlan&>(plan), needed);
    case Plan::Kind::unnest: return unnest(static_cast<const UnnestPlan&>(plan), needed);
    case Plan::Kind::window: return window(static_cast<const WindowPlan&>(plan), needed);
    case Plan::Kind::reference: return reference(static_cast<const ReferencePlan&>(plan), needed);
    case Plan::Kind::external: return external(static_cast<const ExternalPlan&>(plan), needed);
    case Plan::Kind::local: return local(static_cast<const LocalPlan&>(plan), needed);
  }
  return {};
}

SqlStatement to_sql(const BoundQuery& query, const CompileOptions& options) {
  if (!query.plan) return {};
  const BoundQuery staged = stages::place(query, options);
  return SqlWriter(staged, options).statement();
}

}  // namespace yagura::kql
