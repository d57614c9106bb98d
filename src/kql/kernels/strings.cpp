// Kernels on texts: parts, case, search and replace, splitting and joining.
#include <algorithm>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/fold_case.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/regex_cache.hpp"
#include "kql/literal_text.hpp"

namespace yagura::kql {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const re2::StringPiece& text) { return {text.data() == nullptr ? "" : text.data(), text.size()}; }

std::int64_t length_of(std::string_view text) { return static_cast<std::int64_t>(utf8::code_points(text)); }

// The byte where code point `index` begins; the text's size behind its end.
std::size_t byte_of(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  while (index > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    --index;
  }
  return at;
}

std::string_view substring(std::string_view text, std::int64_t start, std::optional<std::int64_t> length) {
  if (start < 0) start = std::max<std::int64_t>(0, length_of(text) + start);
  const auto rest = text.substr(byte_of(text, start));
  if (!length) return rest;
  return rest.substr(0, byte_of(rest, std::max<std::int64_t>(0, *length)));
}

// The part of `text` that indexof() looks at, and the position where it begins.
std::optional<std::pair<std::string_view, std::int64_t>> window_of(std::string_view text,
                                                                   std::optional<std::int64_t> start,
                                                                   std::optional<std::int64_t> length) {
  if (length && *length < -1) return std::nullopt;
  std::int64_t from = start.value_or(0);
  if (from < 0) from = std::max<std::int64_t>(0, length_of(text) + from);
  auto part = text.substr(byte_of(text, from));
  if (length && *length >= 0) part = part.substr(0, byte_of(part, *length));
  return std::pair(part, from);
}

// Each further occurrence is looked for behind the one before, within `length` characters from there.
std::optional<std::int64_t> index_of(std::string_view text, std::string_view what, std::optional<std::int64_t> start,
                                     std::optional<std::int64_t> length, std::optional<std::int64_t> occurrence) {
  if (occurrence && *occurrence < 1) return std::nullopt;
  auto from = start.value_or(0);
  for (std::int64_t n = occurrence.value_or(1);; --n) {
    const auto window = window_of(text, from, length);
    if (!window) return std::nullopt;
    const auto at = window->first.find(what);
    if (at == std::string_view::npos) return -1;
    const auto found = length_of(window->first.substr(0, at)) + window->second;
    if (n == 1) return found;
    from = found + std::max<std::int64_t>(1, length_of(what));
  }
}

void index_of_regex(KernelCall& call) {
  RowRegex regex(call, 1);
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto optional = [&](std::size_t i) {
      return i < call.size() ? std::optional(call[i].integer(row)) : std::nullopt;
    };
    const auto window = window_of(text_of(call[0], row, call.arena), optional(2), optional(3));
    const auto occurrence = optional(4).value_or(1);
    const auto* re = regex.at(row);
    if (!window || occurrence < 1 || optional(2).value_or(0) < 0) {
      call.put_null();
      continue;
    }
    std::int64_t found = -1;
    std::size_t at = 0;
    re2::StringPiece match;
    for (std::int64_t n = occurrence;
         re != nullptr && at <= window->first.size() &&
         re->Match(piece(window->first), at, window->first.size(), re2::RE2::UNANCHORED, &match, 1);
         --n) {
      const auto begin = static_cast<std::size_t>(match.data() - window->first.data());
      if (n == 1) {
        found = length_of(window->first.substr(0, begin)) + window->second;
        break;
      }
      at = begin + std::max<std::size_t>(1, match.size());
    }
    call.put(found);
  }
}

void split(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto text = text_of(call[0], row, call.arena);
    const auto by = text_of(call[1], row, call.arena);
    const auto wanted = call.size() > 2 ? std::optional(call[2].integer(row)) : std::nullopt;
    std::string out = "[";
    std::int64_t index = 0;
    const auto part = [&](std::string_view value) {
      if (!wanted || *wanted == index) {
        if (out.size() > 1) out += ',';
        json::append_quoted(out, value);
      }
      ++index;
    };
    std::size_t from = 0;
    while (!by.empty()) {
      const auto at = text.find(by, from);
      if (at == std::string_view::npos) break;
      part(text.substr(from, at - from));
      from = at + by.size();
    }
    part(text.substr(from));
    out += ']';
    call.put(Json{call.arena.copy(out)});
  }
}

void concat(KernelCall& call) {
  std::string out;
  for (std::size_t row = 0; row < call.rows; ++row) {
    out.clear();
    for (std::size_t i = 0; i < call.size(); ++i) out += text_of(call[i], row, call.arena);
    call.put(out);
  }
}
void concat_with(KernelCall& call) {
  std::string out;
  for (std::size_t row = 0; row < call.rows; ++row) {
    out.clear();
    for (std::size_t i = 1; i < call.size(); ++i) {
      if (i > 1) out += text_of(call[0], row, call.arena);
      out += text_of(call[i], row, call.arena);
    }
    call.put(out);
  }
}
std::string concat_array(Arena& arena, Json array, std::string_view delimiter) {
  std::string out;
  bool first = true;
  if (json::is_array(array.text)) {
    json::for_each_element(array.text, [&](std::string_view item) {
      if (!first) out += delimiter;
      first = false;
      if (!json::is_null(item)) out += text_of_json(item, arena);
    });
  }
  return out;
}

std::string repeat(std::string_view text, std::int64_t times, std::optional<std::string_view> delimiter) {
  std::string out;
  times = std::clamp<std::int64_t>(times, 0, 1024);
  for (std::int64_t i = 0; i < times; ++i) {
    if (i > 0 && delimiter) out += *delimiter;
    out += text;
  }
  return out;
}

template <bool start, bool end>
std::shared_ptr<const void> prepare_trim(const BoundExpression& call) {
  if (call.arguments[0]->kind != BoundExpression::Kind::literal) return nullptr;
  const auto& pattern = call.arguments[0]->value.text;
  using Pair = std::pair<std::shared_ptr<const re2::RE2>, std::shared_ptr<const re2::RE2>>;
  return std::make_shared<Pair>(start ? compile_regex("^(?:" + pattern + ")+") : nullptr,
                                end ? compile_regex("(?:" + pattern + ")+$") : nullptr);
}
template <bool start, bool end>
void trim_by(KernelCall& call) {
  using Pair = std::pair<std::shared_ptr<const re2::RE2>, std::shared_ptr<const re2::RE2>>;
  for (std::size_t row = 0; row < call.rows; ++row) {
    Pair own;
    const auto* pair = static_cast<const Pair*>(call.state);
    if (pair == nullptr) {
      const std::string pattern(text_of(call[0], row, call.arena));
      own = {start ? compile_regex("^(?:" + pattern + ")+") : nullptr,
             end ? compile_regex("(?:" + pattern + ")+$") : nullptr};
      pair = &own;
    }
    auto text = text_of(call[1], row, call.arena);
    re2::StringPiece match;
    if (start && pair->first->ok() &&
        pair->first->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
      text.remove_prefix(match.size());
    }
    if (end && pair->second->ok() &&
        pair->second->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
      text.remove_suffix(match.size());
    }
    call.put(text);
  }
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view with) {
  if (what.empty()) return std::string(text);
  std::string out;
  std::size_t from = 0;
  for (;;) {
    const auto at = text.find(what, from);
    if (at == std::string_view::npos) break;
    out += text.substr(from, at - from);
    out += with;
    from = at + what.size();
  }
  return out += text.substr(from);
}

// Each text of the list in turn, in what the ones before it left. A rewrite that is no text leaves its place as it was.
std::string replace_each(Arena& arena, std::string_view text, Json lookups, Json rewrites) {
  std::vector<std::string_view> what, with;
  if (json::is_array(lookups.text))
    json::for_each_element(lookups.text, [&](auto item) { what.push_back(json::is_string(item) ? json::decode(item, arena) : std::string_view()); });
  if (json::is_array(rewrites.text)) json::for_each_element(rewrites.text, [&](auto item) { with.push_back(item); });
  struct Part {
    std::string_view text;
    bool done;
  };
  std::vector<Part> parts{{text, false}};
  for (std::size_t i = 0; i < what.size() && !with.empty(); ++i) {
    if (what[i].empty()) continue;
    const auto rewrite = with[std::min(i, with.size() - 1)];
    const auto put = json::is_string(rewrite) ? json::decode(rewrite, arena) : what[i];
    std::vector<Part> next;
    for (const Part& part : parts) {
      std::size_t from = 0;
      while (!part.done) {
        const auto at = part.text.find(what[i], from);
        if (at == std::string_view::npos) break;
        if (at > from) next.push_back({part.text.substr(from, at - from), false});
        next.push_back({put, true});
        from = at + what[i].size();
      }
      if (from < part.text.size()) next.push_back({part.text.substr(from), part.done});
    }
    parts = std::move(next);
  }
  std::string out;
  for (const Part& part : parts) out += part.text;
  return out;
}

template <std::size_t source, std::size_t pattern, std::size_t rewrite, bool dot = false>
void replace_regex(KernelCall& call) {
  RowRegex regex(call, pattern, dot);
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::string text(text_of(call[source], row, call.arena));
    const auto* re = regex.at(row);
    // RE2 knows \0 to \9; a backslash before anything else stands for itself.
    std::string with;
    const auto given = text_of(call[rewrite], row, call.arena);
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i] == '\\' && !(i + 1 < given.size() && is_ascii_digit(given[i + 1]))) with += '\\';
      with += given[i];
    }
    if (re != nullptr) re2::RE2::GlobalReplace(&text, *re, with);
    call.put(text);
  }
}

std::int64_t count_texts(std::string_view text, std::string_view what) {
  if (what.empty()) return 0;
  std::int64_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
  return count;
}
void count_of(KernelCall& call) {
  RowRegex regex(call, 1);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    if (call.size() < 3 || text_of(call[2], row, call.arena) != "regex") {
      call.put(count_texts(text, text_of(call[1], row, call.arena)));
      continue;
    }
    const auto* re = regex.at(row);
    std::int64_t count = 0;
    re2::StringPiece match;
    for (std::size_t at = 0; re != nullptr && at <= text.size() &&
                             re->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, &match, 1);) {
      if (match.empty()) {
        ++at;
        continue;
      }
      ++count;
      at = static_cast<std::size_t>(match.data() - text.data()) + match.size();
    }
    call.put(count);
  }
}

// --- groups of matches

// Group `group` of the first match; empty without one.
std::string_view group_of(const re2::RE2* re, std::string_view text, std::int64_t group) {
  if (re == nullptr || group < 0 || group > re->NumberOfCapturingGroups()) return {};
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(group) + 1);
  if (!re->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size())))
    return {};
  return view(groups.back());
}

template <std::size_t source, std::size_t pattern, std::size_t group, bool dot = false>
void extract(KernelCall& call) {
  RowRegex regex(call, pattern, dot);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto n = call[group].is_null(row) ? 0 : std::max<std::int64_t>(0, call[group].integer(row));
    call.put(group_of(regex.at(row), text_of(call[source], row, call.arena), n));
  }
}

// Of the groups named by the arguments behind the pattern, those of the first match, joined: at most one is not empty.
void groups_joined(KernelCall& call) {
  RowRegex regex(call, 1, true);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto* re = regex.at(row);
    const auto text = text_of(call[0], row, call.arena);
    std::string out;
    for (std::size_t i = 2; i < call.size(); ++i) out += group_of(re, text, call[i].integer(row));
    call.put(out);
  }
}

template <class Call>
void for_each_match(const re2::RE2* re, std::string_view text, Call&& call) {
  if (re == nullptr) return;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(re->NumberOfCapturingGroups()) + 1);
  std::size_t at = 0;
  while (at <= text.size() && re->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, groups.data(),
                                        static_cast<int>(groups.size()))) {
    call(groups);
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    at = begin + std::max<std::size_t>(1, groups[0].size());
  }
}

void extract_all(KernelCall& call) {
  RowRegex regex(call, 0);
  const std::size_t source = call.size() == 3 ? 2 : 1;
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[source], row, call.arena);
    const auto* re = regex.at(row);
    std::vector<std::int64_t> wanted;
    if (call.size() == 3 && !call[1].is_null(row)) {
      json::for_each_element(call[1].text(row), [&](std::string_view item) {
        const auto name = text_of_json(item, call.arena);
        const auto number = long_from_text(name);
        std::int64_t group = number.value_or(0);
        if (!number && re != nullptr) {
          const auto found = re->NamedCapturingGroups().find(std::string(name));
          if (found != re->NamedCapturingGroups().end()) group = found->second;
        }
        wanted.push_back(group);
      });
    }
    if (wanted.empty() && re != nullptr) {
      const int groups = re->NumberOfCapturingGroups();
      for (int g = groups == 0 ? 0 : 1; g <= groups; ++g) wanted.push_back(g);
    }
    std::string out = "[";
    for_each_match(re, text, [&](const std::vector<re2::StringPiece>& groups) {
      if (out.size() > 1) out += ',';
      if (wanted.size() > 1) out += '[';
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i > 0) out += ',';
        const auto g = static_cast<std::size_t>(wanted[i]);
        json::append_quoted(out, wanted[i] >= 0 && g < groups.size() ? view(groups[g]) : std::string_view());
      }
      if (wanted.size() > 1) out += ']';
    });
    out += ']';
    if (out == "[]") {
      call.put_null();
    } else {
      call.put(Json{call.arena.copy(out)});
    }
  }
}

void value_by_regex(KernelCall& call) {
  RowRegex regex(call, 1, true);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto key = text_of(call[2], row, call.arena);
    std::string_view found;
    bool have = false;
    const auto text = text_of(call[0], row, call.arena);
    for_each_match(regex.at(row), text, [&](const std::vector<re2::StringPiece>& groups) {
      if (have || groups.size() < 3 || view(groups[1]) != key) return;
      found = view(groups[2]);
      have = true;
    });
    call.put(found);
  }
}

// All groups of the first match of each row.
struct Matches {
  std::size_t width = 0;                 // groups, with the whole match as the first
  std::vector<std::string_view> groups;  // width for each row
  std::vector<std::uint8_t> matched;
};
Matches match_all(const KernelCall& call, const re2::RE2& regex) {
  Matches out;
  out.width = static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1;
  out.groups.resize(out.width * call.rows);
  out.matched.resize(call.rows);
  std::vector<re2::StringPiece> groups(out.width);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    if (!regex.Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size())))
      continue;
    out.matched[row] = 1;
    for (std::size_t i = 0; i < out.width; ++i) out.groups[row * out.width + i] = view(groups[i]);
  }
  return out;
}
// The matches of a constant regular expression, shared with other calls; null when they cannot be.
const Matches* shared_matches(KernelCall& call) {
  const auto* regex = static_cast<const re2::RE2*>(call.state);
  if (regex == nullptr || !regex->ok() || call.cache == nullptr || call[0].is_constant()) return nullptr;
  return &call.cache->get<Matches>(&call[0].column(), regex, [&] { return match_all(call, *regex); });
}

void parse_matches(KernelCall& call) {
  if (const auto* matches = shared_matches(call)) {
    for (std::size_t row = 0; row < call.rows; ++row) call.put(matches->matched[row] != 0);
    return;
  }
  RowRegex regex(call, 1, true);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    const auto* re = regex.at(row);
    call.put(re != nullptr && re2::RE2::PartialMatch(piece(text), *re));
  }
}

void parse_group(KernelCall& call) {
  const auto* matches = shared_matches(call);
  if (matches == nullptr) return extract<0, 1, 2, true>(call);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto group = call[2].integer(row);
    const bool have = matches->matched[row] != 0 && group >= 0 && group < static_cast<std::int64_t>(matches->width);
    call.put(have ? matches->groups[row * matches->width + static_cast<std::size_t>(group)] : std::string_view());
  }
}

// --- characters

std::string reversed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    out += text.substr(begin, end - begin);
    end = begin;
  }
  return out;
}

std::string translated(std::string_view from, std::string_view to, std::string_view text) {
  std::vector<char32_t> olds, news;
  for (std::size_t at = 0; at < from.size();) olds.push_back(utf8::next(from, at));
  for (std::size_t at = 0; at < to.size();) news.push_back(utf8::next(to, at));
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto before = at;
    const auto code = utf8::next(text, at);
    const auto found = std::ranges::find(olds, code);
    if (found == olds.end()) {
      out += text.substr(before, at - before);
    } else if (!news.empty()) {
      // The replacement's last character stands for all that have none.
      const auto i = std::min(static_cast<std::size_t>(found - olds.begin()), news.size() - 1);
      utf8::append(out, news[i]);
    }
  }
  return out;
}

std::string code_points(std::string_view text) {
  std::string out = "[";
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() > 1) out += ',';
    out += std::to_string(static_cast<std::uint32_t>(utf8::next(text, at)));
  }
  return out + ']';
}
void from_code_points(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::string out;
    bool valid = true;  // one that is no code point spoils all
    const auto add = [&](std::optional<std::int64_t> code) {
      valid = valid && code && *code >= 0 && *code <= 0x10FFFF && (*code < 0xD800 || *code > 0xDFFF);
      if (valid) utf8::append(out, static_cast<char32_t>(*code));
    };
    for (std::size_t i = 0; i < call.size() && valid; ++i) {
      if (call[i].is_null(row)) {
        valid = false;
        continue;
      }
      if (call[i].type() != Type::dynamic) {
        add(call[i].integer(row));
      } else if (json::is_array(call[i].text(row))) {
        json::for_each_element(call[i].text(row),
                               [&](std::string_view item) { add(parse_long_text(item)); });
      } else {
        add(parse_long_text(text_of(call[i], row, call.arena)));
      }
    }
    call.put(valid ? std::string_view(call.arena.copy(out)) : std::string_view());
  }
}

std::string regex_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '_' && static_cast<unsigned char>(c) < 0x80) out += '\\';
    out += c;
  }
  return out;
}

constexpr Kernel kKernels[] = {
    {"strlen", kernel_rows<[](std::string_view text) { return length_of(text); }>},
    {"string_size", kernel_rows<[](std::string_view text) { return static_cast<std::int64_t>(text.size()); }>},
    {"strcat", concat},
    {"strcat_delim", concat_with},
    {"strcat_array", kernel_rows<[](Arena& arena, Json array, std::string_view by) { return concat_array(arena, array, by); }>},
    {"strrep", kernel_rows<[](std::string_view text, std::int64_t times, std::optional<std::string_view> by) { return repeat(text, times, by); }>},
    {"strcmp", kernel_rows<[](std::string_view a, std::string_view b) { return static_cast<std::int64_t>(a == b ? 0 : a < b ? -1 : 1); }>},
    {"substring", kernel_rows<[](std::string_view text, std::int64_t start, std::optional<std::int64_t> length) { return substring(text, start, length); }>},
    {"toupper", kernel_rows<[](std::string_view text) { return upper_case(text); }>},
    {"tolower", kernel_rows<[](std::string_view text) { return fold_case(text); }>},
    {"reverse", kernel_rows<[](std::string_view text) { return reversed(text); }>},
    {"indexof", kernel_rows<[](std::string_view text, std::string_view what, std::optional<std::int64_t> start,
                               std::optional<std::int64_t> length, std::optional<std::int64_t> n) { return index_of(text, what, start, length, n); }>},
    {"indexof_regex", index_of_regex, prepare_regex<1>},
    {"split", split},
    {"trim", trim_by<true, true>, prepare_trim<true, true>},
    {"trim_start", trim_by<true, false>, prepare_trim<true, false>},
    {"trim_end", trim_by<false, true>, prepare_trim<false, true>},
    {"replace_string", kernel_rows<[](std::string_view text, std::string_view what, std::string_view with) { return replace_all(text, what, with); }>},
    {"replace_strings", kernel_rows<[](Arena& arena, std::string_view text, Json what, Json with) { return replace_each(arena, text, what, with); }>},
    {"replace_regex", replace_regex<0, 1, 2>, prepare_regex<1>},
    {"replace", replace_regex<2, 0, 1>, prepare_regex<0>},
    {"countof", count_of, prepare_regex<1>},
    {"extract", extract<2, 0, 1>, prepare_regex<0>},
    {"extract_all", extract_all, prepare_regex<0>},
    {"translate", kernel_rows<[](std::string_view from, std::string_view to, std::string_view text) { return translated(from, to, text); }>},
    {"regex_quote", kernel_rows<[](std::string_view text) { return regex_quoted(text); }>},
    {"unicode_codepoints_from_string", kernel_rows<[](Arena& arena, std::string_view text) { return Json{arena.copy(code_points(text))}; }>},
    {"unicode_codepoints_to_string", from_code_points},
    {"make_string", from_code_points},
    {"isascii", kernel_rows<[](std::string_view text) { return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }); }>},
    {"isutf8", kernel_rows<[](std::string_view text) { return utf8::valid(text); }>},
    {".matches", parse_matches, prepare_regex<1, true>, true},
    {".group", parse_group, prepare_regex<1, true>, true},
    {".groups", groups_joined, prepare_regex<1, true>},
    {".unescape", [](KernelCall& call) {
       RowRegex regex(call, 1, true);
       for (std::size_t row = 0; row < call.rows; ++row) {
         std::string text(text_of(call[0], row, call.arena));
         if (const auto* re = regex.at(row)) re2::RE2::GlobalReplace(&text, *re, "\\1");
         call.put(text);
       }
     }, prepare_regex<1, true>},
    {".trim_blanks", kernel_rows<[](std::string_view text) {
       const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
       while (!text.empty() && blank(text.front())) text.remove_prefix(1);
       while (!text.empty() && blank(text.back())) text.remove_suffix(1);
       return text;
     }>},
    {".kv_by_regex", value_by_regex, prepare_regex<1, true>},
};

}  // namespace

std::span<const Kernel> string_kernels() { return kKernels; }

}  // namespace yagura::kql
