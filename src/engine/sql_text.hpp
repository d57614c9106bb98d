// What must be known of a ClickHouse statement without parsing it: is it an INSERT and where does its data begin, which
// FORMAT does it ask for.
//
// A lexer (comments, quotes, heredocs, brackets), no grammar: the engine's own parser has the last word. Total, linear.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace yagura::engine {

struct SqlToken {
  enum class Kind : std::uint8_t { end, word, quoted_name, string, number, symbol };
  Kind kind = Kind::end;
  std::string_view text;  // with quotes
  std::size_t at = 0;
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view text) : text_(text) {}
  SqlToken next();

 private:
  std::size_t skip_blanks(std::size_t at) const;
  std::string_view text_;
  std::size_t at_ = 0;
};

struct SqlShape {
  std::string first_word;      // upper case: SELECT, INSERT, WITH ...
  bool is_insert = false;
  bool has_data = false;       // INSERT ... FORMAT x or VALUES: what follows data_at is data, not SQL
  std::size_t statement_end = 0;  // of INSERT: where FORMAT begins
  std::size_t data_at = 0;
  std::string format;          // the outermost FORMAT's word; "Values" for VALUES; "" when there is none
  bool into_outfile = false;
  std::size_t statements = 0;  // separated by ';' (of the part before data)
  std::vector<std::string> words;  // the first 8 tokens, upper case, as they are when quoted
};

SqlShape shape_of(std::string_view sql);

}  // namespace yagura::engine
