// What operators make of literal lists.
#include <fmt/format.h>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

std::optional<std::vector<std::string>> literal_strings(const Expr& value) {
  if (value->kind == BoundExpression::Kind::call && value->function->name == "pack_array") {
    std::vector<std::string> texts;
    for (const auto& a : value->arguments) {
      if (!is_literal(a) || a->type != Type::string) return std::nullopt;
      texts.push_back(a->value.text);
    }
    return texts;
  }
  if (!is_literal(value) || value->type != Type::dynamic || value->value.is_null) return std::nullopt;
  // The binder wrote the text itself: ["a","b"] without blanks.
  const std::string& json = value->value.text;
  if (!json.starts_with('[')) return std::nullopt;
  std::vector<std::string> out;
  std::size_t i = 1;
  while (i < json.size() && json[i] != ']') {
    if (json[i] == ',') {
      ++i;
      continue;
    }
    if (json[i] != '"') return std::nullopt;
    std::string text;
    for (++i; i < json.size() && json[i] != '"'; ++i) {
      if (json[i] != '\\') {
        text += json[i];
        continue;
      }
      ++i;
      switch (json[i]) {
        case 'n': text += '\n'; break;
        case 't': text += '\t'; break;
        case 'r': text += '\r'; break;
        case 'u': return std::nullopt;
        default: text += json[i];
      }
    }
    ++i;
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace yagura::kql
