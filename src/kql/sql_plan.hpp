// Plan to ClickHouse SQL: what the sql_plan_*.cpp files share. Only they include it.
//
// A Relation is a SELECT under construction. Filters and projections are folded into it as long as its columns are
// plain; then it becomes a sub-query and the next SELECT begins. Only columns that somebody needs are written. The
// order of rows is carried along as terms and written where it counts: at the end, under LIMIT, in windows.
//
// A SqlWriter writes one statement and is used once, by one thread. It keeps references to the query and the options.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kql/compile.hpp"
#include "kql/sql_expression.hpp"

namespace yagura::kql {

using Needed = std::set<ColumnId>;

// Adds the columns that `e` reads.
void collect(const Expr& e, Needed& out);

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
  bool natural = true;            // order is that of rows written in the query, not one that was asked for
  bool streams_in_order = false;  // rows come so by themselves

  bool plain(const Needed& ids) const;
};

// The stages of one query; its statements are written by one SqlWriter each.
struct StageList;

class SqlWriter {
 public:
  SqlWriter(const BoundQuery& query, const CompileOptions& options);
  // For an input of a stage of `parent`'s query.
  SqlWriter(const BoundQuery& query, const CompileOptions& options, const SqlWriter& parent);

  SqlStatement statement();

 private:
  const BoundQuery& query_;
  const CompileOptions& options_;
  SqlNames names_;
  std::vector<std::string> ctes_;
  std::unordered_map<const SharedPlan*, std::string> cte_names_;
  std::unordered_map<const SharedPlan*, std::vector<OrderTerm>> cte_order_;
  std::unordered_map<const SharedPlan*, int> references_;  // how often each is read
  std::set<std::string> tables_;
  static constexpr ColumnId kHidden = 0x40000000;  // ids from here on are columns that only the SQL has
  ColumnId hidden_ = kHidden;
  std::shared_ptr<StageList> stages_;
  bool is_input_ = false;                   // of a stage
  bool ordered_ = false, natural_ = true;   // of statement()

  // sql_plan_references.cpp
  void count_in(const Expr& e);
  void count_references(const Plan& plan);

  // sql_plan.cpp: the parts of a SELECT
  static std::string name_of(ColumnId id);
  SqlScope scope_of(const Relation& r);
  // Needed ids that `r` doesn't hold plainly make it a sub-query first.
  void settle(Relation& r, const Needed& reads, const Needed& keep);
  static std::string with_text(const std::vector<std::string>& with);
  static std::string select_text(const Relation& r, std::string_view columns);
  static std::string order_text(const Relation& r);
  // The ids of `keep` and of the order, as a list for SELECT.
  static std::string column_list(const Relation& r, const Needed& keep);
  // `r` with its columns `keep` as a sub-query; `after` is what follows its WHERE.
  static Relation wrap(Relation r, const Needed& keep, std::string_view after = "");
  // For IN and toscalar(): the columns in order, unnamed.
  std::string sub_query(const Plan& plan);

  // One for each node; `needed` are the ids that somebody above reads.
  Relation write_plan(const Plan& plan, const Needed& needed);
  Relation write(const PlanPtr& plan, const Needed& needed) { return write_plan(*plan, needed); }
  // sql_plan_sources.cpp
  Relation scan(const ScanPlan& p, const Needed& needed);
  Relation values(const ValuesPlan& p, const Needed& needed);
  Relation sequence(const SequencePlan& p);
  Relation reference(const ReferencePlan& p, const Needed& needed);
  Relation external(const ExternalPlan& p, const Needed& needed);
  // sql_plan_local.cpp
  Relation local(const LocalPlan& p, const Needed& needed);
  void finish_stages(SqlStatement& statement) const;
  // sql_plan_rows.cpp
  Relation filter(const FilterPlan& p, const Needed& needed);
  static void split_conjunction(const Expr& e, SqlScope& scope, std::vector<std::string>& out);
  Relation project(const ProjectPlan& p, const Needed& needed);
  Relation sort(const SortPlan& p, const Needed& needed);
  Relation limit(const LimitPlan& p, const Needed& needed);
  Relation unnest(const UnnestPlan& p, const Needed& needed);
  // sql_plan_aggregate.cpp
  Relation aggregate(const AggregatePlan& p, const Needed& needed);
  // sql_plan_window.cpp
  Relation window(const WindowPlan& p, const Needed& needed);
  // sql_plan_join.cpp
  Relation join(const JoinPlan& p, const Needed& needed);
  Relation union_all(const UnionPlan& p, const Needed& needed);
};

}  // namespace yagura::kql
