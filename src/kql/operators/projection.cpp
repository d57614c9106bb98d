// Which columns a list of expressions gives, and what they are called.
#include <fmt/format.h>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

std::string Projection::unique(const std::string& name, const std::string& base) {
  const auto [known, added] = names_.try_emplace(name, 0);
  if (added) return name;
  for (int number = known->second + 1;; ++number) {
    std::string other = (base.empty() ? name : base) + std::to_string(number);
    if (names_.contains(other)) continue;
    known->second = number;
    names_.emplace(other, 0);
    return other;
  }
}

void Projection::push(std::string name, Expr value, Span span) {
  PlanColumn column = binder_.new_column(name, value->type);
  column.shape = value->shape;
  // A column that only passes keeps its id.
  if (value->kind == BoundExpression::Kind::column &&
      std::ranges::none_of(entries_, [&](const Entry& e) { return e.column.id == value->column; })) {
    column.id = value->column;
  }
  places_[name] = entries_.size();
  entries_.push_back({std::move(column), std::move(value), span});
}

void Projection::add(std::string name, Expr value, Span span) {
  if (!name.empty()) push(unique(name, ""), std::move(value), span);
}

void Projection::declare(std::string_view text, Expr value, Span name_span, Span span, bool replace) {
  const std::string name(text);
  if (declared_.contains(name)) {
    binder_.error("KS171", name_span, fmt::format("A column with the name '{}' is already declared.", name));
    return;
  }
  if (const auto place = places_.find(name); replace && place != places_.end()) {
    Entry& entry = entries_[place->second];
    entry.column = binder_.new_column(name, value->type);
    entry.column.shape = value->shape;
    entry.value = std::move(value);
    entry.span = span;
    declared_[name] = true;
    return;
  }
  std::string made = unique(name, "");
  declared_[made] = true;
  push(std::move(made), std::move(value), span);
}

void Projection::add(const Expression& item, const Row& row, std::size_t position) {
  if (is<MissingExpression>(item)) {
    binder_.scalar(item, row);
    return;
  }
  const Expression* whole = &item;
  if (const auto* o = as<OrderedExpression>(whole)) whole = o->value;
  if (is<StarExpression>(*whole)) {
    if (row.input == nullptr) return;
    for (const auto& c : row.input->columns) {
      if (const auto place = places_.find(c.name); place != places_.end()) entries_[place->second].value = make_column(c, item.span);
      else add(c.name, make_column(c, item.span), item.span);
    }
    return;
  }
  const auto* named = as<NamedExpression>(whole);
  bool is_explicit = false;
  const auto values = binder_.items(*whole, row, is_explicit);
  const Span span = named != nullptr ? named->value->span : whole->span;
  if (named != nullptr) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i < named->names.size()) {
        if (!named->names[i].missing) {
          declare(named->names[i].text, values[i].value, named->names[i].span, span, (values[i].part && !named->compound) || (values[i].column && !values[i].part));
        }
      } else if (style_ != Style::print) {
        add(values[i].name, values[i].value, span);
      }
    }
    if (named->compound && !values.empty() && values[0].part) {
      for (std::size_t i = values.size(); i < named->names.size(); ++i) {
        binder_.error("KS150", named->names[i].span, "The name does not have a corresponding expression.");
      }
    }
    return;
  }
  if (values.size() == 1 && !values[0].part && values[0].column) {
    declare(values[0].name, values[0].value, whole->span, span, false);
    return;
  }
  const std::string printed = style_ == Style::print && values.size() == 1 ? "print_" + std::to_string(position) : "";
  for (const auto& v : values) {
    if (!printed.empty()) {
      push(unique(printed, printed), v.value, span);
    } else if (v.name.empty()) {
      if (!v.part) add(binder_.default_column_name(nullptr), v.value, span);
    } else {
      add(v.name, v.value, span);
    }
  }
}

std::vector<std::pair<PlanColumn, Expr>> Projection::take() {
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (auto& e : entries_) result.push_back({std::move(e.column), std::move(e.value)});
  return result;
}

}  // namespace yagura::kql
