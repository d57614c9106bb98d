// Reads the words of a management command (".create function f(x:long) { ... }"), telling where what is missing.
//
// Views into the text; one thread. Keywords match in any case; comments (//) and line ends count as blanks.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::query {

class CommandReader {
 public:
  explicit CommandReader(std::string_view text) : text_(text) {}

  void skip_blanks();
  bool at_end();
  bool word(std::string_view keyword);                           // "create-or-alter" is one word
  bool words(std::initializer_list<std::string_view> keywords);  // all of them in a row, or none is read
  bool symbol(char c);
  // A name: bare, 'quoted', ["quoted"] or ['quoted'].
  Result<std::string> name(std::string_view what);
  // A string literal ('', "", @'', h''), or the bare text up to a blank, comma or closing bracket.
  Result<std::string> value(std::string_view what);
  // From an opening bracket to the one that closes it, both included; strings and comments inside do not count.
  Result<std::string_view> bracketed(char open, std::string_view what);
  std::string_view rest();
  std::size_t position() const { return at_; }
  Error expected(std::string_view what) const;  // "expected what at line 1, position 20, found '...'"
  // An Error when something is left.
  Result<> end();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Where the command ends and a query over its result begins: the place of the first | outside of brackets, strings and
// comments; npos when there is none.
std::size_t find_pipe(std::string_view command);

}  // namespace yagura::query
