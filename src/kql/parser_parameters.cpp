// name=value parameters of operators: kind=inner, hint.strategy=shuffle, isfuzzy=true.
//
// Kusto reads any name that some operator knows as a parameter, and says later that this operator does not know it.
#include <algorithm>
#include <array>

#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

constexpr std::string_view kBag[] = {"bag", "array"};
constexpr std::string_view kConcurrency[] = {"auto", "left", "local", "right", "unresolved"};
constexpr std::string_view kDistribution[] = {"single", "per_node", "per_shard", "default"};
constexpr std::string_view kRemote[] = {"auto", "local"};
constexpr std::string_view kSpread[] = {"auto", "local"};
constexpr std::string_view kStrategy[] = {"auto", "broadcast", "centralized", "shuffle"};
constexpr std::string_view kCycles[] = {"none", "all", "unique_edges"};

// What each name means where the operator itself does not say.
constexpr auto kCommonRules = std::to_array<ParameterRule>({
    {"bagexpansion", ParameterKind::word, kBag},
    {"bin_legacy", ParameterKind::any},
    {"__crossCluster", ParameterKind::any},
    {"__crossDB", ParameterKind::any},
    {"decodeblocks", ParameterKind::bool_literal},
    {"expandoutput", ParameterKind::any},
    {"hint.concurrency", ParameterKind::word, kConcurrency},
    {"hint.distribution", ParameterKind::word, kDistribution},
    {"hint.materialized", ParameterKind::bool_literal},
    {"hint.num_partitions", ParameterKind::number},
    {"hint.pass_filters", ParameterKind::any},
    {"hint.pass_filters_column", ParameterKind::column},
    {"hint.progressive_top", ParameterKind::bool_literal},
    {"hint.remote", ParameterKind::word, kRemote},
    {"hint.shufflekey", ParameterKind::column},
    {"hint.spread", ParameterKind::word, kSpread},
    {"hint.strategy", ParameterKind::word, kStrategy},
    {"__id", ParameterKind::any},
    {"isfuzzy", ParameterKind::bool_literal},
    {"__isFuzzy", ParameterKind::bool_literal},
    {"kind", ParameterKind::word},
    {"__noWithSource", ParameterKind::any},
    {"__packedColumn", ParameterKind::column},
    {"__sourceColumnIndex", ParameterKind::any},
    {"cycles", ParameterKind::word, kCycles},
    {"with_match_id", ParameterKind::name},
    {"with_itemindex", ParameterKind::name},
    {"withsource", ParameterKind::name},
    {"with_source", ParameterKind::name},
    {"with_step_name", ParameterKind::name},
    {"force_remote", ParameterKind::bool_literal},
});

// Known names that the lexer gives in several words.
constexpr auto kSeveralWords = std::to_array<std::string_view>({"hint.pass_filters", "hint.pass_filters_column"});

const ParameterRule* find(ParameterRules rules, std::string_view name) {
  const auto found = std::ranges::find(rules, name, &ParameterRule::name);
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

const ParameterRule* Parser::specific_parameter(std::string_view name) const { return find(rules_, name); }

bool Parser::scan_specific_parameter(bool equal_needed, std::size_t offset) const {
  if (kind(offset) != Kind::identifier && !is_keyword(kind(offset))) return false;
  const auto* rule = specific_parameter(text(offset));
  if (rule == nullptr) return false;
  return rule->without_equal || !equal_needed || kind(offset + 1) == Kind::equal;
}

std::size_t Parser::scan_known_parameter(bool equal_needed, std::size_t offset) const {
  std::size_t count = 0;
  const auto word = text(offset);
  if ((kind(offset) == Kind::identifier || is_keyword(kind(offset))) &&
      (find(kCommonRules, word) != nullptr || specific_parameter(word) != nullptr)) {
    count = 1;
  } else {
    for (const auto name : kSeveralWords) {
      count = scan_text(name, offset);
      if (count > 0) break;
    }
  }
  return count > 0 && equal_needed && kind(offset + count) != Kind::equal ? 0 : count;
}

std::size_t Parser::scan_parameter_name(std::size_t offset) const {
  std::size_t count = 0;
  if (names_allowed_ != NamesAllowed::known_only && scan_specific_parameter(equal_needed_, offset)) count = 1;
  if (count == 0 && names_allowed_ != NamesAllowed::declared_only) count = scan_known_parameter(equal_needed_, offset);
  return count;
}

Parameters Parser::parameters(ParameterRules rules, bool equal_needed, NamesAllowed allowed) {
  const auto rules_before = rules_;
  const auto allowed_before = names_allowed_;
  const auto equal_before = equal_needed_;
  rules_ = rules;
  names_allowed_ = allowed;
  equal_needed_ = equal_needed;
  std::vector<Parameter> list;
  Parameter parameter;
  while (parse_parameter(parameter)) list.push_back(parameter);
  rules_ = rules_before;
  names_allowed_ = allowed_before;
  equal_needed_ = equal_before;
  return keep(list);
}

Parameters Parser::parameters_in_commas(ParameterRules rules, NamesAllowed allowed) {
  const auto rules_before = rules_;
  const auto allowed_before = names_allowed_;
  rules_ = rules;
  names_allowed_ = allowed;
  const auto list = comma_list<Parameter>(
      [&](Parameter& parameter) { return parse_parameter(parameter); },
      [&] {
        report_missing("parameter");
        return Parameter{.name = {.missing = true}, .span = {previous_end(), 0}, .value = missing_silently()};
      },
      &Parser::common_list_end);
  rules_ = rules_before;
  names_allowed_ = allowed_before;
  return list;
}

bool Parser::parse_parameter(Parameter& parameter) {
  const auto count = scan_parameter_name(0);
  if (count == 0) return false;
  const auto start = here();
  at_ += count;
  const auto span = span_from(start);
  parameter = {.name = {.text = text_.substr(span.start, span.length), .span = span}};
  require(Kind::equal);
  const auto* rule = specific_parameter(parameter.name.text);
  if (rule == nullptr) rule = find(kCommonRules, parameter.name.text);
  parameter.value = rule ? parameter_value(*rule, nullptr) : any_parameter_value();
  if (parameter.value == nullptr)
    parameter.value = rule && rule->kind == ParameterKind::any ? missing_silently() : missing_value();
  parameter.span = span_from(start);
  return true;
}

bool Parser::parse_one_parameter(const ParameterRule& rule, Parameter& parameter, EndTest end) {
  const auto count = scan_text(rule.name);
  if (count == 0 || (!rule.without_equal && kind(count) != Kind::equal)) return false;
  const auto start = here();
  at_ += count;
  const auto span = span_from(start);
  parameter = {.name = {.text = text_.substr(span.start, span.length), .span = span}};
  if (!rule.without_equal) require(Kind::equal);
  parameter.value = parameter_value(rule, end);
  if (parameter.value == nullptr) parameter.value = missing_silently();
  parameter.span = span_from(start);
  return true;
}

Parameters Parser::optional_parameter(const ParameterRule& rule) {
  Parameter parameter;
  if (!parse_one_parameter(rule, parameter)) return {};
  return keep(std::vector<Parameter>{parameter});
}

const Expression* Parser::any_parameter_value() {
  if (const auto* literal = parse_literal()) return literal;
  if (const auto* word = parse_name_as_token_literal()) return word;
  return parse_name_reference();
}

const Expression* Parser::parameter_value(const ParameterRule& rule, EndTest end) {
  const auto any_or = [&](std::string_view missing) {
    const auto* value = any_parameter_value();
    return value ? value : missing_node(missing);
  };
  switch (rule.kind) {
    case ParameterKind::any: return any_parameter_value();
    case ParameterKind::string_literal: return any_or("string");
    case ParameterKind::bool_literal: return any_or("boolean");
    case ParameterKind::number: return any_or("number");
    case ParameterKind::scalar: return any_or("value");
    case ParameterKind::forced_real: {
      if (const auto* real = parse_forced_real()) return real;
      return any_or("number");
    }
    case ParameterKind::string: {
      const auto* value = parse_call_or_path();
      return value ? value : missing_value();
    }
    case ParameterKind::word: {
      if (rule.words.empty()) return any_or("value");
      if (const auto* word = parse_token_literal(rule.words)) return word;
      if (const auto* value = any_parameter_value()) return value;
      std::string message = rule.words.size() == 1 ? "Expected: " : "Expected one of: ";
      for (std::size_t i = 0; i < rule.words.size(); ++i) {
        if (i > 0) message += ", ";
        message += rule.words[i];
      }
      report("KS005", std::move(message), {previous_end(), 0});
      return missing_silently();
    }
    case ParameterKind::name: {
      if (const auto* name = parse_name_reference()) return name;
      if (const auto* value = any_parameter_value()) return value;
      return missing_name_reference();
    }
    case ParameterKind::column: {
      if (const auto* name = parse_name_reference()) return name;
      if (const auto* value = any_parameter_value()) return value;
      return missing_name_reference();
    }
    case ParameterKind::column_list: return name_list(end ? end : &Parser::parameter_name_list_end);
  }
  return nullptr;
}

const Expression* Parser::name_list(EndTest end) {
  auto* node = make<NameListExpression>(here());
  node->names = comma_list<Name>(
      [&](Name& name) {
        if (scan_specific_parameter(true, 0)) return false;
        const auto read = parse_extended_name();
        if (read) name = *read;
        return read.has_value();
      },
      [&] { return missing_name(); }, end, true);
  return close(node);
}

// Where a list of columns ends: before the next parameter, with or without a comma.
bool Parser::parameter_name_list_end() {
  if (kind() == Kind::comma) return scan_known_parameter(false, 1) > 0 || common_list_end(1);
  return scan_known_parameter(true, 0) > 0 || common_list_end(0);
}

}  // namespace yagura::kql
