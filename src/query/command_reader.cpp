#include "query/command_reader.hpp"

#include "base/text.hpp"

namespace yagura::query {

namespace {

bool is_word_char(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-'; }

// Behind the string, comment or single character that begins at `at`.
std::size_t skip_piece(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("//")) {
    const auto line = text.find('\n', at);
    return line == std::string_view::npos ? text.size() : line + 1;
  }
  if (text.substr(at).starts_with("```") || text.substr(at).starts_with("~~~")) {
    const auto close = text.find(text.substr(at, 3), at + 3);
    return close == std::string_view::npos ? text.size() : close + 3;
  }
  const char quote = text[at];
  if (quote != '\'' && quote != '"') return at + 1;
  const bool verbatim = at > 0 && text[at - 1] == '@';
  for (++at; at < text.size(); ++at) {
    if (!verbatim && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (!verbatim || at + 1 >= text.size() || text[at + 1] != quote) return at + 1;
      ++at;
    }
  }
  return text.size();
}

char closing(char open) { return open == '(' ? ')' : open == '{' ? '}' : ']'; }

}  // namespace

void CommandReader::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
      ++at_;
    else if (text_.substr(at_).starts_with("//"))
      at_ = skip_piece(text_, at_);
    else if (text_.substr(at_).starts_with("\xC2\xA0"))
      at_ += 2;
    else
      return;
  }
}

bool CommandReader::at_end() {
  skip_blanks();
  return at_ >= text_.size();
}

bool CommandReader::word(std::string_view keyword) {
  skip_blanks();
  const std::string_view rest = text_.substr(at_);
  if (rest.size() < keyword.size() || !equal_ignoring_ascii_case(rest.substr(0, keyword.size()), keyword)) return false;
  if (rest.size() > keyword.size() && is_word_char(rest[keyword.size()])) return false;
  at_ += keyword.size();
  return true;
}

bool CommandReader::words(std::initializer_list<std::string_view> keywords) {
  const std::size_t before = at_;
  for (const auto keyword : keywords)
    if (!word(keyword)) {
      at_ = before;
      return false;
    }
  return true;
}

bool CommandReader::symbol(char c) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

Result<std::string> CommandReader::name(std::string_view what) {
  skip_blanks();
  const bool in_brackets = at_ < text_.size() && text_[at_] == '[';
  const std::size_t before = at_;
  if (in_brackets) ++at_, skip_blanks();
  if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
    auto text = TRY(value(what));
    if (in_brackets && !symbol(']')) return std::unexpected(expected("]"));
    if (text.empty()) return fail(ErrorKind::invalid_input, "{} is empty", what);
    return text;
  }
  if (in_brackets) {
    at_ = before;
    return std::unexpected(expected(what));
  }
  std::size_t end = at_;
  while (end < text_.size() && (is_ascii_alpha(text_[end]) || is_ascii_digit(text_[end]) || text_[end] == '_')) ++end;
  if (end == at_) return std::unexpected(expected(what));
  std::string out(text_.substr(at_, end - at_));
  at_ = end;
  return out;
}

Result<std::string> CommandReader::value(std::string_view what) {
  skip_blanks();
  std::size_t at = at_;
  if (at < text_.size() && (text_[at] == 'h' || text_[at] == 'H') && at + 1 < text_.size() &&
      std::string_view("'\"@").find(text_[at + 1]) != std::string_view::npos)
    ++at;
  const bool verbatim = at < text_.size() && text_[at] == '@';
  if (verbatim) ++at;
  if (at < text_.size() && (text_[at] == '\'' || text_[at] == '"')) {
    const std::size_t end = skip_piece(text_, at);
    const char quote = text_[at];
    if (end < at + 2 || text_[end - 1] != quote)
      return std::unexpected(expected(fmt::format("the closing {} of {}", quote, what)));
    std::string out;
    for (std::size_t i = at + 1; i + 1 < end; ++i) {
      if (verbatim) {
        if (text_[i] == quote) ++i;
        out += quote == text_[i] ? quote : text_[i];
      } else if (text_[i] == '\\' && i + 2 < end) {
        const char c = text_[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        out += text_[i];
      }
    }
    at_ = end;
    return out;
  }
  std::size_t end = at_;
  while (end < text_.size() && std::string_view(" \t\r\n,()").find(text_[end]) == std::string_view::npos) ++end;
  if (end == at_) return std::unexpected(expected(what));
  std::string out(text_.substr(at_, end - at_));
  at_ = end;
  return out;
}

Result<std::string_view> CommandReader::bracketed(char open, std::string_view what) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != open) return std::unexpected(expected(what));
  std::string closers;
  for (std::size_t at = at_; at < text_.size();) {
    const char c = text_[at];
    if (c == '(' || c == '{' || c == '[') {
      if (closers.size() > 1000) return fail(ErrorKind::invalid_input, "{} nests too deeply", what);
      closers += closing(c);
    } else if (!closers.empty() && c == closers.back()) {
      closers.pop_back();
      if (closers.empty()) {
        const auto out = text_.substr(at_, at + 1 - at_);
        at_ = at + 1;
        return out;
      }
    }
    at = skip_piece(text_, at);
  }
  return std::unexpected(expected(fmt::format("the '{}' that closes {}", closing(open), what)));
}

std::string_view CommandReader::rest() {
  skip_blanks();
  return text_.substr(at_);
}

Error CommandReader::expected(std::string_view what) const {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
    if (text_[i] == '\n')
      ++line, column = 1;
    else if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80)
      ++column;
  }
  const std::string_view rest = text_.substr(std::min(at_, text_.size()));
  const auto found = rest.empty()
                         ? std::string("the end")
                         : fmt::format("'{}'", rest.substr(0, std::min<std::size_t>(rest.find_first_of("\r\n"), 30)));
  return Error(ErrorKind::invalid_input,
               fmt::format("expected {} at line {}, position {}, found {}", what, line, column, found));
}

Result<> CommandReader::end() {
  symbol(';');
  if (at_end()) return {};
  return std::unexpected(expected("the end of the command"));
}

std::size_t find_pipe(std::string_view command) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < command.size();) {
    const char c = command[at];
    if (c == '(' || c == '{' || c == '[')
      ++depth;
    else if ((c == ')' || c == '}' || c == ']') && depth > 0)
      --depth;
    else if (c == '|' && depth == 0)
      return at;
    at = skip_piece(command, at);
  }
  return std::string_view::npos;
}

}  // namespace yagura::query
