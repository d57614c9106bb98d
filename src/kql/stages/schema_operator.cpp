#include "kql/stages/schema_operator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace yagura::kql {

namespace {

struct Merged {
  std::string name;
  std::int64_t ordinal = 0, last = 0;  // in the schema that has it first, and the greatest one
  std::vector<std::string> types;
  bool moved = false;
};

// The type that holds the values of all; nothing when there is none.
std::optional<Type> common_type(const std::vector<std::string>& names) {
  std::optional<Type> common;
  for (const auto& name : names) {
    const auto type = event::parse_kql_type(name);
    if (!type) return std::nullopt;
    if (!common || *common == *type) common = *type;
    else if (is_number(*common) && is_number(*type)) common = wider(*common, *type);
    else return std::nullopt;
  }
  return common;
}

class SchemaMergeAtWork final : public LocalOperator {
 public:
  SchemaMergeAtWork(bool keep_order, std::vector<PlanColumn> result) : keep_order_(keep_order), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    std::unordered_map<std::string_view, std::size_t> numbers;
    std::vector<Merged> columns;
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.check());
      const std::string_view name = rows.column(0).texts()[row];
      const std::int64_t ordinal = rows.column(1).is_null(row) ? -1 : rows.column(1).int64s()[row];
      const auto [it, added] = numbers.try_emplace(name, columns.size());
      if (added) columns.push_back({std::string(name), ordinal, ordinal, {}, false});
      Merged& c = columns[it->second];
      c.moved = c.moved || ordinal != c.ordinal;
      c.last = std::max(c.last, ordinal);
      const std::string_view type = rows.column(2).texts()[row];
      if (std::ranges::find(c.types, type) == c.types.end()) c.types.emplace_back(type);
    }
    if (!keep_order_) {
      std::ranges::stable_sort(columns, {}, &Merged::last);
      for (std::size_t i = 0; i < columns.size(); ++i) columns[i].ordinal = static_cast<std::int64_t>(i);
    } else {
      std::ranges::stable_sort(columns, {}, [](const Merged& c) { return std::pair(c.moved, c.ordinal); });
    }
    event::TableBatch out;
    for (const auto& c : result_) out.add_column({c.name, c.type, ""}, event::Column(c.type));
    for (const auto& c : columns) {
      const auto type = common_type(c.types);
      std::string problem;
      if (keep_order_ && c.moved) problem = "columns are out of order";
      else if (!type) problem = fmt::format("types have nothing in common: {}", fmt::join(c.types, ", "));
      out.column(0).append_text(out.arena().copy(c.name));
      out.column(1).append_int64(problem.empty() ? c.ordinal : -1);
      if (problem.empty()) {
        out.column(2).append_text(clr_name(*type));
        out.column(3).append_text(type_name(*type));
      } else {
        const std::string text = fmt::format("ERROR({})", problem);
        out.column(2).append_text(out.arena().copy(fmt::format("ERROR(unknown CSL type:{})", text)));
        out.column(3).append_text(out.arena().copy(text));
      }
    }
    return out;
  }

 private:
  const bool keep_order_;
  const std::vector<PlanColumn> result_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_schema_operator(bool keep_order, std::vector<PlanColumn> result) {
  return std::make_shared<SchemaMergeAtWork>(keep_order, std::move(result));
}

}  // namespace yagura::kql
