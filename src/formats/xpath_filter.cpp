// Text to tree. A recursive descent over a grammar that Microsoft gives in words ("Consuming Events"):
//   query      = ("*" | "Event") predicates { "/" step }
//   step       = (name | "*") predicates | "@" name
//   predicate  = "[" number "]" | "[" expression "]"
//   expression = conjunction { "or" conjunction };  conjunction = term { "and" term }
//   term       = "(" expression ")" | operand [ comparison operand ] | "band" "(" path "," number ")"
#include "formats/xpath_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "formats/xpath_tree.hpp"

namespace yagura::formats {

using namespace xpath;

namespace {

constexpr std::size_t kMostText = 64 << 10;
constexpr std::size_t kMostTerms = 4'096;
constexpr int kMostDepth = 64;
constexpr std::size_t kMostPredicates = 8;  // of one step

struct Stop {};  // the fault is noted; unwinds to parse(). Never leaves this file.

bool is_name_start(char c) { return is_ascii_alpha(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_name_char(char c) { return is_name_start(c) || is_ascii_digit(c) || c == '-' || c == '.'; }

enum class Sort : std::uint8_t {
  end,
  name,
  star,
  number,
  literal,
  open,
  close,
  left,
  right,
  slash,
  at,
  comma,
  compare
};

struct Token {
  Sort sort = Sort::end;
  std::size_t offset = 0;
  std::string_view text;
  Comparison comparison = Comparison::equal;
};

class Parser {
 public:
  // `shift`: how many characters stand before the query in the text that it is part of.
  Parser(std::string_view text, XPathFault& fault, std::size_t shift) : text_(text), fault_(fault), shift_(shift) {
    advance();
  }

  std::shared_ptr<const Step> query() {
    if (token_.sort != Sort::star && !(token_.sort == Sort::name && token_.text == "Event"))
      stop("expected * or Event, with which every query begins");
    auto root = std::make_shared<Step>();
    root->name = token_.text;
    advance();
    predicates(*root, 0);
    if (token_.sort == Sort::slash) {
      advance();
      root->next = step(0);
    }
    if (token_.sort != Sort::end) stop("expected '[', '/' or the end");
    return root;
  }

 private:
  [[noreturn]] void stop_at(std::size_t offset, std::string what) {
    fault_ = {offset, std::move(what)};
    throw Stop();
  }
  [[noreturn]] void stop(std::string_view expected) {
    stop_at(token_.offset, fmt::format("{}, found {}", expected, found()));
  }
  std::string found() const {
    if (token_.sort == Sort::end) return "the end of the query";
    return fmt::format("'{}'", token_.text.substr(0, 40));
  }

  // The whole character at `at`, for messages.
  std::string_view character(std::size_t at) const {
    std::size_t end = at + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return text_.substr(at, end - at);
  }

  void advance() {
    while (at_ < text_.size() && is_ascii_space(text_[at_])) ++at_;
    token_ = {Sort::end, at_, {}, Comparison::equal};
    if (at_ == text_.size()) return;
    if (++tokens_ > 4 * kMostTerms) stop_at(at_, "a query of more than 4,096 terms");
    const char c = text_[at_];
    const auto take = [&](Sort sort, std::size_t size) {
      token_ = {sort, at_, text_.substr(at_, size), Comparison::equal};
      at_ += size;
    };
    switch (c) {
      case '[': return take(Sort::open, 1);
      case ']': return take(Sort::close, 1);
      case '(': return take(Sort::left, 1);
      case ')': return take(Sort::right, 1);
      case '/': return take(Sort::slash, 1);
      case '@': return take(Sort::at, 1);
      case ',': return take(Sort::comma, 1);
      case '*': return take(Sort::star, 1);
      case '\'':
      case '"': {
        const auto close = text_.find(c, at_ + 1);
        if (close == std::string_view::npos)
          stop_at(at_, fmt::format("expected {} to close the text that begins here, found the end of the query", c));
        return take(Sort::literal, close + 1 - at_);
      }
      default: break;
    }
    static constexpr std::array<std::pair<std::string_view, Comparison>, 10> kComparisons{{
        {"!=", Comparison::not_equal},
        {"<=", Comparison::less_equal},
        {">=", Comparison::greater_equal},
        {"&lt;=", Comparison::less_equal},
        {"&gt;=", Comparison::greater_equal},
        {"&lt;", Comparison::less},
        {"&gt;", Comparison::greater},
        {"=", Comparison::equal},
        {"<", Comparison::less},
        {">", Comparison::greater},
    }};
    for (const auto& [spelling, comparison] : kComparisons)
      if (text_.substr(at_).starts_with(spelling)) {
        take(Sort::compare, spelling.size());
        token_.comparison = comparison;
        return;
      }
    if (is_ascii_digit(c) || (c == '-' && at_ + 1 < text_.size() && is_ascii_digit(text_[at_ + 1]))) {
      std::size_t end = at_ + 1;
      while (end < text_.size() && (is_ascii_alpha(text_[end]) || is_ascii_digit(text_[end]) || text_[end] == '.'))
        ++end;
      return take(Sort::number, end - at_);
    }
    if (is_name_start(c)) {
      std::size_t end = at_;
      while (end < text_.size() && is_name_char(text_[end])) ++end;
      return take(Sort::name, end - at_);
    }
    stop_at(at_, fmt::format("'{}' stands for nothing in a query", character(at_)));
  }

  bool is_word(std::string_view word) const { return token_.sort == Sort::name && token_.text == word; }
  bool opens_call() const {
    std::size_t at = at_;
    while (at < text_.size() && is_ascii_space(text_[at])) ++at;
    return token_.sort == Sort::name && at < text_.size() && text_[at] == '(';
  }
  void count_term() {
    if (++terms_ > kMostTerms) stop_at(token_.offset, "a query of more than 4,096 terms");
  }
  void check_depth(int depth) {
    if (depth > kMostDepth) stop_at(token_.offset, "a query of more than 64 levels");
  }

  void predicates(Step& step, int depth) {
    while (token_.sort == Sort::open) {
      check_depth(depth);
      if (step.predicates.size() == kMostPredicates) stop_at(token_.offset, "more than 8 predicates behind one name");
      const std::size_t opened = token_.offset;
      advance();
      Expression one;
      if (token_.sort == Sort::number && next_is_close()) {
        one.kind = Expression::Kind::position;
        const auto number = parse_uint64(token_.text);
        if (!number || *number == 0 || *number > 65'536) stop("expected a position from 1 on");
        one.position = static_cast<std::uint32_t>(*number);
        count_term();
        advance();
      } else {
        one = expression(depth + 1);
      }
      if (token_.sort != Sort::close)
        stop(fmt::format("expected 'and', 'or' or ']' to close the '[' at column {}", column_of(opened)));
      advance();
      step.predicates.push_back(std::move(one));
    }
  }
  bool next_is_close() const {
    std::size_t at = at_;
    while (at < text_.size() && is_ascii_space(text_[at])) ++at;
    return at < text_.size() && text_[at] == ']';
  }
  std::size_t column_of(std::size_t offset) const { return utf8::code_points(text_.substr(0, offset)) + 1 + shift_; }

  Expression expression(int depth) {
    check_depth(depth);
    return joined(Expression::Kind::any, "or",
                  [&] { return joined(Expression::Kind::all, "and", [&] { return term(depth + 1); }); });
  }
  // (a or b) or c is a or b or c.
  template <class Part>
  Expression joined(Expression::Kind kind, std::string_view word, Part part) {
    Expression first = part();
    if (!is_word(word)) return first;
    Expression all;
    all.kind = kind;
    const auto add = [&](Expression one) {
      if (one.kind == kind)
        for (auto& inner : one.parts) all.parts.push_back(std::move(inner));
      else
        all.parts.push_back(std::move(one));
    };
    add(std::move(first));
    while (is_word(word)) {
      advance();
      add(part());
    }
    return all;
  }

  Expression term(int depth) {
    check_depth(depth);
    count_term();
    if (token_.sort == Sort::left) {
      const std::size_t opened = token_.offset;
      advance();
      Expression inner = expression(depth + 1);
      if (token_.sort != Sort::right)
        stop(fmt::format("expected 'and', 'or' or ')' to close the '(' at column {}", column_of(opened)));
      advance();
      return inner;
    }
    Expression out;
    if (is_word("band") && opens_call()) {
      out.kind = Expression::Kind::band;
      call();
      out.path = path(depth + 1);
      expect(Sort::comma, "expected ',' and a number");
      const Number number = number_token();
      if (number.value < 0 || number.value > 18'446'744'073'709'551'615.0L)
        stop("expected a number that fits into 64 bits before this");
      out.bits = static_cast<std::uint64_t>(number.value);
      expect(Sort::right, "expected ')'");
      return out;
    }
    out.kind = Expression::Kind::compare;
    // 5 = EventID is EventID = 5.
    if (token_.sort == Sort::literal || token_.sort == Sort::number) {
      out.right = constant();
      out.comparison = mirrored(comparison());
      out.left = operand(depth + 1);
      return out;
    }
    out.left = operand(depth + 1);
    if (token_.sort != Sort::compare) {
      if (const auto* only = std::get_if<std::shared_ptr<const Step>>(&out.left)) {
        out.kind = Expression::Kind::exists;
        out.path = *only;
        return out;
      }
      stop("expected a comparison");
    }
    out.comparison = comparison();
    if (token_.sort != Sort::literal && token_.sort != Sort::number) stop("expected a text in quotes or a number");
    out.right = constant();
    return out;
  }

  Comparison comparison() {
    if (token_.sort != Sort::compare) stop("expected = != < <= > or >=");
    const auto which = token_.comparison;
    advance();
    return which;
  }
  static Comparison mirrored(Comparison comparison) {
    switch (comparison) {
      case Comparison::less: return Comparison::greater;
      case Comparison::less_equal: return Comparison::greater_equal;
      case Comparison::greater: return Comparison::less;
      case Comparison::greater_equal: return Comparison::less_equal;
      default: return comparison;
    }
  }

  void expect(Sort sort, std::string_view expected) {
    if (token_.sort != sort) stop(expected);
    advance();
  }
  void call() {
    advance();  // the name
    advance();  // the parenthesis
  }

  Operand operand(int depth) {
    if (opens_call()) {
      if (is_word("position")) {
        call();
        expect(Sort::right, "expected ')': position() takes nothing");
        return Position();
      }
      if (is_word("timediff")) {
        call();
        TimeDifference difference;
        if (token_.sort == Sort::number)
          difference.number = number_token();
        else
          difference.first = path(depth);
        if (token_.sort == Sort::comma) {
          advance();
          if (!difference.first)
            difference.second = path(depth);
          else
            difference.number = number_token();
        }
        if (!difference.first && !difference.second) stop("expected a time of the event, as in timediff(@SystemTime)");
        expect(Sort::right, "expected ')' or ','");
        return difference;
      }
      static constexpr std::array<std::string_view, 3> kFunctions{"band", "timediff", "position"};
      stop(fmt::format("expected a path; the Windows Event Log has only the functions band, timediff and position{}",
                       did_you_mean(token_.text, kFunctions)));
    }
    return path(depth);
  }

  std::shared_ptr<const Step> path(int depth) {
    if (token_.sort != Sort::name && token_.sort != Sort::star && token_.sort != Sort::at)
      stop("expected the name of an element, @ and the name of an attribute, or a function");
    return step(depth);
  }

  std::shared_ptr<const Step> step(int depth) {
    check_depth(depth);
    auto one = std::make_shared<Step>();
    if (token_.sort == Sort::at) {
      one->is_attribute = true;
      advance();
    }
    if (token_.sort != Sort::name && token_.sort != Sort::star) stop("expected a name or *");
    one->name = token_.text;
    advance();
    if (one->is_attribute) return one;
    predicates(*one, depth + 1);
    if (token_.sort == Sort::slash) {
      advance();
      one->next = step(depth + 1);
    }
    return one;
  }

  Number number_token() {
    if (token_.sort != Sort::number) stop("expected a number");
    Number number{std::string(token_.text), 0};
    const auto value = number_of(token_.text);
    if (!value) stop("expected a number");
    number.value = *value;
    advance();
    return number;
  }

  std::variant<Literal, Number> constant() {
    if (token_.sort == Sort::number) return number_token();
    Literal literal;
    literal.text = token_.text.substr(1, token_.text.size() - 2);
    literal.number = number_of(literal.text);
    if (literal.text.size() >= 10) literal.time = parse_iso8601(literal.text);
    literal.is_guid = literal.text.size() == 38 && literal.text.front() == '{' && literal.text.back() == '}';
    advance();
    return literal;
  }

  std::string_view text_;
  XPathFault& fault_;
  std::size_t shift_;
  std::size_t at_ = 0;
  std::size_t tokens_ = 0, terms_ = 0;
  Token token_;
};

// "line 2, column 5", or the column alone when there is one line.
std::string place(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto lines = std::ranges::count(before, '\n');
  const auto start = lines == 0 ? 0 : before.rfind('\n') + 1;
  const auto column = utf8::code_points(before.substr(start)) + 1;
  if (text.find('\n') == std::string_view::npos) return fmt::format("column {}", column);
  return fmt::format("line {}, column {}", lines + 1, column);
}

// Parses text[begin, end) and reports places within all of `text`.
std::shared_ptr<const Step> parse_part(std::string_view text, std::size_t begin, std::size_t end, XPathFault& fault) {
  if (end - begin > kMostText) {
    fault = {begin, "a query of more than 64 KiB"};
    return nullptr;
  }
  try {
    return Parser(text.substr(begin, end - begin), fault, utf8::code_points(text.substr(0, begin))).query();
  } catch (const Stop&) {
    fault.offset += begin;
    return nullptr;
  }
}

}  // namespace

// Decimal, with a fraction, or 0x and hexadecimal digits.
std::optional<long double> xpath::number_of(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    if (text.size() < 3 || text.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text.substr(2)) {
      const char lower = ascii_lower(c);
      if (is_ascii_digit(lower))
        value = value << 4 | static_cast<std::uint64_t>(lower - '0');
      else if (lower >= 'a' && lower <= 'f')
        value = value << 4 | static_cast<std::uint64_t>(lower - 'a' + 10);
      else
        return std::nullopt;
    }
    return static_cast<long double>(value);
  }
  if (text.empty() || !(is_ascii_digit(text.back()))) return std::nullopt;
  if (const auto number = parse_int64(text)) return static_cast<long double>(*number);
  if (const auto number = parse_uint64(text)) return static_cast<long double>(*number);
  for (const char c : text)
    if (!is_ascii_digit(c) && c != '.' && c != '-') return std::nullopt;
  if (const auto number = parse_double(text)) return static_cast<long double>(*number);
  return std::nullopt;
}

Result<XPathFilter> XPathFilter::parse(std::string_view text, XPathFault* fault) {
  XPathFault why;
  auto root = parse_part(text, 0, text.size(), why);
  if (!root) {
    const auto where = place(text, why.offset);
    std::string message = fmt::format("{}: {}", where, why.what);
    if (fault) *fault = std::move(why);
    return std::unexpected(Error(ErrorKind::invalid_input, std::move(message)));
  }
  return XPathFilter(std::move(root));
}

Result<ChannelQuery> parse_channel_query(std::string_view text, XPathFault* fault) {
  std::size_t begin = 0, end = text.size();
  const auto refuse = [&](XPathFault why) -> Result<ChannelQuery> {
    std::string message = fmt::format("{}: {}", place(text, why.offset), why.what);
    if (fault) *fault = std::move(why);
    return std::unexpected(Error(ErrorKind::invalid_input, std::move(message)));
  };
  while (begin < end && is_ascii_space(text[begin])) ++begin;
  while (end > begin && is_ascii_space(text[end - 1])) --end;
  if (begin < end && text[begin] == '"') {
    ++begin;
    if (end > begin && text[end - 1] == '"') --end;
  }
  const auto mark = text.substr(0, end).find('!', begin);
  if (mark == std::string_view::npos)
    return refuse({end, "expected '!' between the channel and its query, as in Security!*[System[(EventID=4697)]]"});
  const auto channel = text.substr(begin, mark - begin);
  if (channel.empty()) return refuse({begin, "expected the name of a channel before the '!'"});
  for (std::size_t i = 0; i < channel.size(); ++i) {
    const char c = channel[i];
    // Channels are called the same on a Windows of any language; what the manifest's schema forbids is no name either.
    if (static_cast<unsigned char>(c) >= 0x80)
      return refuse({begin + i, "expected the channel's own name, which is ASCII; this looks like its translation"});
    if (static_cast<unsigned char>(c) < 0x20 || std::string_view("<>&\"|\\:`?*'[]").find(c) != std::string_view::npos)
      return refuse({begin + i, fmt::format("'{}' cannot be part of a channel's name", c)});
  }
  XPathFault why;
  auto root = parse_part(text, mark + 1, end, why);
  if (!root) return refuse(std::move(why));
  return ChannelQuery{std::string(channel), XPathFilter(std::move(root))};
}

}  // namespace yagura::formats
