// Calls as Kusto's language service judges them: which signature is meant, whether the arguments fit, the result's type.
//
// The registry (function.hpp) says how a function is computed, and takes more here and there; this table says what the
// language allows, so that a query refused by Kusto is refused here at the same place in the same words. The rules are
// those of Kusto.Language's binder: signatures that match most arguments, then the better worst match, then the better
// best match; arguments are checked one by one only when a single signature is left.
// Stateless, any thread; the table is read once.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kql/plan.hpp"

namespace yagura::kql {

// An argument as it stands in the text.
struct CallArgument {
  Type type = kUnknown;
  Shape shape;
  bool is_star = false;
  bool is_type = false;    // typeof(x), then `type` is x
  bool constant = false;
  bool literal = false;
  bool column = false;
  std::string_view text;   // of a literal string
  Span span;
};

struct CallVerdict {
  bool known = false;      // the language has such a function
  bool ok = true;
  std::string_view code;   // of the first mistake
  Span where;
  std::string message;
  std::vector<std::pair<std::pair<std::string_view, Span>, std::string>> more;  // further wrong arguments
  Type type = kUnknown;    // kUnknown: the table has no opinion
  bool undecided = false;  // the type hangs on an argument of unknown type
  Shape shape;
};

enum class CallKind : std::uint8_t { function, aggregate };

bool in_language(CallKind kind, std::string_view name);
CallVerdict check_call(CallKind kind, std::string_view name, std::span<const CallArgument> arguments, Span name_span);

// "F strlen(string:string_or_dynamic) -> long", ...
std::span<const std::string_view> language_signatures();

}  // namespace yagura::kql
