#include "kql/parser.hpp"

#include <algorithm>

#include "kql/lexer.hpp"
#include "kql/parser_state.hpp"

namespace yagura::kql {

// --- cursor

bool Parser::accept(Kind wanted) {
  if (kind() != wanted) return false;
  advance();
  return true;
}

bool Parser::accept(Kind wanted, Span& span) {
  if (kind() != wanted) return false;
  span = peek().span;
  advance();
  return true;
}

Span Parser::require(Kind wanted) {
  Span span{previous_end(), 0};
  if (accept(wanted, span)) return span;
  if (wanted == Kind::identifier) {
    report_missing_at_next("KS006", "Missing name");
  } else {
    expected({fixed_text(wanted)});
  }
  return span;
}

std::size_t Parser::scan_text(std::string_view wanted, std::size_t offset) const {
  std::size_t count = 0;
  while (!wanted.empty()) {
    const Token& token = peek(offset + count);
    const auto part = text_of(token);
    if (token.kind == Kind::none || token.kind == Kind::end_of_text || (count > 0 && !token.adjacent)) return 0;
    if (part.empty() || !wanted.starts_with(part)) return 0;
    wanted.remove_prefix(part.size());
    ++count;
  }
  return count;
}

bool Parser::accept_text(std::string_view wanted, Span& span) {
  const auto count = scan_text(wanted);
  if (count == 0) return false;
  span = {here(), static_cast<std::uint32_t>(wanted.size())};
  at_ += count;
  return true;
}

Span Parser::span_from(std::uint32_t start) const {
  const auto end = previous_end();
  return end > start ? Span{start, end - start} : Span{std::min(start, end), 0};
}

// --- diagnostics

void Parser::report(std::string code, std::string message, Span span) {
  if (stopped_) return;
  diagnostics_.push_back(
      {.code = std::move(code), .message = std::move(message), .start = span.start, .length = span.length});
}

Span Parser::missing_token_place() const {
  const auto end = previous_end();
  const Token& next = peek();
  const bool has_text = next.span.length > 0 || !next.adjacent;
  if (next.kind == Kind::none || !has_text || next.span.start - end >= 2) return {end, 0};
  const auto between = text_.substr(end, next.span.start - end);
  return between.find_first_of("\r\n") == std::string_view::npos ? next.span : Span{end, 0};
}

void Parser::report_missing_at_next(std::string code, std::string message) {
  report(std::move(code), std::move(message), missing_token_place());
}

void Parser::expected(std::initializer_list<std::string_view> texts) {
  std::string message = texts.size() == 1 ? "Expected: " : "Expected one of: ";
  bool first = true;
  for (const auto wanted : texts) {
    if (!first) message += ", ";
    first = false;
    message += wanted;
  }
  report_missing_at_next("KS005", std::move(message));
}

void Parser::report_missing_with_keyword(std::string_view what, std::string_view intent, std::uint32_t place) {
  std::string message = "Missing " + std::string(what);
  if (is_keyword(kind())) {
    const std::string word(text());
    message +=
        ": If the keyword '" + word + "' is intended " + std::string(intent) + " bracketted as ['" + word + "'].";
  }
  report("KS006", std::move(message), {place, 0});
}

void Parser::stop(std::string message) {
  if (stopped_) return;
  report("YK002", std::move(message), peek().span);
  stopped_ = true;
  at_ = tokens_.empty() ? 0 : tokens_.size() - 1;
}

Parser::Depth::Depth(Parser& parser) : parser_(parser) {
  ok_ = ++parser_.depth_ <= parser_.options_.max_depth && !parser_.stopped_;
  if (!ok_) {
    parser_.stop("The query is nested too deeply; at most " + std::to_string(parser_.options_.max_depth) +
                 " levels are allowed.");
  }
}

void Parser::measure(Expression& node) {
  struct Context {
    std::uint32_t highest = 0;
  } context;
  for_each_child(node, &context, [](void* raw, const Node& child) {
    if (!is_expression(child.kind)) return;
    auto& highest = static_cast<Context*>(raw)->highest;
    highest = std::max<std::uint32_t>(highest, static_cast<const Expression&>(child).height);
  });
  // A chain of operators grows to the left without nesting in the text.
  const std::uint32_t limit = 2u * options_.max_depth;
  node.height = static_cast<std::uint16_t>(std::min<std::uint32_t>(context.highest + 1, limit + 1));
  if (context.highest + 1 > limit) {
    stop("The expression is too long or nested too deeply; at most " + std::to_string(limit) + " levels are allowed.");
  }
}

// --- lists

bool Parser::common_list_end(std::size_t offset) const {
  switch (kind(offset)) {
    case Kind::close_paren:
    case Kind::close_bracket:
    case Kind::close_brace:
    case Kind::bar:
    case Kind::semicolon:
    case Kind::end_of_text:
    case Kind::none: return true;
    default: return false;
  }
}

bool Parser::custom_list_end(std::initializer_list<Kind> kinds) const {
  return std::ranges::find(kinds, kind()) != kinds.end() || common_list_end(0);
}

Parser::Expressions Parser::expressions(ExpressionParser item_parser, ExpressionParser missing, EndTest end,
                                        bool one_or_more, bool trailing_comma) {
  return comma_list<const Expression*>(
      [&](const Expression*& item) { return (item = (this->*item_parser)()) != nullptr; },
      [&] { return (this->*missing)(); }, end, one_or_more, trailing_comma);
}

// --- entry

ParseResult parse(std::string_view text, const ParseOptions& options) {
  ParseResult result;
  const auto refuse = [&](std::string message) {
    result.diagnostics.push_back({.code = "YK001", .message = std::move(message)});
    return std::move(result);
  };
  if (text.size() > options.max_bytes) {
    return refuse("The query is too long: " + std::to_string(text.size()) + " bytes; at most " +
                  std::to_string(options.max_bytes) + " are allowed.");
  }
  auto& tree = result.tree;
  tree.text = tree.arena.copy(text);
  auto lexed = lex(tree.text, options.max_tokens);
  if (lexed.too_many) {
    return refuse("The query has too many words; at most " + std::to_string(options.max_tokens) + " are allowed.");
  }
  tree.tokens = tree.arena.copy_array(std::span<const Token>(lexed.tokens));
  result.diagnostics = std::move(lexed.diagnostics);
  Parser parser(tree.text, options, tree.arena, tree.tokens, result.diagnostics);
  tree.statements = parser.parse_query();
  std::ranges::stable_sort(result.diagnostics, {}, &Diagnostic::start);
  if (result.diagnostics.size() > options.max_diagnostics) result.diagnostics.resize(options.max_diagnostics);
  locate(result.diagnostics, tree.text);
  return result;
}

}  // namespace yagura::kql
