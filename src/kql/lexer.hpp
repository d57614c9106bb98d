// KQL text to words.
//
// Total: any bytes give tokens; the last one is end_of_text. What is wrong within a word (an unclosed string, a
// character that is none of the language's) is a diagnostic without line and column yet. Linear in the text.
// https://learn.microsoft.com/kusto/query/scalar-data-types/string, .../schema-entities/entity-names
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "kql/diagnostic.hpp"
#include "kql/token.hpp"

namespace yagura::kql {

struct LexResult {
  std::vector<Token> tokens;
  std::vector<Diagnostic> diagnostics;
  bool too_many = false;  // stopped at max_tokens
};

LexResult lex(std::string_view text, std::size_t max_tokens);

// The length of one escape ("\n", "\u00e4", "\101") at `text`'s start, or 0 when it is none.
std::size_t escape_length(std::string_view text);

// Whether `text` is a keyword; none when it is not.
TokenKind keyword_of(std::string_view text);

// Whether `text` can stand as a name without brackets.
bool is_plain_name(std::string_view text);

}  // namespace yagura::kql
