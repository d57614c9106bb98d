// Texts: parts, case, search and replace, splitting and joining.
#include <fmt/format.h>
#include <re2/re2.h>

#include "kql/regex.hpp"
#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

Sql substring(SqlCall& c) {
  // A negative start counts from the end; a length below 0 gives nothing.
  const std::string s = c.shared(0), start = c.shared(1);
  const std::string from = fmt::format("greatest(0, if({1} < 0, toInt64(lengthUTF8({0})) + {1}, {1}))", s, start);
  if (c.size() == 2) return c.value(fmt::format("substringUTF8({}, {} + 1)", s, from));
  return c.value(fmt::format("substringUTF8({}, {} + 1, greatest(0, {}))", s, from, c.arg(2)));
}

// The parts between separators. ClickHouse wants a constant separator: another one is first replaced by two control
// characters that stand in no text.
std::string split_by(SqlCall& c, std::size_t separator, const std::string& text) {
  if (c.literal(separator) != nullptr) return fmt::format("splitByString({}, {})", c.arg(separator), text);
  return fmt::format("splitByString(char(1, 2), replaceAll({}, {}, char(1, 2)))", text, c.shared(separator));
}

// indexof(source, lookup, start, length, occurrence), positions in code points.
Sql index_of(SqlCall& c) {
  const std::string s = c.shared(0), what = c.shared(1);
  if (c.size() == 2) return c.value(fmt::format("(toInt64(positionUTF8({}, {})) - 1)", s, what));
  const std::string start = c.shared(2);
  const std::string from = c.name(fmt::format("if({1} < 0, greatest(0, toInt64(lengthUTF8({0})) + {1}), {1})", s, start));
  const std::string length = c.size() > 3 ? c.shared(3) : "toInt64(-1)";
  const std::string window = c.name(fmt::format("if({2} < 0, substringUTF8({0}, {1} + 1), substringUTF8({0}, {1} + 1, {2}))", s, from, length));
  if (c.size() < 5) {
    const std::string at = c.name(fmt::format("toInt64(positionUTF8({}, {}))", window, what));
    return c.value(fmt::format("if({2} < -1, NULL, if({0} = 0, -1, {0} - 1 + {1}))", at, from, length), true);
  }
  // Where the n-th one begins: behind n-1 others and what lies between them.
  const std::string n = c.shared(4);
  const std::string rest = c.name(fmt::format("substringUTF8({}, {} + 1)", s, from));
  const std::string parts = c.name(split_by(c, 1, rest));
  const std::string at = c.name(fmt::format("toInt64(arraySum(arrayMap(p -> lengthUTF8(p), arraySlice({0}, 1, {1}))) + ({1} - 1) * lengthUTF8({2}))", parts, n, what));
  std::string missing;
  for (std::size_t i = 2; i < c.size(); ++i) {
    if (c.nullable(i)) missing += "isNull(" + c.shared(i) + ") OR ";
  }
  return c.value("multiIf(" + missing + fmt::format("{3} < -1 OR {2} < 1, NULL, length({0}) <= {2} OR ({3} >= 0 AND {4} >= {3}), -1, {4} + {1})", parts, from, n, length, at), true);
}

Sql index_of_regex(SqlCall& c) {
  const std::string s = c.shared(0), re = regex_argument(c, 1);
  const std::string start = c.size() > 2 ? c.shared(2) : "toInt64(0)";
  const std::string from = c.name(fmt::format("if({1} < 0, greatest(0, toInt64(lengthUTF8({0})) + {1}), {1})", s, start));
  const std::string length = c.size() > 3 ? c.shared(3) : "toInt64(-1)";
  const std::string window = c.name(fmt::format("if({2} < 0, substringUTF8({0}, {1} + 1), substringUTF8({0}, {1} + 1, {2}))", s, from, length));
  const std::string n = c.size() > 4 ? c.shared(4) : "toInt64(1)";
  const std::string found = c.name(fmt::format("extractAll({}, concat('(', {}, ')'))", window, re));
  // The text before the n-th match: matches and gaps, found by splitting.
  const std::string gaps = c.name(fmt::format("splitByRegexp({}, {})", re, window));
  return c.value(fmt::format("multiIf({2} < 1 OR {3} < -1 OR {5} < 0, NULL, length({0}) < {2}, -1, "
                             "toInt64(arraySum(arrayMap(p -> lengthUTF8(p), arraySlice({4}, 1, {2}))) + "
                             "arraySum(arrayMap(p -> lengthUTF8(p), arraySlice({0}, 1, {2} - 1)))) + {1})",
                             found, from, n, length, gaps, start), true);
}

Sql split_text(SqlCall& c) {
  const std::string s = c.shared(0), by = c.shared(1);
  const std::string parts = c.name(fmt::format("if({1} = '', [{0}], {2})", s, by, split_by(c, 1, s)));
  const std::string all = fmt::format("arrayMap(p -> toJSONString(p), {})", parts);
  if (c.size() == 2) return {sql::json_array(all), false, false};
  const std::string i = c.shared(2);
  return {fmt::format("multiIf(isNull({1}), NULL, {1} >= 0 AND {1} < length({0}), {2}, '[]')", parts, i, sql::json_array(fmt::format("[toJSONString({}[{} + 1])]", parts, i))), c.nullable(2), false};
}

Sql concat_all(SqlCall& c, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < c.size(); ++i) {
    if (i > from) text += ", ";
    text += c.arg(i);
  }
  return {c.size() - from == 1 ? text : "concat(" + text + ")", false, false};
}

Sql concat_with(SqlCall& c) {
  std::string text;
  for (std::size_t i = 1; i < c.size(); ++i) text += (i > 1 ? ", " : "") + c.arg(i);
  if (c.literal(0) == nullptr) {
    // arrayStringConcat() wants a constant between the parts.
    text = c.arg(1);
    for (std::size_t i = 2; i < c.size(); ++i) text += ", " + c.shared(0) + ", " + c.arg(i);
    return {"concat(" + text + ")", false, false};
  }
  return {fmt::format("arrayStringConcat([{}], {})", text, c.arg(0)), false, false};
}

Sql concat_array(SqlCall& c) {
  const std::string texts = fmt::format("arrayMap(x -> if(x = 'null', '', {}), {})", sql::dynamic_text("x"), sql::array_of(c.arg(0)));
  if (c.literal(1) != nullptr) return {fmt::format("arrayStringConcat({}, {})", texts, c.arg(1)), false, false};
  return {fmt::format("arrayStringConcat(arrayMap((x, i) -> if(i = 1, x, concat({1}, x)), {0}, arrayEnumerate({0})))", c.name(texts), c.shared(1)), false, false};
}

Sql repeat_text(SqlCall& c) {
  const std::string n = c.shared(1);
  const std::string times = fmt::format("toUInt32(assumeNotNull(ifNull(greatest(0, least({}, 1024)), 0)))", n);
  if (c.size() == 2) return c.value(fmt::format("repeat({}, {})", c.arg(0), times));
  if (c.literal(2) != nullptr) return c.value(fmt::format("arrayStringConcat(arrayResize(emptyArrayString(), {}, {}), {})", times, c.arg(0), c.arg(2)));
  return c.value(fmt::format("if({0} = 0, '', concat(repeat(concat({1}, {2}), toUInt32({0} - 1)), {1}))", times, c.shared(0), c.shared(2)));
}

Sql compare_texts(SqlCall& c) {
  return c.value(fmt::format("toInt64(multiIf({0} = {1}, 0, {0} < {1}, -1, 1))", c.shared(0), c.shared(1)));
}

Sql trim_by(SqlCall& c, bool start, bool end) {
  const std::string re = regex_argument(c, 0);
  std::string text = c.arg(1);
  if (start) text = fmt::format("replaceRegexpOne({}, concat('^(?:', {}, ')+'), '')", text, re);
  if (end) text = fmt::format("replaceRegexpOne({}, concat('(?:', {}, ')+$'), '')", text, re);
  return c.value(text);
}

Sql replace_by_regex(SqlCall& c, std::size_t source, std::size_t regex, std::size_t rewrite) {
  // \1 is a group in both; \ before anything else stays.
  std::string to = c.arg(rewrite);
  if (const auto* l = c.literal(rewrite)) {
    std::string kept;
    for (std::size_t i = 0; i < l->text.size(); ++i) {
      const bool group = i + 1 < l->text.size() && l->text[i + 1] >= '0' && l->text[i + 1] <= '9';
      kept += l->text[i] == '\\' && !group ? "\\\\" : std::string(1, l->text[i]);
    }
    to = sql::text(kept);
  }
  return c.value(fmt::format("replaceRegexpAll({}, {}, {})", c.arg(source), regex_argument(c, regex), to));
}

// One lookup after the other; what a replacement wrote is not replaced again.
Sql replace_each(SqlCall& c) {
  // A lookup whose rewrite is no text stays as it is.
  const std::string raw = c.name(sql::array_of(c.arg(1)));
  const std::string rewrites = c.name(fmt::format("arrayResize({}, length({}), 'null')", sql::array_of(c.arg(2)), raw));
  const std::string from = c.name(fmt::format("arrayMap(x -> if(startsWith(x, '\"'), JSONExtractString(x), ''), {})", raw));
  const std::string to = c.name(fmt::format("arrayMap((r, f) -> if(startsWith(r, '\"'), JSONExtractString(r), f), {}, {})", rewrites, from));
  const std::string missing = fmt::format("isNull({}) OR isNull({})", c.shared(1), c.shared(2));
  return c.value(fmt::format(
      "if({3}, NULL, arrayStringConcat(arrayMap(s -> s.1, arrayFold((acc, f, r) -> if(f = '', acc, arrayFlatten(arrayMap(s -> if(s.2 = 1 OR position(s.1, f) = 0, [s], "
      "arrayFlatten(arrayMap((p, i) -> if(i = 1, [(p, toUInt8(0))], [(r, toUInt8(1)), (p, toUInt8(0))]), splitByString(char(1, 2), replaceAll(s.1, f, char(1, 2))), arrayEnumerate(splitByString(char(1, 2), replaceAll(s.1, f, char(1, 2))))))), acc))), "
      "{0}, arrayResize({1}, length({0}), ''), [({2}, toUInt8(0))]))))",
      from, to, c.arg(0), missing));
}

Sql count_of(SqlCall& c) {
  const auto* kind = c.size() > 2 ? c.literal(2) : nullptr;
  if (kind != nullptr && kind->text == "regex") return c.value(fmt::format("toInt64(countMatches({}, {}))", c.arg(0), regex_argument(c, 1)));
  // Occurrences may overlap: 'aaa' holds 'aa' twice.
  const std::string s = c.shared(0), what = c.shared(1);
  return c.value(fmt::format("if({1} = '', 0, toInt64(arrayCount(i -> substring({0}, i, length({1})) = {1}, range(1, greatest(1, toInt64(length({0})) - toInt64(length({1})) + 2)))))", s, what));
}

Sql extract_one(SqlCall& c) {
  const std::string re = regex_argument(c, 0);
  const auto* group = c.literal(1);
  const std::string s = c.arg(2);
  if (group != nullptr) {
    // Group 0 is the whole match.
    if (group->integer <= 0) return c.value(fmt::format("extractGroups({}, concat('(', {}, ')'))[1]", s, re));
    return c.value(fmt::format("extractGroups({}, concat('(', {}, ')'))[{}]", s, re, group->integer + 1));
  }
  return c.value(fmt::format("extractGroups({}, concat('(', {}, ')'))[toInt64({}) + 1]", s, re, c.arg(1)));
}

// An array of the groups of each match: plain texts when there is one group.
Sql extract_all(SqlCall& c) {
  const std::string re = regex_argument(c, 0);
  const bool chosen = c.size() == 3;
  const std::string s = c.arg(chosen ? 2 : 1);
  const int groups = c.literal(0) != nullptr ? count_regex_groups(c.literal(0)->text) : 1;
  const std::string found = groups == 0 ? fmt::format("arrayMap(m -> [m], extractAll({}, concat('(', {}, ')')))", s, re)
                                        : fmt::format("extractAllGroupsVertical({}, {})", s, re);
  std::string row;
  if (chosen) {
    std::string wanted = c.name(fmt::format("arrayMap(x -> {}, {})", sql::dynamic_text("x"), sql::array_of(c.arg(1))));
    // Groups may be named; the store knows them by number.
    if (c.literal(0) != nullptr) {
      const re2::RE2 regex(c.literal(0)->text, re2::RE2::Quiet);
      std::string names, numbers;
      for (const auto& [name, number] : regex.NamedCapturingGroups()) {
        names += (names.empty() ? "" : ", ") + sql::text(name);
        numbers += fmt::format("{}'{}'", numbers.empty() ? "" : ", ", number);
      }
      if (!names.empty()) wanted = c.name(fmt::format("arrayMap(w -> transform(w, [{}], [{}], w), {})", names, numbers, wanted));
    }
    row = fmt::format("arrayMap(w -> toJSONString(m[toInt64OrZero(w)]), {})", wanted);
    return {fmt::format("nullIf({}, '[]')", sql::json_array(fmt::format("arrayMap(m -> if(length({0}) = 1, {1}, {2}), {3})", wanted,
                                                                      fmt::format("({})[1]", row), sql::json_array(row), found))), true, false};
  }
  row = groups <= 1 ? "toJSONString(m[1])" : sql::json_array("arrayMap(g -> toJSONString(g), m)");
  return {fmt::format("nullIf({}, '[]')", sql::json_array(fmt::format("arrayMap(m -> {}, {})", row, found))), true, false};
}

Sql reverse_text(SqlCall& c) { return c.value(fmt::format("reverseUTF8({})", c.arg(0))); }

Sql translate_text(SqlCall& c) {
  // The replacement's last character stands for all that have none; an empty one removes them.
  const std::string from = c.name(fmt::format("ngrams({}, 1)", c.arg(0)));
  const std::string to = c.name(fmt::format("ngrams({}, 1)", c.arg(1)));
  return c.value(fmt::format("arrayStringConcat(arrayMap(ch -> if(has({0}, ch), {1}[least(indexOf({0}, ch), length({1}))], ch), ngrams({2}, 1)))", from, to, c.arg(2)));
}

Sql code_points(SqlCall& c) {
  // Text to numbers: by UTF-32.
  return {sql::json_array(fmt::format(
              "arrayMap(ch -> toString(multiIf(bitAnd(reinterpretAsUInt8(substring(ch, 1, 1)), 128) = 0, toUInt32(reinterpretAsUInt8(ch)), "
              "length(ch) = 2, bitAnd(reinterpretAsUInt8(substring(ch, 1, 1)), 31) * 64 + bitAnd(reinterpretAsUInt8(substring(ch, 2, 1)), 63), "
              "length(ch) = 3, bitAnd(reinterpretAsUInt8(substring(ch, 1, 1)), 15) * 4096 + bitAnd(reinterpretAsUInt8(substring(ch, 2, 1)), 63) * 64 + bitAnd(reinterpretAsUInt8(substring(ch, 3, 1)), 63), "
              "bitAnd(reinterpretAsUInt8(substring(ch, 1, 1)), 7) * 262144 + bitAnd(reinterpretAsUInt8(substring(ch, 2, 1)), 63) * 4096 + "
              "bitAnd(reinterpretAsUInt8(substring(ch, 3, 1)), 63) * 64 + bitAnd(reinterpretAsUInt8(substring(ch, 4, 1)), 63))), ngrams({}, 1))", c.arg(0))),
          false, false};
}

Sql from_code_points(SqlCall& c) {
  std::string lists;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (i > 0) lists += ", ";
    if (c.type(i) == Type::dynamic) {
      lists += fmt::format("arrayMap(x -> toInt64OrNull(x), if(startsWith(ifNull({0}, ''), '['), {1}, [{2}]))", c.shared(i), sql::array_of(c.arg(i)), "ifNull(" + sql::dynamic_text(c.shared(i)) + ", '')");
    } else {
      lists += fmt::format("[CAST({}, 'Nullable(Int64)')]", c.arg(i));
    }
  }
  // One that is no code point spoils all.
  const std::string points = c.name(fmt::format("arrayConcat({})", lists));
  return {fmt::format("if(arrayExists(p -> ifNull(p < 0 OR p > 1114111 OR p BETWEEN 55296 AND 57343, 1), {0}), '', "
                      "arrayStringConcat(arrayMap(p -> multiIf(p < 128, char(p), p < 2048, char(192 + intDiv(p, 64), 128 + p % 64), "
                      "p < 65536, char(224 + intDiv(p, 4096), 128 + intDiv(p, 64) % 64, 128 + p % 64), "
                      "char(240 + intDiv(p, 262144), 128 + intDiv(p, 4096) % 64, 128 + intDiv(p, 64) % 64, 128 + p % 64)), arrayMap(p -> toUInt32(ifNull(p, 0)), {0}))))", points),
          false, false};
}

// What parse finds: all groups at once, whichever columns ask for them.
std::string pattern_groups(SqlCall& c) { return c.name(fmt::format("extractGroups({}, {})", c.arg(0), c.arg(1))); }
Sql pattern_group(SqlCall& c) { return {fmt::format("{}[{}]", pattern_groups(c), c.arg(2)), false, false}; }
Sql pattern_matches(SqlCall& c) {
  // Without groups extractGroups() is empty for a match as well.
  const auto* l = c.literal(1);
  if (l == nullptr || count_regex_groups(l->text) == 0) return {fmt::format("match({}, {})", c.arg(0), c.arg(1)), false, false};
  return {"notEmpty(" + pattern_groups(c) + ")", false, false};
}

constexpr Function kFunctions[] = {
    {.name = "strlen", .summary = "Length in code points.", .signatures = "strlen(source:string_or_dynamic) -> long", .naming = ResultName::name_and_first_argument,
     .sql = "toInt64(lengthUTF8({0}))", .examples = {{{"strlen('hello')", "5"}, {"strlen('櫓')", "1"}, {"strlen('')", "0"}}}},
    {.name = "string_size", .summary = "Length in bytes of UTF-8.", .signatures = "string_size(source:string_or_dynamic) -> long", .naming = ResultName::name_and_first_argument,
     .sql = "toInt64(length({0}))", .examples = {{{"string_size('櫓')", "3"}}}},
    {.name = "strcat", .summary = "All texts in a row.", .signatures = "strcat(value:text+) -> string", .emit = [](SqlCall& c) { return concat_all(c, 0); },
     .examples = {{{"strcat('a', 1, 'b')", "a1b"}}}},
    {.name = "strcat_delim", .summary = "All texts with a delimiter between them.", .signatures = "strcat_delim(delimiter:text, value:text, other:text+) -> string",
     .emit = concat_with, .examples = {{{"strcat_delim('-', 1, '2', 'A')", "1-2-A"}}}},
    {.name = "strcat_array", .aliases = "array_strcat", .summary = "An array's elements as one text.", .signatures = "strcat_array(array:dynamic, delimiter:text) -> string",
     .emit = concat_array,
     .examples = {{{"strcat_array(dynamic([1, 2, 3]), '->')", "1->2->3"}}}},
    {.name = "strrep", .summary = "The text so many times.", .signatures = "strrep(value:text, times:integer, delimiter:text?) -> string", .emit = repeat_text,
     .examples = {{{"strrep('A', 3)", "AAA"}, {"strrep('a', 2, '-')", "a-a"}}}},
    {.name = "strcmp", .summary = "-1, 0 or 1 as the first text sorts before, with or behind the second.", .signatures = "strcmp(a:text, b:text) -> long", .emit = compare_texts,
     .examples = {{{"strcmp('a', 'b')", "-1"}, {"strcmp('b', 'b')", "0"}}}},
    {.name = "substring", .summary = "The part that begins at `start` (from 0; from the end when negative).", .signatures = "substring(source:text, start:integer, length:integer?) -> string",
     .emit = substring, .examples = {{{"substring('123456', 1)", "23456"}, {"substring('123456', 2, 2)", "34"}, {"substring('ABCD', 0, 2)", "AB"}, {"substring('123456', -2, 2)", "56"}}}},
    {.name = "toupper", .summary = "In capital letters.", .signatures = "toupper(value:text) -> string", .sql = "upperUTF8({0})", .examples = {{{"toupper('hello')", "HELLO"}}}},
    {.name = "tolower", .summary = "In small letters.", .signatures = "tolower(value:text) -> string", .sql = "lowerUTF8({0})", .examples = {{{"tolower('HeLLo')", "hello"}}}},
    {.name = "reverse", .summary = "Characters in reverse.", .signatures = "reverse(value:text) -> string", .emit = reverse_text, .examples = {{{"reverse('abc')", "cba"}}}},
    {.name = "indexof", .summary = "Position of a text, from 0; -1 when it isn't there.", .signatures = "indexof(source:text, lookup:text, start:integer?, length:integer?, occurrence:integer?) -> long",
     .may_be_null = true, .emit = index_of, .examples = {{{"indexof('abcdefg', 'cde')", "2"}, {"indexof('abcdefg', 'cde', 1, 4)", "2"}, {"indexof('abcabc', 'b', 0, -1, 2)", "4"}, {"indexof('a', 'z')", "-1"}}}},
    {.name = "indexof_regex", .summary = "Position of a match, from 0; -1 when there is none.", .signatures = "indexof_regex(source:text, regex:text, start:integer?, length:integer?, occurrence:integer?) -> long",
     .may_be_null = true, .emit = index_of_regex, .examples = {{{"indexof_regex('abcabc', 'a.c')", "0"}, {"indexof_regex('abcabc', 'a.c', 0, -1, 2)", "3"}}}},
    {.name = "split", .summary = "The parts between delimiters, as an array.", .signatures = "split(source:text, delimiter:string, index:integer?) -> dynamic", .naming = ResultName::first_argument,
     .emit = split_text, .examples = {{{"split('aa_bb', '_')", "[\"aa\",\"bb\"]"}, {"split('aaa_bbb_ccc', '_', 1)", "[\"bbb\"]"}, {"split('', '_')", "[\"\"]"}}}},
    {.name = "trim", .summary = "Without what matches at both ends.", .signatures = "trim(regex:string, source:string) -> string", .emit = [](SqlCall& c) { return trim_by(c, true, true); },
     .examples = {{{"trim('--', '--x--')", "x"}, {"trim(@'[^\\w]+', '-  te st1// $')", "te st1"}}}},
    {.name = "trim_start", .summary = "Without what matches at the beginning.", .signatures = "trim_start(regex:string, source:string) -> string", .emit = [](SqlCall& c) { return trim_by(c, true, false); },
     .examples = {{{"trim_start('https://', 'https://bing.com')", "bing.com"}}}},
    {.name = "trim_end", .summary = "Without what matches at the end.", .signatures = "trim_end(regex:string, source:string) -> string", .emit = [](SqlCall& c) { return trim_by(c, false, true); },
     .examples = {{{"trim_end('.com', 'bing.com')", "bing"}}}},
    {.name = "replace_string", .summary = "Every occurrence of a text replaced.", .signatures = "replace_string(text:string, lookup:string, rewrite:string) -> string",
     .emit = [](SqlCall& c) { const std::string what = c.shared(1); return c.value(fmt::format("if({1} = '', {0}, replaceAll({0}, {1}, {2}))", c.shared(0), what, c.arg(2))); },
     .examples = {{{"replace_string('a.b.c', '.', '-')", "a-b-c"}}}},
    {.name = "replace_strings", .summary = "Several texts replaced, one after the other.", .signatures = "replace_strings(text:string, lookups:dynamic, rewrites:dynamic) -> string", .emit = replace_each,
     .examples = {{{"replace_strings('abc', dynamic(['a', 'b']), dynamic(['x', 'y']))", "xyc"}}}},
    {.name = "replace_regex", .summary = "Every match replaced; \\1 stands for a group.", .signatures = "replace_regex(text:string, regex:string, rewrite:string) -> string",
     .emit = [](SqlCall& c) { return replace_by_regex(c, 0, 1, 2); }, .examples = {{{"replace_regex('Number is 1', @'is (\\d+)', @'was: \\1')", "Number was: 1"}}}},
    {.name = "replace", .summary = "Every match replaced (old order of arguments).", .signatures = "replace(regex:string, rewrite:string, text:string) -> string",
     .emit = [](SqlCall& c) { return replace_by_regex(c, 2, 0, 1); }, .examples = {{{"replace(@'b', @'x', 'abc')", "axc"}}}},
    {.name = "countof", .summary = "How often a text (may overlap) or a regular expression occurs.", .signatures = "countof(source:string, search:string, kind:string?=) -> long", .emit = count_of,
     // The engine counts matches of a constant expression only.
     .emits = [](const BoundExpression& call) {
       return call.arguments.size() < 3 || call.arguments[2]->value.text != "regex" || call.arguments[1]->kind == BoundExpression::Kind::literal;
     },
     .examples = {{{"countof('aaa', 'aa')", "2"}, {"countof('abcabc', 'a.c', 'regex')", "2"}}}},
    {.name = "extract", .summary = "A group of the first match; group 0 is the match.", .signatures = "extract(regex:string, group:long, source:string) -> string", .emit = extract_one,
     .examples = {{{"extract('x=([0-9.]+)', 1, 'hello x=45.6|wo')", "45.6"}, {"extract('^.{2,2}(.{4,4})', 1, 'abcdefgh')", "cdef"}}}},
    {.name = "extract_all", .aliases = "extractall", .summary = "The groups of every match.", .signatures = "extract_all(regex:string, source:string) -> dynamic; extract_all(regex:string, groups:dynamic, source:string) -> dynamic",
     .may_be_null = true, .emit = extract_all, .examples = {{{"extract_all(@'(?P<a>\\w)(?P<b>\\w+)', dynamic(['b', 1]), 'xyz')", "[[\"yz\",\"x\"]]"}, {"extract_all(@'(\\d)', 'a1b2')", "[\"1\",\"2\"]"}}}},
    {.name = "translate", .summary = "Characters replaced by their partners.", .signatures = "translate(from:string, to:string, source:string) -> string", .emit = translate_text,
     .examples = {{{"translate('krasp', 'otsku', 'spark')", "kusto"}, {"translate('abc', '', 'ab')", ""}}}},
    {.name = "regex_quote", .summary = "The text as a regular expression for itself.", .signatures = "regex_quote(text:text) -> string", .sql = "replaceRegexpAll({0}, '([^0-9A-Za-z_\\\\x{80}-\\\\x{10FFFF}])', '\\\\\\\\\\\\1')",
     .examples = {{{"regex_quote('(so$me.Te^xt)')", "\\(so\\$me\\.Te\\^xt\\)"}}}},
    {.name = "unicode_codepoints_from_string", .aliases = "to_utf8", .summary = "The code points of a text.", .signatures = "unicode_codepoints_from_string(value:text) -> dynamic", .emit = code_points,
     .examples = {{{"unicode_codepoints_from_string('abc')", "[97,98,99]"}}}},
    {.name = "unicode_codepoints_to_string", .aliases = "make_string", .summary = "A text of code points.", .signatures = "unicode_codepoints_to_string(value:integer_or_array+) -> string", .takes_null = true, .emit = from_code_points,
     .examples = {{{"unicode_codepoints_to_string(75, 117, 115, 116, 111)", "Kusto"}}}},
    {.name = "isascii", .summary = "Whether all characters are ASCII.", .signatures = "isascii(value:text) -> bool", .sql = "(length({0}) = lengthUTF8({0}))", .examples = {{{"isascii('abc')", "true"}, {"isascii('櫓')", "false"}}}},
    {.name = "isutf8", .summary = "Whether the text is valid UTF-8.", .signatures = "isutf8(value:text) -> bool", .sql = "isValidUTF8({0})", .examples = {{{"isutf8('abc')", "true"}}}},
    {.name = ".matches", .summary = "Whether the text matches (parse).", .signatures = ".matches(text:string, regex:string) -> bool", .emit = pattern_matches},
    {.name = ".group", .summary = "A group of the first match (parse).", .signatures = ".group(text:string, regex:string, group:long) -> string", .emit = pattern_group},
    {.name = ".groups", .summary = "The first group that is not empty (parse-kv).", .signatures = ".groups(text:string, regex:string, group:long+) -> string",
     .emit = [](SqlCall& c) { return c.value(fmt::format("arrayStringConcat(extractGroups({}, {}))", c.arg(0), c.arg(1))); }},
    {.name = ".unescape", .summary = "Without escape characters (parse-kv).", .signatures = ".unescape(text:string, regex:string) -> string", .sql = "replaceRegexpAll({0}, {1}, '\\\\1')"},
    {.name = ".trim_blanks", .summary = "Without blanks at the ends (parse).", .signatures = ".trim_blanks(text:string) -> string", .sql = "trimBoth({0}, ' \\n\\r\\t')"},
    {.name = ".kv_by_regex", .summary = "The value of a key among the pairs that an expression finds (parse-kv).", .signatures = ".kv_by_regex(text:string, regex:string, key:string) -> string",
     .sql = "arrayFirst(p -> p[1] = {2}, extractAllGroupsVertical({0}, {1}))[2]"},
};

}  // namespace

std::span<const Function> string_functions() { return kFunctions; }

}  // namespace yagura::kql
