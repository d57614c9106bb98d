#include "engine/sql_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace yagura::engine {

namespace {

bool is_word_start(char c) { return is_ascii_alpha(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_word(char c) { return is_word_start(c) || is_ascii_digit(c) || c == '$'; }

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

}  // namespace

std::size_t SqlLexer::skip_blanks(std::size_t at) const {
  while (at < text_.size()) {
    const std::string_view rest = text_.substr(at);
    if (is_ascii_space(rest[0]) || rest[0] == '\0') {
      ++at;
    } else if (rest.starts_with("--") || rest.starts_with("#!") || rest.starts_with("# ") || rest.starts_with("//")) {
      const std::size_t end = text_.find('\n', at);
      at = end == std::string_view::npos ? text_.size() : end + 1;
    } else if (rest.starts_with("/*")) {
      int depth = 1;  // they nest
      for (at += 2; depth > 0 && at < text_.size(); ) {
        const std::string_view here = text_.substr(at, 2);
        depth += here == "/*" ? 1 : here == "*/" ? -1 : 0;
        at += here == "/*" || here == "*/" ? 2 : 1;
      }
    } else if (rest.starts_with("\xC2\xA0")) {  // a no-break space is a blank to ClickHouse
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

SqlToken SqlLexer::next() {
  at_ = skip_blanks(at_);
  const std::size_t begin = at_;
  if (begin >= text_.size()) return {SqlToken::Kind::end, {}, text_.size()};
  const char c = text_[begin];
  std::size_t end = begin + 1;
  auto kind = SqlToken::Kind::symbol;
  if (c == '\'' || c == '`' || c == '"') {
    kind = c == '\'' ? SqlToken::Kind::string : SqlToken::Kind::quoted_name;
    while (end < text_.size()) {
      if (text_[end] == '\\') {
        end += 2;
      } else if (text_[end] == c) {
        ++end;
        if (end >= text_.size() || text_[end] != c) break;
        ++end;
      } else {
        ++end;
      }
    }
    end = std::min(end, text_.size());
  } else if (c == '$') {  // heredoc: $tag$ ... $tag$
    const std::size_t tag_end = text_.find('$', begin + 1);  // the tag may hold anything else
    if (tag_end != std::string_view::npos) {
      const std::string_view tag = text_.substr(begin, tag_end + 1 - begin);
      const std::size_t close = text_.find(tag, tag_end + 1);
      if (close != std::string_view::npos) {
        kind = SqlToken::Kind::string;
        end = close + tag.size();
      }
    }
  } else if (is_word_start(c)) {
    kind = SqlToken::Kind::word;
    while (end < text_.size() && is_word(text_[end])) ++end;
  } else if (is_ascii_digit(c)) {
    kind = SqlToken::Kind::number;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.')) ++end;
  }
  at_ = end;
  return {kind, text_.substr(begin, end - begin), begin};
}

SqlShape shape_of(std::string_view sql) {
  SqlShape shape;
  shape.statement_end = shape.data_at = sql.size();
  SqlLexer lexer(sql);
  SqlToken before, token = lexer.next();
  int depth = 0;
  bool in_statement = false, insert_selects = false;
  std::size_t position = 0;  // of the token in its statement
  std::size_t insert_body = 0;  // index of the token after INSERT's table name; FORMAT may be a table's name before it
  for (; token.kind != SqlToken::Kind::end; before = token, token = lexer.next(), ++position) {
    const bool is_symbol = token.kind == SqlToken::Kind::symbol;
    if (depth == 0 && is_symbol && token.text == ";") {
      in_statement = false;
      continue;
    }
    if (!in_statement) {
      in_statement = true;
      ++shape.statements;
    }
    const std::string word = token.kind == SqlToken::Kind::word ? upper(token.text) : std::string();
    if (shape.words.size() < 8) shape.words.push_back(word.empty() ? std::string(token.text) : word);
    if (shape.first_word.empty() && !word.empty()) {
      shape.first_word = word;
      shape.is_insert = word == "INSERT" && depth == 0;
      position = 0;
    }
    if (is_symbol) {
      const char c = token.text.front();
      if (c == '(' || c == '[' || c == '{') {
        ++depth;
      } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
        --depth;
      }
      continue;
    }
    if (word == "OUTFILE" && upper(before.text) == "INTO") shape.into_outfile = true;
    if (depth != 0 || word.empty()) continue;
    if (shape.is_insert && position > 0) {
      if (word == "INTO" || word == "TABLE" || word == "FUNCTION") {
        if (position <= 3) insert_body = position + 2;
      }
      if (insert_body != 0 && position < insert_body) continue;
      if (before.kind == SqlToken::Kind::symbol && before.text == ".") continue;
      if (word == "SELECT" || word == "WITH") insert_selects = true;
      if (word == "VALUES" && !insert_selects) {
        shape.has_data = true;
        shape.format = "Values";
        shape.statement_end = token.at;
        shape.data_at = token.at + token.text.size();
        return shape;
      }
    }
    if (word == "FORMAT" && before.text != ".") {
      SqlLexer ahead = lexer;
      const SqlToken name = ahead.next();
      if (name.kind != SqlToken::Kind::word) continue;
      shape.format = std::string(name.text);
      if (shape.is_insert && !insert_selects) {
        shape.has_data = true;
        shape.statement_end = token.at;
        std::size_t at = name.at + name.text.size();
        while (at < sql.size() && (sql[at] == ' ' || sql[at] == '\t' || sql[at] == '\f')) ++at;
        if (at < sql.size() && sql[at] == ';') ++at;
        if (at < sql.size() && sql[at] == '\r') ++at;
        if (at < sql.size() && sql[at] == '\n') ++at;
        shape.data_at = at;
        return shape;
      }
    }
  }
  return shape;
}

}  // namespace yagura::engine
