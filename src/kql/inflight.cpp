#include "kql/inflight.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "kql/inflight_expression.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

// Of the column that says which row of the input a row is; no plan has so many columns.
constexpr ColumnId kOrigin = std::numeric_limits<ColumnId>::max();

void keep_origin(const Rows& from, Rows& to) {
  if (const auto origin = from.columns.find(kOrigin); origin != from.columns.end()) to.columns[kOrigin] = origin->second;
}

// One operator at work: rows in, rows out.
struct Step {
  virtual ~Step() = default;
  // From the columns that are needed behind it to those that are needed before.
  virtual void trace(std::unordered_set<ColumnId>& needed) const = 0;
  virtual Result<> apply(Rows& rows, Arena& arena) const = 0;
};

void choose(Rows& rows, const std::vector<std::uint32_t>& chosen) {
  for (auto& [_, column] : rows.columns) column = gather(*column, chosen);
  rows.count = chosen.size();
}

struct FilterStep final : Step {
  ExpressionProgram program;
  void trace(std::unordered_set<ColumnId>& needed) const override { program.add_columns(needed); }
  Result<> apply(Rows& rows, Arena& arena) const override {
    const auto value = TRY(program.run(rows, arena)).front();
    const auto& condition = *value.column;
    const auto holds = [&](std::size_t row) { return condition.nulls()[row] == 0 && condition.booleans()[row] != 0; };
    if (value.constant) {
      if (!holds(0)) choose(rows, {});
      return {};
    }
    std::vector<std::uint32_t> chosen;
    chosen.reserve(rows.count);
    for (std::size_t row = 0; row < rows.count; ++row) {
      if (holds(row)) chosen.push_back(static_cast<std::uint32_t>(row));
    }
    if (chosen.size() < rows.count) choose(rows, chosen);
    return {};
  }
};

struct ProjectStep final : Step {
  ExpressionProgram program;
  std::vector<ColumnId> columns;
  void trace(std::unordered_set<ColumnId>& needed) const override {
    needed.clear();
    program.add_columns(needed);
  }
  Result<> apply(Rows& rows, Arena& arena) const override {
    auto values = TRY(program.run(rows, arena));
    Rows out{.count = rows.count, .columns = {}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      out.columns[columns[i]] = values[i].constant ? spread(*values[i].column, rows.count) : values[i].column;
    }
    keep_origin(rows, out);
    rows = std::move(out);
    return {};
  }
};

// Columns under other names: ids of a shared plan's rows.
struct RenameStep final : Step {
  std::vector<std::pair<ColumnId, ColumnId>> from_to;
  void trace(std::unordered_set<ColumnId>& needed) const override {
    needed.clear();
    for (const auto& [from, _] : from_to) needed.insert(from);
  }
  Result<> apply(Rows& rows, Arena&) const override {
    Rows out{.count = rows.count, .columns = {}};
    for (const auto& [from, to] : from_to) out.columns[to] = rows.columns.at(from);
    keep_origin(rows, out);
    rows = std::move(out);
    return {};
  }
};

struct LimitStep final : Step {
  ExpressionProgram program;
  void trace(std::unordered_set<ColumnId>&) const override {}
  Result<> apply(Rows& rows, Arena& arena) const override {
    const auto value = TRY(program.run(Rows{.count = 1, .columns = {}}, arena)).front();
    const auto count =
        value.column->is_null(0) ? 0 : std::max<std::int64_t>(0, Operand(*value.column, true).integer(0));
    if (static_cast<std::uint64_t>(count) >= rows.count) return {};
    std::vector<std::uint32_t> first(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<std::uint32_t>(i);
    choose(rows, first);
    return {};
  }
};

struct UnnestStep final : Step {
  struct Item {
    ColumnId column;
    Type type;
    bool bag_as_pair;
  };
  ExpressionProgram program;  // the items' arrays, then the limit when there is one
  std::vector<Item> items;
  std::optional<ColumnId> index;
  bool limited = false;
  bool keep_empty = false;
  std::size_t max_rows = 0;

  void trace(std::unordered_set<ColumnId>& needed) const override {
    for (const auto& item : items) needed.erase(item.column);
    if (index) needed.erase(*index);
    program.add_columns(needed);
  }
  // The elements of an array; a bag's members as bags of one; anything else is an element itself.
  static std::vector<std::string_view> elements(std::string_view text, bool as_pair, Arena& arena) {
    std::vector<std::string_view> out;
    if (json::is_array(text)) {
      json::for_each_element(text, [&](std::string_view item) { out.push_back(item); });
    } else if (json::is_object(text)) {
      json::for_each_member(text, [&](std::string_view key, std::string_view value) {
        out.push_back(as_pair ? arena.copy("[" + std::string(key) + "," + std::string(value) + "]")
                              : arena.copy("{" + std::string(key) + ":" + std::string(value) + "}"));
      });
    } else {
      out.push_back(text);
    }
    return out;
  }

  Result<> apply(Rows& rows, Arena& arena) const override {
    const auto values = TRY(program.run(rows, arena));
    std::vector<std::uint32_t> source;
    std::vector<ColumnPtr> made;
    for (const auto& item : items) made.push_back(std::make_shared<event::Column>(item.type));
    auto positions = std::make_shared<event::Column>(Type::int64);
    std::vector<std::vector<std::string_view>> lists(items.size());
    for (std::size_t row = 0; row < rows.count; ++row) {
      std::size_t longest = 0;
      for (std::size_t i = 0; i < items.size(); ++i) {
        const Operand array(*values[i].column, values[i].constant);
        lists[i].clear();
        if (!array.is_null(row)) lists[i] = elements(array.text(row), items[i].bag_as_pair, arena);
        longest = std::max(longest, lists[i].size());
      }
      if (longest == 0 && keep_empty) longest = 1;
      if (limited) {
        const Operand limit(*values.back().column, values.back().constant);
        const auto most = limit.is_null(row) ? 0 : std::max<std::int64_t>(0, limit.integer(row));
        longest = std::min<std::size_t>(longest, static_cast<std::size_t>(most));
      }
      if (source.size() + longest > max_rows)
        return fail(ErrorKind::exhausted, "mv-expand gives more than {} rows", max_rows);
      for (std::size_t k = 0; k < longest; ++k) {
        source.push_back(static_cast<std::uint32_t>(row));
        positions->append_int64(static_cast<std::int64_t>(k));
        for (std::size_t i = 0; i < items.size(); ++i) {
          append_from_json(*made[i], k < lists[i].size() ? lists[i][k] : std::string_view(), arena);
        }
      }
    }
    choose(rows, source);
    for (std::size_t i = 0; i < items.size(); ++i) rows.columns[items[i].column] = made[i];
    if (index) rows.columns[*index] = positions;
    return {};
  }
};

}  // namespace

struct InFlightProgram::Impl {
  InFlightOptions options;
  PlanPtr plan;  // kept alive
  std::string table;
  std::vector<event::ColumnSchema> columns;
  std::vector<PlanColumn> output;
  std::vector<PassedColumn> passed;

  // Where rows come from: a table's batch, or values of the query itself.
  struct Source {
    ColumnId id;
    std::string stored;
    std::string name;
    Type type;
  };
  std::vector<Source> scan;
  bool has_scan = false;
  std::vector<ExpressionProgram> value_rows;
  std::vector<PlanColumn> value_columns;
  std::optional<ExpressionProgram> sequence;
  std::uint64_t sequence_limit = std::numeric_limits<std::uint64_t>::max();  // rows that anything looks at
  bool one_to_one = true;                                                    // the steps so far keep every row
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<std::unordered_set<ColumnId>> needed;  // before each step

  Result<> add(const PlanPtr& node, int depth);
  Result<Rows> start(const event::TableBatch* input, Arena& arena) const;
  Result<> run_steps(Rows& rows, Arena& arena) const;
  void give(Rows& rows, event::TableBatch& result) const;
  Result<event::TableBatch> run(event::TableBatch* input) const;
  Result<RowChanges> change(const event::TableBatch& input) const;
};

Result<> InFlightProgram::Impl::add(const PlanPtr& node, int depth) {
  if (node == nullptr) return fail(ErrorKind::not_supported, "the query has no rows");
  if (node->open) {
    return fail(ErrorKind::not_supported,
                "columns that depend on the rows cannot be had in flight; declare them, as in "
                "evaluate bag_unpack(d) : (a:long)");
  }
  if (depth > 1000) return fail(ErrorKind::not_supported, "the query has too many operators");
  if (const auto* plan = as<ScanPlan>(node)) {
    has_scan = true;
    table = plan->table;
    for (std::size_t i = 0; i < plan->columns.size(); ++i) {
      scan.push_back({plan->columns[i].id, i < plan->stored.size() ? plan->stored[i] : plan->columns[i].name,
                      plan->columns[i].name, plan->columns[i].type});
    }
    return {};
  }
  if (const auto* plan = as<ValuesPlan>(node)) {
    value_columns = plan->columns;
    for (const auto& row : plan->rows) {
      ExpressionProgram program;
      for (const auto& value : row) TRY(program.add(value));
      value_rows.push_back(std::move(program));
    }
    return {};
  }
  if (const auto* plan = as<SequencePlan>(node)) {
    value_columns = plan->columns;
    sequence.emplace();
    TRY(sequence->add(plan->from));
    TRY(sequence->add(plan->to));
    TRY(sequence->add(plan->step));
    return {};
  }
  if (const auto* plan = as<FilterPlan>(node)) {
    TRY(add(plan->input, depth + 1));
    one_to_one = false;
    auto step = std::make_unique<FilterStep>();
    TRY(step->program.add(plan->condition));
    steps.push_back(std::move(step));
    return {};
  }
  if (const auto* plan = as<ProjectPlan>(node)) {
    TRY(add(plan->input, depth + 1));
    auto step = std::make_unique<ProjectStep>();
    for (std::size_t i = 0; i < plan->columns.size(); ++i) {
      TRY(step->program.add(plan->values[i]));
      step->columns.push_back(plan->columns[i].id);
    }
    steps.push_back(std::move(step));
    return {};
  }
  if (const auto* plan = as<LimitPlan>(node)) {
    if (!plan->by.empty())
      return fail(ErrorKind::not_supported, "this operator needs all rows and cannot be computed on rows in flight");
    TRY(add(plan->input, depth + 1));
    auto step = std::make_unique<LimitStep>();
    TRY(step->program.add(plan->count));
    // "range x from 1 to 9e18 step 1 | take 5" makes five rows.
    if (sequence && one_to_one && plan->count->kind == BoundExpression::Kind::literal && !plan->count->value.is_null) {
      sequence_limit = std::min<std::uint64_t>(
          sequence_limit, static_cast<std::uint64_t>(std::max<std::int64_t>(0, plan->count->value.integer)));
    }
    steps.push_back(std::move(step));
    return {};
  }
  if (const auto* plan = as<UnnestPlan>(node)) {
    TRY(add(plan->input, depth + 1));
    one_to_one = false;
    auto step = std::make_unique<UnnestStep>();
    for (const auto& item : plan->items) {
      TRY(step->program.add(item.array));
      step->items.push_back({item.column, item.type, item.bag_as_pair});
    }
    if (plan->limit != nullptr) {
      TRY(step->program.add(plan->limit));
      step->limited = true;
    }
    step->index = plan->index;
    step->keep_empty = plan->keep_empty;
    step->max_rows = options.max_rows;
    steps.push_back(std::move(step));
    return {};
  }
  if (const auto* plan = as<ReferencePlan>(node)) {
    TRY(add(plan->target->plan, depth + 1));
    auto step = std::make_unique<RenameStep>();
    const auto& from = plan->target->plan->columns;
    for (std::size_t i = 0; i < plan->columns.size() && i < from.size(); ++i) {
      step->from_to.emplace_back(from[i].id, plan->columns[i].id);
    }
    steps.push_back(std::move(step));
    return {};
  }
  switch (node->kind) {
    case Plan::Kind::aggregate:
      return fail(ErrorKind::not_supported, "summarize needs all rows and cannot be computed on rows in flight");
    case Plan::Kind::join:
      return fail(ErrorKind::not_supported, "join needs another table and cannot be computed on rows in flight");
    case Plan::Kind::union_:
      return fail(ErrorKind::not_supported, "union needs other tables and cannot be computed on rows in flight");
    case Plan::Kind::sort:
      return fail(ErrorKind::not_supported, "sort needs all rows and cannot be computed on rows in flight");
    case Plan::Kind::external:
      return fail(ErrorKind::not_supported, "{} reads another source and cannot be computed on rows in flight",
                  static_cast<const ExternalPlan&>(*node).what);
    case Plan::Kind::local:
      return fail(ErrorKind::not_supported, "{} needs all rows and cannot be computed on rows in flight",
                  static_cast<const LocalPlan&>(*node).what);
    case Plan::Kind::window:
      return fail(ErrorKind::not_supported, "window functions need all rows and cannot be computed on rows in flight");
    default: return fail(ErrorKind::not_supported, "this operator cannot be computed on rows in flight");
  }
}

Result<Rows> InFlightProgram::Impl::start(const event::TableBatch* input, Arena& arena) const {
  Rows rows;
  if (has_scan) {
    if (input == nullptr) return fail(ErrorKind::invalid_input, "the query reads rows of {}, none were given", table);
    rows.count = input->row_count();
    if (rows.count > std::numeric_limits<std::uint32_t>::max())
      return fail(ErrorKind::exhausted, "a batch of more than 4 billion rows");
    for (const auto& source : scan) {
      auto at = input->find(source.stored);
      if (!at) at = input->find(source.name);
      if (options.by_row && (!at || input->column(*at).size() != rows.count)) {
        auto nulls = std::make_shared<event::Column>(source.type);
        nulls->pad(rows.count);
        rows.columns[source.id] = std::move(nulls);
        continue;
      }
      if (!at || input->column(*at).type() != source.type || input->column(*at).size() != rows.count) {
        return fail(ErrorKind::invalid_input, "the batch of {} has no whole column {} of type {}", table, source.name,
                    to_string(source.type));
      }
      // Not owned: the batch outlives the run, and its columns are not changed.
      auto& column = const_cast<event::Column&>(input->column(*at));
      rows.columns[source.id] = ColumnPtr(ColumnPtr(), &column);
    }
    return rows;
  }
  if (sequence) {
    const auto values = TRY(sequence->run(Rows{.count = 1, .columns = {}}, arena));
    const Type type = value_columns.front().type;
    auto column = std::make_shared<event::Column>(type);
    const Operand from(*values[0].column, true), to(*values[1].column, true), by(*values[2].column, true);
    if (!from.is_null(0) && !to.is_null(0) && !by.is_null(0)) {
      if (type == Type::real) {
        const double first = from.real(0), last = to.real(0), step = by.real(0);
        auto count = step != 0 ? std::floor((last - first) / step) + 1 : 0;
        count = std::min(count, static_cast<double>(sequence_limit));
        if (count > static_cast<double>(options.max_rows))
          return fail(ErrorKind::exhausted, "range gives more than {} rows", options.max_rows);
        for (std::size_t i = 0; static_cast<double>(i) < count; ++i)
          column->append_real(first + static_cast<double>(i) * step);
      } else {
        const auto first = from.integer(0), last = to.integer(0), step = by.integer(0);
        __int128 value = first;
        for (std::size_t made = 0; made < sequence_limit && step != 0 && (step > 0 ? value <= last : value >= last);
             value += step) {
          if (++made > options.max_rows)
            return fail(ErrorKind::exhausted, "range gives more than {} rows", options.max_rows);
          if (type == Type::int32) {
            column->append_int32(static_cast<std::int32_t>(value));
          } else {
            column->append_int64(static_cast<std::int64_t>(value));
          }
        }
      }
    }
    rows.count = column->size();
    rows.columns[value_columns.front().id] = std::move(column);
    return rows;
  }
  std::vector<ColumnPtr> made;
  for (const auto& column : value_columns) made.push_back(std::make_shared<event::Column>(column.type));
  for (const auto& row : value_rows) {
    const auto values = TRY(row.run(Rows{.count = 1, .columns = {}}, arena));
    for (std::size_t i = 0; i < made.size(); ++i) made[i]->append_from(*values[i].column, 0);
  }
  rows.count = value_rows.size();
  for (std::size_t i = 0; i < made.size(); ++i) rows.columns[value_columns[i].id] = made[i];
  return rows;
}

Result<> InFlightProgram::Impl::run_steps(Rows& rows, Arena& arena) const {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::erase_if(rows.columns, [&](const auto& column) { return column.first != kOrigin && !needed[i].contains(column.first); });
    TRY(steps[i]->apply(rows, arena));
  }
  return {};
}

void InFlightProgram::Impl::give(Rows& rows, event::TableBatch& result) const {
  for (std::size_t i = 0; i < output.size(); ++i) {
    auto& column = rows.columns.at(output[i].id);
    if (column.use_count() == 1) {
      result.add_column(columns[i], std::move(*column));
      column = nullptr;
    } else {
      event::Column copy(column->type());
      copy.append_all(*column);
      result.add_column(columns[i], std::move(copy));
    }
  }
}

Result<RowChanges> InFlightProgram::Impl::change(const event::TableBatch& input) const {
  RowChanges out{.rows = {}, .computed = event::TableBatch(table, {})};
  auto rows = TRY(start(&input, out.computed.arena()));
  auto origin = std::make_shared<event::Column>(Type::int64);
  origin->reserve(rows.count);
  for (std::size_t row = 0; row < rows.count; ++row) origin->append_int64(static_cast<std::int64_t>(row));
  rows.columns[kOrigin] = std::move(origin);
  TRY(run_steps(rows, out.computed.arena()));
  const auto& kept = rows.columns.at(kOrigin)->int64s();
  out.rows.assign(kept.begin(), kept.end());
  give(rows, out.computed);
  return out;
}

Result<event::TableBatch> InFlightProgram::Impl::run(event::TableBatch* input) const {
  event::TableBatch result(table, {});
  if (input != nullptr) {
    result.first_position = input->first_position;
    result.last_position = input->last_position;
  }
  auto rows = TRY(start(input, result.arena()));
  TRY(run_steps(rows, result.arena()));
  give(rows, result);
  // Views point into the input's arena.
  if (input != nullptr) result.adopt(std::make_shared<event::TableBatch>(std::move(*input)));
  return result;
}

Result<InFlightProgram> InFlightProgram::compile(const BoundQuery& query, const InFlightOptions& options) {
  if (!query.earlier.empty())
    return fail(ErrorKind::not_supported, "a query with {} results cannot be computed on rows in flight: it may have one", query.earlier.size() + 1);
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->plan = query.plan;
  TRY(impl->add(query.plan, 0));
  // Last, for an operator that is refused by itself says more.
  if (!query.unprobed.empty()) {
    return fail(ErrorKind::not_supported, "{} depends on stored data, which is not asked on rows in flight", query.unprobed);
  }
  if (query.take_max_records > 0) {
    auto step = std::make_unique<LimitStep>();
    TRY(step->program.add(make_long(query.take_max_records)));
    impl->steps.push_back(std::move(step));
  }
  impl->output = query.plan->columns;
  if (options.by_row) {
    if (!impl->has_scan) return fail(ErrorKind::not_supported, "the query reads no table");
    std::unordered_map<ColumnId, std::string> stored;
    for (const auto& source : impl->scan) stored.emplace(source.id, source.stored);
    for (const auto& column : impl->output)
      if (const auto one = stored.find(column.id); one != stored.end()) impl->passed.push_back({column.name, one->second});
    std::erase_if(impl->output, [&](const PlanColumn& column) { return stored.contains(column.id); });
  }
  for (const auto& column : impl->output) {
    impl->columns.push_back({.name = column.name, .type = column.type, .description = {}});
  }
  std::unordered_set<ColumnId> needed;
  for (const auto& column : impl->output) needed.insert(column.id);
  impl->needed.resize(impl->steps.size());
  for (std::size_t i = impl->steps.size(); i-- > 0;) {
    impl->steps[i]->trace(needed);
    impl->needed[i] = needed;
  }
  std::erase_if(impl->scan, [&](const Impl::Source& source) { return !needed.contains(source.id); });
  return InFlightProgram(std::move(impl));
}

InFlightProgram::InFlightProgram(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InFlightProgram::InFlightProgram(InFlightProgram&&) noexcept = default;
InFlightProgram& InFlightProgram::operator=(InFlightProgram&&) noexcept = default;
InFlightProgram::~InFlightProgram() = default;

const std::string& InFlightProgram::table() const { return impl_->table; }
const std::vector<event::ColumnSchema>& InFlightProgram::columns() const { return impl_->columns; }
Result<event::TableBatch> InFlightProgram::run(event::TableBatch input) const { return impl_->run(&input); }
const std::vector<PassedColumn>& InFlightProgram::passed() const { return impl_->passed; }
Result<RowChanges> InFlightProgram::change(const event::TableBatch& input) const { return impl_->change(input); }
Result<event::TableBatch> InFlightProgram::run() const { return impl_->run(nullptr); }

}  // namespace yagura::kql
