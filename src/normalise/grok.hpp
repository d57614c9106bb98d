// Patterns of device packs: RE2's syntax with grok's named parts, "%{IP:source.ip} port %{INT:source.port}".
//
// %{TYPE} is a pattern of the built-in list or of the pack's own `patterns`, %{TYPE:name} also keeps its text under
// `name`. Compiled once; matching takes bounded time (RE2, or FastRegex with its limit before it), without
// allocation, by any thread.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace re2 {
class RE2;
}

namespace yagura::normalise {

class FastRegex;

class Grok {
 public:
  static constexpr std::size_t kMaxNames = 40;
  using Patterns = std::map<std::string, std::string, std::less<>>;

  // Errors: an unknown pattern (with the nearest name), what RE2 says, more than 40 names.
  static Result<Grok> compile(std::string_view pattern, const Patterns& own);
  ~Grok();
  Grok(Grok&&) noexcept;
  Grok& operator=(Grok&&) noexcept;

  const std::vector<std::string>& names() const { return names_; }
  // The texts of names() in order; null views for parts that did not take part. False when nothing matches.
  bool match(std::string_view text, std::string_view (&out)[kMaxNames]) const;

 private:
  Grok();
  std::unique_ptr<re2::RE2> regex_;
  std::unique_ptr<FastRegex> fast_;
  std::vector<std::string> names_;
};

}  // namespace yagura::normalise
