#include "sigma/condition.hpp"

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kMaxText = 64 * 1024;
constexpr int kMaxDepth = 64;

struct Token {
  enum class Kind : std::uint8_t { end, open, close, word };
  Kind kind = Kind::end;
  std::string_view text;
  std::size_t at = 0;
};

bool is_word_character(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-' || c == '*' || c == '.' || c == '?' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class ConditionParser {
 public:
  explicit ConditionParser(std::string_view text) : text_(text) {}

  Result<Condition> parse() {
    if (trim(text_).empty())
      return fail(ErrorKind::invalid_input,
                  "the condition is empty; it must name the search identifiers that are to match");
    if (text_.size() > kMaxText)
      return fail(ErrorKind::invalid_input, "the condition is longer than {} bytes", kMaxText);
    TRY(advance());
    auto condition = TRY(parse_or(0));
    if (token_.kind != Token::Kind::end)
      return fail(ErrorKind::invalid_input, "{}", unexpected("'and', 'or' or the end of the condition"));
    return condition;
  }

 private:
  std::string unexpected(std::string_view wanted) const {
    std::string found = token_.kind == Token::Kind::end ? "the condition ends" : fmt::format("'{}'", token_.text);
    std::string message =
        fmt::format("condition: expected {} at character {}, but found {}", wanted, token_.at + 1, found);
    if (token_.kind == Token::Kind::word) {
      const std::string lower = to_lower_ascii(token_.text);
      if (lower != token_.text && (lower == "and" || lower == "or" || lower == "not"))
        message += fmt::format(" (operators are lower-case: '{}')", lower);
    }
    return message;
  }

  Result<> advance() {
    while (next_ < text_.size() && is_ascii_space(text_[next_])) ++next_;
    token_ = {Token::Kind::end, {}, next_};
    if (next_ == text_.size()) return {};
    const char c = text_[next_];
    if (c == '(' || c == ')') {
      token_ = {c == '(' ? Token::Kind::open : Token::Kind::close, text_.substr(next_, 1), next_};
      ++next_;
      return {};
    }
    if (c == '|')
      return fail(
          ErrorKind::invalid_input,
          "condition: the aggregation behind '|' at character {} is no longer part of Sigma; write a correlation rule "
          "(event_count, value_count, temporal ...) that refers to this rule",
          next_ + 1);
    const std::size_t start = next_;
    while (next_ < text_.size() && is_word_character(text_[next_])) ++next_;
    if (next_ == start)
      return fail(ErrorKind::invalid_input, "condition: unexpected character '{}' at character {}", c, start + 1);
    token_ = {Token::Kind::word, text_.substr(start, next_ - start), start};
    return {};
  }

  bool at_word(std::string_view word) const { return token_.kind == Token::Kind::word && token_.text == word; }

  Result<Condition> parse_or(int depth) { return parse_chain(depth, "or", Condition::Kind::any_of); }
  Result<Condition> parse_and(int depth) { return parse_chain(depth, "and", Condition::Kind::all_of); }

  Result<Condition> parse_chain(int depth, std::string_view word, Condition::Kind kind) {
    const bool is_or = kind == Condition::Kind::any_of;
    auto first = TRY(is_or ? parse_and(depth) : parse_not(depth));
    if (!at_word(word)) return first;
    Condition chain;
    chain.kind = kind;
    chain.children.push_back(std::move(first));
    while (at_word(word)) {
      TRY(advance());
      chain.children.push_back(TRY(is_or ? parse_and(depth) : parse_not(depth)));
    }
    return chain;
  }

  Result<Condition> parse_not(int depth) {
    if (depth > kMaxDepth) return fail(ErrorKind::invalid_input, "condition: nested deeper than {} levels", kMaxDepth);
    if (!at_word("not")) return parse_primary(depth);
    TRY(advance());
    Condition negation;
    negation.kind = Condition::Kind::negation;
    negation.children.push_back(TRY(parse_not(depth + 1)));
    return negation;
  }

  Result<Condition> parse_primary(int depth) {
    if (token_.kind == Token::Kind::open) {
      TRY(advance());
      auto inner = TRY(parse_or(depth + 1));
      if (token_.kind != Token::Kind::close) return fail(ErrorKind::invalid_input, "{}", unexpected("')'"));
      TRY(advance());
      return inner;
    }
    if (token_.kind != Token::Kind::word || at_word("and") || at_word("or"))
      return fail(ErrorKind::invalid_input, "{}", unexpected("a search identifier, 'not', '(' or '1 of ...'"));
    const Token word = token_;
    TRY(advance());
    if (at_word("of")) {
      const auto count = parse_uint64(word.text);
      if (word.text == "all" || word.text == "any" || count) return parse_selector(word, count);
    }
    Condition identifier;
    identifier.name = word.text;
    return identifier;
  }

  Result<Condition> parse_selector(const Token& quantifier, std::optional<std::uint64_t> count) {
    if (count && (*count == 0 || *count > 10'000))
      return fail(ErrorKind::invalid_input, "condition: '{} of' at character {}: the number must be from 1 to 10000",
                  quantifier.text, quantifier.at + 1);
    TRY(advance());
    if (token_.kind != Token::Kind::word)
      return fail(ErrorKind::invalid_input, "{}", unexpected("'them' or a name with '*' behind 'of'"));
    Condition selector;
    selector.kind = Condition::Kind::selector;
    selector.least = quantifier.text == "all" ? 0 : count ? static_cast<std::uint32_t>(*count) : 1;
    selector.name = token_.text;
    TRY(advance());
    return selector;
  }

  std::string_view text_;
  std::size_t next_ = 0;
  Token token_;
};

}  // namespace

Result<Condition> parse_condition(std::string_view text) { return ConditionParser(text).parse(); }

Result<> check_condition(const Condition& condition, const std::vector<SearchIdentifier>& identifiers) {
  const auto names = [&] {
    std::vector<std::string_view> all;
    for (const auto& identifier : identifiers) all.push_back(identifier.name);
    return all;
  };
  switch (condition.kind) {
    case Condition::Kind::identifier: {
      const auto all = names();
      if (std::ranges::find(all, condition.name) == all.end())
        return fail(ErrorKind::invalid_input, "the condition names '{}', but there is no such search identifier{}",
                    condition.name, did_you_mean(condition.name, all));
      return {};
    }
    case Condition::Kind::selector: {
      const auto chosen = selected(condition, identifiers);
      if (chosen.empty())
        return fail(ErrorKind::invalid_input, "'{}' in the condition selects no search identifier{}",
                    to_text(condition), did_you_mean(condition.name, names()));
      if (condition.least > chosen.size())
        return fail(ErrorKind::invalid_input, "'{}' in the condition can never be true: '{}' selects {}",
                    to_text(condition), condition.name, chosen.size());
      return {};
    }
    default:
      for (const auto& child : condition.children) TRY(check_condition(child, identifiers));
      return {};
  }
}

}  // namespace yagura::sigma
