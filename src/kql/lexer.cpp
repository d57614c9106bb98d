#include "kql/lexer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <unordered_map>

namespace yagura::kql {
namespace {

constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_octal(unsigned char c) { return c >= '0' && c <= '7'; }
constexpr bool is_name_start(unsigned char c) { return is_letter(c) || c == '_' || c == '$'; }
constexpr bool is_name_char(unsigned char c) { return is_letter(c) || is_digit(c) || c == '_'; }
constexpr bool is_quote(unsigned char c) { return c == '\'' || c == '"' || c == '`' || c == '~'; }

// Keywords by their first run of name characters (with the "!" of "!has" before it): "project" leads to
// "project-away" and the others, longest first.
struct Keyword {
  std::string_view text;
  TokenKind kind;
};
class KeywordTable {
 public:
  KeywordTable() {
#define X(kind, text, flags) add(text, TokenKind::kind);
    YAGURA_KQL_KEYWORDS(X)
#undef X
    for (auto& [_, list] : by_first_word_) {
      std::ranges::sort(list, [](const Keyword& a, const Keyword& b) { return a.text.size() > b.text.size(); });
    }
  }
  static std::string_view first_word(std::string_view text) {
    std::size_t end = text.starts_with('!') ? 1 : 0;
    while (end < text.size() && is_name_char(static_cast<unsigned char>(text[end]))) ++end;
    return text.substr(0, end);
  }
  std::span<const Keyword> starting_with(std::string_view word) const {
    if (word.size() > longest_) return {};
    const auto found = by_first_word_.find(word);
    return found == by_first_word_.end() ? std::span<const Keyword>() : found->second;
  }

 private:
  void add(std::string_view text, TokenKind kind) {
    const auto word = first_word(text);
    longest_ = std::max(longest_, word.size());
    by_first_word_[word].push_back({text, kind});
  }
  std::unordered_map<std::string_view, std::vector<Keyword>> by_first_word_;
  std::size_t longest_ = 0;
};
const KeywordTable& keywords() {
  static const KeywordTable table;
  return table;
}

// long(...), datetime(...): a keyword and all up to the parenthesis is one literal.
TokenKind parenthesised_literal(TokenKind keyword) {
  switch (keyword) {
    case TokenKind::kw_long:
    case TokenKind::kw_int64: return TokenKind::long_literal;
    case TokenKind::kw_int:
    case TokenKind::kw_int32: return TokenKind::int_literal;
    case TokenKind::kw_real:
    case TokenKind::kw_double: return TokenKind::real_literal;
    case TokenKind::kw_decimal: return TokenKind::decimal_literal;
    case TokenKind::kw_bool: return TokenKind::boolean_literal;
    case TokenKind::kw_datetime:
    case TokenKind::kw_date: return TokenKind::datetime_literal;
    case TokenKind::kw_time:
    case TokenKind::kw_timespan: return TokenKind::timespan_literal;
    case TokenKind::kw_guid: return TokenKind::guid_literal;
    default: return TokenKind::none;
  }
}

constexpr auto kTimespanUnits = std::to_array<std::string_view>(
    {"m",        "min",         "minute",       "minutes",  "s",           "sec",          "second",     "seconds",
     "d",        "day",         "days",         "h",        "hr",          "hrs",          "hour",       "hours",
     "ms",       "milli",       "millis",       "millisec", "millisecond", "milliseconds", "micro",      "micros",
     "microsec", "microsecond", "microseconds", "nano",     "nanos",       "nanosec",      "nanosecond", "nanoseconds",
     "tick",     "ticks"});

class Lexer {
 public:
  Lexer(std::string_view text, std::size_t max_tokens) : text_(text), max_tokens_(max_tokens) {}

  LexResult run() {
    result_.tokens.reserve(std::min(text_.size() / 4 + 8, max_tokens_));
    for (;;) {
      const std::size_t before = at_;
      skip_blanks_and_comments();
      adjacent_ = before == at_;
      if (at_ >= text_.size()) break;
      if (result_.tokens.size() >= max_tokens_) {
        result_.too_many = true;
        break;
      }
      word();
    }
    push(TokenKind::end_of_text, 0);
    return std::move(result_);
  }

 private:
  unsigned char peek(std::size_t offset = 0) const {
    return at_ + offset < text_.size() ? static_cast<unsigned char>(text_[at_ + offset]) : 0;
  }
  std::string_view rest() const { return text_.substr(at_); }

  void push(TokenKind kind, std::size_t length) {
    result_.tokens.push_back({.kind = kind,
                              .adjacent = adjacent_,
                              .span = {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(length)}});
    at_ += length;
  }
  void report(std::string code, std::string message, std::size_t start, std::size_t length) {
    result_.diagnostics.push_back({.code = std::move(code),
                                   .message = std::move(message),
                                   .start = static_cast<std::uint32_t>(start),
                                   .length = static_cast<std::uint32_t>(length)});
  }

  // Length of the blank at `at_`, 0 when there is none. Kusto takes Unicode's blanks and the byte order mark as such.
  std::size_t blank() const {
    const unsigned char c = peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') return 1;
    if (c == 0xC2) return peek(1) == 0xA0 ? 2 : 0;
    if (c < 0xE1) return 0;
    const std::uint32_t code = (c & 0x0Fu) << 12 | (peek(1) & 0x3Fu) << 6 | (peek(2) & 0x3Fu);
    const bool whole = (c & 0xF0u) == 0xE0 && (peek(1) & 0xC0u) == 0x80 && (peek(2) & 0xC0u) == 0x80;
    const bool is_blank = whole && (code == 0x1680 || code == 0x180E || (code >= 0x2000 && code <= 0x200B) ||
                                    code == 0x202F || code == 0x205F || code == 0x3000 || code == 0xFEFF);
    return is_blank ? 3 : 0;
  }
  void skip_blanks_and_comments() {
    while (at_ < text_.size()) {
      if (const auto length = blank(); length > 0) {
        at_ += length;
      } else if (peek() == '/' && peek(1) == '/') {
        at_ = line_end(at_);
      } else {
        break;
      }
    }
  }
  std::size_t line_end(std::size_t from) const {
    const auto end = text_.find_first_of("\r\n", from);
    return end == std::string_view::npos ? text_.size() : end;
  }

  void word() {
    const unsigned char c = peek();
    if (is_letter(c) || c == '_' || is_digit(c)) {
      if (keyword()) return;
    } else if (punctuation(c)) {
      return;
    } else if (is_quote(c) || (c == '@' && is_quote(peek(1)))) {
      if (string()) return;
    } else if (c == '#') {
      push(TokenKind::directive, line_end(at_) - at_);
      return;
    } else if (c == '!') {
      if (keyword()) return;
      // A bang alone is a word only where no name follows at once.
      if (!is_name_char(peek(1))) return push(TokenKind::bang, 1);
    }
    if (is_name_start(c)) return name(c);
    if (is_digit(c) && number()) return;
    std::size_t length = 1;  // one whole character, to point at
    if (c >= 0xC0) {
      while (length < 4 && (peek(length) & 0xC0) == 0x80) ++length;
    }
    report("KS002", "Unexpected: " + std::string(text_.substr(at_, length)), at_, length);
    push(TokenKind::bad, length);
  }

  bool punctuation(unsigned char c) {
    using enum TokenKind;
    const auto take = [&](TokenKind kind, std::size_t length = 1) {
      push(kind, length);
      return true;
    };
    switch (c) {
      case '(': return take(open_paren);
      case ')': return take(close_paren);
      case '[': return take(open_bracket);
      case ']': return take(close_bracket);
      case '{': return take(open_brace);
      case '}': return take(close_brace);
      case '|': return take(bar);
      case '.': return peek(1) == '.' ? take(dot_dot, 2) : take(dot);
      case '+': return take(plus);
      case '-': return take(minus);
      case '*': return take(asterisk);
      case '/': return take(slash);
      case '%': return take(percent);
      case '<':
        if (peek(1) == '=') return take(less_equal, 2);
        if (peek(1) == '|') return take(less_bar, 2);
        if (peek(1) == '>') return take(less_greater, 2);
        return take(less);
      case '>': return peek(1) == '=' ? take(greater_equal, 2) : take(greater);
      case '=':
        if (peek(1) == '=') return take(equal_equal, 2);
        if (peek(1) == '>') return take(fat_arrow, 2);
        if (peek(1) == '~') return take(equal_tilde, 2);
        return take(equal);
      case '!':
        if (peek(1) == '=') return take(bang_equal, 2);
        if (peek(1) == '~') return take(bang_tilde, 2);
        return false;
      case ':': return take(colon);
      case ';': return take(semicolon);
      case ',': return take(comma);
      case '@': return is_quote(peek(1)) ? false : take(at);
      case '?': return take(question);
      default: return false;
    }
  }

  bool keyword() {
    const auto word = KeywordTable::first_word(rest());
    const Keyword* found = nullptr;
    for (const auto& candidate : keywords().starting_with(word)) {
      if (rest().starts_with(candidate.text)) {
        found = &candidate;
        break;
      }
    }
    if (found == nullptr) return false;
    const std::size_t length = found->text.size();
    if (peek(length) == '(') {
      if (const auto literal = parenthesised_literal(found->kind); literal != TokenKind::none) {
        auto end = text_.find_first_of(")\r\n", at_ + length);
        if (end == std::string_view::npos) end = text_.size();
        const bool closed = end < text_.size() && text_[end] == ')';
        end += closed ? 1 : 0;
        if (!closed) report("KS001", "Missing: )", end, 0);
        push(literal, end - at_);
        return true;
      }
    }
    // "project-awayx" is the name "project", not the keyword: the longest keyword there does not end.
    if (is_name_char(peek(length))) return false;
    push(found->kind, length);
    return true;
  }

  void name(unsigned char c) {
    std::size_t length = 1;
    while (is_name_char(peek(length))) ++length;
    const auto word = text_.substr(at_, length);
    if (word == "true" || word == "True" || word == "TRUE" || word == "false" || word == "False" || word == "FALSE") {
      return push(TokenKind::boolean_literal, length);
    }
    if (raw_guid()) return push(TokenKind::raw_guid_literal, 36);
    if (length == 1 && (c == 'h' || c == 'H') && (is_quote(peek(1)) || peek(1) == '@') && string()) return;
    push(TokenKind::identifier, length);
  }

  bool raw_guid() const {
    if (at_ + 36 > text_.size()) return false;
    for (std::size_t i = 0; i < 36; ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash ? peek(i) != '-' : !is_hex(peek(i))) return false;
    }
    return true;
  }

  std::size_t digits(std::size_t offset) const {
    std::size_t count = 0;
    while (is_digit(peek(offset + count))) ++count;
    return count;
  }
  std::size_t exponent(std::size_t offset) const {
    if ((peek(offset) | 0x20) != 'e') return 0;
    std::size_t length = 1;
    if (peek(offset + 1) == '+' || peek(offset + 1) == '-') ++length;
    const auto count = digits(offset + length);
    return count == 0 ? 0 : length + count;
  }
  std::size_t real_length() const {
    std::size_t length = digits(0);
    // "1..5" is a range of two integers, "1...5" begins with the real "1."
    if (peek(length) == '.' && (peek(length + 1) != '.' || peek(length + 2) == '.')) {
      ++length;
      length += digits(length);
      length += exponent(length);
    } else {
      const auto exponent_length = exponent(length);
      if (exponent_length == 0) return 0;
      length += exponent_length;
    }
    return is_name_char(peek(length)) ? 0 : length;
  }
  std::size_t timespan_length() const {
    std::size_t length = digits(0);
    if (peek(length) == '.') {
      if (const auto fraction = digits(length + 1); fraction > 0) length += 1 + fraction;
    }
    std::size_t unit = 0;
    while (is_letter(peek(length + unit))) ++unit;
    if (unit == 0 || is_name_char(peek(length + unit))) return 0;
    const auto text = text_.substr(at_ + length, unit);
    return std::ranges::find(kTimespanUnits, text) == kTimespanUnits.end() ? 0 : length + unit;
  }
  std::size_t long_length() const {
    std::size_t length = 0;
    if (peek() == '0' && (peek(1) | 0x20) == 'x') {
      if (!is_hex(peek(2))) return 0;
      length = 3;
      while (is_hex(peek(length))) ++length;
    } else {
      length = digits(0);
    }
    return is_name_char(peek(length)) ? 0 : length;
  }
  bool number() {
    std::size_t length = 0;
    if (raw_guid()) {
      push(TokenKind::raw_guid_literal, 36);
    } else if ((length = real_length()) > 0) {
      push(TokenKind::real_literal, length);
    } else if ((length = timespan_length()) > 0) {
      push(TokenKind::timespan_literal, length);
    } else if ((length = long_length()) > 0) {
      push(TokenKind::long_literal, length);
    } else {
      // 5xyz is a name, as Kusto has it.
      while (is_name_char(peek(length))) ++length;
      push(TokenKind::identifier, length);
    }
    return true;
  }

  bool string() {
    std::size_t length = 0;
    if ((peek() | 0x20) == 'h') ++length;
    const bool verbatim = peek(length) == '@';
    if (verbatim) ++length;
    const unsigned char quote = peek(length);
    if (quote == '\'' || quote == '"') {
      length += 1 + string_content(at_ + length + 1, quote, verbatim);
      const bool closed = peek(length) == quote;
      length += closed ? 1 : 0;
      if (!closed) report("KS001", std::string("Missing: ") + static_cast<char>(quote), at_ + length, 0);
      push(TokenKind::string_literal, length);
      return true;
    }
    const auto fence = text_.substr(std::min(at_ + length, text_.size()), 3);
    if (fence != "```" && fence != "~~~") return false;
    const auto end = text_.find(fence, at_ + length + 3);
    if (end == std::string_view::npos) {
      report("KS001", "Missing: " + std::string(fence), text_.size(), 0);
      push(TokenKind::string_literal, text_.size() - at_);
    } else {
      push(TokenKind::string_literal, end + 3 - at_);
    }
    return true;
  }
  std::size_t string_content(std::size_t from, unsigned char quote, bool verbatim) const {
    std::size_t at = from;
    while (at < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at]);
      if (c == quote && verbatim && at + 1 < text_.size() && static_cast<unsigned char>(text_[at + 1]) == quote) {
        at += 2;
      } else if (c == '\\' && !verbatim) {
        const auto length = escape_length(text_.substr(at));
        if (length == 0) break;
        at += length;
      } else if (c == quote || c == '\r' || c == '\n') {
        break;
      } else {
        ++at;
      }
    }
    return at - from;
  }

  std::string_view text_;
  std::size_t max_tokens_;
  std::size_t at_ = 0;
  bool adjacent_ = true;
  LexResult result_;
};

}  // namespace

LexResult lex(std::string_view text, std::size_t max_tokens) { return Lexer(text, max_tokens).run(); }

std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '\\') return 0;
  const auto hex = [&](std::size_t count) {
    if (text.size() < 2 + count) return std::size_t{0};
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_hex(static_cast<unsigned char>(text[2 + i]))) return std::size_t{0};
    }
    return 2 + count;
  };
  switch (text[1]) {
    case '\\':
    case '\'':
    case '"':
    case 'a':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'v': return 2;
    case 'u': return hex(4);
    case 'U': return hex(8);
    case 'x': return hex(2);
    default: break;
  }
  if (!is_octal(static_cast<unsigned char>(text[1]))) return 0;
  if (text.size() < 3 || !is_octal(static_cast<unsigned char>(text[2]))) return 2;
  const bool third = text.size() > 3 && is_octal(static_cast<unsigned char>(text[3])) && text[1] <= '3';
  return third ? 4 : 3;
}

TokenKind keyword_of(std::string_view text) {
  for (const auto& candidate : keywords().starting_with(KeywordTable::first_word(text))) {
    if (candidate.text == text) return candidate.kind;
  }
  return TokenKind::none;
}

bool is_plain_name(std::string_view text) {
  const auto lexed = lex(text, 2);
  if (!lexed.diagnostics.empty() || lexed.tokens.size() != 2 || lexed.tokens[0].span.length != text.size())
    return false;
  const auto kind = lexed.tokens[0].kind;
  return kind == TokenKind::identifier || (is_keyword(kind) && keyword_can_be_name(kind));
}

}  // namespace yagura::kql
