// The printer, inside: a writer that knows its column, indentation and pending comments. Only printer*.cpp include
// this.
#pragma once
#include <limits>
#include <string>
#include <vector>

#include "kql/printer.hpp"

namespace yagura::kql {

class Printer {
 public:
  Printer(const SyntaxTree& tree, std::size_t width) : tree_(tree), width_(width) { find_comments(); }
  // Measures: everything on one line, stops at `limit` characters.
  struct Flat {};
  Printer(const SyntaxTree& tree, Flat, std::size_t limit) : tree_(tree), limit_(limit), flat_(true) {}

  std::string take_all();
  void node(const Node& node);
  bool overflow() const { return out_.size() > limit_; }
  std::string take() { return std::move(out_); }

 private:
  friend struct Measure;

  // --- writing
  Printer& put(std::string_view text) {
    out_ += text;
    return *this;
  }
  void line_break(std::uint32_t before);  // comments of the source before `before` come first
  void comments_before(std::uint32_t before);
  std::size_t column() const {
    const auto line = out_.rfind('\n');
    return line == std::string::npos ? out_.size() : out_.size() - line - 1;
  }
  void find_comments();
  bool has_comment(Span span) const;
  template <class Write>
  bool fits(Span span, Write write) {
    if (flat_) return true;
    if (has_comment(span)) return false;
    Printer measure(tree_, Flat{}, width_ > column() ? width_ - column() : 0);
    write(measure);
    return !measure.overflow();
  }

  // --- pieces
  void name(const Name& name);
  void value_name(const Name& name);  // where a keyword would not be a name
  void type(const TypeName& type) { put(type.text); }
  void expression(const Expression* expression) {
    if (expression != nullptr) node(*expression);
  }
  void clause(std::string_view keyword, const Expression* value) {
    if (value != nullptr) put(keyword), node(*value);
  }
  template <class T, class Write>
  void list(std::span<const T> items, Write write_item);
  void list(List<Expression> items);
  void parameters(Parameters parameters);  // each with a blank before
  void properties(Parameters properties);  // with (a=b, ...)
  void schema(const RowSchema& schema);
  void parameter_list(std::span<const FunctionParameter> parameters);
  void parameter(const FunctionParameter& parameter);
  void block(std::string_view open, const Expression* body, std::string_view close);  // ( sub-query )
  void pipe(const Expression* source, List<Operator> operators, bool broken);
  void statements(List<Statement> statements);
  void body(const LambdaExpression& lambda);
  void mv_items(std::span<const MvApplyOperator::Item> items);
  void graph_pattern(const GraphPattern& pattern);
  void keyword(std::string_view text) { put(text); }
  template <class T>
    requires std::is_pointer_v<T>
  static Span span_of(const T& node) {
    return node->span;
  }
  template <class T>
    requires(!std::is_pointer_v<T>)
  static Span span_of(const T& item) {
    return item.span;
  }

#define X(type, kind) void print(const type& node);
  YAGURA_KQL_EXPRESSION_NODES(X)
  YAGURA_KQL_OPERATOR_NODES(X)
  YAGURA_KQL_STATEMENT_NODES(X)
#undef X

  const SyntaxTree& tree_;
  std::size_t width_ = 110;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();
  bool flat_ = false;
  std::string out_;
  std::size_t indent_ = 0;
  struct Comment {
    Span span;
    bool own_line;
  };
  std::vector<Comment> comments_;
  std::size_t next_comment_ = 0;
};

template <class T, class Write>
void Printer::list(std::span<const T> items, Write write_item) {
  if (items.empty()) return;
  const Span all{span_of(items.front()).start, span_of(items.back()).end() - span_of(items.front()).start};
  const auto write_flat = [&](Printer& to) {
    for (std::size_t i = 0; i < items.size() && !to.overflow(); ++i) {
      if (i > 0) to.put(", ");
      write_item(to, items[i]);
    }
  };
  if (items.size() == 1 || fits(all, write_flat)) return write_flat(*this);
  indent_ += 4;
  for (std::size_t i = 0; i < items.size(); ++i) {
    line_break(span_of(items[i]).start);
    write_item(*this, items[i]);
    if (i + 1 < items.size()) put(",");
  }
  indent_ -= 4;
}

}  // namespace yagura::kql
