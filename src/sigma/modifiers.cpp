#include "sigma/modifiers.hpp"

#include <re2/re2.h>

#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sigma/network.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kMaxValues = 10'000;      // that one item may grow to
constexpr std::size_t kMaxDashSpellings = 625;  // four dashes

// One value on its way through the modifiers: its tests (any of them), and what the rule's author wrote.
struct WorkingValue {
  const YamlNode* written = nullptr;
  std::vector<Test> tests;
  std::string regex;  // the written text, with placeholders replaced: what `re` takes
};

struct Working {
  std::vector<WorkingValue> values;
  const Placeholders* placeholders = nullptr;
  const std::function<void(std::string)>* warn = nullptr;
  bool all = false;
  bool negated = false;
  bool is_list = false;
  std::size_t test_count() const {
    std::size_t count = 0;
    for (const auto& value : values) count += value.tests.size();
    return count;
  }
};

std::string describe(const Test& test) {
  constexpr std::string_view kNames[] = {"a text", "a regular expression", "a network", "a number", "true or false",
                                         "null",   "a field reference"};
  return std::string(kNames[test.index()]);
}

// Applies `change` to each text; anything else is an error.
template <class Change>
Result<> each_text(Working& working, std::string_view modifier, Change change) {
  for (auto& value : working.values)
    for (auto& test : value.tests) {
      auto* text = std::get_if<TextTest>(&test);
      if (!text) return fail(ErrorKind::invalid_input, "'{}' wants a text, not {}", modifier, describe(test));
      TRY(change(*text));
    }
  return {};
}

Result<> open_sides(Working& working, std::string_view modifier, bool front, bool back) {
  for (auto& value : working.values)
    for (auto& test : value.tests) {
      if (auto* text = std::get_if<TextTest>(&test)) {
        if (front) text->pattern.open_front();
        if (back) text->pattern.open_back();
      } else if (auto* field = std::get_if<FieldTest>(&test)) {
        field->part = front && back ? FieldTest::Part::anywhere : back ? FieldTest::Part::start : FieldTest::Part::end;
      } else if (!std::holds_alternative<RegexTest>(test)) {  // a regular expression is looked for anywhere already
        return fail(ErrorKind::invalid_input, "'{}' wants a text, not {}", modifier, describe(test));
      }
    }
  return {};
}

Result<> apply_contains(Working& working) {
  TRY(open_sides(working, "contains", true, true));
  // `fieldref` behind it still has to know; see apply_fieldref.
  return {};
}
Result<> apply_startswith(Working& working) { return open_sides(working, "startswith", false, true); }
Result<> apply_endswith(Working& working) { return open_sides(working, "endswith", true, false); }

Result<> apply_all(Working& working) {
  if (!working.is_list || working.values.size() < 2) (*working.warn)("'all' has no meaning for a single value");
  working.all = true;
  return {};
}
Result<> apply_neq(Working& working) {
  working.negated = true;
  return {};
}

Result<> apply_cased(Working& working) {
  for (auto& value : working.values)
    for (auto& test : value.tests) {
      if (auto* text = std::get_if<TextTest>(&test))
        text->cased = true;
      else if (auto* field = std::get_if<FieldTest>(&test))
        field->cased = true;
      else if (!std::holds_alternative<RegexTest>(test))
        return fail(ErrorKind::invalid_input, "'cased' wants a text, not {}", describe(test));
    }
  return {};
}

Result<> apply_exists(Working& working) {
  if (working.is_list) return fail(ErrorKind::invalid_input, "'exists' wants true or false, not a list");
  for (auto& value : working.values) {
    const std::string word = to_lower_ascii(value.written->text);
    const bool yes = word == "true" || word == "yes" || word == "on";
    if (!yes && word != "false" && word != "no" && word != "off")
      return fail(ErrorKind::invalid_input, "'exists' wants true or false, not '{}'", value.written->text);
    value.tests = {ExistsTest{yes}};
  }
  return {};
}

Result<> apply_windash(Working& working) {
  return each_text(working, "windash", [](TextTest& text) -> Result<> {
    text.pattern.loosen_dashes();
    return {};
  });
}

// ---- Regular expressions

Result<> check_regex(const RegexTest& test);

Result<> apply_re(Working& working) {
  for (auto& value : working.values) {
    if (!value.written->is_scalar()) return fail(ErrorKind::invalid_input, "'re' wants a regular expression, not null");
    RegexTest test;
    test.pattern = value.regex;
    TRY(check_regex(test));
    value.tests = {test};
  }
  return {};
}

Result<> set_regex_flag(Working& working, std::string_view modifier, bool RegexTest::* flag) {
  for (auto& value : working.values)
    for (auto& test : value.tests) {
      auto* regex = std::get_if<RegexTest>(&test);
      if (!regex) return fail(ErrorKind::invalid_input, "'{}' must stand behind 're'", modifier);
      regex->*flag = true;
    }
  return {};
}

Result<> check_regex(const RegexTest& test) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  const RE2 compiled(test.pattern, options);
  if (!compiled.ok())
    return fail(ErrorKind::invalid_input, "'re': '{}' is not a regular expression that can be used: {}{}", test.pattern,
                compiled.error(),
                compiled.error_code() == RE2::ErrorRepeatOp || compiled.error_code() == RE2::ErrorMissingParen ||
                        compiled.error_code() == RE2::ErrorBadPerlOp || compiled.error_code() == RE2::ErrorBadEscape
                    ? " (look-around and back references are not part of Sigma's regular expressions)"
                    : "");
  return {};
}

// ---- Encodings

Result<std::string> bytes_of(const TextTest& text, std::string_view modifier) {
  auto bytes = text.pattern.plain_text();
  if (!bytes)
    return fail(ErrorKind::invalid_input,
                "'{}' cannot encode wildcards; it must stand before contains, startswith and endswith", modifier);
  return *bytes;
}

// Encoders give one or more texts for each; dashes that windash has loosened are spelled out first.
template <class Encode>
Result<> encode_each(Working& working, std::string_view modifier, Encode encode) {
  for (auto& value : working.values) {
    std::vector<Test> encoded;
    for (auto& test : value.tests) {
      auto* text = std::get_if<TextTest>(&test);
      if (!text) return fail(ErrorKind::invalid_input, "'{}' wants a text, not {}", modifier, describe(test));
      const auto spellings = text->pattern.spelled_out_dashes(kMaxDashSpellings);
      if (!spellings)
        return fail(ErrorKind::invalid_input, "'{}': the value has too many dashes to spell out in every way",
                    modifier);
      for (const auto& spelling : *spellings) {
        const std::string bytes = TRY(bytes_of(TextTest{spelling}, modifier));
        for (auto& result : encode(bytes)) {
          TextTest one;
          one.cased = text->cased;
          one.pattern = Pattern::literal(std::move(result));
          encoded.push_back(std::move(one));
        }
        if (encoded.size() > kMaxValues)
          return fail(ErrorKind::invalid_input, "'{}' makes more than {} values", modifier, kMaxValues);
      }
    }
    value.tests = std::move(encoded);
  }
  return {};
}

Result<> apply_base64(Working& working) {
  return encode_each(working, "base64", [](const std::string& bytes) { return std::vector{to_base64(bytes)}; });
}

// A text inside a longer one begins at any of three places within a group of four Base64 characters; the characters
// at its borders depend on its neighbours and are left out.
Result<> apply_base64offset(Working& working) {
  return encode_each(working, "base64offset", [](const std::string& bytes) {
    constexpr std::array<std::size_t, 3> kSkip = {0, 2, 3};
    constexpr std::array<std::size_t, 3> kDrop = {0, 3, 2};
    std::vector<std::string> shifts;
    for (std::size_t shift = 0; shift < 3; ++shift) {
      const std::string text = to_base64(std::string(shift, ' ') + bytes);
      const std::size_t drop = kDrop[(bytes.size() + shift) % 3];
      if (text.size() > kSkip[shift] + drop)
        shifts.push_back(text.substr(kSkip[shift], text.size() - drop - kSkip[shift]));
    }
    return shifts;
  });
}

std::string to_utf16(std::string_view text, bool big_endian) {
  std::string out;
  const auto unit = [&](std::uint32_t value) {
    const char high = static_cast<char>(value >> 8 & 0xFF), low = static_cast<char>(value & 0xFF);
    out += big_endian ? high : low;
    out += big_endian ? low : high;
  };
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = utf8::next(text, i);
    if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

Result<> apply_utf16le(Working& working) {
  return encode_each(working, "utf16le", [](const std::string& text) { return std::vector{to_utf16(text, false)}; });
}
Result<> apply_utf16be(Working& working) {
  return encode_each(working, "utf16be", [](const std::string& text) { return std::vector{to_utf16(text, true)}; });
}
Result<> apply_utf16(Working& working) {
  return encode_each(working, "utf16",
                     [](const std::string& text) { return std::vector{"\xFF\xFE" + to_utf16(text, false)}; });
}

// ---- Numbers, times, addresses

std::optional<Number> number_of(const YamlNode& node) {
  if (const auto integer = node.as_integer()) return Number{*integer};
  if (const auto real = node.as_real()) return Number{*real};
  if (!node.is_scalar()) return std::nullopt;
  if (const auto integer = parse_int64(node.text)) return Number{*integer};
  if (const auto real = parse_double(node.text)) return Number{*real};
  return std::nullopt;
}

Result<> apply_comparison(Working& working, std::string_view modifier, Comparison comparison) {
  for (auto& value : working.values) {
    NumberTest test;
    if (value.tests.size() == 1 && std::holds_alternative<NumberTest>(value.tests.front()))
      test = std::get<NumberTest>(value.tests.front());
    const auto number = number_of(*value.written);
    if (!number) return fail(ErrorKind::invalid_input, "'{}' wants a number, not '{}'", modifier, value.written->text);
    test.number = *number;
    test.comparison = comparison;
    value.tests = {test};
  }
  return {};
}
Result<> apply_lt(Working& w) { return apply_comparison(w, "lt", Comparison::less); }
Result<> apply_lte(Working& w) { return apply_comparison(w, "lte", Comparison::less_or_equal); }
Result<> apply_gt(Working& w) { return apply_comparison(w, "gt", Comparison::greater); }
Result<> apply_gte(Working& w) { return apply_comparison(w, "gte", Comparison::greater_or_equal); }

Result<> apply_time_part(Working& working, std::string_view modifier, TimePart part, std::int64_t least,
                         std::int64_t most) {
  for (auto& value : working.values) {
    NumberTest test;
    if (value.tests.size() == 1 && std::holds_alternative<NumberTest>(value.tests.front()))
      test = std::get<NumberTest>(value.tests.front());
    const auto number = number_of(*value.written);
    if (!number)
      return fail(ErrorKind::invalid_input, "'{}' wants a number from {} to {}, not '{}'", modifier, least, most,
                  value.written->text);
    if (compare(*number, Number{least}) < 0 || compare(*number, Number{most}) > 0)
      (*working.warn)(fmt::format("'{}' is a number from {} to {}, so {} never matches", modifier, least, most,
                                  value.written->text));
    test.number = *number;
    test.part = part;
    value.tests = {test};
  }
  return {};
}
Result<> apply_minute(Working& w) { return apply_time_part(w, "minute", TimePart::minute, 0, 59); }
Result<> apply_hour(Working& w) { return apply_time_part(w, "hour", TimePart::hour, 0, 23); }
Result<> apply_day(Working& w) { return apply_time_part(w, "day", TimePart::day, 1, 31); }
Result<> apply_week(Working& w) { return apply_time_part(w, "week", TimePart::week, 1, 53); }
Result<> apply_month(Working& w) { return apply_time_part(w, "month", TimePart::month, 1, 12); }
Result<> apply_year(Working& w) { return apply_time_part(w, "year", TimePart::year, 0, 9999); }

Result<> apply_cidr(Working& working) {
  for (auto& value : working.values) {
    const auto network = parse_network(value.written->text);
    if (!network)
      return fail(ErrorKind::invalid_input, "'cidr' wants a network such as 10.0.0.0/8 or 2001:db8::/32, not '{}'",
                  value.written->text);
    value.tests = {*network};
  }
  return {};
}

// ---- Other fields, placeholders

Result<> apply_fieldref(Working& working) {
  for (auto& value : working.values) {
    const auto* text = value.tests.size() == 1 ? std::get_if<TextTest>(&value.tests.front()) : nullptr;
    if (!text || value.written->text.empty())
      return fail(ErrorKind::invalid_input, "'fieldref' wants the name of a field");
    FieldTest test;
    test.field = value.written->text;
    test.cased = text->cased;
    // startswith, endswith and contains may stand before it: they have left their wildcards.
    const auto& parts = text->pattern.parts();
    const bool front = parts.front().piece == Pattern::Piece::any_text && parts.size() > 1;
    const bool back = parts.back().piece == Pattern::Piece::any_text && parts.size() > 1;
    test.part = front && back ? FieldTest::Part::anywhere
                : back        ? FieldTest::Part::start
                : front       ? FieldTest::Part::end
                              : FieldTest::Part::whole;
    value.tests = {test};
  }
  return {};
}

bool is_name_character(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// One piece of literal text: the parts between placeholders, and the placeholders' names.
struct TextOrPlaceholder {
  std::string text;
  bool is_placeholder = false;
};
std::vector<TextOrPlaceholder> split_placeholders(std::string_view text) {
  std::vector<TextOrPlaceholder> pieces;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
      plain += '%';
      ++i;
      continue;
    }
    if (text[i] == '%') {
      std::size_t end = i + 1;
      while (end < text.size() && is_name_character(text[end])) ++end;
      if (end > i + 1 && end < text.size() && text[end] == '%') {
        if (!plain.empty()) pieces.push_back({std::move(plain), false});
        plain.clear();
        pieces.push_back({std::string(text.substr(i + 1, end - i - 1)), true});
        i = end;
        continue;
      }
    }
    plain += text[i];
  }
  if (!plain.empty()) pieces.push_back({std::move(plain), false});
  return pieces;
}

Result<const std::vector<std::string>*> placeholder_values(const Working& working, const std::string& name) {
  const auto known = working.placeholders->find(name);
  if (known != working.placeholders->end()) return &known->second;
  std::vector<std::string_view> names;
  for (const auto& [other, values] : *working.placeholders) names.push_back(other);
  return fail(ErrorKind::invalid_input, "the placeholder '%{}%' has no values configured{}", name,
              did_you_mean(name, names));
}

Result<> apply_expand(Working& working) {
  for (auto& value : working.values) {
    std::vector<Test> expanded;
    for (const auto& test : value.tests) {
      if (const auto* regex = std::get_if<RegexTest>(&test)) {
        std::vector<std::string> patterns(1);
        for (const auto& piece : split_placeholders(regex->pattern)) {
          std::vector<std::string> more;
          if (!piece.is_placeholder) {
            for (auto& pattern : patterns) more.push_back(pattern + piece.text);
          } else {
            for (const auto& replacement : *TRY(placeholder_values(working, piece.text)))
              for (const auto& pattern : patterns) {
                more.push_back(pattern + replacement);
                if (more.size() > kMaxValues)
                  return fail(ErrorKind::invalid_input, "'expand' makes more than {} values", kMaxValues);
              }
          }
          patterns = std::move(more);
        }
        for (auto& pattern : patterns) {
          RegexTest one = *regex;
          one.pattern = std::move(pattern);
          TRY(check_regex(one));
          expanded.push_back(std::move(one));
        }
        continue;
      }
      const auto* text = std::get_if<TextTest>(&test);
      if (!text) return fail(ErrorKind::invalid_input, "'expand' wants a text, not {}", describe(test));
      std::vector<Pattern> patterns(1);
      for (const auto& part : text->pattern.parts()) {
        if (part.piece != Pattern::Piece::text) {
          for (auto& pattern : patterns) pattern.append(part);
          continue;
        }
        for (const auto& piece : split_placeholders(part.text)) {
          if (!piece.is_placeholder) {
            for (auto& pattern : patterns) pattern.append_text(piece.text);
            continue;
          }
          std::vector<Pattern> more;
          for (const auto& replacement : *TRY(placeholder_values(working, piece.text)))
            for (const auto& pattern : patterns) {
              more.push_back(pattern);
              more.back().append_pattern(Pattern::parse(replacement));
              if (more.size() > kMaxValues)
                return fail(ErrorKind::invalid_input, "'expand' makes more than {} values", kMaxValues);
            }
          patterns = std::move(more);
        }
      }
      for (auto& pattern : patterns) expanded.push_back(TextTest{std::move(pattern), text->cased});
    }
    if (expanded.empty())
      return fail(ErrorKind::invalid_input, "a placeholder has an empty list of values, so the rule could never match");
    value.tests = std::move(expanded);
  }
  return {};
}

Result<> apply_i(Working& w) { return set_regex_flag(w, "i", &RegexTest::ignore_case); }
Result<> apply_m(Working& w) { return set_regex_flag(w, "m", &RegexTest::multi_line); }
Result<> apply_s(Working& w) { return set_regex_flag(w, "s", &RegexTest::dot_all); }

struct Entry {
  std::string_view name;
  std::string_view summary;
  Result<> (*apply)(Working&);
};

constexpr Entry kEntries[] = {
    {"contains", "the value stands anywhere in the field", apply_contains},
    {"startswith", "the field begins with the value", apply_startswith},
    {"endswith", "the field ends with the value", apply_endswith},
    {"all", "every value of the list, instead of one of them", apply_all},
    {"cased", "upper and lower case differ", apply_cased},
    {"exists", "the field is there (true) or not (false), whatever its value", apply_exists},
    {"neq", "the field has none of the values", apply_neq},
    {"windash", "an option's - / en dash, em dash or horizontal bar stand for each other", apply_windash},
    {"re", "regular expression, found anywhere; case matters", apply_re},
    {"i", "behind re: case does not matter", apply_i},
    {"ignorecase", "the long name of i", apply_i},
    {"m", "behind re: ^ and $ also match at line breaks", apply_m},
    {"multiline", "the long name of m", apply_m},
    {"s", "behind re: the dot also matches line breaks", apply_s},
    {"dotall", "the long name of s", apply_s},
    {"base64", "the value in Base64", apply_base64},
    {"base64offset", "the value inside a longer Base64 text, at each of the three offsets", apply_base64offset},
    {"utf16le", "the value in UTF-16, little endian", apply_utf16le},
    {"wide", "another name of utf16le", apply_utf16le},
    {"utf16be", "the value in UTF-16, big endian", apply_utf16be},
    {"utf16", "the value in UTF-16 with a byte order mark", apply_utf16},
    {"lt", "the field is a number less than the value", apply_lt},
    {"lte", "less than or equal to the value", apply_lte},
    {"gt", "greater than the value", apply_gt},
    {"gte", "greater than or equal to the value", apply_gte},
    {"minute", "the field is a date with this minute", apply_minute},
    {"hour", "a date with this hour", apply_hour},
    {"day", "a date with this day of the month", apply_day},
    {"week", "a date in this week (ISO 8601)", apply_week},
    {"month", "a date with this month", apply_month},
    {"year", "a date with this year", apply_year},
    {"cidr", "the field is an address in the network", apply_cidr},
    {"fieldref", "the value is the name of another field to compare with", apply_fieldref},
    {"expand", "%placeholders% in the value are replaced by their configured values", apply_expand},
};

// All values are texts: a number stands for its decimal text, true for "true".
std::vector<Test> plain_tests(const YamlNode& node) {
  if (node.is_null()) return {NullTest{}};
  if (const auto integer = node.as_integer()) return {TextTest{Pattern::literal(std::to_string(*integer))}};
  if (const auto real = node.as_real()) {
    // 1.50 also stands for "1.5", the shortest text of the number.
    std::vector<Test> tests = {TextTest{Pattern::literal(node.text)}};
    const std::string shortest = fmt::format("{}", *real);
    if (shortest != node.text) tests.emplace_back(TextTest{Pattern::literal(shortest)});
    return tests;
  }
  if (const auto boolean = node.as_boolean()) return {TextTest{Pattern::literal(*boolean ? "true" : "false")}};
  return {TextTest{Pattern::parse(node.text)}};
}

// Placeholders of the written values that have no values yet.
std::vector<std::string> missing_placeholders(const DetectionItem& item, const Placeholders& placeholders) {
  std::vector<std::string> missing;
  const auto look = [&](std::string_view text) {
    for (auto& piece : split_placeholders(text))
      if (piece.is_placeholder && !placeholders.contains(piece.text) &&
          std::ranges::find(missing, piece.text) == missing.end())
        missing.push_back(std::move(piece.text));
  };
  const bool is_regex = std::ranges::find(item.modifiers, "re") != item.modifiers.end();
  for (const auto& node : item.written) {
    if (!node.is_scalar()) continue;
    if (is_regex) {
      look(node.text);
      continue;
    }
    const Pattern pattern = Pattern::parse(node.text);
    for (const auto& part : pattern.parts())
      if (part.piece == Pattern::Piece::text) look(part.text);
  }
  return missing;
}

}  // namespace

const std::vector<Modifier>& all_modifiers() {
  static const auto* modifiers = [] {
    auto* list = new std::vector<Modifier>;
    for (const auto& entry : kEntries) list->push_back({entry.name, entry.summary});
    return list;
  }();
  return *modifiers;
}

Result<> apply_modifiers(DetectionItem& item, const Placeholders& placeholders,
                         const std::function<void(std::string)>& warn) {
  Working working;
  working.placeholders = &placeholders;
  working.warn = &warn;
  working.is_list = item.written_as_list;
  bool is_regex = false;
  for (const auto& node : item.written) {
    WorkingValue value;
    value.written = &node;
    value.regex = node.text;
    value.tests = plain_tests(node);
    working.values.push_back(std::move(value));
  }
  if (placeholders.contains(kKeepPlaceholders) &&
      std::ranges::find(item.modifiers, "expand") != item.modifiers.end())
    item.pending = missing_placeholders(item, placeholders);
  for (const auto& name : item.modifiers) {
    const auto* entry = std::ranges::find(kEntries, std::string_view(name), &Entry::name);
    if (entry == std::end(kEntries)) {
      std::vector<std::string_view> names;
      for (const auto& known : kEntries) names.push_back(known.name);
      return fail(ErrorKind::invalid_input, "unknown modifier '{}'{}", name, did_you_mean(name, names));
    }
    if (name == "re") is_regex = true;
    if (name == "expand" && !is_regex && std::ranges::find(item.modifiers, "re") != item.modifiers.end())
      return fail(ErrorKind::invalid_input, "'expand' must stand behind 're'");
    if (!item.pending.empty()) continue;  // only the names are checked
    TRY(entry->apply(working));
    if (working.test_count() > kMaxValues)
      return fail(ErrorKind::invalid_input, "'{}' makes more than {} values", name, kMaxValues);
  }
  item.values.clear();
  if (!item.pending.empty()) return {};
  item.all = working.all;
  item.negated = working.negated;
  for (auto& value : working.values) item.values.push_back(std::move(value.tests));
  return {};
}

}  // namespace yagura::sigma
