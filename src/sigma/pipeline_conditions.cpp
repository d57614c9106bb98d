#include <array>
#include <charconv>

#include "sigma/pipeline_program.hpp"

namespace yagura::sigma {

namespace {

bool found_at_start(const std::vector<Regex>& regexes, std::string_view text) {
  const re2::StringPiece piece(text.data(), text.size());
  return std::ranges::any_of(
      regexes, [&](const Regex& regex) { return regex->Match(piece, 0, text.size(), RE2::ANCHOR_START, nullptr, 0); });
}

std::optional<double> as_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool compares(int order, std::string_view op) {
  return op.empty() || op == "eq" ? order == 0
         : op == "ne"             ? order != 0
         : op == "gte"            ? order >= 0
         : op == "gt"             ? order > 0
         : op == "lte"            ? order <= 0
         : op == "lt"             ? order < 0
                                  : false;
}
// Numbers by size, everything else as text.
int order_of(const std::string& a, const std::string& b) {
  const auto x = as_number(a), y = as_number(b);
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  return a.compare(b);
}

bool state_holds(const PipelineState& state, const YamlNode& node) {
  const auto known = state.state.find(text_at(node, "key"));
  return known != state.state.end() && compares(order_of(known->second, text_at(node, "val")), text_at(node, "op"));
}

bool source_fits(const YamlNode& node, const RuleLogSource& source) {
  const auto fits = [&](std::string_view key, const std::string& has) {
    const auto* wanted = node.find(key);
    return !wanted || wanted->is_null() || wanted->text == has;
  };
  return fits("product", source.product) && fits("category", source.category) && fits("service", source.service);
}

bool attribute_holds(const YamlNode& node, const Metadata& m) {
  const std::string attribute = text_at(node, "attribute"), value = text_at(node, "value"), op = text_at(node, "op");
  const auto in_list = [&](const std::vector<std::string>& list) {
    const bool found = std::ranges::find(list, value) != list.end();
    return op == "in" ? found : op == "not_in" ? !found : op == "ne";
  };
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {{"tags", &m.tags},
                                                                                {"fields", &m.fields},
                                                                                {"references", &m.references},
                                                                                {"falsepositives", &m.false_positives},
                                                                                {"scope", &m.scope}};
  for (const auto& [name, list] : lists)
    if (attribute == name) return in_list(*list);
  // Levels and statuses have an order of their own.
  constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high", "critical"};
  constexpr std::array<std::string_view, 5> kStatuses = {"unsupported", "deprecated", "experimental", "test", "stable"};
  for (const auto& [name, words, has] :
       {std::tuple{"level", kLevels, to_string(m.level)}, std::tuple{"status", kStatuses, to_string(m.status)}}) {
    if (attribute != name) continue;
    const auto a = std::ranges::find(words, has), b = std::ranges::find(words, std::string_view(to_lower_ascii(value)));
    return a != words.end() && b != words.end() && compares(static_cast<int>(a - b), op);
  }
  if (attribute == "date" || attribute == "modified") {
    const auto dashes = [](std::string date) {
      std::ranges::replace(date, '/', '-');
      return date;
    };
    const auto has = dashes(attribute == "date" ? m.date : m.modified);
    return !has.empty() && compares(has.compare(dashes(value)), op);
  }
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"title", &m.title},      {"id", &m.id},           {"name", &m.name},
      {"author", &m.author},    {"license", &m.license}, {"description", &m.description},
      {"taxonomy", &m.taxonomy}};
  const auto text_holds = [&](const std::string& has) {
    return op == "ne" ? has != value : (op.empty() || op == "eq") && has == value;
  };
  for (const auto& [name, text] : texts)
    if (attribute == name) return text_holds(*text);
  for (const auto& [key, custom] : m.custom) {
    if (key != attribute) continue;
    if (custom.is_list()) {
      std::vector<std::string> list;
      for (const auto& one : custom.items) list.push_back(one.text);
      return in_list(list);
    }
    if (custom.is_number()) return as_number(value) && compares(order_of(custom.text, value), op);
    return text_holds(custom.text);
  }
  return false;
}

}  // namespace

std::string plain_spelling(const Pattern& pattern) {
  std::string text;
  // Backslashes right before a wildcard, or before a character that looks like one, are doubled: they would hide it.
  const auto double_last = [&] {
    const std::size_t end = text.find_last_not_of('\\');
    const std::size_t run = end == std::string::npos ? text.size() : text.size() - end - 1;
    text.append(run, '\\');
  };
  for (const auto& part : pattern.parts()) {
    switch (part.piece) {
      case Pattern::Piece::text:
        for (const char c : part.text) {
          if (c == '*' || c == '?') {
            double_last();
            text += '\\';
          }
          text += c;
        }
        break;
      case Pattern::Piece::any_text: double_last(), text += '*'; break;
      case Pattern::Piece::any_character: double_last(), text += '?'; break;
      case Pattern::Piece::dash: text += '-'; break;
    }
  }
  return text;
}

bool rule_condition_holds(const StepCondition& condition, const RuleView& rule, const PipelineState& state) {
  const auto& [name, type, node, regexes] = condition;
  if (type == "is_sigma_rule") return rule.detections != nullptr;
  if (type == "is_sigma_correlation_rule") return rule.detections == nullptr;
  if (type == "processing_item_applied") return state.applied.contains(text_at(node, "processing_item_id"));
  if (type == "processing_state") return state_holds(state, node);
  if (type == "tag") return std::ranges::find(rule.metadata->tags, text_at(node, "tag")) != rule.metadata->tags.end();
  if (type == "rule_attribute") return attribute_holds(node, *rule.metadata);
  if (type == "logsource") {
    if (rule.source) return source_fits(node, *rule.source);
    return std::ranges::any_of(rule.referred, [&](const auto* source) { return source_fits(node, *source); });
  }
  if (!rule.detections) return false;
  // contains_field, contains_detection_item
  const std::string field = text_at(node, "field"), value = text_at(node, "value");
  bool found = false;
  const auto visit = [&](const auto& self, const Detection& detection) -> void {
    for (const auto& child : detection.children) self(self, child);
    if (detection.kind != Detection::Kind::item || detection.item.is_keyword() || detection.item.field != field) return;
    if (type == "contains_field") found = true;
    // The value with its modifiers: `contains` has left its wildcards.
    for (const auto& tests : detection.item.values)
      for (const auto& test : tests)
        if (const auto* text = std::get_if<TextTest>(&test)) found |= text->pattern == Pattern::parse(value);
  };
  for (const auto& identifier : rule.detections->identifiers) visit(visit, identifier.detection);
  return found;
}

bool item_condition_holds(const StepCondition& condition, const DetectionItem& item, const PipelineState& state) {
  const auto& [name, type, node, regexes] = condition;
  if (type == "processing_item_applied")
    return std::ranges::find(item.applied, text_at(node, "processing_item_id")) != item.applied.end();
  if (type == "processing_state") return state_holds(state, node);
  const bool negate = flag_at(node, "negate");
  std::size_t count = 0, met = 0;
  for (const auto& value : item.values)
    for (const auto& test : value) {
      ++count;
      const auto* text = std::get_if<TextTest>(&test);
      bool holds = false;
      if (type == "is_null")
        holds = std::holds_alternative<NullTest>(test);
      else if (type == "contains_wildcard")
        holds = text && text->pattern.has_wildcards();
      else if (type == "match_string")
        holds = (text && found_at_start(regexes, plain_spelling(text->pattern))) != negate;
      else if (type == "match_value")
        holds = text && text->pattern == Pattern::parse(text_at(node, "value"));
      met += holds;
    }
  return text_at(node, "cond") == "all" ? met == count : met != 0;
}

bool field_condition_holds(const StepCondition& condition, const std::string* field, const PipelineState& state) {
  const auto& [name, type, node, regexes] = condition;
  if (type == "processing_state") return state_holds(state, node);
  if (type == "processing_item_applied") {
    if (!field) return false;
    const auto known = state.applied_to_field.find(*field);
    return known != state.applied_to_field.end() && known->second.contains(text_at(node, "processing_item_id"));
  }
  bool listed = false;
  if (field && !regexes.empty()) {
    listed = found_at_start(regexes, *field);
  } else if (field && text_at(node, "mode") != "re") {
    const auto fields = texts_at(node, "fields");
    listed = std::ranges::find(fields, *field) != fields.end();
  }
  return listed == (type == "include_fields");
}

}  // namespace yagura::sigma
