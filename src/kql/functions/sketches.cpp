// Sketches: what hll() and tdigest() keep of many values in a small dynamic, to be merged and asked later.
// https://learn.microsoft.com/kusto/query/hll-aggregation-function and tdigest-aggregation-function
//
// hll:      [[1024,bits],[hashes as texts],[registers as bucket * 64 + rank]]; up to 1024 values are kept as hashes and
//           counted exactly, more of them as registers of HyperLogLog (16384 for the default accuracy).
// tdigest:  [[kind],[values in order],[weights]]; up to 2048 different values are kept as they are, of more of them one of each
//           2048th part of the weight. Datetimes and timespans are ticks; the kind says so.
// The shapes are Kusto's, their contents are not: the documentation keeps those open. Kernels: kernels/sketches.cpp.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

constexpr std::string_view kMaxHashes = "1024";

// From the accuracy 0 to 4.
int bits_of(SqlCall& c, std::size_t i) {
  static constexpr int kBits[] = {12, 14, 16, 17, 18};
  const LiteralValue* accuracy = i < c.size() ? c.literal(i) : nullptr;
  return accuracy != nullptr && !accuracy->is_null && accuracy->integer >= 0 && accuracy->integer <= 4 ? kBits[accuracy->integer] : kBits[1];
}

std::string bucket_of(std::string_view hash, const std::string& bits) { return fmt::format("bitAnd({}, bitShiftLeft(toUInt64(1), {}) - 1)", hash, bits); }
// The position of the lowest bit set in the rest of the hash, from 1.
std::string rank_of(std::string_view hash, const std::string& bits) {
  return fmt::format("arrayMap(w -> toUInt8(if(w = 0, 65 - {1}, 1 + round(log2(toFloat64(bitAnd(w, bitNot(w) + 1)))))), [bitShiftRight({0}, {1})])[1]", hash, bits);
}

// Of the group's hashes (at most one more than are kept) and its registers.
std::string hll_text(const std::string& hashes, const std::string& registers, const std::string& dense, const std::string& bits) {
  return fmt::format(
      "concat('[[{4},', toString({3}), '],[', if({2}, '', arrayStringConcat(arrayMap(h -> concat('\"', toString(reinterpretAsInt64(h)), '\"'), arraySort({0})), ',')), '],[', "
      "if({2}, arrayStringConcat(arrayMap((b, r) -> toString(b * 64 + r), {1}.1, {1}.2), ','), ''), ']]')",
      hashes, registers, dense, bits, kMaxHashes);
}

Sql hll(SqlCall& c, std::size_t condition) {
  const std::string bits = fmt::format("toUInt8({})", bits_of(c, condition == 1 ? 2 : 1));
  const std::string hash = c.name(fmt::format("xxHash64(ifNull(toString({}), ''))", c.shared(0)));
  std::string when = c.type(0) == Type::string ? "1" : "isNotNull(" + c.shared(0) + ")";
  if (condition == 1) when = fmt::format("({} AND ifNull({}, 0))", when, c.arg(1));
  const std::string hashes = c.name(fmt::format("groupUniqArrayIf(1025)({}, {})", hash, when));
  const std::string registers = c.name(fmt::format("maxMapIf([{}], [{}], {})", bucket_of(hash, bits), rank_of(hash, bits), when));
  return {fmt::format("if(empty({}), NULL, {})", hashes, hll_text(hashes, registers, fmt::format("length({}) > {}", hashes, kMaxHashes), bits)), true, false};
}

Sql hll_merge(SqlCall& c) {
  const std::string state = c.name(fmt::format("ifNull({}, '')", c.arg(0)));
  const std::string bits = c.name(fmt::format("toUInt8(greatest(4, least(18, JSONExtract({}, 1, 2, 'UInt8'))))", state));
  const std::string hashes = c.name(fmt::format("arrayMap(t -> reinterpretAsUInt64(toInt64OrZero(t)), JSONExtract({}, 2, 'Array(String)'))", state));
  const std::string registers = c.name(fmt::format("arrayFilter(r -> r < 16777216, JSONExtract({}, 3, 'Array(UInt64)'))", state));
  const std::string buckets = fmt::format("arrayConcat(arrayMap(h -> {}, {}), arrayMap(r -> intDiv(r, 64), {}))", bucket_of("h", bits), hashes, registers);
  const std::string ranks = fmt::format("arrayConcat(arrayMap(h -> {}, {}), arrayMap(r -> toUInt8(r % 64), {}))", rank_of("h", bits), hashes, registers);
  const std::string some = c.name(fmt::format("startsWith({}, '[[')", state));
  const std::string all = c.name(fmt::format("groupUniqArrayArrayIf(1025)({}, {})", hashes, some));
  const std::string map = c.name(fmt::format("maxMapIf({}, {}, {})", buckets, ranks, some));
  const std::string dense = c.name(fmt::format("(length({}) > {} OR maxIf(length({}), {}) > 0)", all, kMaxHashes, registers, some));
  return {fmt::format("if(countIf({}) = 0, NULL, {})", some, hll_text(all, map, dense, fmt::format("maxIf({}, {})", bits, some))), true, false};
}

// Sorted keys with their weights as a state. `key` is what the lambda's k is as a number.
std::string digest_text(SqlCall& c, const std::string& kind, const std::string& keys, const std::string& weights) {
  constexpr int kMost = 2048;
  const std::string sums = c.name(fmt::format("arrayCumSum({})", weights));
  // The first value stays itself, so that the least one is known; of each part after it the greatest.
  const std::string part = c.name(fmt::format("arrayMap((s, i) -> if(i = 1, toUInt32(0), toUInt32(ceil(s * {2} / {0}[-1]))), {0}, arrayEnumerate({1}))", sums, keys, kMost));
  const std::string last = c.name(fmt::format("arrayFilter(i -> i = length({0}) OR {0}[i] != {0}[i + 1], arrayEnumerate({0}))", part));
  const std::string few = fmt::format("length({}) <= {}", keys, kMost);
  const std::string kept = c.name(fmt::format("if({0}, {1}, arrayMap(i -> {1}[i], {2}))", few, keys, last));
  const std::string heavy = c.name(fmt::format("if({0}, {1}, arrayDifference(arrayPushFront(arrayMap(i -> {2}[i], {3}), 0)))", few, weights, sums, last));
  return fmt::format("concat('[[', {0}, '],[', arrayStringConcat(arrayMap(k -> toString(k), {1}), ','), '],[', arrayStringConcat(arrayMap(w -> toString(w), if({2}, {3}, arrayPopFront({3}))), ','), ']]')",
                     kind, kept, few, heavy);
}

Sql tdigest(SqlCall& c) {
  const Type t = c.type(0);
  std::string key = c.shared(0);
  std::string_view kind = "7";
  switch (t) {
    case Type::real: kind = "9"; break;
    case Type::decimal: kind = "9", key = "toFloat64(" + key + ")"; break;
    case Type::datetime: kind = "3", key = sql::ticks_of(key); break;
    case Type::timespan: kind = "10"; break;
    default: key = "toInt64(" + key + ")";
  }
  std::string weight = "toInt64(1)", when = "isNotNull(" + c.shared(0) + ")";
  if (t == Type::real) when = fmt::format("ifNull(isFinite({}), 0)", c.shared(0));
  if (c.size() > 1) {
    weight = fmt::format("toInt64(ifNull({}, 0))", c.shared(1));
    when = fmt::format("({} AND ifNull({} > 0, 0))", when, c.shared(1));
  }
  const std::string map = c.name(fmt::format("sumMapIf([assumeNotNull({})], [{}], {})", key, weight, when));
  return {fmt::format("if(empty({}.1), NULL, {})", map, digest_text(c, fmt::format("'{}'", kind), c.name(map + ".1"), c.name(map + ".2"))), true, false};
}

// Values stay texts, so that ticks keep their last digits; in order as numbers.
Sql tdigest_merge(SqlCall& c) {
  const std::string state = c.name(fmt::format("ifNull({}, '')", c.arg(0)));
  const std::string values = c.name(fmt::format("JSONExtractArrayRaw({}, 2)", state)), weights = c.name(fmt::format("JSONExtract({}, 3, 'Array(Int64)')", state));
  const std::string good = c.name(fmt::format("startsWith({}, '[[') AND length({}) = length({}) AND notEmpty({}) AND arrayAll(w -> w > 0, {})", state, values, weights, weights, weights));
  const std::string map = c.name(fmt::format("sumMapIf({}, {}, {})", values, weights, good));
  const std::string keys = c.name(fmt::format("arraySort(k -> toFloat64OrZero(k), {}.1)", map)), sorted = c.name(fmt::format("arraySort((w, k) -> toFloat64OrZero(k), {0}.2, {0}.1)", map));
  return {fmt::format("if(empty({}), NULL, {})", keys, digest_text(c, fmt::format("toString(maxIf(JSONExtract({}, 1, 1, 'UInt8'), {}))", state, good), keys, sorted)), true, false};
}

// Different documents, for .schema_of.
Sql documents(SqlCall& c) {
  return {fmt::format("if(countIf(isNotNull({0})) = 0, NULL, concat('[', arrayStringConcat(groupUniqArrayIf(100000)(assumeNotNull({0}), isNotNull({0})), ','), ']'))", c.shared(0)), true, false};
}

constexpr auto kPrefix = ResultName::prefix_and_first_argument;
constexpr auto kAggregate = Function::Kind::aggregate;

#define HLL(hashes) R"(dynamic([[1024,14],[)" hashes R"(],[]]))"
#define DIGEST "dynamic([[7],[1,2,3,10],[1,1,1,1]])"

constexpr Function kFunctions[] = {
    {.name = "hll", .kind = kAggregate, .summary = "A sketch of how many different values there are, for hll_merge() and dcount_hll(). Exact up to 1024.",
     .signatures = "hll(value:not_real_or_bool, accuracy:integer?) -> dynamic", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return hll(c, 9); }},
    {.name = "hll_if", .kind = kAggregate, .summary = "hll where the predicate holds.", .signatures = "hll_if(value:not_real_or_bool, predicate:bool, accuracy:integer?) -> dynamic", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return hll(c, 1); }},
    {.name = "hll_merge", .kind = kAggregate, .summary = "All sketches of hll() in one.", .signatures = "hll_merge(hll:array) -> dynamic", .naming = kPrefix, .takes_null = true, .emit = hll_merge},
    {.name = "tdigest", .kind = kAggregate, .summary = "A sketch of how values are distributed, for percentile_tdigest(). Exact up to 2048 different values.",
     .signatures = "tdigest(value:summable, weight:integer?) -> dynamic", .naming = kPrefix, .takes_null = true, .emit = tdigest},
    {.name = "tdigest_merge", .aliases = "merge_tdigest", .kind = kAggregate, .summary = "All sketches of tdigest() in one.", .signatures = "tdigest_merge(digest:array) -> dynamic", .naming = kPrefix, .prefix = "merge_tdigests",
     .takes_null = true, .emit = tdigest_merge},
    {.name = "buildschema", .kind = kAggregate, .summary = "The least schema that takes all values.", .signatures = "buildschema(value:bag) -> dynamic", .naming = kPrefix, .prefix = "schema", .takes_null = true,
     .emit = documents, .finish = ".schema_of"},
    {.name = ".schema_of", .summary = "The schema of all values of an array (buildschema).", .signatures = ".schema_of(values:array) -> dynamic", .may_be_null = true},
    {.name = "hll_merge", .summary = "Several sketches of hll() as one.", .signatures = "hll_merge(hll:array, other:array+) -> dynamic", .naming = ResultName::prefix_only, .prefix = "hll_merged_result", .takes_null = true, .may_be_null = true,
     .examples = {{{"dcount_hll(hll_merge(" HLL(R"("1","2")") ", " HLL(R"("2","3")") "))", "3"}}}},
    {.name = "dcount_hll", .summary = "How many different values a sketch of hll() or hll_merge() has seen.", .signatures = "dcount_hll(hll:array) -> long", .naming = ResultName::name_and_first_argument, .may_be_null = true,
     .examples = {{{"dcount_hll(" HLL(R"("5","-7")") ")", "2"}, {"dcount_hll(dynamic([[1024,14],[],[1,65,129]]))", "3"}, {"dcount_hll(dynamic([1]))", ""}}}},
    {.name = ".dcount_intersect", .summary = "How many values all of the sketches have seen (dcount_intersect).", .signatures = ".dcount_intersect(hll:array+) -> long", .may_be_null = true},
    {.name = "tdigest_merge", .aliases = "merge_tdigest", .summary = "Several sketches of tdigest() as one.", .signatures = "tdigest_merge(digest:array, other:array+) -> dynamic", .naming = ResultName::prefix_only, .prefix = "tdigests_merge_result", .takes_null = true, .may_be_null = true,
     .examples = {{{"tdigest_merge(dynamic([[7],[1,3],[1,1]]), dynamic([[7],[2,3],[1,4]]))", "[[7],[1,2,3],[1,1,5]]"}}}},
    {.name = "percentile_tdigest", .summary = "The nearest-rank percentile of what a sketch of tdigest() has seen.", .signatures = "percentile_tdigest(digest:array, percentile:real) -> dynamic", .naming = ResultName::name_and_first_argument, .may_be_null = true,
     .examples = {{{"percentile_tdigest(" DIGEST ", 50)", "2"}, {"percentile_tdigest(" DIGEST ", 100, typeof(long))", "10"}, {"percentile_tdigest(dynamic([[10],[600000000],[1]]), 50)", "00:01:00"}, {"percentile_tdigest(dynamic(['x']), 50)", ""}}}},
    {.name = "percentiles_array_tdigest", .summary = "Several percentiles of what a sketch of tdigest() has seen.",
     .signatures = "percentiles_array_tdigest(digest:array, percentiles:array) -> dynamic; percentiles_array_tdigest(digest:array, percentile:real+) -> dynamic", .naming = kPrefix, .prefix = "percentile_tdigest", .may_be_null = true,
     .examples = {{{"percentiles_array_tdigest(" DIGEST ", 25, 75)", "[1,3]"}, {"percentiles_array_tdigest(" DIGEST ", dynamic([100, 0]))", "[10,1]"}}}},
    {.name = "percentrank_tdigest", .summary = "How many percent of what a sketch of tdigest() has seen are at most the value.", .signatures = "percentrank_tdigest(digest:array, value:scalar) -> real", .may_be_null = true,
     .examples = {{{"percentrank_tdigest(" DIGEST ", 3)", "75.0"}}}},
    {.name = "rank_tdigest", .summary = "How many of the values that a sketch of tdigest() has seen are at most the value.", .signatures = "rank_tdigest(digest:array, value:scalar) -> real", .may_be_null = true,
     .examples = {{{"rank_tdigest(" DIGEST ", 9)", "3.0"}}}},
};

}  // namespace

std::span<const Function> sketch_functions() { return kFunctions; }

}  // namespace yagura::kql
