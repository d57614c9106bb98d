// What is wrong with a KQL text, and where. Codes and wording follow Kusto's language service (KS142 ...).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::kql {

struct Diagnostic {
  enum class Severity : std::uint8_t { error, warning };
  std::string code;  // "KS142"; own codes start with YK
  Severity severity = Severity::error;
  std::string message;      // says what was expected and, when near, "did you mean 'x'?"
  std::uint32_t start = 0;  // byte offset in the text
  std::uint32_t length = 0;
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in characters (code points)
};

// Fills line and column from start.
void locate(Diagnostic& diagnostic, std::string_view text);
// The same for many, in one pass over the text; they must be in order of start.
void locate(std::vector<Diagnostic>& diagnostics, std::string_view text);
// "2:14: error KS142: ..." and the line with a marker below it.
std::string to_text(const Diagnostic& diagnostic, std::string_view text);

}  // namespace yagura::kql
