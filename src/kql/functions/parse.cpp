// Texts of known forms taken apart: CSV, paths, URLs, versions, command lines, JSON paths.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

std::string bag(std::initializer_list<std::pair<std::string_view, std::string>> members) {
  std::string out = "concat('{'";
  bool first = true;
  for (const auto& [key, value] : members) {
    out += fmt::format(", '{}\"{}\":', {}", first ? "" : ",", key, value);
    first = false;
  }
  return out + ", '}')";
}
std::string quoted(const std::string& text) { return "toJSONString(" + text + ")"; }

// The fields of the first record; quotes protect commas and line ends, two of them mean one.
Sql parse_csv(SqlCall& c) {
  const std::string s = c.shared(0);
  const std::string record = c.name(fmt::format("extract(concat({}, '\\n'), '^((?:[^\"\\\\r\\\\n]|\"(?:[^\"]|\"\")*\")*)\\\\r?\\\\n')", s));
  const std::string fields = fmt::format("extractAll(concat(',', {}), ',((?:\"(?:[^\"]|\"\")*\"|[^,])*)')", record);
  return {sql::json_array(fmt::format("arrayMap(f -> toJSONString(if(startsWith(f, '\"') AND endsWith(f, '\"') AND length(f) > 1, replaceAll(substring(f, 2, length(f) - 2), '\"\"', '\"'), f)), {})", fields)), false, false};
}

Sql parse_path(SqlCall& c) {
  const std::string p = c.shared(0);
  const std::string scheme = c.name(fmt::format("extract({}, '^([A-Za-z][A-Za-z0-9+.-]*)://')", p));
  const std::string rest = c.name(fmt::format("if({0} = '', {1}, substring({1}, length({0}) + 4))", scheme, p));
  // An alternate data stream follows a colon behind the file's name.
  const std::string ads = c.name(fmt::format("extract({}, '[/\\\\\\\\][^/\\\\\\\\:]*:([^/\\\\\\\\:]+)$')", rest));
  const std::string path = c.name(fmt::format("if({0} = '', {1}, substring({1}, 1, length({1}) - length({0}) - 1))", ads, rest));
  const std::string directory = c.name(fmt::format("if(match({0}, '[/\\\\\\\\]'), extract({0}, '^((?s).*)[/\\\\\\\\]'), '')", path));
  const std::string name = c.name(fmt::format("if({0} = '' AND NOT match({1}, '[/\\\\\\\\]'), {1}, substring({1}, length({0}) + 2))", directory, path));
  return {bag({{"Scheme", quoted(scheme)},
               {"RootPath", quoted(fmt::format("extract({}, '^([A-Za-z]:)')", path))},
               {"DirectoryPath", quoted(directory)},
               {"DirectoryName", quoted(fmt::format("extract({}, '([^/\\\\\\\\]*)$')", directory))},
               {"Filename", quoted(name)},
               {"Extension", quoted(fmt::format("extract({}, '[^.]\\\\.((?:tar\\\\.)?[^.]*)$')", name))},
               {"AlternateDataStreamName", quoted(ads)}}),
          false, false};
}

std::string query_bag(SqlCall& c, const std::string& query) {
  const std::string pairs = fmt::format("arrayFilter(p -> p != '', splitByChar('&', {}))", c.name(query));
  return fmt::format("concat('{{', arrayStringConcat(arrayMap(p -> concat(toJSONString(decodeURLFormComponent(splitByChar('=', p)[1])), ':', "
                     "toJSONString(decodeURLFormComponent(if(position(p, '=') = 0, '', substring(p, position(p, '=') + 1))))), {}), ','), '}}')", pairs);
}

Sql parse_url_query(SqlCall& c) {
  return {bag({{"Query Parameters", query_bag(c, fmt::format("replaceRegexpOne({}, '(?s)^[^?]*[?]', '')", c.arg(0)))}}), false, false};
}

Sql parse_url(SqlCall& c) {
  const std::string u = c.shared(0);
  const std::string scheme = c.name(fmt::format("extract({}, '(?s)^(.*?)://')", u));
  const std::string rest = c.name(fmt::format("if(position({1}, '://') = 0, '', substring({1}, length({0}) + 2))", scheme, u));
  const std::string authority = c.name(fmt::format("extract({}, '^//([^/?#]*)')", rest));
  const std::string user = c.name(fmt::format("extract({}, '^(.*)@')", authority));
  const std::string host = c.name(fmt::format("replaceRegexpOne({}, '^.*@', '')", authority));
  const std::string path = fmt::format("extract(replaceRegexpOne({}, '^//[^/?#]*', ''), '^([^?#]*)')", rest);
  return {fmt::format("if({} = '' AND {} = '', {}, {})", scheme, authority,
                      R"('{"Scheme":"","Host":"","Port":"","Path":"","Username":"","Password":"","Query Parameters":{},"Fragment":""}')",
                      bag({{"Scheme", quoted(scheme)},
                           {"Host", quoted(fmt::format("replaceRegexpOne({}, ':[0-9]*$', '')", host))},
                           {"Port", quoted(fmt::format("extract({}, ':([0-9]+)$')", host))},
                           {"Path", quoted(path)},
                           {"Username", quoted(fmt::format("extract({}, '^([^:]*)')", user))},
                           {"Password", quoted(fmt::format("extract({}, ':(.*)$')", user))},
                           {"Query Parameters", query_bag(c, fmt::format("extract({}, '[?]([^#]*)')", rest))},
                           {"Fragment", quoted(fmt::format("extract({}, '#(.*)$')", rest))}})),
          true, false};
}

// Up to four parts, each of eight decimal digits.
Sql parse_version(SqlCall& c) {
  const std::string v = c.shared(0);
  const std::string parts = c.name(fmt::format("splitByChar('.', {})", v));
  const auto part = [&](int i) { return fmt::format("leftPad(if(length({0}) >= {1}, {0}[{1}], '0'), 8, '0')", parts, i); };
  return {fmt::format("if(match({}, '^[0-9]{{1,8}}(?:\\\\.[0-9]{{1,8}}){{0,3}}$'), toDecimal256OrNull(concat({}, {}, {}, {}), 20), NULL)", v, part(1), part(2), part(3), part(4)), true, false};
}

// $.a.b[0]['c'] as arguments of JSONExtractRaw; nothing when the path is of another form.
std::string json_path(std::string_view path) {
  std::string out;
  if (!path.starts_with('$')) return "";
  path.remove_prefix(1);
  while (!path.empty()) {
    if (path[0] == '.') {
      std::size_t n = 1;
      while (n < path.size() && path[n] != '.' && path[n] != '[') ++n;
      out += ", " + sql::text(path.substr(1, n - 1));
      path.remove_prefix(n);
    } else if (path[0] == '[') {
      const auto close = path.find(']');
      if (close == std::string_view::npos) return "";
      std::string_view inside = path.substr(1, close - 1);
      if (inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"')) {
        out += ", " + sql::text(inside.substr(1, inside.size() - 2));
      } else {
        int index = 0;
        for (const char ch : inside) {
          if (ch < '0' || ch > '9') return "";
          index = index * 10 + (ch - '0');
          if (index > 1'000'000) return "";
        }
        out += ", " + std::to_string(index + 1);
      }
      path.remove_prefix(close + 1);
    } else {
      return "";
    }
  }
  return out;
}

Sql extract_json(SqlCall& c) {
  const std::string path = c.literal(0) != nullptr ? json_path(c.literal(0)->text) : "";
  if (c.literal(0) != nullptr && path.empty() && c.literal(0)->text != "$") return {"''", false, true};
  const std::string raw = c.name(fmt::format("JSONExtractRaw({}{})", c.arg(1), path));
  return {fmt::format("if({0} = 'null', '', {1})", raw, sql::dynamic_text(raw)), true, false};
}

constexpr Function kFunctions[] = {
    {.name = "parse_csv", .summary = "The fields of a record of comma-separated values.", .signatures = "parse_csv(text:string_or_dynamic) -> dynamic", .naming = ResultName::first_argument, .emit = parse_csv,
     .examples = {{{"parse_csv('a,\"b,c\",d')", "[\"a\",\"b,c\",\"d\"]"}}}},
    {.name = "parse_path", .summary = "The parts of a file's path.", .signatures = "parse_path(path:string) -> dynamic", .emit = parse_path, .examples = {{{"tostring(parse_path(@'C:\\temp\\file.txt').Filename)", "file.txt"}}}},
    {.name = "parse_url", .aliases = "parseurl", .summary = "The parts of a URL.", .signatures = "parse_url(url:string) -> dynamic", .may_be_null = true, .emit = parse_url, .examples = {{{"tostring(parse_url('https://u:p@host:81/a/b?x=1#f').Host)", "host"}}}},
    {.name = "parse_urlquery", .aliases = "parseurlquery", .summary = "The parameters of a URL's query.", .signatures = "parse_urlquery(query:string) -> dynamic", .emit = parse_url_query, .examples = {{{"parse_urlquery('a=1&b=2')", "{\"Query Parameters\":{\"a\":\"1\",\"b\":\"2\"}}"}}}},
    {.name = "parse_version", .summary = "A version as one comparable number.", .signatures = "parse_version(version:string) -> decimal", .may_be_null = true, .emit = parse_version, .examples = {{{"parse_version('0.2') < parse_version('1')", "true"}}}},
    {.name = "parse_command_line", .summary = "The arguments of a command line.", .signatures = "parse_command_line(command:text, parser:string) -> dynamic", .may_be_null = true, .examples = {{{"parse_command_line('echo \"hello world!\"', 'windows')", "[\"echo\",\"hello world!\"]"}}}},
    {.name = "extract_json", .aliases = "extractjson", .summary = "What a path $.a.b[0] finds in a JSON text.", .signatures = "extract_json(path:string, json:string) -> string", .emit = extract_json, .examples = {{{"extract_json('$.a[1]', '{\"a\":[1,\"x\"]}')", "x"}}}},
};

}  // namespace

std::span<const Function> parse_functions() { return kFunctions; }

}  // namespace yagura::kql
