#include "kql/token.hpp"

#include <array>

namespace yagura::kql {
namespace {

constexpr auto kCount = static_cast<std::size_t>(TokenKind::count_of_kinds);

constexpr std::array<std::string_view, kCount> kTexts = [] {
  std::array<std::string_view, kCount> texts{};
#define X(kind, text) texts[static_cast<std::size_t>(TokenKind::kind)] = text;
  YAGURA_KQL_PUNCTUATION(X)
#undef X
#define X(kind, text, flags) texts[static_cast<std::size_t>(TokenKind::kind)] = text;
  YAGURA_KQL_KEYWORDS(X)
#undef X
  return texts;
}();

constexpr std::array<std::uint8_t, kCount> kFlags = [] {
  std::array<std::uint8_t, kCount> all{};
#define X(kind, text, flags) all[static_cast<std::size_t>(TokenKind::kind)] = flags;
  YAGURA_KQL_KEYWORDS(X)
#undef X
  return all;
}();

}  // namespace

std::string_view fixed_text(TokenKind kind) { return kTexts[static_cast<std::size_t>(kind)]; }
std::uint8_t flags_of(TokenKind kind) { return kFlags[static_cast<std::size_t>(kind)]; }

}  // namespace yagura::kql
