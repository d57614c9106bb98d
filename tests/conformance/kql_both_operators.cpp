#include <fmt/format.h>

#include <array>

#include "kql_both.hpp"
#include "kql_both_values.hpp"

namespace yagura::conformance {
namespace {

using kql::Type;

// The operator over a table with these columns: s, t texts; n, m longs; i int; r real; b bool; d datetime; z timespan; j, k dynamics; g guid.
constexpr std::string_view kQueries[] = {
    "where b", "where not(b)", "where n > m or b", "where n > 0 and not(m < 5)", "where isnotempty(s) and n != m", "where s == t", "where s != t", "where j.a == 1", "where n in (1, 2, m)",
    "where s has t", "where s contains t", "where s in~ ('a', t, 'ABC')", "where n between (m .. 100)", "where d > datetime(2000-01-01)", "where r > n", "where s has_any (t, 'a')",
    "where isnull(n) or n % 2 == 0", "where b or n == m", "where b and n == m", "where coalesce(b, n > 2)", "where not(n == m)", "where n != 5", "where not(n in (5, 7))", "where n !in (5, m)",
    "where iff(b, n > 1, m > 1)", "where tolong(j) > 1", "where j has 'a'", "where tostring(j.a) == '1'", "where d between (datetime(2017-01-01) .. 3650d)", "where z > 1h",
    "extend x = n + 1 | where x > m | project x, n", "extend n = n + 1 | extend n = n * 2 | project n", "project a = iff(b, s, t), c = case(n > 5, 'big', n > 1, 'some', 'few')",
    "project a = coalesce(n, m, 0), c = coalesce(s, t, 'none')", "extend x = bin(n, 5), y = bin(r, 0.5), w = bin(d, 1h), v = bin(z, 10m)", "extend x = bin(d, 7d), y = bin(n, m)",
    "project x = d - datetime(2000-01-01), y = d + z, w = z * 2, v = z / 3", "project x = strcat(s, '-', t), y = strlen(s), w = toupper(t)", "project j, a = j.a, e = j[0], l = j[-1], x = j['b'].c",
    "project e = j[n], o = j[s]", "project-away s, t", "project-keep n, m", "project-rename q = n", "project-reorder d, *", "extend p = pack('s', s, 'n', n, 'd', d, 'j', j)", "extend p = pack_all()",
    "extend p = pack_array(s, n, r, b, j)", "extend p = bag_merge(j, k)", "extend p = array_concat(j, k)",
    "where s like 'a*'", "extend p = bag_pack('s', s, 'j', j, 'r', r)",
    "parse s with 'a' x 'b' y", "parse s with * 'k' x ':' y", "parse s with x ',' y:long", "parse s with x:long ',' *", "parse kind=relaxed s with x:long ' ' y:real", "parse s with * '=' x:int ' ' *",
    "parse kind=regex s with @'[a-z]+' x @'\\d*' y", "parse kind=regex flags=i s with 'A' x 'c' *", "parse s with x ' ' y ' ' *", "parse-where s with x ',' y", "parse-where s with * '=' x:long *",
    "parse-where kind=regex s with @'(?i)hello ' x", "parse tostring(j) with * '\"a\":' x ',' *", "parse t with 'https://' u ':' *",
    "parse-kv s as (x:long, y:string, a:string, k1:string) with (pair_delimiter=' ', kv_delimiter='=')", "parse-kv s as (x:int, b:real) with (pair_delimiter=',', kv_delimiter=':', greedy=true)",
    "parse-kv s as (k1:string, k2:string) with (pair_delimiter=',', kv_delimiter=':', quote='\"')", "parse-kv t as (x:string, y:long) with (regex=@'(\\w+)=(\\w+)')",
    "mv-expand j", "mv-expand e = j to typeof(long)", "mv-expand e = j to typeof(string)", "mv-expand e = j to typeof(real)", "mv-expand e = j to typeof(datetime)", "mv-expand j, k", "mv-expand j limit 2",
    "mv-expand with_itemindex = x j", "mv-expand kind=array j", "mv-expand bagexpansion=array e = j", "mv-expand e = j.b to typeof(dynamic)", "mv-expand e = split(s, ' ') to typeof(string)",
    "mv-expand with_itemindex = x e = pack_array(n, s) to typeof(string)", "mv-expand j | where isnotnull(j) | extend y = j.a", "mv-expand e = range(1, 3) to typeof(long)",
    "extend e = extract_json('$.a', s), p = parse_json(s), q = todynamic(t)", "extend u = parse_url(s), w = parse_urlquery(t)", "extend x = split(s, ' ')[0], y = tolong(split(s, '.')[1])",
    "extend x = case(isnull(n), 'null', n < 0, 'negative', 'positive')", "extend x = todatetime(s), w = tolong(s), v = toreal(s), u = tobool(s), q = toguid(s)",
    "extend x = tolong(r), y = toint(n), w = todecimal(s), v = tostring(r), u = tostring(z), q = tostring(d)", "extend x = tostring(j), y = tolong(j.a), w = toreal(j[0]), v = todatetime(j)",
    "extend x = n / m, y = n % m, w = r / n, v = n * m, u = n - m", "extend x = i / 2, y = i * 3, w = i + n, v = i % 7, u = i * 1.5", "take 5", "where n > 0 | take 3", "extend x = s | project x, y = x",
};

}  // namespace

void run_kql_both_operators(KqlRun& run, Engine& engine, const kql::Catalog& catalog, std::uint64_t seed) {
  constexpr std::array<std::pair<const char*, Type>, 12> kColumns{{{"s", Type::string}, {"t", Type::string}, {"n", Type::int64}, {"m", Type::int64}, {"i", Type::int32}, {"r", Type::real},
                                                                  {"b", Type::boolean}, {"d", Type::datetime}, {"z", Type::timespan}, {"j", Type::dynamic}, {"k", Type::dynamic}, {"g", Type::guid}}};
  for (const auto query : kQueries) {
    ++seed;
    if (std::string(query).find(run.only) == std::string::npos) continue;
    for (int turn = 0; turn < 1; ++turn) {
      RandomValues random(seed * 2 + static_cast<std::uint64_t>(turn));
      std::string schema, rows;
      for (const auto& [name, type] : kColumns) schema += fmt::format("{}{}:{}", schema.empty() ? "" : ", ", name, event::to_string(type));
      for (int row = 0; row < 30; ++row) {
        for (const auto& [_, type] : kColumns) rows += (rows.empty() ? "" : ", ") + random.literal(type);
      }
      const auto reason = compare_back_ends(engine, catalog, fmt::format("datatable({})[{}] | {}", schema, rows, query), false);
      run.record({"kql-both", "kql-both.operators"}, std::string(query), reason.value_or("refused"));
    }
  }
}

}  // namespace yagura::conformance
