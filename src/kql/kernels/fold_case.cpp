#include "kql/kernels/fold_case.hpp"

#include <clocale>
#include <cwctype>

#include "base/text.hpp"

namespace yagura::kql {
namespace {

// The process's own locale is not ours to set; this one knows all of Unicode.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

template <class Ascii, class Wide>
std::string map_letters(std::string_view text, Ascii ascii, Wide wide) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      out += ascii(static_cast<char>(c));
      ++at;
      continue;
    }
    const auto before = at;
    const char32_t code = utf8::next(text, at);
    if (code == 0xFFFD || unicode_locale() == locale_t{}) {
      out += text.substr(before, at - before);
    } else {
      utf8::append(out, static_cast<char32_t>(wide(static_cast<std::wint_t>(code))));
    }
  }
  return out;
}

}  // namespace

std::string fold_case(std::string_view text) {
  return map_letters(text, ascii_lower, [](std::wint_t c) { return towlower_l(c, unicode_locale()); });
}
std::string upper_case(std::string_view text) {
  return map_letters(
      text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; },
      [](std::wint_t c) { return towupper_l(c, unicode_locale()); });
}

bool equal_folded(std::string_view a, std::string_view b) {
  if (is_ascii(a) && is_ascii(b)) return equal_ignoring_ascii_case(a, b);
  return fold_case(a) == fold_case(b);
}

std::size_t find_folded(std::string_view text, std::string_view folded_part, std::size_t from) {
  if (folded_part.empty()) return from <= text.size() ? from : std::string_view::npos;
  if (!is_ascii(folded_part) || !is_ascii(text)) {
    const auto folded = fold_case(text);
    return folded.find(folded_part, from);
  }
  const char first = folded_part.front();
  for (std::size_t at = from; at + folded_part.size() <= text.size(); ++at) {
    if (ascii_lower(text[at]) != first) continue;
    std::size_t i = 1;
    while (i < folded_part.size() && ascii_lower(text[at + i]) == folded_part[i]) ++i;
    if (i == folded_part.size()) return at;
  }
  return std::string_view::npos;
}

}  // namespace yagura::kql
