// The operators of KQL: one function each, from syntax and input plan to plan. Null after a mistake that leaves no
// table. table.cpp names them.
#pragma once
#include "kql/binder.hpp"

namespace yagura::kql {

PlanPtr bind_filter(Binder& b, const FilterOperator& op, PlanPtr input);
PlanPtr bind_extend(Binder& b, const ExtendOperator& op, PlanPtr input);
PlanPtr bind_project(Binder& b, const ProjectOperator& op, PlanPtr input);
PlanPtr bind_project_names(Binder& b, const ProjectNamesOperator& op, PlanPtr input);
PlanPtr bind_project_rename(Binder& b, const ProjectRenameOperator& op, PlanPtr input);
PlanPtr bind_print(Binder& b, const PrintOperator& op);
PlanPtr bind_range(Binder& b, const RangeOperator& op);
PlanPtr bind_serialize(Binder& b, const SerializeOperator& op, PlanPtr input);
PlanPtr bind_summarize(Binder& b, const SummarizeOperator& op, PlanPtr input);
PlanPtr bind_count(Binder& b, const CountOperator& op, PlanPtr input);
PlanPtr bind_distinct(Binder& b, const DistinctOperator& op, PlanPtr input);
PlanPtr bind_take(Binder& b, const TakeOperator& op, PlanPtr input);
PlanPtr bind_sample(Binder& b, const SampleOperator& op, PlanPtr input);
PlanPtr bind_sample_distinct(Binder& b, const SampleDistinctOperator& op, PlanPtr input);
PlanPtr bind_sort(Binder& b, const SortOperator& op, PlanPtr input);
PlanPtr bind_top(Binder& b, const TopOperator& op, PlanPtr input);
PlanPtr bind_top_hitters(Binder& b, const TopHittersOperator& op, PlanPtr input);
PlanPtr bind_top_nested(Binder& b, const TopNestedOperator& op, PlanPtr input);
PlanPtr bind_join(Binder& b, const JoinOperator& op, PlanPtr input);
PlanPtr bind_lookup(Binder& b, const LookupOperator& op, PlanPtr input);
PlanPtr bind_union(Binder& b, const UnionOperator& op, PlanPtr input);
PlanPtr bind_parse(Binder& b, const ParseOperator& op, PlanPtr input);
PlanPtr bind_parse_kv(Binder& b, const ParseKvOperator& op, PlanPtr input);
PlanPtr bind_mv_expand(Binder& b, const MvExpandOperator& op, PlanPtr input);
PlanPtr bind_mv_apply(Binder& b, const MvApplyOperator& op, PlanPtr input);
PlanPtr bind_search(Binder& b, const SearchOperator& op, PlanPtr input);
PlanPtr bind_find(Binder& b, const FindOperator& op, PlanPtr input);
PlanPtr bind_get_schema(Binder& b, const GetSchemaOperator& op, PlanPtr input);
PlanPtr bind_render(Binder& b, const RenderOperator& op, PlanPtr input);
PlanPtr bind_as(Binder& b, const AsOperator& op, PlanPtr input);
PlanPtr bind_invoke(Binder& b, const InvokeOperator& op, PlanPtr input);
PlanPtr bind_make_series(Binder& b, const MakeSeriesOperator& op, PlanPtr input);
PlanPtr bind_partition(Binder& b, const PartitionOperator& op, PlanPtr input);
PlanPtr bind_partition_query(Binder& b, const PartitionOperator& op, PlanPtr input);  // in braces
PlanPtr bind_evaluate(Binder& b, const EvaluateOperator& op, PlanPtr input);
PlanPtr bind_scan(Binder& b, const ScanOperator& op, PlanPtr input);
PlanPtr bind_reduce(Binder& b, const ReduceOperator& op, PlanPtr input);

// Whether the expression reads a column that none of the aggregates computed; `where` is then its place.
bool reads_input(const Expr& e, const std::vector<std::pair<PlanColumn, Expr>>& aggregates, Span& where);

// Names for the columns of one result: explicit ones once, automatic ones made different.
class ColumnNames {
 public:
  explicit ColumnNames(Binder& b) : binder_(b) {}
  void keep(const std::string& name) { used_.push_back(name); }
  // Column1 ... must not be the name of an input column either.
  void avoid(const Plan& input) {
    for (const auto& c : input.columns) avoided_.push_back(c.name);
  }
  bool used(std::string_view name) const;
  // False, with KS171, when the name is taken.
  bool declare(const std::string& name, Span span);
  // `base`, or base1, base2 ...; Column1 ... for an empty base.
  std::string make(const std::string& base);

 private:
  Binder& binder_;
  std::vector<std::string> used_, avoided_;
  int unnamed_ = 0;
};

// The columns of project, summarize, print and distinct: names said by the query once each, automatic ones made
// different from what stands before them, as Kusto's language service does.
class Projection {
 public:
  enum class Style : std::uint8_t { project, summarize, print };
  Projection(Binder& b, Style style) : binder_(b), style_(style) {}
  // One item of the list; `position` names a column of print that has no name.
  void add(const Expression& item, const Row& row, std::size_t position = 0);
  // A column under its own name, or a number behind it.
  void add(std::string name, Expr value, Span span = {});

  struct Entry {
    PlanColumn column;
    Expr value;
    Span span;
  };
  std::vector<Entry>& entries() { return entries_; }
  std::vector<std::pair<PlanColumn, Expr>> take();

 private:
  std::string unique(const std::string& name, const std::string& base);
  void push(std::string name, Expr value, Span span);
  void declare(std::string_view name, Expr value, Span name_span, Span span, bool replace);

  Binder& binder_;
  Style style_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, int> names_;     // and the last number tried behind each
  std::unordered_map<std::string, std::size_t> places_;
  std::unordered_map<std::string, bool> declared_;
};

// The texts of a literal array of strings; nothing when it is another literal or none.
std::optional<std::vector<std::string>> literal_strings(const Expr& value);
// Also of other scalars, as they would be written.
std::optional<std::vector<std::string>> literal_texts(const Expr& value);
// Keys of sort and top.
std::vector<SortKey> bind_sort_keys(Binder& b, std::span<const Expression* const> columns, const Row& row, bool& bad,
                                    bool dynamic_as_text = false);
// How many rows: a constant, also one that is only known when the query runs. Null after a mistake.
Expr row_count(Binder& b, const Expression& e);
PlanPtr make_filter(PlanPtr input, Expr condition);
PlanPtr make_sort(PlanPtr input, std::vector<SortKey> keys);
PlanPtr make_limit(PlanPtr input, Expr count, std::vector<Expr> by = {});
PlanPtr make_union(Binder& b, std::vector<PlanPtr> inputs, bool inner, const std::string& source_column,
                   const std::vector<std::string>& source_names);

}  // namespace yagura::kql
