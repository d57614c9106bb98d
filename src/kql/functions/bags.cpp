// Bags (JSON objects) in dynamics. Members keep their order; of equal keys the first stays.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

std::string json(SqlCall& c, std::size_t i) { return sql::to_json(c.type(i), c.shared(i)); }
std::string pairs(SqlCall& c, std::size_t i) { return fmt::format("JSONExtractKeysAndValuesRaw(ifNull({}, ''))", c.arg(i)); }
// Array of (key, JSON text) to a bag.
std::string bag_of(const std::string& array) { return fmt::format("concat('{{', arrayStringConcat(arrayMap(p -> concat(toJSONString(p.1), ':', p.2), {}), ','), '}}')", array); }
// The first of equal keys.
std::string first_of_each(SqlCall& c, const std::string& array) {
  const std::string all = c.name(array);
  const std::string keys = c.name(fmt::format("arrayMap(p -> p.1, {})", all));
  return fmt::format("arrayFilter((p, n) -> n = 1, {}, arrayEnumerateUniq({}))", all, keys);
}

Sql pack(SqlCall& c, bool skip_empty) {
  std::string items;
  for (std::size_t i = 0; i + 1 < c.size(); i += 2) {
    const std::string key = c.type(i) == Type::string ? c.arg(i) : sql::to_text(c.type(i), c.shared(i));
    items += (i > 0 ? ", " : "") + fmt::format("({}, {})", key, json(c, i + 1));
  }
  std::string array = "[" + items + "]";
  if (skip_empty) array = fmt::format("arrayFilter(p -> p.2 NOT IN ('null', '\"\"'), {})", array);
  // Later values of one key win.
  bool distinct = true;
  for (std::size_t i = 0; i < c.size(); i += 2) {
    const auto* l = c.literal(i);
    if (l == nullptr) distinct = c.size() == 2;
    for (std::size_t j = 0; l != nullptr && j < i; j += 2) distinct = distinct && c.literal(j) != nullptr && c.literal(j)->text != l->text;
  }
  if (!distinct) array = fmt::format("arrayReverse({})", first_of_each(c, "arrayReverse(" + array + ")"));
  return {bag_of(array), false, false};
}

Sql keys(SqlCall& c) {
  return {fmt::format("if(startsWith(ifNull({0}, ''), '{{'), {1}, NULL)", c.shared(0), sql::json_array(fmt::format("arrayMap(k -> toJSONString(k), JSONExtractKeys(ifNull({}, '')))", c.shared(0)))), true, false};
}

// A key may be a path $.a.b.
std::string path_of(const std::string& key) {
  if (!key.starts_with("$.")) return sql::text(key);
  std::string out, part;
  for (const char ch : key.substr(2) + ".") {
    if (ch == '.') {
      out += (out.empty() ? "" : ", ") + sql::text(part);
      part.clear();
    } else {
      part += ch;
    }
  }
  return out;
}

Sql has_key(SqlCall& c) {
  const std::string path = c.literal(1) != nullptr ? path_of(c.literal(1)->text) : c.arg(1);
  return {fmt::format("if(startsWith(ifNull({0}, ''), '{{'), JSONHas(ifNull({0}, ''), {1}), NULL)", c.shared(0), path), true, false};
}

Sql remove_keys(SqlCall& c) {
  const std::string names = c.name(fmt::format("arrayMap(x -> {}, {})", sql::dynamic_text("x"), sql::array_of(c.arg(1))));
  // Paths $.a.b reach one level down.
  const std::string inner = fmt::format(
      "arrayMap(p -> if(startsWith(p.2, '{{') AND arrayExists(n -> startsWith(n, concat('$.', p.1, '.')), {0}), "
      "(p.1, concat('{{', arrayStringConcat(arrayMap(q -> concat(toJSONString(q.1), ':', q.2), arrayFilter(q -> NOT has({0}, concat('$.', p.1, '.', q.1)), JSONExtractKeysAndValuesRaw(p.2))), ','), '}}')), p), "
      "arrayFilter(p -> NOT has({0}, p.1) AND NOT has({0}, concat('$.', p.1)), {1}))", names, pairs(c, 0));
  return {fmt::format("if(startsWith(ifNull({}, ''), '{{') AND isNotNull({}), {}, NULL)", c.shared(0), c.shared(1), bag_of(inner)), true, false};
}

Sql merge(SqlCall& c) {
  std::string all, any;
  for (std::size_t i = 0; i < c.size(); ++i) {
    any += fmt::format("{}startsWith(ifNull({}, ''), '{{')", i > 0 ? " OR " : "", c.shared(i));
    all += (i > 0 ? ", " : "") + pairs(c, i);
  }
  return {fmt::format("if({}, {}, NULL)", any, bag_of(first_of_each(c, "arrayConcat(" + all + ")"))), true, false};
}

// bag_set_key(bag, key, value): a constant key may be a path $.a.b.
Sql set_key(SqlCall& c) {
  const std::string value = json(c, 2);
  std::vector<std::string> parts;
  if (const auto* l = c.literal(1)) {
    std::string key = l->text, part;
    if (key.starts_with("$.")) {
      for (const char ch : key.substr(2) + ".") {
        if (ch == '.') {
          parts.push_back(part);
          part.clear();
        } else {
          part += ch;
        }
      }
    } else {
      parts.push_back(key);
    }
  }
  const auto put = [](const std::string& bag, const std::string& key, const std::string& v) {
    return fmt::format("if(JSONHas({0}, {1}), {2}, {3})", bag, key,
                       bag_of(fmt::format("arrayMap(q -> if(q.1 = {}, (q.1, {}), q), JSONExtractKeysAndValuesRaw({}))", key, v, bag)),
                       bag_of(fmt::format("arrayPushBack(JSONExtractKeysAndValuesRaw({}), ({}, {}))", bag, key, v)));
  };
  const std::string bag = c.name(fmt::format("ifNull({}, '')", c.shared(0)));
  std::string text;
  if (parts.empty()) {
    text = put(bag, c.shared(1), value);
  } else {
    // From the innermost bag outwards.
    text = value;
    for (std::size_t i = parts.size(); i-- > 0;) {
      std::string owner = bag;
      if (i > 0) {
        std::string path;
        for (std::size_t k = 0; k < i; ++k) path += ", " + sql::text(parts[k]);
        const std::string raw = c.name(fmt::format("JSONExtractRaw({}{})", bag, path));
        owner = c.name(fmt::format("if(startsWith({0}, '{{'), {0}, '{{}}')", raw));
      }
      text = c.name(put(owner, sql::text(parts[i]), text));
    }
  }
  return {fmt::format("if(startsWith({}, '{{'), {}, NULL)", bag, text), true, false};
}

// Keys that are no text are left out; values that are missing are null.
Sql zip(SqlCall& c) {
  const std::string k = c.name(sql::array_of(c.shared(0)));
  const std::string v = c.name(sql::array_of(c.shared(1)));
  return {fmt::format("if(NOT startsWith(ifNull({}, ''), '[') OR isNull({}), NULL, {})", c.shared(0), c.shared(1),
                      bag_of(fmt::format("arrayMap(i -> (JSONExtractString({0}[i]), if(i <= length({1}), {1}[i], 'null')), arrayFilter(i -> startsWith({0}[i], '\"'), arrayEnumerate({0})))", k, v))), true, false};
}

// Every path into the dynamic.
Sql data_size(SqlCall& c) {
  std::string text = "toInt64(0)";
  for (std::size_t i = 0; i < c.size(); ++i) {
    switch (c.type(i)) {
      case Type::string:
      case Type::dynamic: text += fmt::format(" + toInt64(length(ifNull({}, '')))", c.arg(i)); break;
      case Type::boolean: text += " + 1"; break;
      case Type::int32: text += " + 4"; break;
      case Type::guid:
      case Type::decimal: text += " + 16"; break;
      default: text += " + 8";
    }
  }
  return {"(" + text + ")", false, false};
}

constexpr Function kFunctions[] = {
    {.name = "bag_pack", .aliases = "pack pack_dictionary", .summary = "A bag of keys and values.", .signatures = "bag_pack(key:text+, value:scalar+) -> dynamic", .takes_null = true, .emit = [](SqlCall& c) { return pack(c, false); },
     .examples = {{{"bag_pack('a', 1, 'b', 'x')", "{\"a\":1,\"b\":\"x\"}"}}}},
    {.name = ".pack_ignoring_empty", .summary = "A bag of what is not empty (pack_all(true)).", .signatures = ".pack_ignoring_empty(key:text+, value:scalar+) -> dynamic", .takes_null = true, .emit = [](SqlCall& c) { return pack(c, true); }},
    {.name = "bag_keys", .summary = "The bag's keys.", .signatures = "bag_keys(bag:bag) -> dynamic", .takes_null = true, .may_be_null = true, .emit = keys, .examples = {{{"bag_keys(dynamic({\"a\":1,\"b\":2}))", "[\"a\",\"b\"]"}}}},
    {.name = "bag_has_key", .summary = "Whether the bag has the key, or the path $.a.b.", .signatures = "bag_has_key(bag:bag, key:string) -> bool", .takes_null = true, .may_be_null = true, .emit = has_key, .examples = {{{"bag_has_key(dynamic({\"a\":1}), 'a')", "true"}}}},
    {.name = "bag_remove_keys", .summary = "The bag without these keys.", .signatures = "bag_remove_keys(bag:bag, keys:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = remove_keys, .examples = {{{"bag_remove_keys(dynamic({\"a\":1,\"b\":2}), dynamic(['a']))", "{\"b\":2}"}}}},
    {.name = "bag_merge", .summary = "The members of all bags; of equal keys the first bag's.", .signatures = "bag_merge(bag:bag, other:bag+) -> dynamic", .takes_null = true, .emit = merge, .examples = {{{"bag_merge(dynamic({\"a\":1}), dynamic({\"a\":2,\"b\":3}))", "{\"a\":1,\"b\":3}"}}}},
    {.name = "bag_set_key", .summary = "The bag with one member set.", .signatures = "bag_set_key(bag:bag, key:string, value:scalar) -> dynamic", .takes_null = true, .may_be_null = true, .emit = set_key, .examples = {{{"bag_set_key(dynamic({\"a\":1}), 'b', 2)", "{\"a\":1,\"b\":2}"}, {"bag_set_key(dynamic({\"a\":1}), '$.b.c', 2)", "{\"a\":1,\"b\":{\"c\":2}}"}, {"bag_set_key(dynamic(null), 'b', 2)", ""}}}},
    {.name = "bag_zip", .summary = "A bag of an array of keys and one of values.", .signatures = "bag_zip(keys:array, values:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = zip, .examples = {{{"bag_zip(dynamic(['a', 'b']), dynamic([1, 2]))", "{\"a\":1,\"b\":2}"}}}},
    {.name = "treepath", .summary = "The paths to the members of a dynamic.", .signatures = "treepath(value:dynamic) -> dynamic", .naming = ResultName::prefix_and_first_argument, .prefix = "tree", .takes_null = true, .may_be_null = true,
     .examples = {{{"treepath(dynamic({\"a\":{\"b\":{\"c\":1}},\"d\":[1]}))", "[\"['a']\",\"['a']['b']\",\"['a']['b']['c']\",\"['d']\",\"['d'][0]\"]"},
                   {"treepath(dynamic({\"l\":[1,{\"x\":\"y\"}]}))", "[\"['l']\",\"['l'][0]\",\"['l'][0]['x']\"]"}}}},
    {.name = "estimate_data_size", .summary = "About how many bytes the values take.", .signatures = "estimate_data_size(column:scalar+) -> long", .takes_null = true, .emit = data_size},
};

}  // namespace

std::span<const Function> bag_functions() { return kFunctions; }

}  // namespace yagura::kql
