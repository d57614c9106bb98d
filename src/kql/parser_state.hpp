// The recursive-descent parser of KQL, inside: a cursor over tokens, an arena and the diagnostics.
//
// Only parser*.cpp include this. One Parser reads one text, on one thread. A parse_x() returns null (or false) when
// the tokens are no x, having consumed nothing; a required_x() always gives a node and reports what is missing. What
// is missing is reported where Kusto's language service does: at the end of the word before, or at the next word when
// that is close by.
// Recursion is bounded by enter(): beyond the limit the parser reports once and behaves as if the text ended there.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "kql/parser.hpp"

namespace yagura::kql {

enum class ParameterKind : std::uint8_t {
  any,
  string_literal,
  bool_literal,
  number,
  forced_real,
  scalar,
  string,
  word,
  name,
  column,
  column_list
};
struct ParameterRule {
  std::string_view name;
  ParameterKind kind = ParameterKind::any;
  std::span<const std::string_view> words = {};
  bool without_equal = false;
};
using ParameterRules = std::span<const ParameterRule>;
enum class NamesAllowed : std::uint8_t { declared_or_known, known_only, declared_only };

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options, Arena& arena, std::span<const Token> tokens,
         std::vector<Diagnostic>& diagnostics)
      : text_(text), options_(options), arena_(arena), tokens_(tokens), diagnostics_(diagnostics) {}

  List<Statement> parse_query();

 private:
  using Kind = TokenKind;
  using EndTest = bool (Parser::*)();

  // --- cursor (parser.cpp)
  const Token& peek(std::size_t offset = 0) const {
    const std::size_t index = at_ + offset;
    return index < tokens_.size() ? tokens_[index] : kBehindEnd;
  }
  Kind kind(std::size_t offset = 0) const { return peek(offset).kind; }
  std::string_view text(std::size_t offset = 0) const { return text_of(peek(offset)); }
  std::string_view text_of(const Token& token) const { return text_.substr(token.span.start, token.span.length); }
  void advance() { ++at_; }
  bool accept(Kind kind);
  bool accept(Kind kind, Span& span);
  Span require(Kind kind);  // the token's place; empty and reported when it is another
  std::size_t scan_text(std::string_view text, std::size_t offset = 0) const;  // adjacent tokens that spell `text`
  bool accept_text(std::string_view text, Span& span);
  std::uint32_t previous_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].span.end(); }
  Span span_from(std::uint32_t start) const;
  bool at_end() const { return kind() == Kind::end_of_text || kind() == Kind::none; }

  // --- diagnostics (parser.cpp)
  void report(std::string code, std::string message, Span span);
  void report_missing(std::string_view what) { report("KS006", "Missing " + std::string(what), {previous_end(), 0}); }
  void report_missing_at_next(std::string code, std::string message);
  void expected(std::initializer_list<std::string_view> texts);
  void report_missing_with_keyword(std::string_view what, std::string_view intent) {
    report_missing_with_keyword(what, intent, previous_end());
  }
  void report_missing_with_keyword(std::string_view what, std::string_view intent, std::uint32_t place);
  Span missing_token_place() const;
  struct Mark {
    std::size_t at;
    std::size_t diagnostics;
  };
  Mark mark() const { return {at_, diagnostics_.size()}; }

  // Bounds recursion: if (const Depth depth(*this); depth) ...
  class Depth {
   public:
    explicit Depth(Parser& parser);
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    explicit operator bool() const { return ok_; }

   private:
    Parser& parser_;
    bool ok_;
  };
  void stop(std::string message);

  // --- nodes
  template <class T>
  T* make(std::uint32_t start) {
    T* node = new (arena_.allocate(sizeof(T), alignof(T))) T();
    node->kind = T::kKind;
    node->span = {start, previous_end() > start ? previous_end() - start : 0};
    return node;
  }
  template <class T>
  T* make_operator(Span keyword) {
    T* node = new (arena_.allocate(sizeof(T), alignof(T))) T();
    node->kind = T::kKind;
    node->keyword = keyword;
    node->span = keyword;
    return node;
  }
  template <class T>
  T* begin() {  // an operator whose keyword is the next token
    T* node = make_operator<T>(peek().span);
    advance();
    return node;
  }
  template <class T>
  T* close(T* node) {  // the node now ends where the last consumed token does
    node->span = span_from(node->span.start);
    if constexpr (std::is_base_of_v<Expression, T>) measure(*node);
    return node;
  }
  void measure(Expression& node);  // sets height from the children
  template <class T>
  std::span<const T> keep(const std::vector<T>& items) {
    return arena_.copy_array(std::span<const T>(items));
  }
  std::uint32_t here() const { return peek().span.start; }

  // --- lists: element(T&) -> bool; missing() -> T reports; end may be null (parser.cpp)
  template <class T, class Element, class Missing>
  std::span<const T> comma_list(Element element, Missing missing, EndTest end, bool one_or_more = false,
                                bool trailing_comma = false);
  using Expressions = List<Expression>;
  using ExpressionParser = const Expression* (Parser::*)();
  Expressions expressions(ExpressionParser item_parser, ExpressionParser missing, EndTest end, bool one_or_more = false,
                          bool trailing_comma = false);
  // A sign and its number, or a wildcard name, are several tokens yet one word to point at.
  template <class T>
  static Span whole_word(Span place, const T& item) {
    if constexpr (std::is_same_v<T, const Expression*>) {
      const auto* name = as<NameExpression>(item);
      const auto* number = as<Literal>(item);
      const bool whole = (name && name->name.wildcard) || (number && number->type != event::KqlType::string);
      if (place.length > 0 && whole && item->span.start == place.start) return item->span;
    }
    return place;
  }
  bool common_list_end(std::size_t offset) const;
  bool common_list_end() { return common_list_end(0); }
  bool custom_list_end(std::initializer_list<Kind> kinds) const;

  // --- names (parser_names.cpp)
  static bool is_name_token(Kind kind) {
    return kind == Kind::identifier || (is_keyword(kind) && keyword_can_be_name(kind));
  }
  bool is_extended_keyword(std::size_t offset = 0) const {
    return is_keyword(kind(offset)) && keyword_can_be_extended_name(kind(offset));
  }
  std::size_t scan_name(std::size_t offset = 0) const;  // tokens, 0: none
  std::size_t scan_extended_name(std::size_t offset = 0) const;
  std::size_t scan_rename_name(std::size_t offset = 0) const;
  std::size_t scan_bracketed_name(std::size_t offset = 0) const;
  std::size_t scan_braced_name(std::size_t offset = 0) const;
  std::size_t scan_wildcard_name(std::size_t offset = 0) const;
  std::size_t scan_rename_list() const;
  std::size_t scan_dashed_name() const;
  std::optional<Name> parse_name();
  std::optional<Name> parse_extended_name();
  std::optional<Name> parse_bracketed_name();
  std::optional<Name> parse_braced_name();
  Name token_name();
  Name missing_name();  // reports
  Name required_name() { return or_missing(parse_name()); }
  Name or_missing(std::optional<Name> name) { return name ? *name : missing_name(); }
  const Expression* reference(const Name& name);
  const Expression* parse_name_reference();
  const Expression* parse_extended_name_reference();
  const Expression* parse_wildcard_reference();
  const Expression* parse_bracketed_wildcard_reference();
  const Expression* parse_simple_or_wildcard_reference();
  const Expression* missing_name_reference();
  const Expression* missing_expression();
  const Expression* missing_value();
  const Expression* missing_string() { return missing_node("string"); }
  const Expression* missing_node(std::string_view what);
  const Expression* missing_silently();
  const Expression* parse_invalid_keyword_as_name();
  bool keyword_in_name_position() const;
  const Expression* or_missing(const Expression* expression) { return expression ? expression : missing_expression(); }
  const Expression* or_missing_reference(const Expression* expression) {
    return expression ? expression : missing_name_reference();
  }

  // --- literals (parser_literals.cpp)
  const Literal* parse_string();  // one or several adjacent parts
  const Literal* parse_single_string();
  const Expression* parse_literal();
  const Expression* parse_forced_real();
  const Literal* token_literal(Span span);
  const Literal* parse_token_literal(std::span<const std::string_view> words);
  const Literal* parse_name_as_token_literal();
  const Literal* make_literal(Kind kind, Span span);
  const Expression* parse_signed_number(bool as_real);
  const Expression* parse_dynamic();
  const Expression* parse_json_value();
  const Expression* parse_json_value_inside();
  const Expression* missing_json_value() { return missing_node("json value"); }
  const Expression* parse_json_array();
  const Expression* parse_json_object();
  bool parse_json_pair(JsonMember& member);
  const Expression* parse_type_of();
  bool scan_type_of_scalar() const;

  // --- types and schemas (parser_schemas.cpp)
  static bool is_type(Kind kind);
  static bool is_type_extended(Kind kind);
  TypeName type_name();
  std::optional<TypeName> parse_type();
  std::optional<TypeName> parse_invalid_type();
  TypeName required_type(bool extended = false);
  bool parse_name_and_type(FunctionParameter& parameter);
  const Expression* parse_typed_column();
  const Expression* missing_typed_column();
  const Expression* parse_type_of_element();
  const Expression* missing_type();
  bool parse_schema_type(FunctionParameter& parameter);
  bool parse_row_schema(RowSchema& schema, bool one_or_more = false);
  void required_row_schema(RowSchema& schema);
  bool parse_evaluate_schema(RowSchema& schema);
  List<TypedColumn> typed_columns(bool one_or_more);
  bool parse_function_parameter(FunctionParameter& parameter);
  std::span<const FunctionParameter> function_parameters(bool one_or_more);
  const Expression* parse_default_value();

  // --- expressions (parser_expressions.cpp)
  const Expression* parse_expression();
  const Expression* parse_unnamed();
  const Expression* parse_unnamed_inside();
  const Expression* parse_or();
  const Expression* parse_and();
  const Expression* parse_chain(bool is_and);
  const Expression* parse_equality();
  const Expression* parse_relational();
  const Expression* parse_additive();
  const Expression* parse_multiplicative();
  const Expression* parse_string_operation();
  const Expression* parse_unary();
  const Expression* parse_call_or_path();
  const Expression* parse_primary();
  const Expression* parse_primary_path();
  const Expression* parse_path_element();
  const Expression* parse_path_element_or_call();
  const Expression* parse_bare_path_element();
  const Expression* parse_bracketed_path_element();
  const Expression* parse_bracketed_expression();
  const Expression* parse_bracketed_entity();
  const Expression* parse_parenthesized();
  const Expression* parse_named();
  const Expression* parse_argument();
  bool scan_call_start(std::size_t offset = 0) const;
  const Expression* parse_call();
  const Expression* required_call();
  const Expression* parse_dotted_call();
  const Expression* parse_to_scalar();
  const Expression* parse_to_table();
  const Expression* parse_materialize();
  const Expression* parse_star();
  const Expression* parse_entity_path();
  const Expression* parse_simple_path();
  const Expression* parse_wildcard_entity();
  const Expression* path(const Expression* target, const Expression* selector, std::uint32_t start);
  const Expression* element(const Expression* target, const Expression* selector, std::uint32_t start);
  const Expression* binary(BinaryOperator op, Span place, const Expression* left, const Expression* right);
  const Expression* in_list(InOperator op, const Expression* left);
  const Expression* between(bool negated, const Expression* left);
  bool scan_is_query() const;
  const Expression* parse_entity_group();
  const LambdaExpression* parse_lambda();
  bool scan_lambda_start() const;
  void function_body(LambdaExpression& lambda, bool pattern_body);
  bool parse_body_statement(const Statement*& statement, bool pattern_body);

  // --- tables in place (parser_tables.cpp)
  const Expression* parse_data_table();
  const Expression* parse_contextual_data_table();
  const Expression* parse_external_data();
  const Expression* parse_inline_external_table();
  const Expression* parse_materialized_view_combine();
  const Expression* view_combine_clause(std::string_view word, ExpressionParser content);
  bool parse_property(Parameter& property);
  const Expression* parse_property_value();
  bool parse_with_properties(Parameters& properties);
  bool scan_external_schema(std::size_t offset) const;
  const Literal* parse_data_scope();

  // --- parameters of operators (parser_parameters.cpp)
  Parameters parameters(ParameterRules rules, bool equal_needed = false,
                        NamesAllowed allowed = NamesAllowed::declared_or_known);
  Parameters parameters_in_commas(ParameterRules rules, NamesAllowed allowed = NamesAllowed::declared_or_known);
  bool parse_parameter(Parameter& parameter);
  bool parse_one_parameter(const ParameterRule& rule, Parameter& parameter, EndTest end = nullptr);
  Parameters optional_parameter(const ParameterRule& rule);
  const Expression* parameter_value(const ParameterRule& rule, EndTest end);
  const Expression* any_parameter_value();
  const Expression* name_list(EndTest end);
  const ParameterRule* specific_parameter(std::string_view name) const;
  bool scan_specific_parameter(bool equal_needed, std::size_t offset) const;
  std::size_t scan_known_parameter(bool equal_needed, std::size_t offset) const;
  std::size_t scan_parameter_name(std::size_t offset) const;
  bool parameter_name_list_end();
  bool render_name_list_end();
  bool is_chart(std::size_t offset) const;

  // --- operators (parser_operators*.cpp)
  const Expression* parse_pipe_rest(const Expression* source, std::uint32_t start);
  const Expression* parse_pipe();
  const Expression* parse_sub_pipe();
  const Expression* parse_contextual_sub_pipe();
  const Expression* parse_fork_pipe();
  const Expression* parse_fork_operator_body();
  const Expression* sub_pipe_rest(const Operator* first, std::uint32_t start);
  const Operator* required_operator();
  const Operator* missing_operator();
  const Operator* parse_piped_operator();
  const Operator* parse_unpiped_operator();
  bool scan_possible_operator() const;

  const Operator* parse_as();
  const Operator* parse_assert_schema();
  const Operator* parse_consume();
  const Operator* parse_count();
  const Operator* parse_distinct();
  const Expression* parse_distinct_column();
  const Operator* parse_evaluate();
  const Operator* parse_execute_and_cache();
  const Operator* parse_extend();
  const Operator* parse_facet();
  bool facet_list_end();
  const Operator* parse_filter();
  const Operator* parse_find();
  bool parse_find_in(Expressions& tables);
  const Expression* parse_find_table();
  const Expression* parse_find_table_with_as();
  const Expression* parse_find_column();
  const Expression* parse_typed_reference();
  const Operator* parse_fork();
  bool parse_fork_branch(ForkOperator::Branch& branch);
  const Operator* parse_get_schema();
  const Operator* parse_graph_mark_components();
  const Operator* parse_graph_match();
  const Operator* parse_graph_shortest_paths();
  template <class T>
  const Operator* parse_graph_patterns(ParameterRules rules);
  bool parse_graph_pattern(GraphPattern& pattern);
  bool parse_graph_element(GraphPatternElement& element);
  const Operator* parse_graph_to_table();
  bool parse_graph_output(GraphToTableOperator::Output& output);
  const Operator* parse_graph_where(bool nodes);
  const Operator* parse_invoke();
  template <class T>
  const Operator* parse_join_like(ParameterRules rules, bool on_required);
  const Operator* parse_join();
  const Operator* parse_lookup();
  const Operator* parse_macro_expand();
  const Operator* parse_make_graph();
  bool make_graph_list_end();
  const Operator* parse_make_series();
  bool make_series_list_end();
  bool parse_series_aggregate(MakeSeriesOperator::Aggregate& aggregate);
  const Operator* parse_mv_expand();
  const Operator* parse_mv_apply();
  bool mv_expand_list_end();
  bool mv_apply_list_end();
  bool parse_mv_item(MvApplyOperator::Item& item);
  std::optional<TypeName> parse_to_type_of();
  const Expression* parse_optional(Kind keyword, ExpressionParser value);
  const Operator* parse_parse(bool where);
  const Operator* parse_parse_kv();
  const Expression* parse_pattern_column();
  const Operator* parse_partition();
  const Operator* parse_partition_by();
  const Operator* parse_print();
  const Operator* parse_project();
  const Operator* parse_project_names(ProjectNamesOperator::Mode mode);
  const Operator* parse_project_rename();
  const Expression* parse_reorder_column();
  const Operator* parse_range();
  const Operator* parse_reduce();
  const Operator* parse_render();
  const Operator* parse_sample();
  const Operator* parse_sample_distinct();
  const Operator* parse_scan();
  bool scan_list_end();
  bool parse_scan_step(ScanOperator::Step& step);
  bool parse_scan_assignment(ScanOperator::Assignment& assignment);
  const Operator* parse_search();
  const Operator* parse_serialize();
  const Operator* parse_sort();
  const Expression* parse_ordered();
  const Expression* ordering(const Expression* value, bool with_nulls);
  const Operator* parse_summarize();
  const Expression* parse_summarize_expression() { return parse_summarize(); }
  bool summarize_list_end();
  bool summarize_by_list_end();
  const Operator* parse_take();
  const Operator* parse_top();
  const Operator* parse_top_hitters();
  const Operator* parse_top_nested();
  bool parse_top_nested_level(TopNestedOperator::Level& level);
  const Operator* parse_union();
  const Expression* parse_union_table();
  const Expression* best_of(std::initializer_list<ExpressionParser> parsers);
  Expressions named_list(bool one_or_more, EndTest end = &Parser::common_list_end);

  // --- statements (parser_statements.cpp)
  List<Statement> statement_list();
  const Statement* parse_statement();
  const Statement* parse_let();
  const Statement* parse_set();
  const Statement* parse_alias();
  const Statement* parse_query_parameters();
  const Statement* parse_restrict();
  const Expression* parse_restrict_table();
  const Statement* parse_pattern();
  bool parse_pattern_match(PatternStatement::Match& match);

  static constexpr Token kBehindEnd{};

  std::string_view text_;
  const ParseOptions& options_;
  Arena& arena_;
  std::span<const Token> tokens_;
  std::vector<Diagnostic>& diagnostics_;
  std::size_t at_ = 0;
  std::uint32_t depth_ = 0;
  bool stopped_ = false;
  ParameterRules rules_;  // of the operator whose parameters are being read
  NamesAllowed names_allowed_ = NamesAllowed::declared_or_known;
  bool equal_needed_ = false;
};

template <class T, class Element, class Missing>
std::span<const T> Parser::comma_list(Element element, Missing missing, EndTest end, bool one_or_more,
                                      bool trailing_comma) {
  std::vector<T> items;
  const auto ended = [&] { return end != nullptr && (this->*end)(); };
  T item{};
  bool have = !ended() && element(item);
  if (!have && kind() == Kind::comma) {
    item = missing();
    have = true;
  }
  while (have) {
    items.push_back(item);
    item = T{};
    if (at_end() || ended()) break;
    if (accept(Kind::comma)) {
      have = !ended() && element(item);
      if (!have && !trailing_comma) items.push_back(missing());
    } else if (end != nullptr) {
      // No comma, and not the list's end: Kusto reads on and asks for the comma between.
      const auto before = missing_token_place();
      const auto count = diagnostics_.size();
      have = element(item);
      if (have) {
        report("KS005", "Expected: ,", whole_word(before, item));
        std::rotate(diagnostics_.begin() + static_cast<std::ptrdiff_t>(count), diagnostics_.end() - 1,
                    diagnostics_.end());
      }
    } else {
      break;
    }
  }
  if (one_or_more && items.empty()) items.push_back(missing());
  return keep(items);
}

}  // namespace yagura::kql
