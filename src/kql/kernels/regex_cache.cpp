#include "kql/kernels/regex_cache.hpp"

namespace yagura::kql {

std::shared_ptr<const re2::RE2> compile_regex(std::string_view pattern, bool dot_matches_newline) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_dot_nl(dot_matches_newline);
  options.set_max_mem(16 << 20);
  return std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

const re2::RE2* RowRegex::at(std::size_t row) {
  if (prepared_ == nullptr) {
    const auto pattern = text_of(call_[i_], row, call_.arena);
    if (current_ == nullptr || pattern != pattern_) {
      pattern_ = pattern;
      current_ = compile_regex(pattern_, dot_);
    }
  }
  const auto* regex = prepared_ != nullptr ? prepared_ : current_.get();
  return regex->ok() ? regex : nullptr;
}

}  // namespace yagura::kql
