// An RE2 expression run by PCRE2's just-in-time compiler: four to ten times as fast as RE2 where parts are kept,
// because RE2 has a fast way for at most four of them and device packs keep twenty.
//
// PCRE2 backtracks; what foreign bytes can make it do is bounded by a limit on its steps. Whoever asks must go to RE2
// when the answer is `unknown`: the limit was reached, this machine allows no executable memory, or the two differ on
// such a text (a vertical tab is \s to PCRE2 and not to RE2). Compiled when first asked, since a server sees few
// devices of the many that packs know.
//
// Internal to normalise. Any thread.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace yagura::normalise {

class FastRegex {
 public:
  enum class Answer { no, yes, unknown };

  // An expression that RE2 takes: bytes (Latin-1), dot matches line ends, $ only the very end.
  explicit FastRegex(std::string pattern);
  ~FastRegex();

  // `count` groups from 1 on into `out`; null views for those that took no part.
  Answer match(std::string_view text, std::string_view* out, std::size_t count) const;

 private:
  struct Program;
  mutable std::once_flag compiled_;
  mutable std::string pattern_;
  mutable std::unique_ptr<Program> program_;  // null: unknown to everything
};

}  // namespace yagura::normalise
