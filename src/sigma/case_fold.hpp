// Unicode simple case folding, one code point to one code point (CaseFolding.txt statuses C and S, Unicode 14).
//
// Sigma compares without regard to case in every script, so both the rule's text and the event's are folded
// once and then compared byte by byte. ASCII goes eight bytes at a time; bytes that are not UTF-8 stay as they are.
// Any thread.
#pragma once
#include <string>
#include <string_view>

namespace yagura::sigma {

// Folded text is at most this many times as long (U+023A takes two bytes, its fold U+2C65 three).
inline constexpr std::size_t kMaxFoldGrowth = 2;

// Writes the folded text to `out`, which has room for kMaxFoldGrowth * text.size() bytes; returns its size.
std::size_t fold_case(std::string_view text, char* out);
std::string folded(std::string_view text);
char32_t fold_code_point(char32_t code_point);

}  // namespace yagura::sigma
