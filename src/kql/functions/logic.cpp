// Conditions, nulls, emptiness.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

Sql is_null(SqlCall& c, bool wanted) {
  if (c.type(0) == Type::string) return {wanted ? "toUInt8(0)" : "toUInt8(1)", false, true};
  if (!c.nullable(0)) return {wanted ? "toUInt8(0)" : "toUInt8(1)", false, true};
  return {fmt::format("{}({})", wanted ? "isNull" : "isNotNull", c.arg(0)), false, false};
}

Sql is_empty(SqlCall& c, bool wanted) {
  if (c.type(0) == Type::string) return {fmt::format("({} {} '')", c.arg(0), wanted ? "=" : "!="), false, false};
  if (c.type(0) == Type::dynamic) {
    // A dynamic that holds the empty text is empty as well.
    return {fmt::format("({}(ifNull({}, ''), ('', '\"\"')))", wanted ? "in" : "notIn", c.arg(0)), false, false};
  }
  return is_null(c, wanted);
}

Sql choose(SqlCall& c) {
  const bool nullable = c.nullable(1) || c.nullable(2);
  return {fmt::format("if(ifNull({}, 0), {}, {})", c.arg(0), c.arg(1), c.arg(2)), nullable, false};
}

Sql choose_case(SqlCall& c) {
  std::string text = "multiIf(";
  bool nullable = false;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (i > 0) text += ", ";
    const bool condition = i % 2 == 0 && i + 1 < c.size();
    text += condition ? "ifNull(" + c.arg(i) + ", 0)" : c.arg(i);
    if (!condition) nullable = nullable || c.nullable(i);
  }
  return {text + ")", nullable, false};
}

Sql coalesce(SqlCall& c) {
  bool nullable = true;
  std::string text = c.result() == Type::string ? "" : "coalesce(";
  if (c.result() == Type::string) {
    // The first text that is not empty.
    text = "multiIf(";
    for (std::size_t i = 0; i + 1 < c.size(); ++i) {
      const std::string x = c.shared(i);
      text += fmt::format("{0} != '', {0}, ", x);
    }
    return {text + c.arg(c.size() - 1) + ")", false, false};
  }
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (i > 0) text += ", ";
    text += c.arg(i);
    nullable = nullable && c.nullable(i);
  }
  return {text + ")", nullable, false};
}

// The greatest (or least) of the values that are not null.
Sql extreme(SqlCall& c, std::string_view function) {
  std::string text;
  bool all = true;
  for (std::size_t i = 0; i < c.size(); ++i) {
    all = all && c.nullable(i);
    text += (i > 0 ? ", " : "") + c.arg(i);
  }
  if (!c.any_nullable()) return {fmt::format("{}({})", function, text), false, false};
  return {fmt::format("array{}(arrayFilter(v -> isNotNull(v), [{}]))", function == "greatest" ? "Max" : "Min", text), true, false};
}

constexpr Function kFunctions[] = {
    {.name = "not", .summary = "The other truth value; null stays null.", .signatures = "not(value:bool) -> bool", .sql = "(NOT {0})",
     .examples = {{{"not(true)", "false"}, {"not(bool(null))", ""}}}},
    {.name = "isnull", .summary = "Whether the value is null. A string never is.", .signatures = "isnull(value:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return is_null(c, true); }, .examples = {{{"isnull(int(null))", "true"}, {"isnull('')", "false"}, {"isnull(dynamic(null))", "true"}}}},
    {.name = "isnotnull", .aliases = "notnull", .summary = "Whether the value is not null.", .signatures = "isnotnull(value:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return is_null(c, false); }, .examples = {{{"isnotnull(1)", "true"}}}},
    {.name = "isempty", .summary = "Whether the value is null or the empty text.", .signatures = "isempty(value:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return is_empty(c, true); }, .examples = {{{"isempty('')", "true"}, {"isempty('x')", "false"}, {"isempty(int(null))", "true"}}}},
    {.name = "isnotempty", .aliases = "notempty", .summary = "Whether the value is neither null nor the empty text.", .signatures = "isnotempty(value:scalar) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return is_empty(c, false); }, .examples = {{{"isnotempty('x')", "true"}, {"isnotempty('')", "false"}}}},
    {.name = "iff", .aliases = "iif", .summary = "The second value where the condition holds, else the third.",
     .signatures = "iff(if:bool, then:common_or_dynamic, else:common_or_dynamic) -> common", .takes_null = true, .may_be_null = true, .emit = choose,
     .examples = {{{"iff(1 > 2, 'a', 'b')", "b"}, {"iff(bool(null), 1, 2)", "2"}}}},
    {.name = "case", .summary = "The value after the first condition that holds, else the last.",
     .signatures = "case(if:bool+, then:common_or_dynamic+, else:common_or_dynamic) -> common", .takes_null = true, .may_be_null = true, .emit = choose_case,
     .examples = {{{"case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"}, {"case(false, 1, 2)", "2"}}}},
    {.name = "coalesce", .summary = "The first value that is not null (for text: not empty).", .signatures = "coalesce(value:common, other:common+) -> common",
     .takes_null = true, .may_be_null = true, .emit = coalesce, .examples = {{{"coalesce(int(null), 5, 6)", "5"}, {"coalesce('', 'x')", "x"}}}},
    {.name = "max_of", .summary = "The greatest of the values.", .signatures = "max_of(value:common_orderable, other:common_orderable+) -> common",
     .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return extreme(c, "greatest"); }, .examples = {{{"max_of(10, 1, -3, 17)", "17"}}}},
    {.name = "min_of", .summary = "The least of the values.", .signatures = "min_of(value:common_orderable, other:common_orderable+) -> common",
     .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return extreme(c, "least"); }, .examples = {{{"min_of(10, 1, -3, 17)", "-3"}}}},
    {.name = "new_guid", .summary = "A random guid.", .signatures = "new_guid() -> guid",
     .emit = [](SqlCall& c) { return Sql{fmt::format("generateUUIDv4({})", c.scope().names->next++), false, false}; }},
    {.name = "assert", .summary = "True, or the query fails with the message.", .signatures = "assert(predicate:bool, message:string) -> bool",
     .sql = "if(throwIf(NOT ifNull({0}, 0), {1}), 0, 1)", .examples = {{{"assert(1 == 1, 'never')", "true"}}}},
};

}  // namespace

std::span<const Function> logic_functions() { return kFunctions; }

}  // namespace yagura::kql
