// The text operators: has, contains, startswith, matches regex ... and their negations.
//
// has looks for a term: a place where the text occurs and is not part of a longer word. A word is a run of ASCII letters,
// ASCII digits and characters beyond ASCII: the store's word index knows the same words, so a search can use it and
// loses nothing (docs/decisions/kql-on-clickhouse.md).
// https://learn.microsoft.com/kusto/query/datatypes-string-operators
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kql/regex.hpp"
#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// As they stand in SQL text: backslashes are doubled there.
constexpr std::string_view kEdgeBefore = "(?:^|[^0-9A-Za-z\\\\x{80}-\\\\x{10FFFF}])";
constexpr std::string_view kEdgeAfter = "(?:$|[^0-9A-Za-z\\\\x{80}-\\\\x{10FFFF}])";

bool is_ascii_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_ascii_word(c) || static_cast<unsigned char>(c) >= 0x80; }

// The whole words of a term, in lower case: those that the text must hold as words of its own. `before` and `after` say
// whether the term's ends are ends of words. Words beyond ASCII are left out: lower() leaves their case alone.
std::vector<std::string> whole_words(std::string_view term, bool before, bool after) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < term.size();) {
    if (!is_word(term[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    bool ascii = true;
    std::string word;
    while (end < term.size() && is_word(term[end])) {
      ascii = ascii && is_ascii_word(term[end]);
      word += ascii_lower(term[end++]);
    }
    const bool whole = (i > 0 || before) && (end < term.size() || after);
    if (whole && ascii) words.push_back(std::move(word));
    i = end;
  }
  return words;
}

// The regular expression for a term; `before` and `after` say which of its ends must be an end of a run.
std::string term_regex(const std::string& term, bool cs, bool before, bool after) {
  std::string re = cs ? "(?s)" : "(?si)";
  if (before && !term.empty() && is_word(term.front())) re += "(?:^|[^0-9A-Za-z\\x{80}-\\x{10FFFF}])";
  re += quote_regex(term);
  if (after && !term.empty() && is_word(term.back())) re += "(?:$|[^0-9A-Za-z\\x{80}-\\x{10FFFF}])";
  return re;
}

std::string term_match(SqlCall& c, const std::string& haystack, std::size_t i, bool cs, bool before, bool after) {
  if (const auto* l = c.literal(i)) {
    if (l->text.empty()) return "1";
    // The words first, by which the index skips; then the exact form, unless the one word is all.
    std::string text;
    for (const auto& word : whole_words(l->text, before, after)) text += fmt::format("{}hasToken(lower({}), {})", text.empty() ? "" : " AND ", haystack, sql::text(word));
    const bool one_word = before && after && !cs && std::ranges::all_of(l->text, is_ascii_word);
    if (!one_word) text += fmt::format("{}match({}, {})", text.empty() ? "" : " AND ", haystack, sql::text(term_regex(l->text, cs, before, after)));
    return "(" + text + ")";
  }
  const std::string t = c.shared(i);
  return fmt::format("({0} = '' OR match({1}, concat('{2}', if({3} AND match({0}, '^[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]'), '{4}', ''), regexpQuoteMeta({0}), "
                     "if({5} AND match({0}, '[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]$'), '{6}', ''))))",
                     t, haystack, cs ? "(?s)" : "(?si)", before ? 1 : 0, kEdgeBefore, after ? 1 : 0, kEdgeAfter);
}

Sql term(SqlCall& c, bool negated, bool cs, bool before, bool after) {
  const std::string text = term_match(c, c.shared(0), 1, cs, before, after);
  return {negated ? "(NOT " + text + ")" : text, false, false};
}

Sql contains(SqlCall& c, bool negated, bool cs) {
  // The byte-wise search is several times as fast, and the same where the part has no letters beyond ASCII.
  const auto* l = c.literal(1);
  const bool ascii = l != nullptr && std::ranges::all_of(l->text, [](char ch) { return static_cast<unsigned char>(ch) < 0x80; });
  const std::string f = cs ? "position" : ascii ? "positionCaseInsensitive" : "positionCaseInsensitiveUTF8";
  return {fmt::format("({}({}, {}) {} 0)", f, c.arg(0), c.arg(1), negated ? "=" : "!="), false, false};
}

bool is_ascii(const LiteralValue* l) {
  return l != nullptr && std::ranges::all_of(l->text, [](char ch) { return static_cast<unsigned char>(ch) < 0x80; });
}
std::string in_lower_case(std::string_view text) {
  std::string out;
  for (const char ch : text) out += ascii_lower(ch);
  return sql::text(out);
}

Sql edge(SqlCall& c, std::string_view function, bool negated, bool cs) {
  if (const auto* l = c.literal(1); !cs && is_ascii(l) && !l->text.empty()) {
    // As many bytes as the part has are looked at, not the whole text.
    const std::string piece = fmt::format(fmt::runtime(function == "startsWith" ? "substring({}, 1, {})" : "right({}, {})"), c.arg(0), l->text.size());
    return {fmt::format("(lower({}) {} {})", piece, negated ? "!=" : "=", in_lower_case(l->text)), false, false};
  }
  std::string text = cs ? fmt::format("{}({}, {})", function, c.arg(0), c.arg(1)) : fmt::format("{}(lowerUTF8({}), lowerUTF8({}))", function, c.arg(0), c.arg(1));
  return {negated ? "(NOT " + text + ")" : text, false, false};
}

Sql equal_ignoring_case(SqlCall& c, bool negated) {
  const std::string_view op = negated ? "!=" : "=";
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
    const auto* l = c.literal(i);
    if (!is_ascii(l)) continue;
    // A text without letters is equal or not as it stands, and the store's indexes know it so.
    const bool letters = std::ranges::any_of(l->text, [](char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'); });
    return {fmt::format(fmt::runtime(letters ? "(lower({}) {} {})" : "({} {} {})"), c.arg(1 - i), op, in_lower_case(l->text)), false, false};
  }
  return {fmt::format("(lowerUTF8({}) {} lowerUTF8({}))", c.arg(0), op, c.arg(1)), false, false};
}

Sql matches(SqlCall& c) { return {fmt::format("match({}, {})", c.arg(0), regex_argument(c, 1)), false, false}; }

Sql like(SqlCall& c, bool negated, bool cs) {
  // * is a wildcard as well; a backslash is none.
  const std::string pattern = fmt::format("replaceAll(replaceAll({}, '\\\\', '\\\\\\\\'), '*', '%')", c.arg(1));
  return {fmt::format("({} {}{} {})", c.arg(0), negated ? "NOT " : "", cs ? "LIKE" : "ILIKE", pattern), false, false};
}

// has_any, has_all: over the items of the list and of its arrays.
Sql several(SqlCall& c, bool all) {
  if (c.expression().kind == BoundExpression::Kind::in_query) {
    const std::string x = c.shared(0);
    const std::string items = c.name(fmt::format("(SELECT groupUniqArray(q) FROM (SELECT * FROM ({})) AS t(q))", c.scope().write_plan(*c.expression().plan)));
    return {fmt::format("{}(i -> i = '' OR match({}, concat('(?si)', if(match(i, '^[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]'), '{}', ''), regexpQuoteMeta(i), if(match(i, '[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]$'), '{}', ''))), {})",
                        all ? "arrayAll" : "arrayExists", x, kEdgeBefore, kEdgeAfter, items), false, false};
  }
  const std::string x = c.shared(0);
  std::string text, alternatives;
  // A few plain words are asked one by one, so that the index helps; many go into one expression.
  std::size_t plain = 0;
  for (std::size_t i = 1; i < c.size(); ++i) plain += c.literal(i) != nullptr && c.type(i) == Type::string ? 1 : 0;
  const auto also = [&](std::string part) {
    if (!text.empty()) text += all ? " AND " : " OR ";
    text += std::move(part);
  };
  for (std::size_t i = 1; i < c.size(); ++i) {
    if (c.type(i) == Type::dynamic) {
      const std::string d = c.shared(i);
      const std::string list = fmt::format("arrayMap(v -> ifNull({}, ''), if(startsWith(ifNull({}, ''), '['), {}, [ifNull({}, '')]))", sql::dynamic_text("v"), d, sql::array_of(d), d);
      also(fmt::format("{}(i -> i = '' OR match({}, concat('(?si)', if(match(i, '^[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]'), '{}', ''), regexpQuoteMeta(i), if(match(i, '[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]$'), '{}', ''))), {})",
                       all ? "arrayAll" : "arrayExists", x, kEdgeBefore, kEdgeAfter, list));
      continue;
    }
    const auto* l = c.literal(i);
    if (!all && l != nullptr && !l->text.empty() && plain > 16) {
      // One expression for all literal terms.
      std::string one = term_regex(l->text, false, true, true).substr(5);
      alternatives += (alternatives.empty() ? "" : "|") + one;
      continue;
    }
    also(term_match(c, x, i, false, true, true));
  }
  if (!alternatives.empty()) also(fmt::format("match({}, {})", x, sql::text("(?si)(?:" + alternatives + ")")));
  if (text.empty()) text = all ? "1" : "0";
  return {"(" + text + ")", false, false};
}

Sql any_index(SqlCall& c) {
  const std::string x = c.shared(0);
  const std::string list = fmt::format("arrayMap(v -> ifNull({}, ''), {})", sql::dynamic_text("v"), sql::array_of(c.arg(1)));
  return {fmt::format("(toInt64(arrayFirstIndex(i -> i = '' OR match({}, concat('(?si)', if(match(i, '^[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]'), '{}', ''), regexpQuoteMeta(i), if(match(i, '[0-9A-Za-z\\\\x{{80}}-\\\\x{{10FFFF}}]$'), '{}', ''))), {})) - 1)",
                      x, kEdgeBefore, kEdgeAfter, list), false, false};
}

#define TERM(spelling, text, negated, cs, before, after)                                                  \
  {.name = spelling, .summary = text, .signatures = "op(text:text, term:text) -> bool", .takes_null = true, \
   .emit = [](SqlCall& c) { return term(c, negated, cs, before, after); }}
#define CONTAINS(spelling, text, negated, cs)                                                             \
  {.name = spelling, .summary = text, .signatures = "op(text:text, part:text) -> bool", .takes_null = true, \
   .emit = [](SqlCall& c) { return contains(c, negated, cs); }}
#define EDGE(spelling, text, function, negated, cs)                                                       \
  {.name = spelling, .summary = text, .signatures = "op(text:text, part:text) -> bool", .takes_null = true, \
   .emit = [](SqlCall& c) { return edge(c, function, negated, cs); }}

constexpr Function kFunctions[] = {
    {.name = "has", .summary = "Whether the text holds the term, whatever the case.", .signatures = "has(text:text, term:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return term(c, false, false, true, true); },
     .examples = {{{"'North America' has 'america'", "true"}, {"'SecurityEvent' has 'Event'", "false"}, {"'a_b' has 'b'", "true"}, {"'x.exe -p' has '.exe'", "true"}}}},
    TERM("!has", "Whether the text lacks the term.", true, false, true, true),
    TERM("has_cs", "Whether the text holds the term, in this case.", false, true, true, true),
    TERM("!has_cs", "Whether the text lacks the term, in this case.", true, true, true, true),
    TERM("hasprefix", "Whether a term of the text begins so.", false, false, true, false),
    TERM("!hasprefix", "Whether no term of the text begins so.", true, false, true, false),
    TERM("hasprefix_cs", "Whether a term begins so, in this case.", false, true, true, false),
    TERM("!hasprefix_cs", "Whether no term begins so, in this case.", true, true, true, false),
    TERM("hassuffix", "Whether a term of the text ends so.", false, false, false, true),
    TERM("!hassuffix", "Whether no term of the text ends so.", true, false, false, true),
    TERM("hassuffix_cs", "Whether a term ends so, in this case.", false, true, false, true),
    TERM("!hassuffix_cs", "Whether no term ends so, in this case.", true, true, false, true),
    {.name = "contains", .summary = "Whether the text holds the part, whatever the case.", .signatures = "contains(text:text, part:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return contains(c, false, false); }, .examples = {{{"'FabriKam' contains 'BRik'", "true"}, {"'a' contains ''", "true"}}}},
    CONTAINS("!contains", "Whether the text lacks the part.", true, false),
    CONTAINS("contains_cs", "Whether the text holds the part, in this case.", false, true),
    CONTAINS("!contains_cs", "Whether the text lacks the part, in this case.", true, true),
    {.name = "startswith", .summary = "Whether the text begins so, whatever the case.", .signatures = "startswith(text:text, part:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return edge(c, "startsWith", false, false); }, .examples = {{{"'Fabrikam' startswith 'fab'", "true"}}}},
    EDGE("!startswith", "Whether the text begins otherwise.", "startsWith", true, false),
    EDGE("startswith_cs", "Whether the text begins so, in this case.", "startsWith", false, true),
    EDGE("!startswith_cs", "Whether the text begins otherwise, in this case.", "startsWith", true, true),
    {.name = "endswith", .summary = "Whether the text ends so, whatever the case.", .signatures = "endswith(text:text, part:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return edge(c, "endsWith", false, false); }, .examples = {{{"'Fabrikam' endswith 'Kam'", "true"}}}},
    EDGE("!endswith", "Whether the text ends otherwise.", "endsWith", true, false),
    EDGE("endswith_cs", "Whether the text ends so, in this case.", "endsWith", false, true),
    EDGE("!endswith_cs", "Whether the text ends otherwise, in this case.", "endsWith", true, true),
    {.name = "=~", .summary = "Equal, whatever the case.", .signatures = "=~(a:text, b:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return equal_ignoring_case(c, false); }, .examples = {{{"'abc' =~ 'ABC'", "true"}}}},
    {.name = "!~", .summary = "Not equal, whatever the case.", .signatures = "!~(a:text, b:text) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return equal_ignoring_case(c, true); }, .examples = {{{"'abc' !~ 'ABC'", "false"}}}},
    {.name = "matches regex", .summary = "Whether the regular expression finds a match.", .signatures = "matches regex(text:text, regex:text) -> bool", .takes_null = true,
     .emit = matches, .examples = {{{"'Fabrikam' matches regex 'b.*k'", "true"}}}},
    {.name = "like", .summary = "Whether the text fits a pattern with *.", .signatures = "like(text:text, pattern:text) -> bool", .takes_null = true, .emit = [](SqlCall& c) { return like(c, false, false); }},
    {.name = "notlike", .aliases = "!like", .summary = "Whether the text doesn't fit a pattern with *.", .signatures = "notlike(text:text, pattern:text) -> bool", .takes_null = true, .emit = [](SqlCall& c) { return like(c, true, false); }},
    {.name = "likecs", .summary = "like, in this case.", .signatures = "likecs(text:text, pattern:text) -> bool", .takes_null = true, .emit = [](SqlCall& c) { return like(c, false, true); }},
    {.name = "notlikecs", .summary = "notlike, in this case.", .signatures = "notlikecs(text:text, pattern:text) -> bool", .takes_null = true, .emit = [](SqlCall& c) { return like(c, true, true); }},
    {.name = "has_any", .summary = "Whether the text holds one of the terms.", .signatures = "has_any(text:text, term:scalar*) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return several(c, false); }, .examples = {{{"'a b c' has_any ('x', 'B')", "true"}, {"'abc' has_any (dynamic(['b']))", "false"}}}},
    {.name = "has_all", .summary = "Whether the text holds all of the terms.", .signatures = "has_all(text:text, term:scalar*) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return several(c, true); }, .examples = {{{"'a b c' has_all ('c', 'B')", "true"}, {"'a b' has_all ('a', 'z')", "false"}}}},
    {.name = "has_any_index", .summary = "Position in the array of the first term that the text holds; -1 without one.", .signatures = "has_any_index(source:string_or_dynamic, values:dynamic) -> long", .takes_null = true,
     .emit = any_index, .examples = {{{"has_any_index('this is an example', dynamic(['this', 'example']))", "0"}}}},
};

}  // namespace

std::span<const Function> text_search_functions() { return kFunctions; }

}  // namespace yagura::kql
