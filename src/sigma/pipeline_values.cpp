#include "sigma/pipeline_values.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kMostValues = 100'000;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

// A Pattern as an RE2: * and ? in their own way, everything else as it stands.
std::string as_regex(const Pattern& pattern) {
  std::string regex;
  const auto& parts = pattern.parts();
  if (parts.empty() || parts.front().piece != Pattern::Piece::any_text) regex += '^';
  for (std::size_t i = 0; i < parts.size(); ++i) {
    switch (parts[i].piece) {
      case Pattern::Piece::text: regex += RE2::QuoteMeta(parts[i].text); break;
      case Pattern::Piece::any_text:
        if (i != 0 && i + 1 != parts.size()) regex += ".*";
        break;
      case Pattern::Piece::any_character: regex += '.'; break;
      case Pattern::Piece::dash: regex += "[-/\u2013\u2014\u2015]"; break;
    }
  }
  if (parts.empty() || parts.back().piece != Pattern::Piece::any_text) regex += '$';
  return regex;
}

// The reverse of plain_spelling(), after a replacement: runs of backslashes before a wildcard character say what it is,
// all others are the characters.
Pattern from_plain(std::string_view text) {
  std::string spelled;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      spelled += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && text[end] == '\\') ++end;
    const bool before_wildcard = end < text.size() && (text[end] == '*' || text[end] == '?');
    spelled.append((end - i) * (before_wildcard ? 1 : 2), '\\');
    i = end;
  }
  return Pattern::parse(spelled);
}

Pattern map_texts(const Pattern& pattern, const std::function<Pattern(const std::string&)>& change) {
  Pattern result;
  for (const auto& part : pattern.parts()) {
    if (part.piece != Pattern::Piece::text) {
      result.append(part);
      continue;
    }
    const Pattern changed = change(part.text);
    for (const auto& one : changed.parts()) result.append(one);
  }
  return result;
}

Test set_value(const Step& step) {
  const auto* value = step.node.find("value");
  if (value->is_null()) return NullTest{};
  const std::string force = text_at(step.node, "force_type");
  const bool literal = force == "num" || (force.empty() && (value->is_number() || value->as_boolean()));
  return TextTest{literal ? Pattern::literal(value->text) : Pattern::parse(value->text)};
}

Test captured(const std::string& text) {
  const std::string lower = to_lower_ascii(text);
  if (lower == "null" || lower == "none") return NullTest{};
  return TextTest{Pattern::parse(text)};
}

std::string strip_wildcards(std::string_view text) {
  while (!text.empty() && (text.front() == '*' || text.front() == '?')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '*' || text.back() == '?')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

bool is_number_text(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string change_case(const std::string& text, std::string_view how) {
  std::string result;
  if (how == "lower" || how == "lowercase") return to_lower_ascii(text);
  if (how == "upper" || how == "uppercase") {
    for (const char c : text) result += upper(c);
    return result;
  }
  if (how != "snake_case" && how != "snake") return text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool after_lower = i > 0 && (is_ascii_digit(text[i - 1]) || (text[i - 1] >= 'a' && text[i - 1] <= 'z'));
    const bool before_lower =
        i > 0 && i + 1 < text.size() && text[i + 1] >= 'a' && text[i + 1] <= 'z' && text[i - 1] != '_';
    if (is_upper && (after_lower || before_lower)) result += '_';
    result += ascii_lower(c);
  }
  return result;
}

Result<std::string> rewrite_of(std::string_view replacement, const RE2& regex) {
  std::string rewrite;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 == replacement.size()) {
      rewrite += replacement[i] == '\\' ? "\\\\" : std::string(1, replacement[i]);
      continue;
    }
    const char c = replacement[++i];
    if (is_ascii_digit(c)) {
      rewrite += {'\\', c};
    } else if (c == 'g' && i + 1 < replacement.size() && replacement[i + 1] == '<') {
      const auto end = replacement.find('>', i);
      const std::string name(end == std::string_view::npos ? std::string_view()
                                                           : replacement.substr(i + 2, end - i - 2));
      const auto& groups = regex.NamedCapturingGroups();
      const auto known = groups.find(name);
      const int group = known != groups.end()                              ? known->second
                        : name.size() == 1 && is_ascii_digit(name.front()) ? name.front() - '0'
                                                                           : -1;
      if (group < 0 || group > 9) return fail(ErrorKind::invalid_input, "the expression has no group '{}'", name);
      rewrite += {'\\', static_cast<char>('0' + group)};
      i = end;
    } else if (c == 'n' || c == 't' || c == 'r') {
      rewrite += c == 'n' ? '\n' : c == 't' ? '\t' : '\r';
    } else {
      rewrite += "\\\\";
      if (c != '\\') rewrite += c;
    }
  }
  std::string error;
  if (!regex.CheckRewriteString(rewrite, &error)) return fail(ErrorKind::invalid_input, "'replacement': {}", error);
  return rewrite;
}

Result<bool> change_values(DetectionItem& item, const Step& step) {
  const auto& node = step.node;
  const std::string& type = step.type;
  if (type == "set_value") {
    for (auto& value : item.values) value = {set_value(step)};
    return true;
  }
  bool changed_any = false;
  std::size_t total = 0;
  for (auto& value : item.values) {
    std::vector<Test> changed;
    for (auto& test : value) {
      auto* text = std::get_if<TextTest>(&test);
      if (!text) {
        changed.push_back(std::move(test));
        continue;
      }
      if (type == "replace_string") {
        if (flag_at(node, "skip_special")) {
          const bool interpret = flag_at(node, "interpret_special");
          text->pattern = map_texts(text->pattern, [&](const std::string& part) {
            std::string replaced = part;
            RE2::GlobalReplace(&replaced, *step.regex, step.rewrite);
            return interpret ? Pattern::parse(replaced) : Pattern::literal(std::move(replaced));
          });
          changed_any = true;
        } else {
          std::string spelled = plain_spelling(text->pattern);
          if (RE2::GlobalReplace(&spelled, *step.regex, step.rewrite) > 0) {
            text->pattern = from_plain(spelled);
            changed_any = true;
          }
        }
        changed.push_back(std::move(test));
      } else if (type == "map_string") {
        const auto* mapping = node.find("mapping");
        const auto* mapped = mapping ? mapping->find(plain_spelling(text->pattern)) : nullptr;
        if (mapped && mapped->is_list()) {
          for (const auto& one : mapped->items) changed.emplace_back(TextTest{Pattern::parse(one.text), text->cased});
        } else if (mapped && mapped->is_scalar()) {
          changed.emplace_back(TextTest{Pattern::parse(mapped->text), text->cased});
        } else {
          changed.push_back(std::move(test));
          continue;
        }
        changed_any = true;
      } else if (type == "case") {
        const std::string method = text_at(node, "method");
        text->pattern = map_texts(text->pattern, [&](const std::string& part) {
          return Pattern::literal(change_case(part, method.empty() ? "lower" : method));
        });
        changed_any = true;
        changed.push_back(std::move(test));
      } else if (type == "regex" && !text->pattern.parts().empty()) {
        RegexTest as{as_regex(text->pattern)};
        as.ignore_case = !text->cased && text_at(node, "method") != "plain";
        as.dot_all = true;
        changed.emplace_back(std::move(as));
        changed_any = true;
      } else {
        // convert_type: numbers and texts are the same to us, but not every text is a number.
        if (type == "convert_type" && text_at(node, "target_type") == "num") {
          const auto plain = text->pattern.plain_text();
          if (!plain || !is_number_text(*plain))
            return fail(ErrorKind::invalid_input, "the value '{}' cannot be converted to a number",
                        text->pattern.to_text());
        }
        changed.push_back(std::move(test));
      }
    }
    total += changed.size();
    if (total > kMostValues) return fail(ErrorKind::invalid_input, "'{}' makes more than {} values", type, kMostValues);
    value = std::move(changed);
  }
  return changed_any || type == "convert_type";
}

Result<bool> split_hashes(Detection& detection, const Step& step) {
  const DetectionItem item = detection.item;
  auto parsed_fields = texts_at(step.node, "field_to_parse");
  if (parsed_fields.empty()) parsed_fields = {"Hashes", "Hash"};
  if (std::ranges::find(parsed_fields, item.field) == parsed_fields.end()) return false;
  const auto algorithms = texts_at(step.node, "valid_hash_algos");
  const std::string prefix = text_at(step.node, "field_prefix");
  const bool drop_algorithm = flag_at(step.node, "drop_algo_prefix");
  // Values by field: "SHA256=..." says the algorithm, a bare hash shows it by its length.
  std::vector<std::pair<std::string, std::vector<std::vector<Test>>>> fields;
  for (const auto& value : item.values) {
    for (const auto& test : value) {
      const auto* text = std::get_if<TextTest>(&test);
      if (!text) return false;
      const std::string plain = plain_spelling(text->pattern);
      const char separator = plain.find('|') != std::string::npos ? '|' : '=';
      const auto parts = split(plain, separator);
      std::string algorithm, hash;
      if (parts.size() == 2) {
        const auto name = parts[0].substr(std::min(parts[0].find_first_not_of('*'), parts[0].size()));
        for (const char c : name) algorithm += upper(c);
        hash = strip_wildcards(parts[1]);
      } else {
        hash = strip_wildcards(parts[0]);
        algorithm = hash.size() == 32    ? "MD5"
                    : hash.size() == 40  ? "SHA1"
                    : hash.size() == 64  ? "SHA256"
                    : hash.size() == 128 ? "SHA512"
                                         : "";
      }
      if (std::ranges::find(algorithms, algorithm) == algorithms.end()) continue;
      const std::string field = prefix + (drop_algorithm ? "" : algorithm);
      auto known = std::ranges::find(fields, field, &decltype(fields)::value_type::first);
      if (known == fields.end()) known = fields.insert(fields.end(), {field, {}});
      known->second.push_back({TextTest{Pattern::literal(hash), text->cased}});
    }
  }
  if (fields.empty()) {
    std::string known;
    for (const auto& one : algorithms) known += (known.empty() ? "" : ", ") + one;
    return fail(ErrorKind::invalid_input, "'{}' has no hash of a known algorithm ({})", item.field, known);
  }
  Detection group;
  group.kind = item.all != item.negated ? Detection::Kind::all_of : Detection::Kind::any_of;
  for (auto& [field, values] : fields) {
    Detection one;
    one.kind = Detection::Kind::item;
    one.item = item;
    one.item.field = field;
    one.item.values = std::move(values);
    group.children.push_back(std::move(one));
  }
  detection = std::move(group);
  return true;
}

bool extract_fields(Detection& detection, const Step& step) {
  const DetectionItem item = detection.item;
  const std::string prefix = text_at(step.node, "field_prefix");
  const auto& names = step.regex->CapturingGroupNames();
  const int groups = step.regex->NumberOfCapturingGroups() + 1;
  // A negated item is none of its values: of each, some group must differ.
  Detection whole;
  whole.kind = item.all != item.negated ? Detection::Kind::all_of : Detection::Kind::any_of;
  const auto leaf = [&](std::string field, Test test) {
    Detection one;
    one.kind = Detection::Kind::item;
    one.item = item;
    one.item.field = std::move(field);
    one.item.values = {{std::move(test)}};
    one.item.all = false;
    return one;
  };
  for (const auto& value : item.values)
    for (const auto& test : value) {
      const auto* text = std::get_if<TextTest>(&test);
      if (!text) return false;
      const std::string plain = plain_spelling(text->pattern);
      std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups));
      if (!step.regex->Match(plain, 0, plain.size(), RE2::ANCHOR_START, found.data(), groups)) {
        if (flag_at(step.node, "preserve_unmatched")) whole.children.push_back(leaf(item.field, test));
        continue;
      }
      Detection one;
      one.kind = item.negated ? Detection::Kind::any_of : Detection::Kind::all_of;
      for (const auto& [group, name] : names) {
        const std::string part(found[static_cast<std::size_t>(group)]);
        if (!part.empty()) one.children.push_back(leaf(prefix.empty() ? name : prefix + "." + name, captured(part)));
      }
      if (!one.children.empty()) whole.children.push_back(std::move(one));
    }
  if (whole.children.empty()) return false;
  detection = std::move(whole);
  return true;
}

}  // namespace yagura::sigma
