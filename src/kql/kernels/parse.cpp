// Kernels that take texts apart: URLs, paths, versions, CSV, command lines.
// https://learn.microsoft.com/kusto/query/scalar-functions#string-functions
#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/decimal.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

class JsonBag {
 public:
  JsonBag& add(std::string_view key, std::string_view text) {
    begin(key);
    json::append_quoted(out_, text);
    return *this;
  }
  JsonBag& add_json(std::string_view key, std::string_view json) {
    begin(key);
    out_ += json;
    return *this;
  }
  std::string take() { return std::move(out_ += '}'); }

 private:
  void begin(std::string_view key) {
    if (out_.size() > 1) out_ += ',';
    json::append_quoted(out_, key);
    out_ += ':';
  }
  std::string out_ = "{";
};

std::string query_parameters(std::string_view query) {
  JsonBag bag;
  std::vector<std::string> seen;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equal = std::min(pair.find('='), pair.size());
    auto key = percent_decode(pair.substr(0, equal), true);
    if (std::ranges::find(seen, key) != seen.end()) continue;
    bag.add(key, equal < pair.size() ? percent_decode(pair.substr(equal + 1), true) : std::string());
    seen.push_back(std::move(key));
  }
  return bag.take();
}

Json parse_url(Arena& arena, std::string_view url) {
  std::string_view scheme, host, port, path, user, password, query, fragment;
  if (const auto at = url.find("://"); at != url.npos) {
    scheme = url.substr(0, at);
    auto rest = url.substr(at + 3);
    if (const auto hash = rest.find('#'); hash != rest.npos) {
      fragment = rest.substr(hash + 1);
      rest = rest.substr(0, hash);
    }
    if (const auto mark = rest.find('?'); mark != rest.npos) {
      query = rest.substr(mark + 1);
      rest = rest.substr(0, mark);
    }
    if (const auto slash = rest.find('/'); slash != rest.npos) {
      path = rest.substr(slash);
      rest = rest.substr(0, slash);
    }
    if (const auto sign = rest.rfind('@'); sign != rest.npos) {
      user = rest.substr(0, sign);
      rest = rest.substr(sign + 1);
      if (const auto colon = user.find(':'); colon != user.npos) {
        password = user.substr(colon + 1);
        user = user.substr(0, colon);
      }
    }
    const auto bracket = rest.rfind(']');
    if (const auto colon = rest.rfind(':'); colon != rest.npos && (bracket == rest.npos || colon > bracket)) {
      port = rest.substr(colon + 1);
      rest = rest.substr(0, colon);
    }
    host = rest;
  }
  JsonBag bag;
  bag.add("Scheme", scheme)
      .add("Host", host)
      .add("Port", port)
      .add("Path", path)
      .add("Username", user)
      .add("Password", password);
  bag.add_json("Query Parameters", query_parameters(query)).add("Fragment", fragment);
  return {arena.copy(bag.take())};
}

Json parse_url_query(Arena& arena, std::string_view query) {
  if (const auto mark = query.find('?'); mark != query.npos) query = query.substr(mark + 1);
  JsonBag bag;
  bag.add_json("Query Parameters", query_parameters(query));
  return {arena.copy(bag.take())};
}

// Drive or scheme, folder, file, extension, and a Windows stream.
Json parse_path(Arena& arena, std::string_view path) {
  std::string_view scheme, root, directory, file, extension, stream;
  auto rest = path;
  if (const auto at = rest.find("://"); at != rest.npos) {
    scheme = rest.substr(0, at);
    rest = rest.substr(at + 3);
  } else if (rest.size() >= 2 && is_ascii_alpha(rest[0]) && rest[1] == ':') {
    root = rest.substr(0, 2);
  }
  if (!scheme.empty()) {
    const auto slash = std::min(rest.find_first_of("/\\"), rest.size());
    root = rest.substr(0, slash);
  }
  const auto last = rest.find_last_of("/\\");
  directory = last == rest.npos ? std::string_view() : rest.substr(0, last);
  file = last == rest.npos ? rest : rest.substr(last + 1);
  if (const auto colon = file.find(':'); colon != file.npos && (last != rest.npos || root.empty())) {
    stream = file.substr(colon + 1);
    file = file.substr(0, colon);
  }
  if (const auto dot = file.rfind('.'); dot != file.npos) extension = file.substr(dot + 1);
  const auto folder = directory.find_last_of("/\\");
  const auto directory_name = folder == directory.npos ? directory : directory.substr(folder + 1);
  JsonBag bag;
  bag.add("Scheme", scheme).add("RootPath", root).add("DirectoryPath", directory).add("DirectoryName", directory_name);
  bag.add("Filename", file).add("Extension", extension).add("AlternateDataStreamName", stream);
  return {arena.copy(bag.take())};
}

// Up to four numbers, each of at most eight digits, as one number that sorts as the versions do.
std::optional<std::string> parse_version(std::string_view text) {
  Decimal total;
  std::size_t parts = 0;
  std::string digits;
  while (parts < 4) {
    const auto end = std::min(text.find('.'), text.size());
    const auto part = text.substr(0, end);
    const auto value = parse_uint64(part);
    if (!value || part.size() > 8) return std::nullopt;
    digits += std::string(8 - part.size(), '0');
    digits += part;
    ++parts;
    if (end == text.size()) {
      text = {};
      break;
    }
    text = text.substr(end + 1);
  }
  if (!text.empty()) return std::nullopt;
  digits += std::string(8 * (4 - parts), '0');
  const auto number = Decimal::parse(digits);
  return number ? std::optional(number->to_text()) : std::nullopt;
}

// RFC 4180: the first record.
Json parse_csv(Arena& arena, std::string_view text) {
  std::string out = "[";
  std::size_t at = 0;
  for (bool more = true; more;) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      ++at;
      while (at < text.size()) {
        if (text[at] == '"') {
          if (at + 1 < text.size() && text[at + 1] == '"') {
            ++at;
          } else {
            ++at;
            break;
          }
        }
        field += text[at++];
      }
    }
    while (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') field += text[at++];
    if (out.size() > 1) out += ',';
    json::append_quoted(out, field);
    more = at < text.size() && text[at] == ',';
    ++at;
  }
  return {arena.copy(out + ']')};
}

// Windows' rules of CommandLineToArgvW: blanks part, quotes join, backslashes escape quotes.
Json parse_command_line(Arena& arena, std::string_view text, std::string_view) {
  std::string out = "[";
  std::size_t at = 0;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  for (;;) {
    while (at < text.size() && blank(text[at])) ++at;
    if (at >= text.size()) break;
    std::string argument;
    bool quoted = false;
    while (at < text.size() && (quoted || !blank(text[at]))) {
      std::size_t slashes = 0;
      while (at < text.size() && text[at] == '\\') ++slashes, ++at;
      if (at < text.size() && text[at] == '"') {
        argument.append(slashes / 2, '\\');
        if (slashes % 2 == 1) {
          argument += '"';
        } else if (quoted && at + 1 < text.size() && text[at + 1] == '"') {
          argument += '"';
          ++at;
        } else {
          quoted = !quoted;
        }
        ++at;
      } else {
        argument.append(slashes, '\\');
        if (at < text.size() && (quoted || !blank(text[at]))) argument += text[at++];
      }
    }
    if (out.size() > 1) out += ',';
    json::append_quoted(out, argument);
  }
  return {arena.copy(out + ']')};
}

constexpr Kernel kKernels[] = {
    {"parse_url", kernel_rows<[](Arena& arena, std::string_view text) { return parse_url(arena, text); }>},
    {"parse_urlquery", kernel_rows<[](Arena& arena, std::string_view text) { return parse_url_query(arena, text); }>},
    {"parse_path", kernel_rows<[](Arena& arena, std::string_view text) { return parse_path(arena, text); }>},
    {"parse_version", kernel_rows<[](std::string_view text) { return parse_version(text); }>},
    {"parse_csv", kernel_rows<[](Arena& arena, std::string_view text) { return parse_csv(arena, text); }>},
    {"parse_command_line", kernel_rows<[](Arena& arena, std::string_view text, std::string_view kind) {
       return parse_command_line(arena, text, kind);
     }>},
};

}  // namespace

std::span<const Kernel> parse_kernels() { return kKernels; }

}  // namespace yagura::kql
