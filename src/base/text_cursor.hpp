// A place in a line that moves forward: the reading aid of the text decoders.
//
// Views into the line it was made from; it owns nothing. Reading at the end gives '\0' or an empty view.
#pragma once
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace yagura {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  std::size_t position() const { return at_; }
  void move_to(std::size_t position) { at_ = position; }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  std::string_view rest() const { return text_.substr(at_); }
  void skip(std::size_t count = 1) { at_ = std::min(at_ + count, text_.size()); }
  bool skip_if(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool skip_if(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  // Up to the next `stop` (not consumed) or the end.
  std::string_view until(char stop) {
    const auto* begin = text_.data() + at_;
    const auto* found = at_end() ? nullptr : static_cast<const char*>(std::memchr(begin, stop, text_.size() - at_));
    const std::size_t size = found ? static_cast<std::size_t>(found - begin) : text_.size() - at_;
    at_ += size;
    return {begin, size};
  }
  // One to `most` decimal digits.
  std::optional<unsigned> number(std::size_t most) {
    unsigned value = 0;
    std::size_t count = 0;
    for (; count < most && is_ascii_digit(peek()); ++count, ++at_)
      value = value * 10 + static_cast<unsigned>(text_[at_] - '0');
    if (count == 0) return std::nullopt;
    return value;
  }
  // Exactly `count` decimal digits.
  std::optional<unsigned> digits(std::size_t count) {
    if (at_ + count > text_.size()) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text_[at_ + i];
      if (!is_ascii_digit(c)) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    at_ += count;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace yagura
