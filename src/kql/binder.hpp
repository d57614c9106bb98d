// Names, types and schemas: syntax tree to plan. Internal to the room; compile.hpp is its door.
//
// One Binder binds one text once. Mistakes become diagnostics with the codes and words of Kusto's language service;
// what has one gets the type kUnknown (or no plan), which fits everywhere, so that each mistake is told once.
// An operator is one function in operators/, named in operators/table.cpp.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kql/compile.hpp"
#include "kql/function.hpp"
#include "kql/language.hpp"
#include "kql/parser.hpp"
#include "kql/plan.hpp"
#include "kql/signature.hpp"
#include "kql/syntax_tree.hpp"

namespace yagura::kql {

struct Scope;
using ScopePtr = std::shared_ptr<const Scope>;

// restrict access to (...): the stored tables and functions that what follows may name; each statement narrows further.
struct Restriction {
  struct Entry {
    std::string name;
    bool wildcard = false;
  };
  std::vector<Entry> entries;
  std::shared_ptr<const Restriction> outer;  // of a statement before; may be absent
};
using RestrictionPtr = std::shared_ptr<const Restriction>;

// What a name that is no column means.
struct Variable {
  enum class Kind : std::uint8_t { scalar, table, function, unknown };
  Kind kind = Kind::unknown;
  Expr scalar;
  std::shared_ptr<const SharedPlan> table;
  const LambdaExpression* lambda = nullptr;
  ScopePtr closure;             // of a function
  RestrictionPtr restriction;   // that its body stands under: what was defined before a restrict statement is not bound by it
  bool hidden = false;          // shadows a name that a restrict statement leaves out
  bool tabular_function = false;
  bool is_view = false;
  bool has_errors = false;      // its definition was refused already
  bool open_schema = false;     // table whose columns are not known (a (*) parameter while it is checked)
  const SyntaxTree* stored_text = nullptr;  // of a stored function: "let f = (parameters) {body};"
  std::size_t body_start = 0;               // where in it the body as it was stored begins
};

// let variables, innermost first; immutable, so that a closure is a pointer.
struct Scope {
  ScopePtr parent;
  std::string name;
  Variable variable;
};

class Binder;
struct Row;

// Names that only one operator knows: step.column in scan, node.property and map(edge, ...) in a graph pattern. Each gives
// null for what is not its own.
class OperatorNames {
 public:
  virtual ~OperatorNames() = default;
  virtual Expr name(Binder&, const NameExpression&, const Row&) const { return nullptr; }
  virtual Expr path(Binder&, const PathExpression&, const Row&) const { return nullptr; }
  virtual Expr call(Binder&, const CallExpression&, const Row&) const { return nullptr; }
};

// Where a scalar expression stands: which columns it sees and what it may call.
struct Row {
  const Plan* input = nullptr;   // may be absent (print, let)
  const Plan* right = nullptr;   // of a join condition
  std::vector<std::pair<PlanColumn, Expr>>* aggregates = nullptr;  // aggregate calls go here; null: none allowed
  std::vector<std::pair<PlanColumn, Expr>>* windows = nullptr;     // likewise for row_number() and such
  bool open = false;             // columns are not known: any name is one
  std::vector<std::string> star_excludes;  // columns that * of arg_max leaves out: the keys of the group
  const OperatorNames* names = nullptr;    // asked first; may be absent
};

// A scalar, or a table.
struct Bound {
  Expr scalar;
  PlanPtr table;
};

// One value of a call that gives several columns: (x, y) = arg_max(a, b), series_stats(x).
struct NamedValue {
  std::string name;
  Expr value;
  bool part = false;    // of a call that gives several
  bool column = false;  // a column, or a conversion to the type it has
};

class Binder {
 public:
  Binder(const SyntaxTree& tree, const Catalog& catalog, const CompileOptions& options,
         std::vector<Diagnostic>& diagnostics);

  BoundQuery bind();

  // Tables.
  PlanPtr table(const Expression& e, const Row& row = {});           // null after a mistake
  // For union isfuzzy: the same, but a table or function that is not there, also inside of stored functions, is no mistake:
  // then null, and `missing` set.
  PlanPtr table_if_there(const Expression& e, bool& missing);
  PlanPtr apply(const Operator& op, PlanPtr input, bool first_in_text = false);
  PlanPtr sub_pipe(const Expression& body, PlanPtr input);            // a PipeExpression without source, or an operator
  bool is_table(const Expression& e, const Row& row = {}) const;

  // Scalars.
  Expr scalar(const Expression& e, const Row& row);
  Expr boolean(const Expression& e, const Row& row, bool dynamic_too = false);
  Expr constant(const Expression& e, const Row& row);                 // folded to a literal where that can be
  std::optional<std::int64_t> constant_long(const Expression& e, const Row& row);
  Expr call(const Function& f, std::vector<Expr> arguments, Span span, Span name_span);  // converts arguments
  Expr call(std::string_view name, std::vector<Expr> arguments, Span span = {});         // a name that surely exists
  Expr convert(Expr e, Type to);                                      // implicit conversion; checked by the caller
  Expr binary(BinaryOperator op, Expr left, Expr right, Span span, Span operator_span);
  Expr member(Expr target, std::string name, Span span);
  Expr element(Expr target, Expr index, Span span);
  Expr element(Expr target, Expr index, Span span, Span selector_span, Span index_span);  // written in the query

  // Automatic name of a column: "" when the expression gives none.
  std::string name_of(const Expression& e, const Expr& value) const;
  // The values of an item of a column list: one, or several for arg_max and such. Names are "" where none is given.
  std::vector<NamedValue> items(const Expression& e, const Row& row, bool& explicit_names);

  // Columns.
  ColumnId fresh() { return next_column_++; }
  PlanColumn new_column(std::string name, Type type, Shape shape = {}) { return {fresh(), std::move(name), type, shape}; }
  // Column1, Column2 ... through the whole query; none that `input` has.
  std::string default_column_name(const Plan* input);
  const PlanColumn* find(const Plan& plan, std::string_view name) const;
  std::vector<const PlanColumn*> matching(const Plan& plan, const Name& wildcard) const;
  const PlanColumn* column(const Expression& e, const Plan& input);   // a plain column reference, or a diagnostic
  // Says that more columns come when the query runs. What such a plan is asked for becomes a column of unknown type.
  PlanPtr opened(PlanPtr plan) const;
  const PlanColumn* infer(const Plan& plan, std::string_view name);   // null when there are too many
  PlanPtr with_own_names(PlanPtr input);
  PlanPtr with_windows(PlanPtr input, const std::vector<std::pair<PlanColumn, Expr>>& windows) const;
  PlanPtr select(PlanPtr input, std::vector<std::pair<PlanColumn, Expr>> columns) const;
  PlanPtr reference(std::shared_ptr<const SharedPlan> target);
  std::shared_ptr<const SharedPlan> share(std::string name, PlanPtr plan, bool materialized = false);
  PlanPtr empty_table(const std::vector<PlanColumn>& columns);

  // Variables.
  void declare(std::string name, Variable variable);
  const Variable* lookup(std::string_view name) const;
  ScopePtr scope() const { return scope_; }
  void set_scope(ScopePtr scope) { scope_ = std::move(scope); }
  // The statement being bound only names tables for those after it: it gives no result, unless it is the last one.
  void mark_names_only() { names_only_ = true; }
  Bound invoke(const Variable& f, std::string_view name, std::span<const Expression* const> arguments, Span call_span,
               Span name_span, const Row& row, PlanPtr piped = nullptr);
  const Variable* stored_function(std::string_view name);
  // The stored function for this call: a catalog may keep one for a constant first argument, under the name "f('x')".
  const Variable* stored_function(const CallExpression& call, const Row& row);
  // Tells why a stored function of this name cannot be used; false when there is none such.
  bool broken_function(Span span, std::string_view name);
  PlanPtr stored_table(std::string_view name);
  PlanPtr assuming_missing(const Expression& e);  // a table of which the source may be unknown
  const Catalog& catalog() const { return catalog_; }
  const CompileOptions& options() const { return options_; }
  BoundQuery& query() { return query_; }
  // What is being checked depends on a parameter's value: nothing can be said of it before a call.
  void mark_open_definition() { open_definition_ = true; }
  // The result of a small query that decides the shape of this one; all columns of `plan` are strings. Nothing, and
  // later a diagnostic, when nobody can run it now.
  std::optional<std::vector<std::vector<std::string>>> probe(PlanPtr plan, Span span, std::string_view what);
  std::optional<std::pair<Span, std::string>> unprobed() const { return unprobed_; }
  std::vector<std::string> visible_tables() const;   // views and tables, for search, find, union *
  bool permitted(std::string_view name) const;       // a stored table or function, by the restrict statements before

  // Mistakes.
  void error(std::string_view code, Span span, std::string message);
  void not_supported(Span span, std::string_view what);
  void unknown_name(Span span, std::string_view name, const Row& row);
  void unknown_table(Span span, std::string_view name);
  void client_parameter(const NameExpression& e);  // {name}
  bool has_errors() const { return errors_ > 0; }
  std::string_view text_of(Span span) const;
  std::string_view number_text(const Expression& e) const;

  // What an operator's parameter says: its token, text or name; "" when it is not there.
  std::string_view parameter(Parameters parameters, std::string_view name) const;

 private:
  friend class BodyGuard;
  Expr literal(const Literal& literal);
  void append_json(std::string& out, const Expression& e);
  Expr name(const NameExpression& e, const Row& row);
  Expr path(const PathExpression& e, const Row& row);
  Expr in(const InExpression& e, const Row& row);
  Expr between(const BetweenExpression& e, const Row& row);
  Expr call(const CallExpression& e, const Row& row);
  // Arguments bound and looked at as the language's signatures do; the values of * and typeof() are null.
  struct CallParts {
    std::vector<Expr> values;
    std::vector<CallArgument> arguments;
    std::optional<Type> wanted;  // of a typeof()
    CallVerdict verdict;
  };
  CallParts parts_of(const CallExpression& e, const Row& row);
  bool judge(CallKind kind, const CallExpression& e, CallParts& parts);  // false after a mistake, which is told
  Expr judged(Expr result, const CallParts& parts);              // with the type the language gives it
  Expr refused(const CallExpression& e, const CallParts& parts) const;
  Expr special_call(const CallExpression& e, const Row& row, bool& handled);
  Expr aggregate_call(const CallExpression& e, const Function& f, const Row& row);
  Expr window_call(const CallExpression& e, const Function& f, const Row& row);
  Expr matched_call(const Function& f, std::vector<Expr> arguments, std::span<const Expression* const> syntax, Span span,
                    Span name_span);
  std::vector<NamedValue> several(const CallExpression& e, const Row& row, bool& handled);
  Bound evaluate(const Expression& e, const Row& row);
  PlanPtr table_of(Bound result);
  PlanPtr table_name(const NameExpression& e);
  PlanPtr table_call(const CallExpression& e, const Row& row);
  void statement(const Statement& s, Bound* result);
  void let(const LetStatement& s);
  void restrict_access(const RestrictStatement& s);
  Variable function_variable(const LambdaExpression& lambda);
  bool tabular_body(const LambdaExpression& lambda) const;
  void query_parameters(const QueryParametersStatement& s);
  void check_definition(Variable& f);
  bool spend(Span span);  // one bound node; false when the budget is gone

  const SyntaxTree& tree_;
  const Catalog& catalog_;
  const CompileOptions& options_;
  std::vector<Diagnostic>& diagnostics_;
  ScopePtr scope_;
  Expr bin_auto_size_, bin_auto_at_;  // set query_bin_auto_size, query_bin_auto_at; null when there is none
  RestrictionPtr restriction_;
  // What each pattern saw where it was declared.
  std::unordered_map<const PatternStatement*, std::pair<ScopePtr, RestrictionPtr>> patterns_;
  BoundQuery query_;
  ColumnId next_column_ = 1;
  std::size_t errors_ = 0;
  std::optional<std::pair<Span, std::string>> unprobed_;
  std::size_t spent_ = 0;
  int depth_ = 0;
  int unnamed_columns_ = 0;
  bool assuming_missing_ = false;  // a name that no table has is a table whose columns are not known
  bool halving_ = false;      // the left operand of a division is being bound
  bool judged_call_ = false;  // the language has taken the arguments of the call being matched
  std::optional<Span> at_;   // mistakes are told here: inside the body of a function that was checked, or is stored
  bool quiet_ = false;       // ... or not at all
  std::string_view inside_;  // stored function whose body is being bound, and its text
  const SyntaxTree* inside_text_ = nullptr;
  std::size_t inside_start_ = 0;
  std::unordered_map<std::string, std::string> broken_;  // stored functions that do not parse, and why
  bool open_definition_ = false;  // the definition being checked reads a table that only its caller knows
  std::vector<std::unique_ptr<ParseResult>> parsed_;  // bodies of stored functions
  std::unordered_map<std::string, Variable> stored_;
  const Expression* top_ = nullptr;  // of the statement being bound
  std::vector<ScopePtr> named_;      // what its `as` named: statements after it see that, too
  bool names_only_ = false;          // the last expression statement did no more than that
};

// The end of a message about an unknown word: ", did you mean 'x'?", or the full stop.
std::string hint(std::string_view word, std::span<const std::string_view> candidates);

// One function for each operator, in operators/*.cpp.
PlanPtr bind_operator(Binder& binder, const Operator& op, PlanPtr input);

}  // namespace yagura::kql
