#include "kql/stages/grouped_operator.hpp"

#include <algorithm>
#include <unordered_map>

#include "kql/inflight_expression.hpp"

namespace yagura::kql {

namespace {

class GroupedOperator final : public LocalOperator {
 public:
  GroupedOperator(std::shared_ptr<const LocalOperator> inner, std::vector<PlanColumn> inner_input, std::vector<PlanColumn> input,
                  std::vector<ColumnId> keys, std::vector<PlanColumn> passing)
      : inner_(std::move(inner)), inner_input_(std::move(inner_input)), input_(std::move(input)), keys_(std::move(keys)), passing_(std::move(passing)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    const auto column = [&](ColumnId id) -> const event::Column& {
      const auto at = std::ranges::find(input_, id, &PlanColumn::id);
      return rows.column(static_cast<std::size_t>(at - input_.begin()));
    };
    std::unordered_map<std::string, std::size_t> numbers;
    std::vector<std::vector<std::uint32_t>> groups;
    std::string key;
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.check());
      key.clear();
      for (const auto id : keys_) {
        key += column(id).is_null(row) ? 'n' : 'v';
        event::append_cell_text(key, column(id), row);
        key += '\0';
      }
      const auto [it, added] = numbers.try_emplace(key, groups.size());
      if (added) groups.emplace_back();
      groups[it->second].push_back(static_cast<std::uint32_t>(row));
    }
    event::TableBatch all;
    for (const auto& group : groups) {
      auto part = std::make_shared<event::TableBatch>();
      for (const auto& c : inner_input_) part->add_column({c.name, c.type, ""}, std::move(*gather(column(c.id), group)));
      StageInputs given = inputs;
      given[0] = part;
      auto made = TRY(inner_->run(given, context));
      made.adopt(part);
      const std::size_t count = made.row_count();
      for (const auto& c : passing_) {
        event::Column copies(c.type);
        for (std::size_t i = 0; i < count; ++i) copies.append_from(column(c.id), group.front());
        made.add_column({c.name, c.type, ""}, std::move(copies));
      }
      append(all, std::move(made));
      TRY(context.room_for(all.row_count()));
    }
    if (groups.empty()) {
      // The columns, at least.
      auto none = std::make_shared<event::TableBatch>();
      for (const auto& c : inner_input_) none->add_column({c.name, c.type, ""}, event::Column(c.type));
      StageInputs given = inputs;
      given[0] = none;
      const auto made = TRY(inner_->run(given, context));
      for (std::size_t i = 0; i < made.column_count(); ++i) all.add_column(made.schema()[i], event::Column(made.column(i).type()));
      for (const auto& c : passing_) all.add_column({c.name, c.type, ""}, event::Column(c.type));
    }
    return all;
  }

 private:
  // By position: names may be there twice.
  static void append(event::TableBatch& all, event::TableBatch&& part) {
    if (all.column_count() == 0) {
      for (std::size_t i = 0; i < part.column_count(); ++i) all.add_column(part.schema()[i], event::Column(part.column(i).type()));
    }
    for (std::size_t i = 0; i < part.column_count(); ++i) all.column(i).append_all(part.column(i));
    all.adopt(std::make_shared<event::TableBatch>(std::move(part)));
  }

  const std::shared_ptr<const LocalOperator> inner_;
  const std::vector<PlanColumn> inner_input_, input_;
  const std::vector<ColumnId> keys_;
  const std::vector<PlanColumn> passing_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_grouped_operator(std::shared_ptr<const LocalOperator> inner, std::vector<PlanColumn> inner_input,
                                                           std::vector<PlanColumn> input, std::vector<ColumnId> keys, std::vector<PlanColumn> passing) {
  return std::make_shared<GroupedOperator>(std::move(inner), std::move(inner_input), std::move(input), std::move(keys), std::move(passing));
}

}  // namespace yagura::kql
