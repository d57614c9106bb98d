// Plan to ClickHouse SQL: one statement.
//
// A Relation is a SELECT under construction. Filters and projections are folded into it as long as its columns are
// plain; then it becomes a sub-query and the next SELECT begins. Only columns that somebody needs are written. The
// order of rows is carried along as terms and written where it counts: at the end, under LIMIT, in windows.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <set>

#include "kql/compile.hpp"
#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

using Needed = std::set<ColumnId>;

void collect(const Expr& e, Needed& out) {
  if (!e) return;
  if (e->kind == BoundExpression::Kind::column) out.insert(e->column);
  for (const auto& a : e->arguments) collect(a, out);
}

struct OrderTerm {
  ColumnId column = 0;
  bool descending = false;
  bool nulls_first = false;
};

struct Cell {
  Sql sql;
  Type type = Type::string;
  bool plain = true;  // a column's name, or as cheap
};

struct Relation {
  std::string from;
  std::vector<std::string> with, where;
  std::unordered_map<ColumnId, Cell> cells;
  std::vector<OrderTerm> order;
  bool natural = true;   // order is that of rows written in the query, not one that was asked for
  bool streams_in_order = false;  // rows come so by themselves

  bool plain(const Needed& ids) const {
    return std::ranges::all_of(ids, [&](ColumnId id) {
      const auto it = cells.find(id);
      return it == cells.end() || it->second.plain;
    });
  }
};

class Writer {
 public:
  Writer(const BoundQuery& query, const CompileOptions& options) : query_(query), options_(options) {
    count_references(*query.plan);
  }

  SqlStatement statement() {
    SqlStatement out;
    Needed needed;
    for (const auto& c : query_.plan->columns) needed.insert(c.id);
    Relation r = write(query_.plan, needed);
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
    if (limit > 0 && !query_.no_truncation) text += fmt::format(" LIMIT {}", limit + 1);
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
    return out;
  }

 private:
  const BoundQuery& query_;
  const CompileOptions& options_;
  SqlNames names_;
  std::vector<std::string> ctes_;
  std::unordered_map<const SharedPlan*, std::string> cte_names_;
  std::unordered_map<const SharedPlan*, std::vector<OrderTerm>> cte_order_;
  std::unordered_map<const SharedPlan*, int> references_;
  std::set<std::string> tables_;
  ColumnId hidden_ = 0x40000000;  // ids of columns that only the SQL has

  std::string name_of(ColumnId id) const { return id >= 0x40000000 ? fmt::format("h{}", id - 0x40000000) : fmt::format("c{}", id); }

  void count_in(const Expr& e) {
    if (!e) return;
    if (e->plan) count_references(*e->plan);
    for (const auto& a : e->arguments) count_in(a);
  }

  void count_references(const Plan& plan) {
    switch (plan.kind) {
      case Plan::Kind::reference: {
        const auto& target = static_cast<const ReferencePlan&>(plan).target;
        if (++references_[target.get()] == 1) count_references(*target->plan);
        return;
      }
      case Plan::Kind::filter: {
        const auto& p = static_cast<const FilterPlan&>(plan);
        count_references(*p.input);
        return count_in(p.condition);
      }
      case Plan::Kind::project: {
        const auto& p = static_cast<const ProjectPlan&>(plan);
        count_references(*p.input);
        for (const auto& v : p.values) count_in(v);
        return;
      }
      case Plan::Kind::aggregate: {
        const auto& p = static_cast<const AggregatePlan&>(plan);
        count_references(*p.input);
        for (const auto& v : p.keys) count_in(v);
        for (const auto& v : p.aggregates) count_in(v);
        return;
      }
      case Plan::Kind::join: {
        const auto& p = static_cast<const JoinPlan&>(plan);
        count_references(*p.left);
        count_references(*p.right);
        for (const auto& [l, r] : p.keys) {
          count_in(l);
          count_in(r);
        }
        return;
      }
      case Plan::Kind::union_:
        for (const auto& b : static_cast<const UnionPlan&>(plan).branches) {
          count_references(*b.input);
          for (const auto& v : b.values) count_in(v);
        }
        return;
      case Plan::Kind::sort: {
        const auto& p = static_cast<const SortPlan&>(plan);
        count_references(*p.input);
        for (const auto& k : p.keys) count_in(k.value);
        return;
      }
      case Plan::Kind::limit: {
        const auto& p = static_cast<const LimitPlan&>(plan);
        count_references(*p.input);
        return count_in(p.count);
      }
      case Plan::Kind::unnest: {
        const auto& p = static_cast<const UnnestPlan&>(plan);
        count_references(*p.input);
        for (const auto& i : p.items) count_in(i.array);
        return;
      }
      case Plan::Kind::window: {
        const auto& p = static_cast<const WindowPlan&>(plan);
        count_references(*p.input);
        for (const auto& v : p.functions) count_in(v);
        return;
      }
      case Plan::Kind::values:
        for (const auto& row : static_cast<const ValuesPlan&>(plan).rows) {
          for (const auto& v : row) count_in(v);
        }
        return;
      case Plan::Kind::sequence: {
        const auto& p = static_cast<const SequencePlan&>(plan);
        count_in(p.from);
        count_in(p.to);
        return count_in(p.step);
      }
      case Plan::Kind::scan:
      case Plan::Kind::external: return;
    }
  }

  SqlScope scope_of(const Relation& r) {
    SqlScope scope;
    scope.names = &names_;
    for (const auto& [id, cell] : r.cells) scope.columns[id] = cell.sql;
    scope.write_plan = [this](const Plan& plan) { return sub_query(plan); };
    return scope;
  }

  // Needed ids that `r` doesn't hold plainly make it a sub-query first.
  void settle(Relation& r, const Needed& reads, const Needed& keep) {
    if (r.plain(reads)) return;
    Needed all = keep;
    all.insert(reads.begin(), reads.end());
    r = wrap(std::move(r), all);
  }

  static std::string with_text(const std::vector<std::string>& with) {
    std::string out;
    for (const auto& w : with) out += (out.empty() ? "WITH " : ", ") + w;
    return out.empty() ? out : out + " ";
  }

  static std::string select_text(const Relation& r, std::string_view columns) {
    std::string out = with_text(r.with);
    out += "SELECT ";
    out += columns;
    if (!r.from.empty()) out += " FROM " + r.from;
    for (std::size_t i = 0; i < r.where.size(); ++i) out += (i == 0 ? " WHERE " : " AND ") + ("(" + r.where[i] + ")");
    return out;
  }

  std::string order_text(const Relation& r) {
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

  // The ids of `keep` and of the order, as a list for SELECT.
  std::string column_list(const Relation& r, const Needed& keep) {
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

  Relation wrap(Relation r, const Needed& keep, std::string_view after = "") {
    Relation out;
    out.from = "(" + select_text(r, column_list(r, keep)) + std::string(after) + ")";
    Needed ids = keep;
    for (const auto& t : r.order) ids.insert(t.column);
    for (const ColumnId id : ids) {
      const auto it = r.cells.find(id);
      if (it == r.cells.end()) continue;
      Cell cell = it->second;
      cell.sql.text = name_of(id);
      cell.sql.atomic = true;
      cell.plain = true;
      out.cells[id] = std::move(cell);
    }
    out.order = std::move(r.order);
    out.natural = r.natural;
    out.streams_in_order = r.streams_in_order;
    return out;
  }

  std::string sub_query(const Plan& plan) {
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

  Relation write(const PlanPtr& plan, const Needed& needed) { return write_plan(*plan, needed); }

  Relation write_plan(const Plan& plan, const Needed& needed) {
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
    }
    return {};
  }

  Relation external(const ExternalPlan& p, const Needed& needed) {
    names_.unsupported.push_back({p.span, p.what});
    ValuesPlan none;
    none.columns = p.columns;
    return values(none, needed);
  }

  Relation scan(const ScanPlan& p, const Needed& needed) {
    Relation r;
    r.from = p.table_sql;
    tables_.insert(p.table);
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      const PlanColumn& c = p.columns[i];
      if (!needed.contains(c.id)) continue;
      Cell cell;
      cell.type = c.type;
      const std::string column = sql::identifier(p.stored[i]);
      switch (c.type) {
        case Type::string: cell.sql = {column, false, true}; break;
        // Stored as JSON text; '' and 'null' are null.
        case Type::dynamic: cell.sql = {sql::json_or_null(column), true, false}; break;
        default: cell.sql = {column, true, true}; break;
      }
      r.cells[c.id] = std::move(cell);
    }
    return r;
  }

  Relation values(const ValuesPlan& p, const Needed& needed) {
    Relation r;
    SqlScope scope = scope_of(r);
    if (p.rows.size() == 1) {
      // SELECT without FROM reads the one row of system.one.
      for (std::size_t i = 0; i < p.columns.size(); ++i) {
        if (!needed.contains(p.columns[i].id)) continue;
        const Sql value = write_expression(*p.rows[0][i], scope);
        r.cells[p.columns[i].id] = {value, p.columns[i].type, value.atomic};
      }
      r.with = std::move(scope.with);
      return r;
    }
    const ColumnId row_number = hidden_++;
    const std::string order_name = name_of(row_number);
    bool literal = true;
    for (const auto& row : p.rows) {
      for (const auto& v : row) literal = literal && is_literal(v);
    }
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (needed.contains(p.columns[i].id)) used.push_back(i);
    }
    const auto add_cell = [&](std::size_t i) {
      r.cells[p.columns[i].id] = {{name_of(p.columns[i].id), p.columns[i].type != Type::string, true}, p.columns[i].type, true};
    };
    if (p.rows.empty()) {
      std::string select;
      for (const std::size_t i : used) {
        select += (select.empty() ? "" : ", ") + sql::null_of(p.columns[i].type) + " AS " + name_of(p.columns[i].id);
        add_cell(i);
      }
      r.from = "(SELECT " + (select.empty() ? std::string("1 AS _") : select) + " WHERE 0)";
      return r;
    }
    if (literal) {
      std::string structure = order_name + " UInt32";
      for (const std::size_t i : used) {
        const Type t = p.columns[i].type;
        std::string type(sql::type_of(t));
        structure += fmt::format(", {} {}", name_of(p.columns[i].id), t == Type::string ? type : "Nullable(" + type + ")");
      }
      std::string rows;
      std::size_t number = 0;
      for (const auto& row : p.rows) {
        rows += fmt::format(", ({}", number++);
        for (const std::size_t i : used) rows += ", " + value_text(*row[i]);
        rows += ")";
      }
      r.from = fmt::format("values('{}'{})", structure, rows);
    } else {
      std::string text;
      std::size_t number = 0;
      for (const auto& row : p.rows) {
        SqlScope row_scope = scope_of(r);
        std::string select = fmt::format("toUInt32({}) AS {}", number++, order_name);
        for (const std::size_t i : used) {
          select += fmt::format(", {} AS {}", write_expression(*row[i], row_scope).text, name_of(p.columns[i].id));
        }
        text += (text.empty() ? "" : " UNION ALL ") + with_text(row_scope.with) + "SELECT " + select;
      }
      r.from = "(" + text + ")";
    }
    for (const std::size_t i : used) add_cell(i);
    r.cells[row_number] = {{order_name, false, true}, Type::int64, true};
    r.order = {{row_number, false, false}};
    r.streams_in_order = literal;
    return r;
  }

  // A literal inside of values(): its column's type is declared.
  static std::string value_text(const BoundExpression& e) {
    if (e.value.is_null && e.type != Type::string) return "NULL";
    switch (e.type) {
      case Type::boolean: return e.value.boolean ? "1" : "0";
      case Type::int32:
      case Type::int64:
      case Type::timespan: return std::to_string(e.value.integer);
      default: return sql::literal(e.type, e.value);
    }
  }

  Relation sequence(const SequencePlan& p) {
    Relation r;
    SqlScope scope = scope_of(r);
    const PlanColumn& c = p.columns[0];
    const bool is_time = c.type == Type::datetime;
    const auto number = [&](const Expr& e, bool datetime) {
      const std::string text = write_expression(*e, scope).text;
      return scope.share({"assumeNotNull(" + (datetime ? sql::ticks_of(text) : text) + ")", false, false});
    };
    const std::string from = number(p.from, is_time), to = number(p.to, is_time), step = number(p.step, false);
    const bool real = c.type == Type::real;
    const std::string count = scope.share(
        {real ? fmt::format("toUInt64(if({2} = 0 OR ({1} - {0}) / {2} < 0, 0, least(floor(({1} - {0}) / {2} + 1e-9) + 1, 1e15)))", from, to, step)
              : fmt::format("toUInt64(multiIf({2} > 0 AND {1} >= {0}, intDiv(toInt128({1}) - {0}, {2}) + 1, "
                            "{2} < 0 AND {1} <= {0}, intDiv(toInt128({0}) - {1}, -toInt128({2})) + 1, 0))", from, to, step),
         false, false});
    std::string value = fmt::format("{} + {} * {}", from, real ? "toFloat64(number)" : "toInt64(number)", step);
    if (c.type == Type::int32) value = "toInt32(" + value + ")";
    if (is_time) value = sql::datetime_of(value);
    // numbers() streams: only what is asked for is made.
    const ColumnId row_number = hidden_++;
    r.from = fmt::format("({}SELECT {} AS {}, number AS {} FROM numbers({}))", with_text(scope.with), value, name_of(c.id),
                         name_of(row_number), count);
    r.cells[c.id] = {{name_of(c.id), false, true}, c.type, true};
    r.cells[row_number] = {{name_of(row_number), false, true}, Type::int64, true};
    r.order = {{row_number, false, false}};
    r.streams_in_order = true;
    return r;
  }

  Relation filter(const FilterPlan& p, const Needed& needed) {
    Needed below = needed, reads;
    collect(p.condition, reads);
    below.insert(reads.begin(), reads.end());
    Relation r = write(p.input, below);
    settle(r, reads, needed);
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    std::vector<std::string> terms;
    split_conjunction(p.condition, scope, terms);
    r.with = std::move(scope.with);
    r.where.insert(r.where.end(), terms.begin(), terms.end());
    return r;
  }

  void split_conjunction(const Expr& e, SqlScope& scope, std::vector<std::string>& out) {
    if (e->kind == BoundExpression::Kind::call && e->function != nullptr && e->function->name == "and") {
      for (const auto& a : e->arguments) split_conjunction(a, scope, out);
      return;
    }
    out.push_back(write_condition(*e, scope));
  }

  Relation project(const ProjectPlan& p, const Needed& needed) {
    Needed below, reads;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (!needed.contains(p.columns[i].id)) continue;
      collect(p.values[i], below);
      if (p.values[i]->kind != BoundExpression::Kind::column) collect(p.values[i], reads);
    }
    Relation r = write(p.input, below);
    settle(r, reads, below);
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    std::unordered_map<ColumnId, Cell> cells;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (!needed.contains(p.columns[i].id)) continue;
      if (p.values[i]->kind == BoundExpression::Kind::column) {
        cells[p.columns[i].id] = r.cells.at(p.values[i]->column);
        continue;
      }
      Sql value = write_expression(*p.values[i], scope);
      const bool plain = value.atomic && is_literal(p.values[i]);
      cells[p.columns[i].id] = {std::move(value), p.columns[i].type, plain};
    }
    for (const auto& t : r.order) cells.emplace(t.column, r.cells.at(t.column));
    r.with = std::move(scope.with);
    r.cells = std::move(cells);
    return r;
  }

  Relation aggregate(const AggregatePlan& p, const Needed& needed) {
    Needed below;
    for (const auto& k : p.keys) collect(k, below);
    bool ordered = false;
    for (std::size_t i = 0; i < p.aggregates.size(); ++i) {
      if (!needed.contains(p.columns[p.keys.size() + i].id)) continue;
      collect(p.aggregates[i], below);
      const auto name = p.aggregates[i]->function->name;
      ordered = ordered || name.starts_with("make_list") || name == "make_set" || name == "make_set_if";
    }
    Relation r = write(p.input, below);
    std::string row_order;
    if (ordered && !r.order.empty()) {
      // Lists keep the order of their rows.
      const bool one = r.order.size() == 1 && !r.order[0].descending && r.cells.at(r.order[0].column).type == Type::int64 && r.natural;
      if (!one) {
        const ColumnId number = hidden_++;
        Needed keep = below;
        r.cells[number] = {{fmt::format("row_number() OVER ({})", trim_left(order_text(r))), false, false}, Type::int64, false};
        keep.insert(number);
        r.order = {{number, false, false}};
        r = wrap(std::move(r), keep);
      } else if (!r.plain({r.order[0].column})) {
        r = wrap(std::move(r), below);
      }
      row_order = r.cells.at(r.order[0].column).sql.text;
    }
    settle(r, below, below);
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    scope.row_order = row_order;
    std::string select, group;
    Relation out;
    const auto add = [&](const PlanColumn& c, const std::string& text, bool nullable) {
      if (!select.empty()) select += ", ";
      select += text + " AS " + name_of(c.id);
      out.cells[c.id] = {{name_of(c.id), nullable, true}, c.type, true};
    };
    for (std::size_t i = 0; i < p.keys.size(); ++i) {
      const Sql key = write_expression(*p.keys[i], scope);
      add(p.columns[i], key.text, key.nullable);
      group += (group.empty() ? "" : ", ") + name_of(p.columns[i].id);
    }
    for (std::size_t i = 0; i < p.aggregates.size(); ++i) {
      const PlanColumn& c = p.columns[p.keys.size() + i];
      if (!needed.contains(c.id)) continue;
      const Sql value = write_expression(*p.aggregates[i], scope);
      add(c, value.text, value.nullable);
    }
    if (select.empty()) select = "count() AS _";
    r.with = std::move(scope.with);
    out.from = "(" + select_text(r, select) + (group.empty() ? "" : " GROUP BY " + group) + ")";
    return out;
  }

  static std::string trim_left(std::string text) {
    while (text.starts_with(' ')) text.erase(0, 1);
    return text;
  }

  Relation join(const JoinPlan& p, const Needed& needed) {
    const bool swapped = p.join == JoinKind::right_semi || p.join == JoinKind::right_anti;
    const PlanPtr& left = swapped ? p.right : p.left;
    const PlanPtr& right = swapped ? p.left : p.right;
    const bool one_side = swapped || p.join == JoinKind::left_semi || p.join == JoinKind::left_anti;
    Needed left_needed, right_needed;
    for (const auto& c : left->columns) {
      if (needed.contains(c.id)) left_needed.insert(c.id);
    }
    for (const auto& c : right->columns) {
      if (!one_side && needed.contains(c.id)) right_needed.insert(c.id);
    }
    // Columns that come along without being in the schema of a side (run_per_group).
    for (const ColumnId id : needed) {
      const auto in = [&](const PlanPtr& side) { return std::ranges::any_of(side->columns, [&](const auto& c) { return c.id == id; }); };
      if (!in(left) && !in(right)) left_needed.insert(id);
    }
    Needed left_below = left_needed, right_below = right_needed;
    for (const auto& [l, r] : p.keys) {
      collect(swapped ? r : l, left_below);
      collect(swapped ? l : r, right_below);
    }
    Relation a = write(left, left_below);
    Relation b = write(right, right_below);
    const auto keys = [&](Relation& r, bool first, Needed keep) {
      Needed reads;
      for (const auto& [x, y] : p.keys) collect(first ? x : y, reads);
      Needed all = keep;
      all.insert(reads.begin(), reads.end());
      settle(r, reads, all);
      std::vector<ColumnId> ids;
      SqlScope scope = scope_of(r);
      scope.with = std::move(r.with);
      for (const auto& [x, y] : p.keys) {
        const Expr& e = first ? x : y;
        const ColumnId id = hidden_++;
        r.cells[id] = {write_expression(*e, scope), e->type, false};
        ids.push_back(id);
        keep.insert(id);
      }
      r.with = std::move(scope.with);
      r.order.clear();
      r = wrap(std::move(r), keep);
      return ids;
    };
    const std::vector<OrderTerm> order = a.order;
    const auto left_keys = keys(a, !swapped, left_needed);
    const auto right_keys = keys(b, swapped, right_needed);
    const std::string la = names_.fresh("l"), ra = names_.fresh("r");
    std::string condition;
    for (std::size_t i = 0; i < left_keys.size(); ++i) {
      if (!condition.empty()) condition += " AND ";
      condition += fmt::format("{}.{} {} {}.{}", la, name_of(left_keys[i]), p.null_safe ? "<=>" : "=", ra, name_of(right_keys[i]));
    }
    std::string left_from = a.from;
    if (p.join == JoinKind::inner_unique) {
      std::string by;
      for (const auto id : left_keys) by += (by.empty() ? "" : ", ") + name_of(id);
      if (!by.empty()) left_from = fmt::format("(SELECT * FROM {} LIMIT 1 BY {})", left_from, by);
    }
    std::string_view type;
    switch (p.join) {
      case JoinKind::inner:
      case JoinKind::inner_unique: type = "ALL INNER JOIN"; break;
      case JoinKind::left_outer: type = "ALL LEFT JOIN"; break;
      case JoinKind::right_outer: type = "ALL RIGHT JOIN"; break;
      case JoinKind::full_outer: type = "ALL FULL JOIN"; break;
      case JoinKind::left_semi:
      case JoinKind::right_semi: type = "LEFT SEMI JOIN"; break;
      case JoinKind::left_anti:
      case JoinKind::right_anti: type = "LEFT ANTI JOIN"; break;
      case JoinKind::cross: type = "CROSS JOIN"; break;
    }
    if (condition.empty()) type = "CROSS JOIN";
    Relation out;
    out.from = fmt::format("{} AS {} {} {} AS {}{}", left_from, la, type, b.from, ra, condition.empty() ? "" : " ON " + condition);
    const bool left_nulls = p.join == JoinKind::right_outer || p.join == JoinKind::full_outer;
    const bool right_nulls = p.join == JoinKind::left_outer || p.join == JoinKind::full_outer;
    const auto take = [&](const Relation& side, const std::string& alias, const Needed& ids, bool nulls) {
      for (const ColumnId id : ids) {
        const auto it = side.cells.find(id);
        if (it == side.cells.end()) continue;
        Cell cell = it->second;
        cell.sql.text = alias + "." + name_of(id);
        cell.sql.atomic = true;
        cell.plain = true;
        if (nulls) {
          if (cell.type == Type::string) {
            cell.sql.text = "ifNull(" + cell.sql.text + ", '')";
            cell.sql.atomic = false;
          } else {
            cell.sql.nullable = true;
          }
        }
        out.cells[id] = std::move(cell);
      }
    };
    take(a, la, left_needed, left_nulls);
    if (!one_side) take(b, ra, right_needed, right_nulls);
    return wrap(std::move(out), needed);
  }

  Relation union_all(const UnionPlan& p, const Needed& needed) {
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (needed.contains(p.columns[i].id)) used.push_back(i);
    }
    std::vector<Relation> branches;
    bool natural = p.branches.size() <= 64;
    for (const auto& b : p.branches) {
      Needed below, reads;
      for (const std::size_t i : used) {
        collect(b.values[i], below);
        if (b.values[i]->kind != BoundExpression::Kind::column) collect(b.values[i], reads);
      }
      Relation r = write(b.input, below);
      settle(r, reads, below);
      natural = natural && r.natural && r.order.size() <= 1;
      branches.push_back(std::move(r));
    }
    // Rows that are written in the query keep their order: branch by branch.
    bool any_order = false;
    for (const auto& r : branches) any_order = any_order || !r.order.empty() || r.from.empty();
    natural = natural && any_order;
    const ColumnId branch_id = hidden_++, row_id = hidden_++;
    std::string text;
    for (std::size_t n = 0; n < branches.size(); ++n) {
      Relation& r = branches[n];
      SqlScope scope = scope_of(r);
      scope.with = std::move(r.with);
      std::string select;
      for (const std::size_t i : used) {
        if (!select.empty()) select += ", ";
        select += write_expression(*p.branches[n].values[i], scope).text + " AS " + name_of(p.columns[i].id);
      }
      if (natural) {
        select += fmt::format("{}toUInt32({}) AS {}, {} AS {}", select.empty() ? "" : ", ", n, name_of(branch_id),
                              r.order.empty() ? "toInt64(0)" : "toInt64(" + r.cells.at(r.order[0].column).sql.text + ")", name_of(row_id));
      }
      if (select.empty()) select = "1 AS _";
      r.with = std::move(scope.with);
      text += (n == 0 ? "" : " UNION ALL ") + select_text(r, select);
    }
    Relation out;
    out.from = "(" + text + ")";
    for (const std::size_t i : used) {
      const Type t = p.columns[i].type;
      out.cells[p.columns[i].id] = {{name_of(p.columns[i].id), t != Type::string, true}, t, true};
    }
    if (natural) {
      out.cells[branch_id] = {{name_of(branch_id), false, true}, Type::int64, true};
      out.cells[row_id] = {{name_of(row_id), false, true}, Type::int64, true};
      out.order = {{branch_id, false, false}, {row_id, false, false}};
    }
    return out;
  }

  Relation sort(const SortPlan& p, const Needed& needed) {
    Needed below = needed, reads;
    for (const auto& k : p.keys) {
      collect(k.value, below);
      if (k.value->kind != BoundExpression::Kind::column) collect(k.value, reads);
    }
    Relation r = write(p.input, below);
    settle(r, reads, below);
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    std::vector<OrderTerm> order;
    for (const auto& k : p.keys) {
      ColumnId id = k.value->column;
      if (k.value->kind != BoundExpression::Kind::column) {
        id = hidden_++;
        const Sql value = write_expression(*k.value, scope);
        r.cells[id] = {value, k.value->type, false};
      }
      order.push_back({id, k.descending, k.nulls_first});
    }
    r.with = std::move(scope.with);
    // Equal keys keep the order of the query's own rows.
    if (r.natural) order.insert(order.end(), r.order.begin(), r.order.end());
    r.order = std::move(order);
    r.natural = false;
    r.streams_in_order = false;
    return r;
  }

  Relation limit(const LimitPlan& p, const Needed& needed) {
    Needed below = needed;
    for (const auto& e : p.by) collect(e, below);
    Relation r = write(p.input, below);
    SqlScope scope = scope_of(r);
    const Sql count = write_expression(*p.count, scope);
    std::string after = r.streams_in_order && p.by.empty() ? "" : order_text(r);
    std::string number = is_literal(p.count) && !p.count->value.is_null ? std::to_string(std::max<std::int64_t>(0, p.count->value.integer))
                                                                       : "(SELECT toUInt64(greatest(0, ifNull(" + count.text + ", 0))))";
    if (!p.by.empty()) {
      std::string by;
      for (const auto& e : p.by) by += (by.empty() ? "" : ", ") + write_expression(*e, scope).text;
      after += fmt::format(" LIMIT {} BY {}", number, by);
    } else {
      after += " LIMIT " + number;
    }
    return wrap(std::move(r), below, after);
  }

  Relation unnest(const UnnestPlan& p, const Needed& needed) {
    Needed below, reads;
    for (const ColumnId id : needed) {
      if (std::ranges::none_of(p.items, [&](const auto& i) { return i.column == id; }) && p.index != id) below.insert(id);
    }
    const Needed keep = below;
    for (const auto& i : p.items) {
      collect(i.array, below);
      collect(i.array, reads);
    }
    Relation r = write(p.input, below);
    settle(r, reads, below);
    // First the arrays, in a SELECT of their own; then ARRAY JOIN over their names.
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    std::vector<ColumnId> arrays;
    std::vector<std::string> texts;
    for (const auto& i : p.items) {
      const std::string d = scope.share(write_expression(*i.array, scope));
      // Elements as JSON texts; a bag gives one {key: value} for each member.
      texts.push_back(fmt::format(
          "multiIf(startsWith({0}, '['), JSONExtractArrayRaw({0}), startsWith({0}, '{{'), "
          "arrayMap(kv -> concat({1}, toJSONString(kv.1), {2}, kv.2, {3}), JSONExtractKeysAndValuesRaw({0})), "
          "isNull({0}), emptyArrayString(), [assumeNotNull({0})])",
          "ifNull(" + d + ", '')", i.bag_as_pair ? "'['" : "'{'", i.bag_as_pair ? "','" : "':'", i.bag_as_pair ? "']'" : "'}'"));
      // isNull() of an ifNull() is never true: say it of the value itself.
      texts.back() = fmt::format("if(isNull({}), emptyArrayString(), {})", d, texts.back());
    }
    std::string longest;
    for (auto& t : texts) {
      t = scope.share({t, false, false});
      longest += (longest.empty() ? "" : ", ") + ("length(" + t + ")");
    }
    if (texts.size() > 1) longest = "greatest(" + longest + ")";
    std::string size = longest;
    if (p.keep_empty) size = "greatest(1, " + size + ")";
    if (p.limit) size = fmt::format("least({}, {})", size, std::max<std::int64_t>(0, p.limit->value.integer));
    size = scope.share({size, false, false});
    for (const auto& t : texts) {
      const ColumnId id = hidden_++;
      r.cells[id] = {{fmt::format("arrayResize({}, {}, 'null')", t, size), false, false}, Type::dynamic, false};
      arrays.push_back(id);
    }
    const ColumnId numbers = hidden_++;
    r.cells[numbers] = {{fmt::format("range({})", size), false, false}, Type::int64, false};
    r.with = std::move(scope.with);
    Needed all = keep;
    all.insert(arrays.begin(), arrays.end());
    all.insert(numbers);
    r = wrap(std::move(r), all);
    std::string join;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      join += fmt::format("{}{} AS e{}", i == 0 ? "" : ", ", name_of(arrays[i]), arrays[i] - 0x40000000);
    }
    const std::string index_name = fmt::format("e{}", numbers - 0x40000000);
    join += fmt::format(", {} AS {}", name_of(numbers), index_name);
    r.from += " ARRAY JOIN " + join;
    for (std::size_t i = 0; i < p.items.size(); ++i) {
      const std::string element = fmt::format("nullIf(e{}, 'null')", arrays[i] - 0x40000000);
      Sql value = {element, true, false};
      if (p.items[i].type != Type::dynamic) value = {sql::from_dynamic(p.items[i].type, element), p.items[i].type != Type::string, false};
      r.cells[p.items[i].column] = {value, p.items[i].type, false};
    }
    if (p.index) r.cells[*p.index] = {{"toInt64(" + index_name + ")", false, true}, Type::int64, true};
    const ColumnId position = hidden_++;
    r.cells[position] = {{index_name, false, true}, Type::int64, true};
    if (!r.order.empty()) r.order.push_back({position, false, false});
    r.streams_in_order = false;
    Needed out = needed;
    for (const auto& t : r.order) out.insert(t.column);
    return wrap(std::move(r), out);
  }

  Relation window(const WindowPlan& p, const Needed& needed) {
    Relation r;
    Needed below;
    for (const ColumnId id : needed) below.insert(id);
    for (const auto& f : p.functions) collect(f, below);
    for (const auto& e : p.partition) collect(e, below);
    const std::size_t first = p.columns.size() - p.functions.size();
    for (std::size_t i = 0; i < p.functions.size(); ++i) below.erase(p.columns[find_column(p, first, i)].id);
    // A window that reads another window's column: one SELECT after the other.
    r = write(p.input, below);
    if (r.order.empty()) {
      // No order was promised: number the rows as they come, so that all windows see the same one.
      const ColumnId number = hidden_++;
      r.cells[number] = {{"rowNumberInAllBlocks()", false, false}, Type::int64, false};
      r.order = {{number, false, false}};
      r = wrap(std::move(r), below);
    } else {
      r = wrap(std::move(r), below);
    }
    std::string partition;
    {
      SqlScope scope = scope_of(r);
      for (const auto& e : p.partition) partition += (partition.empty() ? "" : ", ") + write_expression(*e, scope).text;
    }
    Needed done = below;
    for (std::size_t i = 0; i < p.functions.size(); ++i) {
      const PlanColumn& c = p.columns[find_column(p, first, i)];
      Needed reads;
      collect(p.functions[i], reads);
      if (!r.plain(reads)) r = wrap(std::move(r), done);
      SqlScope scope = scope_of(r);
      scope.with = std::move(r.with);
      scope.row_order = (partition.empty() ? "" : "PARTITION BY " + partition) + order_text(r);
      const Sql value = write_expression(*p.functions[i], scope);
      r.with = std::move(scope.with);
      r.cells[c.id] = {value, c.type, false};
      done.insert(c.id);
    }
    return wrap(std::move(r), done);
  }

  // run_per_group() may have put columns behind those of the functions.
  static std::size_t find_column(const WindowPlan& p, std::size_t first, std::size_t i) {
    return p.function_columns.empty() ? first + i : p.function_columns[i];
  }

  Relation reference(const ReferencePlan& p, const Needed& needed) {
    const SharedPlan& target = *p.target;
    const bool inlined = references_[&target] <= 1;
    if (inlined) {
      Needed below;
      for (std::size_t i = 0; i < p.columns.size(); ++i) {
        if (needed.contains(p.columns[i].id)) below.insert(target.plan->columns[i].id);
      }
      Relation r = write(target.plan, below);
      std::unordered_map<ColumnId, Cell> cells;
      for (std::size_t i = 0; i < p.columns.size(); ++i) {
        const auto it = r.cells.find(target.plan->columns[i].id);
        if (it != r.cells.end() && needed.contains(p.columns[i].id)) cells[p.columns[i].id] = it->second;
      }
      for (const auto& t : r.order) cells.emplace(t.column, r.cells.at(t.column));
      r.cells = std::move(cells);
      return r;
    }
    auto [it, added] = cte_names_.try_emplace(&target);
    if (added) {
      Needed all;
      for (const auto& c : target.plan->columns) all.insert(c.id);
      Relation r = write(target.plan, all);
      std::string name = names_.fresh("t");
      ctes_.push_back(fmt::format("{} AS {}({})", name, target.materialized ? "MATERIALIZED " : "", select_text(r, column_list(r, all))));
      cte_order_[&target] = r.natural ? r.order : std::vector<OrderTerm>{};
      cte_names_[&target] = name;
    }
    Relation out;
    const std::string alias = names_.fresh("q");
    out.from = cte_names_[&target] + " AS " + alias;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (!needed.contains(p.columns[i].id)) continue;
      const PlanColumn& c = p.columns[i];
      out.cells[c.id] = {{alias + "." + name_of(target.plan->columns[i].id), c.type != Type::string, true}, c.type, true};
    }
    for (const auto& t : cte_order_[&target]) {
      const ColumnId id = hidden_++;
      out.cells[id] = {{alias + "." + name_of(t.column), true, true}, Type::int64, true};
      out.order.push_back({id, t.descending, t.nulls_first});
    }
    return out;
  }
};

}  // namespace

SqlStatement to_sql(const BoundQuery& query, const CompileOptions& options) {
  if (!query.plan) return {};
  return Writer(query, options).statement();
}

}  // namespace yagura::kql
