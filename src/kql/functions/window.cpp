// Functions over the rows in their order.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

std::string over(SqlCall& c, std::string_view frame = "") {
  return fmt::format("OVER ({}{}{})", c.scope().row_order, frame.empty() ? "" : " ", frame);
}


// row_cumsum with restart: the running sum less what it was before the last restart.
Sql running_sum(SqlCall& c) {
  const Type t = c.type(0);
  const std::string x = is_integer(t) || t == Type::timespan ? "toInt64(ifNull(" + c.shared(0) + ", 0))" : "ifNull(toFloat64(" + c.shared(0) + "), 0)";
  const std::string frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
  const std::string total = fmt::format("sum({}) {}", x, over(c, frame));
  std::string text = total;
  const auto* l = c.size() > 1 ? c.literal(1) : nullptr;
  if (c.size() > 1 && !(l != nullptr && !l->boolean)) {
    // An array of all values so far, cut at the last restart.
    const std::string all = fmt::format("groupArray(({}, toUInt8(ifNull({}, 0)))) {}", x, c.shared(1), over(c, frame));
    text = fmt::format("arrayFold((acc, t) -> if(t.2 = 1, t.1, acc + t.1), {}, {})", all, is_integer(t) || t == Type::timespan ? "toInt64(0)" : "toFloat64(0)");
  }
  if (t == Type::int32) text = "toInt32(" + text + ")";
  return {text, false, false};
}

Sql number_rows(SqlCall& c) {
  const std::string start = c.size() > 0 ? c.arg(0) : "toInt64(1)";
  const auto* l = c.size() > 1 ? c.literal(1) : nullptr;
  if (c.size() > 1 && !(l != nullptr && !l->boolean)) {
    const std::string all = fmt::format("groupArray(toUInt8(ifNull({}, 0))) {}", c.shared(1), over(c, "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"));
    return {fmt::format("(arrayFold((acc, t) -> if(t = 1, toInt64(0), acc + 1), {}, toInt64(-1)) + {})", all, start), false, false};
  }
  return {fmt::format("(toInt64(row_number() {}) - 1 + {})", over(c), start), false, false};
}

Sql neighbour(SqlCall& c, bool previous) {
  const std::string offset = c.size() > 1 ? c.arg(1) : "1";
  const std::string frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";
  const std::string x = c.type(0) == Type::string ? "toNullable(" + c.arg(0) + ")" : c.arg(0);
  const std::string text = fmt::format("{}({}, toUInt64({})) {}", previous ? "lagInFrame" : "leadInFrame", x.starts_with("toNullable") ? x : "toNullable(" + x + ")", offset, over(c, frame));
  if (c.size() > 2) {
    const std::string inside = fmt::format("{}(toNullable(toUInt8(1)), toUInt64({})) {}", previous ? "lagInFrame" : "leadInFrame", offset, over(c, frame));
    return {fmt::format("if(isNull({}), {}, {})", inside, c.arg(2), text), true, false};
  }
  return {text, true, false};
}

// Ranks of values in the order that the rows have; equal neighbours share a rank.
Sql rank(SqlCall& c, bool dense) {
  const std::string x = c.shared(0);
  const std::string restart = c.size() > 1 ? "toUInt8(ifNull(" + c.shared(1) + ", 0))" : "toUInt8(0)";
  const std::string all = fmt::format("groupArray((tuple({}), {})) {}", x, restart, over(c, "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"));
  const std::string name = c.name(all);
  // Walk the rows: (rank, rows since restart).
  return {fmt::format("tupleElement(arrayFold((acc, t, p) -> if(t.2 = 1 OR acc.2 = 0, (toInt64(1), toInt64(1)), "
                      "(if(t.1 = p.1, acc.1, {}), acc.2 + 1)), {}, arrayPushFront(arrayPopBack({}), {}[1]), (toInt64(0), toInt64(0))), 1)",
                      dense ? "acc.1 + 1" : "acc.2 + 1", name, name, name), false, false};
}

// The start of the session that a row belongs to.
Sql session(SqlCall& c) {
  const std::string x = "reinterpret(" + c.shared(0) + ", 'Int64')";
  const std::string restart = c.size() > 3 ? "toUInt8(ifNull(" + c.shared(3) + ", 0))" : "toUInt8(0)";
  const std::string all = c.name(fmt::format("groupArray((ifNull({}, 0), {})) {}", x, restart, over(c, "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")));
  return {sql::datetime_of(fmt::format("tupleElement(arrayFold((acc, t) -> if(acc.3 = 0 OR t.2 = 1 OR t.1 - acc.1 > {} OR t.1 - acc.2 > {}, (t.1, t.1, toUInt8(1)), (acc.1, t.1, toUInt8(1))), {}, (toInt64(0), toInt64(0), toUInt8(0))), 1)",
                                       c.shared(1), c.shared(2), all)), true, false};
}

constexpr Function kFunctions[] = {
    {.name = "row_number", .kind = Function::Kind::window, .summary = "The row's number, from 1 or the given start; back to it where `restart` holds.", .signatures = "row_number(start:long?, restart:bool?) -> long", .takes_null = true, .emit = number_rows},
    {.name = "row_cumsum", .kind = Function::Kind::window, .summary = "The sum of the values so far; anew where `restart` holds.", .signatures = "row_cumsum(term:number, restart:bool?) -> same; row_cumsum(term:timespan, restart:bool?) -> timespan", .takes_null = true, .emit = running_sum},
    {.name = "prev", .kind = Function::Kind::window, .summary = "The value of an earlier row.", .signatures = "prev(column:scalar, offset:long?, default:scalar?) -> same", .takes_null = true, .may_be_null = true,
     .emit = [](SqlCall& c) { return neighbour(c, true); }},
    {.name = "next", .kind = Function::Kind::window, .summary = "The value of a later row.", .signatures = "next(column:scalar, offset:long?, default:scalar?) -> same", .takes_null = true, .may_be_null = true,
     .emit = [](SqlCall& c) { return neighbour(c, false); }},
    {.name = "row_rank_dense", .kind = Function::Kind::window, .summary = "The value's rank, without gaps.", .signatures = "row_rank_dense(term:not_dynamic, restart:bool?) -> long", .takes_null = true, .emit = [](SqlCall& c) { return rank(c, true); }},
    {.name = "row_rank", .kind = Function::Kind::window, .summary = "Old spelling of row_rank_dense.", .signatures = "row_rank(term:not_dynamic) -> long", .takes_null = true, .emit = [](SqlCall& c) { return rank(c, true); }},
    {.name = "row_rank_min", .kind = Function::Kind::window, .summary = "The value's rank, with gaps behind equal ones.", .signatures = "row_rank_min(term:not_dynamic, restart:bool?) -> long", .takes_null = true, .emit = [](SqlCall& c) { return rank(c, false); }},
    {.name = ".near", .kind = Function::Kind::window, .summary = "Whether the condition holds for a row near by (rows_near).", .signatures = ".near(condition:bool, before:long, after:long) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) {
       const auto n = [&](std::size_t i) { return c.literal(i) != nullptr ? std::max<std::int64_t>(0, c.literal(i)->integer) : 0; };
       return Sql{fmt::format("max(toUInt8(ifNull({}, 0))) {}", c.arg(0), over(c, fmt::format("ROWS BETWEEN {} PRECEDING AND {} FOLLOWING", n(1), n(2)))), false, false};
     }},
    {.name = "row_window_session", .kind = Function::Kind::window, .summary = "When the session that the row belongs to began.", .signatures = "row_window_session(time:datetime, from_first:timespan, between:timespan, restart:bool?) -> datetime", .takes_null = true, .may_be_null = true, .emit = session},
};

}  // namespace

std::span<const Function> window_functions() { return kFunctions; }

}  // namespace yagura::kql
