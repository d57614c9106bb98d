#include "normalise/grok.hpp"

#include <re2/re2.h>

#include "base/text.hpp"
#include "normalise/fast_regex.hpp"

namespace yagura::normalise {

namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxExpanded = 32'768;

const Grok::Patterns& built_in() {
  static const Grok::Patterns patterns{
      {"INT", R"([+-]?\d+)"},
      {"NUM", R"(\d+)"},
      {"NUMBER", R"([+-]?\d+(?:\.\d+)?)"},
      {"HEX", R"((?:0x)?[0-9A-Fa-f]+)"},
      {"WORD", R"(\w+)"},
      {"NOTSPACE", R"(\S+)"},
      {"SPACE", R"(\s*)"},
      {"DATA", R"(.*?)"},
      {"GREEDY", R"(.*)"},
      {"QUOTED", R"((?:[^"\\]|\\.)*)"},
      {"IPV4", R"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})"},
      {"IPV6",  // Four groups at least, or "::" somewhere: a time of day is no address.
       R"((?:(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f.:]+|(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?::[0-9A-Fa-f.:]*[0-9A-Fa-f]?)(?:%\w+)?)"},
      {"IP", R"((?:%{IPV4}|%{IPV6}))"},
      {"HOST", R"([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)"},
      {"IPORHOST", R"((?:%{IPV6}|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?))"},
      {"PORT", R"(\d{1,5})"},
      {"MAC", R"((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"},
      {"USER", R"([^\s,;:'"<>()\[\]]+)"},
      {"LOGIN", R"([^\s,;:'"<>()\[\]@]+)"},
      {"PATH", R"((?:/|[A-Za-z]:\\)[^\s"']*)"},
      {"EMAIL", R"([^\s<>"',;]+@[^\s<>"',;]+)"},
      {"URI", R"([A-Za-z][A-Za-z0-9+.-]*://[^\s"]+)"},
      {"UUID", R"([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})"},
      {"MONTH", R"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)"},
      {"CLOCK", R"(\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?)"},
      {"ISOTIME", R"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)"},
      {"SYSLOGTIME", R"(%{MONTH}\s+\d{1,2}\s+(?:\d{4}\s+)?%{CLOCK})"},
      {"HTTPTIME", R"(\d{1,2}/\w{3}/\d{4}:\d{2}:\d{2}:\d{2}(?: [+-]\d{4})?)"},
  };
  return patterns;
}

struct Expander {
  const Grok::Patterns& own;
  std::vector<std::string>& names;
  std::string out;

  Result<> expand(std::string_view pattern, int depth) {
    if (depth > kMaxDepth)
      return fail(ErrorKind::invalid_input, "patterns name each other in a circle, or more than {} deep", kMaxDepth);
    std::size_t at = 0;
    while (at < pattern.size()) {
      if (out.size() > kMaxExpanded)
        return fail(ErrorKind::invalid_input, "the pattern is longer than {} characters", kMaxExpanded);
      if (pattern[at] == '\\' && at + 1 < pattern.size()) {
        out += pattern.substr(at, 2);
        at += 2;
        continue;
      }
      // A group of one's own would shift the numbers of ours: "(" is "(?:", and only %{} keeps a text.
      if (pattern[at] == '(' && (at + 1 >= pattern.size() || pattern[at + 1] != '?')) {
        out += "(?:";
        ++at;
        continue;
      }
      if (pattern[at] == '[') {  // a class: up to its end as it is
        std::size_t end = at + 1;
        if (end < pattern.size() && pattern[end] == '^') ++end;
        if (end < pattern.size() && pattern[end] == ']') ++end;
        while (end < pattern.size() && pattern[end] != ']') end += pattern[end] == '\\' ? 2 : 1;
        end = std::min(end + 1, pattern.size());
        out += pattern.substr(at, end - at);
        at = end;
        continue;
      }
      if (!pattern.substr(at).starts_with("%{")) {
        out += pattern[at++];
        continue;
      }
      const auto close = pattern.find('}', at);
      if (close == std::string_view::npos) return fail(ErrorKind::invalid_input, "'%{{' without its '}}'");
      const std::string_view inside = pattern.substr(at + 2, close - at - 2);
      at = close + 1;
      const auto colon = inside.find(':');
      const std::string_view type = inside.substr(0, colon);
      const std::string* body = nullptr;
      if (const auto found = own.find(type); found != own.end())
        body = &found->second;
      else if (const auto known = built_in().find(type); known != built_in().end())
        body = &known->second;
      if (body == nullptr) {
        std::vector<std::string_view> all;
        for (const auto& [name, text] : own) all.push_back(name);
        for (const auto& [name, text] : built_in()) all.push_back(name);
        return fail(ErrorKind::invalid_input, "there is no pattern '{}'{}", type, did_you_mean(type, all));
      }
      const bool named = colon != std::string_view::npos;
      if (named) {
        if (names.size() >= Grok::kMaxNames)
          return fail(ErrorKind::invalid_input, "more than {} named parts", Grok::kMaxNames);
        names.emplace_back(inside.substr(colon + 1));
        out += '(';
      } else {
        out += "(?:";
      }
      TRY(expand(*body, depth + 1));
      out += ')';
    }
    return {};
  }
};

}  // namespace

Grok::Grok() = default;
Grok::~Grok() = default;
Grok::Grok(Grok&&) noexcept = default;
Grok& Grok::operator=(Grok&&) noexcept = default;

Result<Grok> Grok::compile(std::string_view pattern, const Patterns& own) {
  Grok grok;
  Expander expander{own, grok.names_, {}};
  TRY(expander.expand(pattern, 0));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // bytes: lines need not be UTF-8
  options.set_max_mem(4 << 20);
  grok.regex_ = std::make_unique<re2::RE2>(expander.out, options);
  if (!grok.regex_->ok()) return fail(ErrorKind::invalid_input, "'{}': {}", pattern, grok.regex_->error());
  grok.fast_ = std::make_unique<FastRegex>(std::move(expander.out));
  return grok;
}

bool Grok::match(std::string_view text, std::string_view (&out)[kMaxNames]) const {
  switch (fast_->match(text, out, names_.size())) {
    case FastRegex::Answer::yes: return true;
    case FastRegex::Answer::no: return false;
    case FastRegex::Answer::unknown: break;
  }
  re2::StringPiece groups[kMaxNames + 1];
  const int count = static_cast<int>(names_.size()) + 1;
  if (!regex_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, groups, count))
    return false;
  for (std::size_t i = 0; i < names_.size(); ++i)
    out[i] = groups[i + 1].data() == nullptr ? std::string_view()
                                             : std::string_view(groups[i + 1].data(), groups[i + 1].size());
  return true;
}

}  // namespace yagura::normalise
