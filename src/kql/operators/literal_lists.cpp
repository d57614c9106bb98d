// What operators make of literal lists.
#include <fmt/format.h>

#include "kql/kernels/json.hpp"
#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

std::optional<std::vector<std::string>> elements_of(const Expr& value, bool only_strings) {
  std::vector<std::string> out;
  if (value->kind == BoundExpression::Kind::call && value->function->name == "pack_array") {
    for (const auto& a : value->arguments) {
      const bool number = is_literal(a) && is_integer(a->type) && !a->value.is_null;
      if (number && !only_strings) out.push_back(std::to_string(a->value.integer));
      else if (is_literal(a) && a->type == Type::string) out.push_back(a->value.text);
      else return std::nullopt;
    }
    return out;
  }
  if (!is_literal(value) || value->type != Type::dynamic || value->value.is_null || !json::is_array(value->value.text)) return std::nullopt;
  bool bad = false;
  json::for_each_element(value->value.text, [&](std::string_view element) {
    const bool text = json::is_string(element);
    bad = bad || (!text && (only_strings || json::is_null(element) || json::is_array(element) || json::is_object(element)));
    if (text) json::append_decoded(out.emplace_back(), element);
    else out.emplace_back(element);
  });
  return bad ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

std::optional<std::vector<std::string>> literal_strings(const Expr& value) { return elements_of(value, true); }
std::optional<std::vector<std::string>> literal_texts(const Expr& value) { return elements_of(value, false); }

}  // namespace yagura::kql
