// parse, parse-where, parse-kv: patterns become one regular expression (RE2), columns its groups.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"
#include "kql/regex.hpp"

namespace yagura::kql {

namespace {

std::string_view capture_of(Type type, bool regex, bool relaxed, bool last) {
  switch (type) {
    case Type::int32:
    case Type::int64: return relaxed ? "([-+]?[0-9]+|.*?)" : "([-+]?[0-9]+)";
    case Type::real:
    case Type::decimal: return relaxed ? "([-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?|.*?)" : "([-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?)";
    default: return regex || last ? "(.*)" : "(.*?)";
  }
}

Expr conversion(Binder& b, Expr text, Type type) {
  switch (type) {
    case Type::string: return text;
    case Type::dynamic: return b.call("parse_json", {text});
    default: return b.convert(text, type);
  }
}

}  // namespace

PlanPtr bind_parse(Binder& b, const ParseOperator& op, PlanPtr input) {
  const std::string kind(b.parameter(op.parameters, "kind"));
  const std::string flags(b.parameter(op.parameters, "flags"));
  const bool regex = kind == "regex", relaxed = kind == "relaxed";
  const Row row{.input = input.get()};
  Expr text = b.scalar(*op.value, row);
  if (text->type == kUnknown) text = make_string("");
  text = b.convert(std::move(text), Type::string);
  std::string pattern = regex ? (flags.empty() ? "" : "(?" + flags + ")") : "(?s)";
  if (!regex) pattern += '^';
  struct Column {
    std::string name;
    Type type;
    int group;
    Span span;
  };
  std::vector<Column> columns;
  int groups = 0;
  for (std::size_t i = 0; i < op.pattern.size(); ++i) {
    const Expression* item = op.pattern[i];
    const bool last = i + 1 == op.pattern.size();
    const auto is_text = [&](std::size_t at) { return is<Literal>(*op.pattern[at]); };
    if (is<StarExpression>(*item)) {
      if (!last && !is_text(i + 1)) b.error("KS102", item->span, "A string literal must follow a *");
      const auto* before = i > 0 ? as<TypedColumn>(op.pattern[i - 1]) : nullptr;
      if (i > 0 && (is<NameExpression>(*op.pattern[i - 1]) || (before != nullptr && before->type.type == Type::string))) {
        b.error("KS103", item->span, "Using * after parsing a string column is ambiguous.");
      }
    } else if (!is_text(i) && i > 0 && !is_text(i - 1)) {
      b.error("KS101", item->span, "The column name must follow a string literal");
    }
    if (const auto* l = as<Literal>(item)) {
      if (regex) {
        pattern += l->text;
        groups += count_regex_groups(l->text);
      } else {
        pattern += quote_regex(l->text);
      }
    } else if (is<StarExpression>(*item)) {
      pattern += regex ? ".*" : ".*?";
    } else if (const auto* n = as<NameExpression>(item)) {
      pattern += capture_of(Type::string, regex, relaxed, last);
      columns.push_back({std::string(n->name.text), Type::string, ++groups, n->span});
    } else if (const auto* t = as<TypedColumn>(item)) {
      const Type type = t->type.type.value_or(Type::string);
      pattern += capture_of(type, regex, relaxed, last);
      columns.push_back({std::string(t->name.text), type, ++groups, t->name.span});
    }
  }
  const bool open_end = !op.pattern.empty() && is<StarExpression>(*op.pattern.back());
  if (!regex && !open_end) pattern += '$';
  if (!regex && open_end) pattern.resize(pattern.size() - 3);  // ".*?" at the end finds nothing more
  if (const auto problem = regex_problem(pattern)) {
    b.error("KS220", op.pattern.empty() ? op.keyword : op.pattern[0]->span, fmt::format("The pattern is not a valid regular expression: {}.", *problem));
    return input;
  }
  const Expr regex_literal = make_string(pattern);
  std::vector<Expr> values;
  std::vector<Expr> conditions{make_call(find_scalar(".matches"), Type::boolean, {text, regex_literal})};
  for (const auto& c : columns) {
    Expr group = make_call(find_scalar(".group"), Type::string, {text, regex_literal, make_long(c.group)});
    if (regex) group = make_call(find_scalar(".trim_blanks"), Type::string, {group});
    values.push_back(conversion(b, group, c.type));
    if (c.type != Type::string && c.type != Type::dynamic && !relaxed) conditions.push_back(b.call("isnotnull", {values.back()}));
  }
  Expr matched = conditions.size() == 1 ? conditions[0] : make_call(find_scalar("and"), Type::boolean, conditions);
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (const auto& c : input->columns) result.push_back({c, make_column(c)});
  ColumnNames names(b);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!names.declare(columns[i].name, columns[i].span)) continue;
    Expr value = values[i];
    if (conditions.size() > 1) value = make_call(find_scalar("iff"), columns[i].type, {matched, value, make_null(columns[i].type)});
    PlanColumn column = b.new_column(columns[i].name, columns[i].type);
    const auto old = std::ranges::find_if(result, [&](const auto& r) { return r.first.name == columns[i].name; });
    if (old != result.end() && !b.options().as_language_service) *old = {column, value};
    else result.push_back({column, value});
  }
  if (op.where) input = make_filter(std::move(input), matched);
  return b.select(std::move(input), std::move(result));
}

PlanPtr bind_parse_kv(Binder& b, const ParseKvOperator& op, PlanPtr input) {
  const Row row{.input = input.get()};
  Expr text = b.scalar(*op.value, row);
  if (text->type == kUnknown) return input;
  text = b.convert(std::move(text), Type::string);
  std::string pair(b.parameter(op.properties, "pair_delimiter"));
  std::string kv(b.parameter(op.properties, "kv_delimiter"));
  const std::string custom(b.parameter(op.properties, "regex"));
  const bool greedy = b.parameter(op.properties, "greedy") == "true";
  std::vector<std::string> quotes, escapes;
  for (const auto& p : op.properties) {
    const auto* l = as<Literal>(p.value);
    if (l == nullptr || l->text.empty()) continue;
    if (p.name.text == "quote") quotes.emplace_back(l->text);
    if (p.name.text == "escape") escapes.emplace_back(l->text);
  }
  std::string escape_class;
  for (const auto& e : escapes) escape_class += quote_regex(e);
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (const auto& c : input->columns) result.push_back({c, make_column(c)});
  for (const auto* key : op.keys.columns) {
    const std::string name = quote_regex(key->name.text);
    Expr value;
    if (!custom.empty()) {
      // The pairs are what the expression finds; the first with this key counts.
      value = make_call(find_scalar(".kv_by_regex"), Type::string, {text, make_string(custom), make_string(std::string(key->name.text))});
    } else {
      const bool delimited = !pair.empty() || !kv.empty();
      std::string key_part = name;
      for (const auto& q : quotes) {
        key_part += "|" + quote_regex(q.substr(0, 1)) + name + quote_regex(q.substr(q.size() - 1));
      }
      std::string pattern = "(?s)";
      if (delimited) {
        pattern += fmt::format("(?:^|{})\\s*(?:{})\\s*{}\\s*", quote_regex(pair), key_part, quote_regex(kv));
      } else {
        pattern += fmt::format("(?:^|[^0-9A-Za-z])(?:{})[^0-9A-Za-z'\"]+", key_part);
      }
      pattern += "(?:";
      for (const auto& q : quotes) {
        const std::string open = quote_regex(q.substr(0, 1)), close = quote_regex(q.substr(q.size() - 1));
        if (escapes.empty()) pattern += fmt::format("{}([^{}]*){}|", open, close, close);
        else pattern += fmt::format("{}((?:[^{}{}]|[{}].)*){}|", open, close, escape_class, escape_class, close);
      }
      if (!delimited) {
        pattern += "([0-9A-Za-z_.-]*[0-9A-Za-z]|))";
      } else if (greedy) {
        pattern += fmt::format("(.*?)(?:{}[^{}{}]+{}|$))", quote_regex(pair), quote_regex(pair.substr(0, 1)), quote_regex(kv.substr(0, 1)), quote_regex(kv));
      } else if (pair.size() == 1) {
        pattern += fmt::format("([^{}]*))", quote_regex(pair));
      } else {
        pattern += fmt::format("(.*?)(?:{}|$))", quote_regex(pair));
      }
      std::vector<Expr> parts{text, make_string(pattern)};
      for (std::size_t g = 1; g <= quotes.size() + 1; ++g) parts.push_back(make_long(static_cast<std::int64_t>(g)));
      value = make_call(find_scalar(".groups"), Type::string, std::move(parts));
      if (!escapes.empty()) value = make_call(find_scalar(".unescape"), Type::string, {value, make_string("[" + escape_class + "](.)")});
    }
    const Type type = key->type.type.value_or(Type::string);
    PlanColumn column = b.new_column(std::string(key->name.text), type);
    value = conversion(b, value, type);
    const auto old = std::ranges::find_if(result, [&](const auto& r) { return r.first.name == column.name; });
    if (old != result.end() && !b.options().as_language_service) *old = {column, value};
    else result.push_back({column, value});
  }
  return b.select(std::move(input), std::move(result));
}

}  // namespace yagura::kql
