// where, extend, project and its variants, serialize, print, range, getschema, as, render, invoke.
#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "kql/operators/operators.hpp"

namespace yagura::kql {

using Windows = std::vector<std::pair<PlanColumn, Expr>>;

PlanPtr bind_filter(Binder& b, const FilterOperator& op, PlanPtr input) {
  Windows windows;
  Expr condition = b.boolean(*op.condition, {.input = input.get(), .windows = &windows});
  if (condition->type == kUnknown) return input;
  if (windows.empty()) return make_filter(std::move(input), std::move(condition));
  const std::vector<PlanColumn> columns = input->columns;
  PlanPtr plan = make_filter(b.with_windows(std::move(input), windows), std::move(condition));
  std::vector<std::pair<PlanColumn, Expr>> kept;
  for (const auto& c : columns) kept.push_back({c, make_column(c)});
  return b.select(std::move(plan), std::move(kept));
}

namespace {

PlanPtr extend(Binder& b, std::span<const Expression* const> columns, PlanPtr input) {
  Windows windows;
  const Row row{.input = input.get(), .windows = &windows};
  ColumnNames names(b);   // of this operator, against saying one twice
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (const auto& c : input->columns) result.push_back({c, make_column(c)});
  const std::size_t known = result.size();
  for (const auto* item : columns) {
    if (is<MissingExpression>(*item)) {
      b.scalar(*item, row);
      continue;
    }
    bool is_explicit = false;
    const auto* named = as<NamedExpression>(item);
    const auto values = b.items(*item, row, is_explicit);
    std::size_t at = 0;
    for (const auto& v : values) {
      std::string name = v.name;
      const std::size_t index = at++;
      if (name.empty()) {
        name = b.default_column_name(input.get());
        names.keep(name);
      } else if (is_explicit && index < named->names.size()) {
        if (!names.declare(name, named->names[index].span)) continue;
      } else if (names.used(name)) {
        if (is<NameExpression>(*item)) {
          names.declare(name, item->span);
          continue;
        }
        name = names.make(name);
      } else {
        names.keep(name);
      }
      const auto old = std::ranges::find_if(result, [&](const auto& r) { return r.first.name == name; });
      PlanColumn column = b.new_column(name, v.value->type, v.value->shape);
      if (old != result.end()) {
        *old = {column, v.value};
      } else {
        result.push_back({column, v.value});
      }
    }
  }
  // Columns that the expressions have found in a table whose columns are not all known.
  for (std::size_t i = known; i < input->columns.size(); ++i) {
    const PlanColumn& c = input->columns[i];
    const auto place = result.begin() + static_cast<std::ptrdiff_t>(i);
    const auto said = std::ranges::find_if(result, [&](const auto& r) { return r.first.name == c.name; });
    if (said == result.end()) result.insert(place, {c, make_column(c)});
    else if (said > place) std::rotate(place, said, said + 1);
  }
  return b.select(b.with_windows(std::move(input), windows), std::move(result));
}

}  // namespace

PlanPtr bind_extend(Binder& b, const ExtendOperator& op, PlanPtr input) { return extend(b, op.columns, std::move(input)); }

PlanPtr bind_serialize(Binder& b, const SerializeOperator& op, PlanPtr input) { return extend(b, op.columns, std::move(input)); }

PlanPtr bind_project(Binder& b, const ProjectOperator& op, PlanPtr input) {
  Windows windows;
  const Row row{.input = input.get(), .windows = &windows};
  Projection columns(b, Projection::Style::project);
  for (const auto* item : op.columns) columns.add(*item, row);
  return b.select(b.with_windows(std::move(input), windows), columns.take());
}

PlanPtr bind_project_names(Binder& b, const ProjectNamesOperator& op, PlanPtr input) {
  using Mode = ProjectNamesOperator::Mode;
  const std::size_t known = input->columns.size();
  std::vector<const PlanColumn*> chosen, said;
  // A column that reorder names a second time, by itself or as the only one of a pattern.
  const auto say = [&](const PlanColumn* c, Span span) {
    if (op.mode == Mode::reorder && std::ranges::find(said, c) != said.end()) {
      b.error("KS171", span, fmt::format("A column with the name '{}' is already declared.", c->name));
    }
    said.push_back(c);
  };
  const auto choose = [&](const PlanColumn* c) {
    if (std::ranges::find(chosen, c) == chosen.end()) chosen.push_back(c);
  };
  for (const auto* item : op.columns) {
    const auto* ordered = as<OrderedExpression>(item);
    const Expression* inner = ordered != nullptr ? ordered->value : item;
    if (is<StarExpression>(*inner)) {
      if (op.mode == Mode::reorder) {
        std::vector<const PlanColumn*> rest;
        for (const auto& c : input->columns) {
          if (std::ranges::find(chosen, &c) == chosen.end()) rest.push_back(&c);
        }
        if (ordered != nullptr && ordered->direction != OrderedExpression::Direction::unstated) {
          std::ranges::stable_sort(rest, {}, [](const PlanColumn* c) { return to_lower_ascii(c->name); });
          if (ordered->direction == OrderedExpression::Direction::descending) std::ranges::reverse(rest);
        }
        for (const auto* c : rest) choose(c);
      } else {
        for (const auto& c : input->columns) choose(&c);
      }
      continue;
    }
    if (op.mode == Mode::by_names) {
      // Names as values: text, an array of texts, or a variable that holds them.
      const Expr value = b.constant(*inner, {});
      if (value->type == kUnknown) continue;
      std::vector<std::string> texts;
      if (is_literal(value) && value->type == Type::string) {
        texts.push_back(value->value.text);
      } else if (const auto list = literal_strings(value)) {
        texts = *list;
      } else if (value->kind == BoundExpression::Kind::parameter) {
        b.mark_open_definition();
        continue;
      } else {
        b.error("KS118", inner->span, "The expression must be a constant text or array of texts.");
        continue;
      }
      for (const auto& text : texts) {
        Name pattern;
        pattern.text = text;
        for (const auto* c : b.matching(*input, pattern)) choose(c);
      }
      continue;
    }
    const auto* n = as<NameExpression>(inner);
    if (n != nullptr && n->name.wildcard) {
      auto found = b.matching(*input, n->name);
      if (ordered != nullptr && ordered->direction != OrderedExpression::Direction::unstated) {
        std::ranges::stable_sort(found, {}, [](const PlanColumn* c) { return to_lower_ascii(c->name); });
        if (ordered->direction == OrderedExpression::Direction::descending) std::ranges::reverse(found);
      }
      for (const auto* c : found) choose(c);
      if (found.size() == 1) say(found[0], n->span);
      if (found.empty() && !input->open) {
        if (op.mode == Mode::reorder) b.error("KS142", n->span, fmt::format("The name '{}' does not refer to any known column.", n->name.text));
        else if (op.mode != Mode::by_names) b.error("KS109", n->span, "Column name expected.");
      }
      continue;
    }
    if (const PlanColumn* c = b.column(*inner, *input)) {
      choose(c);
      say(c, inner->span);
    }
  }
  std::vector<std::pair<PlanColumn, Expr>> result;
  const auto push = [&](const PlanColumn& c) { result.push_back({c, make_column(c)}); };
  switch (op.mode) {
    case Mode::away:
      for (const auto& c : input->columns) {
        if (std::ranges::find(chosen, &c) == chosen.end()) push(c);
      }
      break;
    case Mode::keep:
      for (const auto& c : std::span(input->columns).first(known)) {
        if (std::ranges::find(chosen, &c) != chosen.end()) push(c);
      }
      break;
    case Mode::by_names:
      for (const auto* c : chosen) push(*c);
      break;
    case Mode::reorder:
      for (const auto* c : chosen) push(*c);
      for (const auto& c : input->columns) {
        if (std::ranges::find(chosen, &c) == chosen.end()) push(c);
      }
      break;
  }
  return b.select(std::move(input), std::move(result));
}

PlanPtr bind_project_rename(Binder& b, const ProjectRenameOperator& op, PlanPtr input) {
  std::vector<PlanColumn> columns = input->columns;
  for (const auto* item : op.columns) {
    const auto* named = as<NamedExpression>(item);
    if (named == nullptr || named->names.size() != 1) {
      if (!is<MissingExpression>(*item)) b.error("KS110", item->span, "Column rename assignment expected.");
      continue;
    }
    const PlanColumn* old = b.column(*named->value, *input);
    if (old == nullptr) continue;
    if (std::ranges::none_of(columns, [&](const auto& c) { return c.id == old->id; })) columns.push_back(*old);  // found just now
    const std::string name(named->names[0].text);
    // Published parsers do it: it changes nothing.
    if (name == old->name && b.options().as_language_service) b.error("KS171", named->names[0].span, fmt::format("A column with the name '{}' is already declared.", name));
    for (auto& c : columns) {
      if (c.id == old->id) {
        c.name = name;
      } else if (c.name == name) {
        bool renamed_too = false;  // a swap
        for (const auto* other : op.columns) {
          const auto* o = as<NamedExpression>(other);
          const auto* from = o != nullptr ? as<NameExpression>(o->value) : nullptr;
          renamed_too = renamed_too || (from != nullptr && from->name.text == name);
        }
        if (!renamed_too) b.error("KS171", named->names[0].span, fmt::format("A column with the name '{}' is already declared.", name));
      }
    }
  }
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (const auto& c : columns) result.push_back({c, make_column(c)});
  return b.select(std::move(input), std::move(result));
}

PlanPtr bind_print(Binder& b, const PrintOperator& op) {
  auto plan = std::make_shared<ValuesPlan>();
  Projection columns(b, Projection::Style::print);
  for (std::size_t i = 0; i < op.columns.size(); ++i) columns.add(*op.columns[i], {}, i);
  std::vector<Expr> row;
  for (auto& entry : columns.entries()) {
    entry.column.id = b.fresh();
    plan->columns.push_back(std::move(entry.column));
    row.push_back(std::move(entry.value));
  }
  plan->rows.push_back(std::move(row));
  return plan;
}

PlanPtr bind_range(Binder& b, const RangeOperator& op) {
  Expr from = b.constant(*op.from, {});
  Expr to = b.constant(*op.to, {});
  Expr step = b.constant(*op.step, {});
  Type type = from->type;
  if (from->type == kUnknown || to->type == kUnknown || step->type == kUnknown) {
    return b.empty_table({{0, std::string(op.name.text), from->type == kUnknown ? Type::int64 : from->type}});
  }
  Type step_type = type;
  if (is_number(type)) {
    type = wider(type, to->type).value_or(type);
    type = wider(type, step->type).value_or(type);
    step_type = type;
    if (!is_number(to->type) || !is_number(step->type)) {
      b.error("KS107", is_number(to->type) ? op.step->span : op.to->span, fmt::format("A value of type {} expected.", type_name(type)));
      return b.empty_table({{0, std::string(op.name.text), type}});
    }
    if (type == Type::decimal) type = step_type = Type::real;
  } else if (type == Type::datetime) {
    step_type = Type::timespan;
  } else if (type != Type::timespan) {
    b.error("KS138", op.from->span, "The argument value must be summable: a number, timespan or datetime.");
    return nullptr;
  }
  if (!is_number(type) && (to->type != type || step->type != step_type)) {
    b.error("KS107", to->type != type ? op.to->span : op.step->span,
            fmt::format("A value of type {} expected.", type_name(to->type != type ? type : step_type)));
    return b.empty_table({{0, std::string(op.name.text), type}});
  }
  auto plan = std::make_shared<SequencePlan>();
  plan->columns.push_back(b.new_column(std::string(op.name.text), type));
  plan->from = b.convert(std::move(from), type);
  plan->to = b.convert(std::move(to), type);
  plan->step = b.convert(std::move(step), step_type);
  return plan;
}

PlanPtr bind_get_schema(Binder& b, const GetSchemaOperator&, PlanPtr input) {
  auto plan = std::make_shared<ValuesPlan>();
  plan->columns = {b.new_column("ColumnName", Type::string), b.new_column("ColumnOrdinal", Type::int64),
                   b.new_column("DataType", Type::string), b.new_column("ColumnType", Type::string)};
  std::int64_t ordinal = 0;
  for (const auto& c : input->columns) {
    plan->rows.push_back({make_string(c.name), make_long(ordinal++), make_string(std::string(clr_name(c.type))),
                          make_string(std::string(type_name(c.type)))});
  }
  return plan;
}

PlanPtr bind_render(Binder& b, const RenderOperator& op, PlanPtr input) {
  std::string json;
  JsonWriter w(json);
  w.begin_object().key("Visualization").text(op.chart.text);
  for (const auto* list : {&op.parameters, &op.properties})
    for (const auto& p : *list) {
      std::string_view value = p.value != nullptr ? b.text_of(p.value->span) : "";
      if (const auto* l = as<Literal>(p.value); l != nullptr && (l->token || l->type == Type::string)) value = l->text;
      w.key(p.name.text);
      if (value == "true" || value == "false") w.boolean(value == "true");
      else w.text(value);
    }
  w.end_object();
  b.query().visualization = json;
  return input;
}

PlanPtr bind_as(Binder& b, const AsOperator& op, PlanPtr input) {
  auto shared = b.share(std::string(op.name.text), std::move(input), b.parameter(op.parameters, "hint.materialized") == "true");
  Variable v;
  v.kind = Variable::Kind::table;
  v.table = shared;
  b.declare(std::string(op.name.text), v);
  return b.reference(shared);
}

PlanPtr bind_invoke(Binder& b, const InvokeOperator& op, PlanPtr input) {
  const auto* call = as<CallExpression>(op.call);
  if (call == nullptr) {
    b.error("KS108", op.call->span, "A function of this workspace is expected.");
    return nullptr;
  }
  const Variable* f = b.lookup(call->name.text);
  if (f == nullptr) f = b.stored_function(call->name.text);
  if (f == nullptr || f->kind != Variable::Kind::function) {
    b.error("KS211", call->name.span, fmt::format("The name '{}' does not refer to any known function.", call->name.text));
    return nullptr;
  }
  if (f->lambda->parameters.empty() || !f->lambda->parameters[0].tabular) {
    b.error("KS121", call->name.span, fmt::format("The function '{}' has no tabular first parameter.", call->name.text));
    return nullptr;
  }
  const Row row{.input = input.get()};
  return b.invoke(*f, call->name.text, call->arguments, call->span, call->name.span, row, input).table;
}

}  // namespace yagura::kql
