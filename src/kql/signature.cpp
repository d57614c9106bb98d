#include "kql/signature.hpp"

#include <cassert>
#include <mutex>
#include <unordered_map>

#include "base/text.hpp"

namespace yagura::kql {

namespace {

ParameterSpec parse_parameter(std::string_view text) {
  ParameterSpec p;
  while (!text.empty()) {
    const char last = text.back();
    if (last == '?') p.optional = true;
    else if (last == '+') p.repeated = true;
    else if (last == '*') p.repeated = p.may_be_absent = true;
    else if (last == '=') p.constant = true;
    else break;
    text.remove_suffix(1);
  }
  const auto colon = text.find(':');
  p.name = text.substr(0, colon);
  const std::string_view family = colon == std::string_view::npos ? "scalar" : text.substr(colon + 1);
  static constexpr std::pair<std::string_view, Family> kFamilies[] = {
      {"scalar", Family::scalar}, {"text", Family::text}, {"string_or_dynamic", Family::string_or_dynamic},
      {"number", Family::number}, {"integer", Family::integer}, {"summable", Family::summable},
      {"orderable", Family::orderable}, {"not_dynamic", Family::not_dynamic},
      {"not_real_or_bool", Family::not_real_or_bool}, {"array", Family::array}, {"bag", Family::bag},
      {"common", Family::common}, {"common_or_dynamic", Family::common_or_dynamic},
      {"common_orderable", Family::common_orderable}, {"string_or_array", Family::string_or_array},
      {"integer_or_array", Family::integer_or_array}, {"type", Family::type}, {"tabular", Family::tabular},
      {"any", Family::any}};
  for (const auto& [name, value] : kFamilies) {
    if (name == family) {
      p.family = value;
      return p;
    }
  }
  const auto type = event::parse_kql_type(family);
  assert(type && "a signature names no family and no type");
  p.family = Family::exact;
  p.type = type.value_or(kUnknown);
  return p;
}

SignatureSpec parse_signature(std::string_view text) {
  SignatureSpec s;
  const auto open = text.find('('), close = text.rfind(')'), arrow = text.rfind("->");
  assert(open != std::string_view::npos && close != std::string_view::npos && arrow != std::string_view::npos);
  const std::string_view inside = trim(text.substr(open + 1, close - open - 1));
  if (!inside.empty()) {
    for (const auto part : split(inside, ',')) s.parameters.push_back(parse_parameter(trim(part)));
  }
  for (const auto& p : s.parameters) {
    if (!p.optional && !p.may_be_absent) ++s.minimum;
    s.maximum += p.repeated ? 100'000 : 1;
  }
  const std::string_view result = trim(text.substr(arrow + 2));
  static constexpr std::pair<std::string_view, ResultRule> kRules[] = {
      {"same", ResultRule::same}, {"first", ResultRule::first}, {"widest", ResultRule::widest},
      {"common", ResultRule::common}, {"second", ResultRule::second}, {"type", ResultRule::type},
      {"array", ResultRule::array}};
  for (const auto& [name, rule] : kRules) {
    if (name == result) {
      s.rule = rule;
      return s;
    }
  }
  s.type = event::parse_kql_type(result).value_or(kUnknown);
  return s;
}

}  // namespace

const ParameterSpec* SignatureSpec::parameter(std::size_t i, std::size_t count) const {
  std::size_t first = parameters.size(), last = parameters.size();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (!parameters[p].repeated) continue;
    if (first == parameters.size()) first = p;
    last = p + 1;
  }
  if (i < first) return i < parameters.size() ? &parameters[i] : nullptr;
  if (first == parameters.size()) return nullptr;
  const std::size_t after = parameters.size() - last;  // fixed ones behind the group
  std::size_t behind = 0;
  for (std::size_t p = last; p < parameters.size(); ++p) behind += parameters[p].optional ? 0 : 1;
  if (after > 0 && i + behind >= count && count >= first + behind) return &parameters[last + (i + behind - count)];
  return &parameters[first + (i - first) % (last - first)];
}

const std::vector<SignatureSpec>& signatures_of(const Function& function) {
  static std::mutex mutex;
  static std::unordered_map<const Function*, std::vector<SignatureSpec>> parsed;
  const std::lock_guard lock(mutex);
  auto [it, added] = parsed.try_emplace(&function);
  if (added) {
    for (const auto text : split(function.signatures, ';')) {
      if (!trim(text).empty()) it->second.push_back(parse_signature(trim(text)));
    }
  }
  return it->second;
}

bool accepts(const ParameterSpec& p, Type type) {
  if (type == kUnknown) return true;
  switch (p.family) {
    case Family::exact: return p.type == type || promotes(type, p.type) || (p.type == Type::string && type == Type::dynamic);
    case Family::scalar:
    case Family::text:
    case Family::type:
    case Family::tabular:
    case Family::any:
    case Family::common:
    case Family::common_or_dynamic: return true;
    case Family::string_or_dynamic: return type == Type::string || type == Type::dynamic;
    case Family::number: return is_number(type);
    case Family::integer: return is_integer(type);
    case Family::summable: return is_summable(type);
    case Family::orderable:
    case Family::common_orderable: return is_orderable(type);
    case Family::not_dynamic: return type != Type::dynamic;
    case Family::not_real_or_bool: return type != Type::real && type != Type::boolean;
    case Family::array:
    case Family::bag: return type == Type::dynamic;
    case Family::string_or_array: return type == Type::string || type == Type::dynamic;
    case Family::integer_or_array: return is_integer(type) || type == Type::dynamic;
  }
  return false;
}

}  // namespace yagura::kql
