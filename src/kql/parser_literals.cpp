// Literals: strings, numbers, long(...) and its kin, dynamic(...), typeof(...).
#include <limits>
#include <optional>

#include "base/text.hpp"
#include "kql/literal_text.hpp"
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

using event::KqlType;

KqlType literal_type(TokenKind kind) {
  switch (kind) {
    case TokenKind::boolean_literal: return KqlType::boolean;
    case TokenKind::long_literal: return KqlType::int64;
    case TokenKind::int_literal: return KqlType::int32;
    case TokenKind::real_literal: return KqlType::real;
    case TokenKind::decimal_literal: return KqlType::decimal;
    case TokenKind::datetime_literal: return KqlType::datetime;
    case TokenKind::timespan_literal: return KqlType::timespan;
    case TokenKind::guid_literal:
    case TokenKind::raw_guid_literal: return KqlType::guid;
    default: return KqlType::string;
  }
}

// A workbook's or notebook's {{parameter}}, put in before the query runs.
bool is_placeholder(std::string_view text) { return text.find('{') != std::string_view::npos; }

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? trim(text.substr(1, text.size() - 2)) : text;
}

// What a literal may hold beyond todatetime(): blanks round the two separators of the date, "2017 - 08 - 01", and
// month-day-year, "01-31-2022". A day in front, "31-01-2022", is none: nobody could tell it from the other in January.
std::optional<std::int64_t> parse_datetime_content(std::string_view content) {
  if (const auto ticks = parse_datetime_text(content)) return ticks;
  constexpr std::size_t kLongest = 64;
  content = without_quotes(content);
  if (content.empty() || content.size() > kLongest || !is_ascii_digit(content.front())) return std::nullopt;
  std::string text;
  std::size_t separators = 0, digits_in_front = 0;
  for (const char c : content) {
    if (separators < 2 && (c == '-' || c == '/')) {
      while (!text.empty() && text.back() == ' ') text.pop_back();
      if (separators == 0) digits_in_front = text.size();
      ++separators;
      text += c;
    } else if (c != ' ' || (!text.empty() && text.back() != '-' && text.back() != '/')) {
      text += c;
    }
  }
  if (separators == 2 && digits_in_front <= 2) {
    for (std::size_t i = 0, seen = 0; seen < 2; ++i) {
      if (text[i] != '-' && text[i] != '/') continue;
      text[i] = '/';
      ++seen;
    }
  }
  return parse_datetime_text(text);
}

// 8:00, 23:59:30.5, 8:00:00 AM: ticks since midnight of the day when the query runs.
std::optional<std::int64_t> parse_time_of_day(std::string_view content) {
  content = without_quotes(content);
  std::optional<bool> afternoon;
  if (content.size() > 3 && (equal_ignoring_ascii_case(content.substr(content.size() - 2), "am") || equal_ignoring_ascii_case(content.substr(content.size() - 2), "pm"))) {
    afternoon = to_lower_ascii(content.substr(content.size() - 2)) == "pm";
    content = trim(content.substr(0, content.size() - 2));
  }
  const auto colon = content.find(':');
  if (colon == 0 || colon > 2 || content.size() > 16 || content.find('-') != std::string_view::npos) return std::nullopt;
  const auto ticks = parse_timespan_text(content);
  constexpr std::int64_t kHour = 36'000'000'000;
  if (!ticks || *ticks < 0 || *ticks >= 24 * kHour) return std::nullopt;
  if (!afternoon) return ticks;
  if (*ticks < kHour || *ticks >= 13 * kHour) return std::nullopt;
  return *ticks % (12 * kHour) + (*afternoon ? 12 * kHour : 0);
}

// Sets the value of `literal` from its content; false when the content is none.
bool decode(Literal& literal, std::string_view content) {
  content = without_quotes(content);
  if (equal_ignoring_ascii_case(content, "null")) {
    literal.is_null = true;
    return true;
  }
  const auto set = [](auto& field, const auto& value) {
    if (value) field = *value;
    return value.has_value();
  };
  switch (literal.type) {
    case KqlType::boolean:
      literal.boolean = equal_ignoring_ascii_case(content, "true") || content == "1";
      return literal.boolean || equal_ignoring_ascii_case(content, "false") || content == "0";
    case KqlType::int64: return set(literal.integer, parse_long_text(content));
    case KqlType::int32:
      if (!set(literal.integer, parse_long_text(content))) return false;
      // Eight hexadecimal digits are the bits of an int.
      if (content.size() > 2 && (content[1] == 'x' || content[1] == 'X') && literal.integer > std::numeric_limits<std::int32_t>::max() &&
          literal.integer <= std::numeric_limits<std::uint32_t>::max()) {
        literal.integer = static_cast<std::int32_t>(static_cast<std::uint32_t>(literal.integer));
      }
      return literal.integer >= std::numeric_limits<std::int32_t>::min() &&
             literal.integer <= std::numeric_limits<std::int32_t>::max();
    case KqlType::real: return set(literal.real, parse_real_text(content));
    case KqlType::decimal: literal.text = content; return is_decimal_text(content);
    case KqlType::datetime:
      if (set(literal.integer, parse_datetime_content(content))) return true;
      literal.of_today = set(literal.integer, parse_time_of_day(content));
      return literal.of_today;
    case KqlType::timespan: return set(literal.integer, parse_timespan_text(content));
    case KqlType::guid: return set(literal.guid, Guid::parse(content));
    default: return false;
  }
}

}  // namespace

// A literal of the word at `span`, already consumed.
const Literal* Parser::make_literal(Kind kind, Span span) {
  auto* literal = make<Literal>(span.start);
  literal->span = span;
  literal->type = literal_type(kind);
  auto content = text_.substr(span.start, span.length);
  const bool signed_number = content.starts_with('-') || content.starts_with('+');
  if (is_ascii_alpha(content.front()) && content.find('(') != std::string_view::npos) {
    content.remove_prefix(content.find('(') + 1);
    if (content.ends_with(')')) content.remove_suffix(1);
  }
  if (decode(*literal, content)) return literal;
  if (is_placeholder(content)) {
    literal->valid = false;
    literal->placeholder = true;
    literal->text = content;
    return literal;
  }
  // -9223372036854775808: the minus is an operator of its own, yet the number is in range.
  const bool after_minus = !signed_number && at_ >= 2 && tokens_[at_ - 2].kind == Kind::minus;
  if (kind == Kind::long_literal && after_minus && content == "9223372036854775808") {
    literal->integer = std::numeric_limits<std::int64_t>::min();
    return literal;
  }
  literal->valid = false;
  report("KS004",
         "Malformed literal: '" + std::string(content) + "' is not a value of type " +
             std::string(to_string(literal->type)) + ".",
         span);
  return literal;
}

const Literal* Parser::parse_single_string() {
  if (kind() != Kind::string_literal) return nullptr;
  const auto span = peek().span;
  auto* literal = make<Literal>(span.start);
  literal->span = span;
  literal->obfuscated = is_obfuscated_string_literal(text());
  const auto written = text();
  // Most strings mean what stands between their quotes.
  const bool plain = written.size() >= 2 && (written.front() == '"' || written.front() == '\'') &&
                     written.back() == written.front() && written.find('\\') == std::string_view::npos;
  literal->text = plain ? written.substr(1, written.size() - 2) : arena_.copy(decode_string_literal(written));
  advance();
  return literal;
}

const Literal* Parser::parse_string() {
  const auto start = here();
  const auto* first = parse_single_string();
  if (first == nullptr || kind() != Kind::string_literal) return first;
  std::string joined(first->text);
  std::vector<Span> parts{first->span};
  bool obfuscated = first->obfuscated;
  while (const auto* next = parse_single_string()) {
    joined += next->text;
    parts.push_back(next->span);
    obfuscated = obfuscated || next->obfuscated;
  }
  auto* literal = make<Literal>(start);
  literal->text = arena_.copy(joined);
  literal->parts = keep(parts);
  literal->obfuscated = obfuscated;
  return literal;
}

const Expression* Parser::parse_literal() {
  const auto token = peek();
  switch (token.kind) {
    case Kind::string_literal: return parse_string();
    case Kind::raw_guid_literal:
      report("KS214", "Raw guid literals are not allowed in this context, use guid(...) instead.", token.span);
      [[fallthrough]];
    case Kind::boolean_literal:
    case Kind::long_literal:
    case Kind::real_literal:
    case Kind::decimal_literal:
    case Kind::int_literal:
    case Kind::guid_literal:
    case Kind::datetime_literal:
    case Kind::timespan_literal: advance(); return make_literal(token.kind, token.span);
    case Kind::kw_dynamic: return parse_dynamic();
    case Kind::plus:
    case Kind::minus: return parse_signed_number(false);
    case Kind::kw_typeof: return parse_type_of();
    case Kind::open_brace: {
      const auto name = parse_braced_name();
      return name ? reference(*name) : nullptr;
    }
    default: return nullptr;
  }
}

const Expression* Parser::parse_forced_real() {
  const auto token = peek();
  switch (token.kind) {
    case Kind::long_literal:
    case Kind::real_literal:
      if (!is_ascii_digit(text().front())) return nullptr;
      advance();
      return make_literal(Kind::real_literal, token.span);
    case Kind::plus:
    case Kind::minus: return parse_signed_number(true);
    case Kind::open_brace: return parse_literal();
    default: return nullptr;
  }
}

// -1, +2.5, -1h in one word, where a sign is part of the literal.
const Expression* Parser::parse_signed_number(bool as_real) {
  const Token& number = peek(1);
  const bool numeric = number.kind == Kind::long_literal || number.kind == Kind::real_literal ||
                       (number.kind == Kind::timespan_literal && !as_real);
  if (!numeric || !number.adjacent || !is_ascii_digit(text_of(number).front())) return nullptr;
  const auto start = here();
  at_ += 2;
  return make_literal(as_real ? Kind::real_literal : number.kind, span_from(start));
}

const Literal* Parser::token_literal(Span span) {
  auto* literal = make<Literal>(span.start);
  literal->span = span;
  literal->token = true;
  literal->text = text_.substr(span.start, span.length);
  return literal;
}

const Literal* Parser::parse_token_literal(std::span<const std::string_view> words) {
  Span span;
  for (const auto word : words) {
    if (accept_text(word, span)) return token_literal(span);
  }
  return nullptr;
}

const Literal* Parser::parse_name_as_token_literal() {
  if (!is_name_token(kind())) return nullptr;
  const auto span = peek().span;
  advance();
  return token_literal(span);
}

// --- dynamic(...)

const Expression* Parser::parse_dynamic() {
  if (kind() != Kind::kw_dynamic || kind(1) != Kind::open_paren) return nullptr;
  const auto start = here();
  at_ += 2;
  auto* node = make<DynamicLiteral>(start);
  const auto* value = parse_json_value();
  node->value = value ? value : missing_json_value();
  require(Kind::close_paren);
  return close(node);
}

const Expression* Parser::parse_json_value() {
  const Depth depth(*this);
  return depth ? parse_json_value_inside() : nullptr;
}

const Expression* Parser::parse_json_value_inside() {
  const auto token = peek();
  switch (token.kind) {
    case Kind::long_literal:
    case Kind::real_literal:
    case Kind::boolean_literal:
    case Kind::datetime_literal:
    case Kind::timespan_literal:
    case Kind::guid_literal:
    case Kind::raw_guid_literal:
    case Kind::decimal_literal:
    case Kind::string_literal:
    case Kind::kw_dynamic: return parse_literal();
    case Kind::minus: {
      if (kind(1) != Kind::long_literal && kind(1) != Kind::real_literal) return nullptr;
      advance();
      auto* node = make<UnaryExpression>(token.span.start);
      node->op = UnaryOperator::minus;
      node->operand = parse_literal();
      return close(node);
    }
    case Kind::kw_null: {
      advance();
      auto* literal = make<Literal>(token.span.start);
      literal->type = KqlType::dynamic;
      literal->is_null = true;
      literal->untyped_null = true;
      return literal;
    }
    case Kind::open_bracket: return parse_json_array();
    case Kind::open_brace:
      if (scan_braced_name() > 0) return reference(*parse_braced_name());
      return parse_json_object();
    default: return nullptr;
  }
}

const Expression* Parser::parse_json_array() {
  const auto start = here();
  advance();
  auto* node = make<JsonArray>(start);
  node->values = expressions(&Parser::parse_json_value, &Parser::missing_json_value, &Parser::common_list_end);
  require(Kind::close_bracket);
  return close(node);
}

const Expression* Parser::parse_json_object() {
  const auto start = here();
  advance();
  auto* node = make<JsonObject>(start);
  node->members = comma_list<JsonMember>([&](JsonMember& member) { return parse_json_pair(member); },
                                         [&] {
                                           report_missing("json key:value pair");
                                           return JsonMember{.value = missing_silently()};
                                         },
                                         &Parser::common_list_end);
  require(Kind::close_brace);
  return close(node);
}

bool Parser::parse_json_pair(JsonMember& member) {
  const auto value_or_missing = [&] {
    const auto* value = parse_json_value();
    return value ? value : missing_json_value();
  };
  if (kind() == Kind::string_literal) {
    const auto* name = parse_single_string();
    member.name = name->text;
    member.name_span = name->span;
    require(Kind::colon);
    member.value = value_or_missing();
    return true;
  }
  const auto place = missing_token_place();
  if (accept(Kind::colon)) {
    report("KS006", "Missing string", place);
    member.value = value_or_missing();
    return true;
  }
  member.value = parse_json_value();
  if (member.value == nullptr) return false;
  report("KS006", "Missing string", place);
  report("KS005", "Expected: :", place);
  return true;
}

// --- typeof(...)

bool Parser::scan_type_of_scalar() const {
  return kind() == Kind::kw_typeof && kind(1) == Kind::open_paren &&
         (is_type_extended(kind(2)) || (kind(2) == Kind::identifier && kind(3) == Kind::close_paren));
}

const Expression* Parser::parse_type_of() {
  if (kind() != Kind::kw_typeof || kind(1) != Kind::open_paren) return nullptr;
  const bool scalar = scan_type_of_scalar();
  const auto start = here();
  at_ += 2;
  auto* node = make<TypeOfLiteral>(start);
  if (scalar) {
    auto* type = make<TypedColumn>(here());
    type->type = type_name();
    type->name.missing = true;
    node->types = keep(std::vector<const Expression*>{close(type)});
  } else {
    node->types = expressions(&Parser::parse_type_of_element, &Parser::missing_type, &Parser::common_list_end);
  }
  require(Kind::close_paren);
  return close(node);
}

}  // namespace yagura::kql
