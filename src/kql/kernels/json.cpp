#include "kql/kernels/json.hpp"

#include <charconv>
#include <vector>

#include "base/text.hpp"

namespace yagura::kql::json {
namespace {

constexpr std::size_t kMaxDepth = 1000;

// Behind the string that begins at `at`, or npos when it does not end or has a bad escape.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"') return i + 1;
    if (c < 0x20) return std::string_view::npos;
    if (c != '\\') continue;
    if (++i >= text.size()) return std::string_view::npos;
    if (text[i] == 'u') {
      for (int k = 0; k < 4; ++k) {
        if (++i >= text.size()) return std::string_view::npos;
        const char h = text[i];
        if (!is_ascii_digit(h) && !((h | 0x20) >= 'a' && (h | 0x20) <= 'f')) return std::string_view::npos;
      }
    } else if (std::string_view("\"\\/bfnrt").find(text[i]) == std::string_view::npos) {
      return std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

std::size_t number_end(std::string_view text, std::size_t at) {
  const auto digits = [&] {
    const auto from = at;
    while (at < text.size() && is_ascii_digit(text[at])) ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return std::string_view::npos;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return std::string_view::npos;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return std::string_view::npos;
  }
  return at;
}

}  // namespace

std::optional<std::string_view> compact(std::string_view text, Arena& arena) {
  // What may come next within the innermost array or object.
  enum class Expect : std::uint8_t { value, value_or_end, key, key_or_end, comma_or_end };
  std::vector<char> open;
  std::string out;
  out.reserve(text.size());
  Expect expect = Expect::value;
  std::size_t at = skip_blanks(text, 0);
  const auto after_value = [&] { expect = Expect::comma_or_end; };
  bool done = false;
  while (!done) {
    if (at >= text.size()) return std::nullopt;
    const char c = text[at];
    if (expect == Expect::comma_or_end || expect == Expect::value_or_end || expect == Expect::key_or_end) {
      if (!open.empty() && c == (open.back() == '[' ? ']' : '}')) {
        out += c;
        ++at;
        open.pop_back();
        after_value();
        done = open.empty();
        at = skip_blanks(text, at);
        continue;
      }
    }
    if (expect == Expect::comma_or_end) {
      if (c != ',') return std::nullopt;
      out += c;
      at = skip_blanks(text, at + 1);
      expect = open.back() == '[' ? Expect::value : Expect::key;
      continue;
    }
    if (expect == Expect::key || expect == Expect::key_or_end) {
      if (c != '"') return std::nullopt;
      const auto end = string_end(text, at);
      if (end == std::string_view::npos) return std::nullopt;
      out += text.substr(at, end - at);
      at = skip_blanks(text, end);
      if (at >= text.size() || text[at] != ':') return std::nullopt;
      out += ':';
      at = skip_blanks(text, at + 1);
      expect = Expect::value;
      continue;
    }
    if (c == '[' || c == '{') {
      if (open.size() >= kMaxDepth) return std::nullopt;
      open.push_back(c);
      out += c;
      at = skip_blanks(text, at + 1);
      expect = c == '[' ? Expect::value_or_end : Expect::key_or_end;
      continue;
    }
    std::size_t end = std::string_view::npos;
    if (c == '"') {
      end = string_end(text, at);
    } else if (c == '-' || is_ascii_digit(c)) {
      end = number_end(text, at);
    } else {
      for (const std::string_view word : {"true", "false", "null"}) {
        if (text.substr(at).starts_with(word)) end = at + word.size();
      }
    }
    if (end == std::string_view::npos) return std::nullopt;
    out += text.substr(at, end - at);
    at = skip_blanks(text, end);
    after_value();
    done = open.empty();
  }
  if (at != text.size()) return std::nullopt;
  return out.size() == text.size() ? text : arena.copy(out);
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
      at = at < text.size() ? at + 1 : text.size();
    } else if (c == '[' || c == '{') {
      ++depth;
      ++at;
    } else if (c == ']' || c == '}') {
      if (depth == 0) return at;
      --depth;
      ++at;
    } else if (depth == 0) {  // a number or word
      while (at < text.size() && std::string_view(",]}: \n\t\r").find(text[at]) == std::string_view::npos) ++at;
    } else {
      ++at;
    }
    if (depth == 0) return at;
  }
  return text.size();
}

std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  if (!is_object(object)) return found;
  for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (found.empty() && decodes_to(key, name)) found = value;
  });
  return found;
}

std::size_t array_size(std::string_view array) {
  std::size_t count = 0;
  if (is_array(array)) for_each_element(array, [&](std::string_view) { ++count; });
  return count;
}

std::string_view element(std::string_view array, std::int64_t index) {
  std::string_view found;
  if (!is_array(array)) return found;
  if (index < 0) index += static_cast<std::int64_t>(array_size(array));
  if (index < 0) return found;
  std::int64_t at = 0;
  for_each_element(array, [&](std::string_view value) {
    if (at++ == index) found = value;
  });
  return found;
}

void append_decoded(std::string& out, std::string_view quoted) {
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out += quoted[i];
      continue;
    }
    switch (quoted[++i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        const auto unit = [&](std::size_t from) {
          std::uint32_t code = 0;
          if (from + 4 <= quoted.size()) std::from_chars(quoted.data() + from, quoted.data() + from + 4, code, 16);
          return code;
        };
        std::uint32_t code = unit(i + 1);
        i += 4;
        if (code >= 0xD800 && code < 0xDC00 && i + 6 < quoted.size() && quoted[i + 1] == '\\' && quoted[i + 2] == 'u') {
          const auto low = unit(i + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        utf8::append(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
        break;
      }
      default: out += quoted[i];
    }
  }
}

std::string_view decode(std::string_view quoted, Arena& arena) {
  if (quoted.size() < 2) return {};
  if (quoted.find('\\') == std::string_view::npos) return quoted.substr(1, quoted.size() - 2);
  std::string out;
  append_decoded(out, quoted);
  return arena.copy(out);
}

bool decodes_to(std::string_view quoted, std::string_view text) {
  if (quoted.size() < 2) return false;
  if (quoted.find('\\') == std::string_view::npos) return quoted.substr(1, quoted.size() - 2) == text;
  std::string out;
  append_decoded(out, quoted);
  return out == text;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (c < 0x20) {
          constexpr std::string_view kHex = "0123456789abcdef";
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        } else {
          out += raw;
        }
    }
  }
  out += '"';
}

std::string_view quote(std::string_view text, Arena& arena) {
  std::string out;
  append_quoted(out, text);
  return arena.copy(out);
}

}  // namespace yagura::kql::json
