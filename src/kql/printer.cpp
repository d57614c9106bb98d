#include "kql/printer.hpp"

#include <algorithm>

#include "kql/lexer.hpp"
#include "kql/literal_text.hpp"
#include "kql/printer_state.hpp"

namespace yagura::kql {

// --- writing

void Printer::find_comments() {
  std::uint32_t from = 0;
  for (const Token& token : tree_.tokens) {
    // Comments lie between tokens; what is not blank there is one.
    std::size_t at = from;
    for (;;) {
      at = tree_.text.substr(0, token.span.start).find("//", at);
      if (at == std::string_view::npos) break;
      auto end = tree_.text.find_first_of("\r\n", at);
      if (end == std::string_view::npos) end = tree_.text.size();
      const auto between = tree_.text.substr(from, at - from);
      const bool own_line = from == 0 || between.find_first_of("\r\n") != std::string_view::npos;
      comments_.push_back({{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at)}, own_line});
      at = end;
    }
    from = token.span.end();
  }
}

bool Printer::has_comment(Span span) const {
  const auto first = std::ranges::lower_bound(comments_, span.start, {}, [](const Comment& c) { return c.span.start; });
  return first != comments_.end() && first->span.start < span.end();
}

void Printer::comments_before(std::uint32_t before) {
  bool may_follow = true;  // one comment may stand behind what is written on this line
  for (; next_comment_ < comments_.size() && comments_[next_comment_].span.start < before; ++next_comment_) {
    const auto& comment = comments_[next_comment_];
    if (may_follow && !comment.own_line && !out_.empty() && out_.back() != '\n') {
      out_ += "  ";
    } else if (!out_.empty() && out_.back() != '\n') {
      out_ += '\n';
      out_.append(indent_, ' ');
    }
    may_follow = false;
    out_ += tree_.text_of(comment.span);
    while (out_.ends_with(' ')) out_.pop_back();
  }
}

void Printer::line_break(std::uint32_t before) {
  if (flat_) {
    put(" ");
    return;
  }
  while (out_.ends_with(' ')) out_.pop_back();
  comments_before(before);
  out_ += '\n';
  out_.append(indent_, ' ');
}

// --- pieces

void Printer::name(const Name& name) {
  if (name.missing) return;
  if (name.braced) {
    put("{").put(name.text).put("}");
  } else if (name.bracketed && name.wildcard) {
    put("[").put(name.text).put("]");
  } else if (name.bracketed) {
    put("[").put(encode_string_literal(name.text, '\'')).put("]");
  } else {
    put(name.text);
  }
}

// "project-awayX" begins with the name "project"; with blanks around its minus it would be the operator.
void Printer::value_name(const Name& name) {
  const auto keyword = name.bracketed || name.braced ? TokenKind::none : keyword_of(name.text);
  if (keyword != TokenKind::none && flags_of(keyword) == 0) {
    put("[").put(encode_string_literal(name.text, '\'')).put("]");
  } else {
    this->name(name);
  }
}

void Printer::list(List<Expression> items) {
  list(items, [](Printer& to, const Expression* item) { to.node(*item); });
}

void Printer::parameters(Parameters parameters) {
  for (const auto& parameter : parameters) {
    put(" ");
    name(parameter.name);
    put("=");
    expression(parameter.value);
  }
}

void Printer::properties(Parameters properties) {
  put(" with (");
  list(properties, [](Printer& to, const Parameter& property) {
    to.name(property.name);
    to.put("=");
    to.expression(property.value);
  });
  put(")");
}

void Printer::schema(const RowSchema& schema) {
  put("(");
  if (schema.any_first) put(schema.columns.empty() ? "*" : "*, ");
  list(schema.columns, [](Printer& to, const TypedColumn* column) { to.print(*column); });
  put(")");
}

void Printer::parameter(const FunctionParameter& parameter) {
  name(parameter.name);
  put(":");
  if (parameter.tabular) {
    schema(parameter.schema);
  } else {
    type(parameter.type);
  }
  clause(" = ", parameter.default_value);
}

void Printer::parameter_list(std::span<const FunctionParameter> parameters) {
  put("(");
  list(parameters, [](Printer& to, const FunctionParameter& parameter) { to.parameter(parameter); });
  put(")");
}

// source | operator | operator: on one line, or each operator on a line of its own.
void Printer::pipe(const Expression* source, List<Operator> operators, bool broken) {
  expression(source);
  for (std::size_t i = 0; i < operators.size() && !overflow(); ++i) {
    const bool first = source == nullptr && i == 0;
    if (!first) {
      if (broken) {
        line_break(operators[i]->span.start);
      } else {
        put(" ");
      }
      put("| ");
    }
    node(*operators[i]);
  }
}

void Printer::block(std::string_view open, const Expression* body, std::string_view close) {
  put(open);
  if (body == nullptr) {
    put(close);
    return;
  }
  const auto* sub_pipe = as<PipeExpression>(body);
  const auto flat = [&](Printer& to) {
    if (sub_pipe != nullptr) {
      to.pipe(sub_pipe->source, sub_pipe->operators, false);
    } else {
      to.node(*body);
    }
    to.put(close);
  };
  if (sub_pipe == nullptr || fits(body->span, flat)) {
    flat(*this);
    return;
  }
  indent_ += 4;
  line_break(sub_pipe->source ? sub_pipe->source->span.start : body->span.start);
  pipe(sub_pipe->source, sub_pipe->operators, true);
  indent_ -= 4;
  line_break(body->span.end());
  put(close);
}

void Printer::body(const LambdaExpression& lambda) {
  const auto flat = [&](Printer& to) {
    to.put("{ ");
    for (const auto* statement : lambda.statements) {
      to.node(*statement);
      to.put("; ");
    }
    to.expression(lambda.result);
    to.put(" }");
  };
  if (flat_ ||
      (lambda.statements.empty() && as<PipeExpression>(lambda.result) == nullptr && fits(lambda.body_span, flat))) {
    flat(*this);
    return;
  }
  put("{");
  indent_ += 4;
  for (const auto* statement : lambda.statements) {
    line_break(statement->span.start);
    node(*statement);
    put(";");
  }
  if (lambda.result != nullptr) {
    line_break(lambda.result->span.start);
    node(*lambda.result);
  }
  indent_ -= 4;
  line_break(lambda.body_span.end());
  put("}");
}

void Printer::statements(List<Statement> statements) {
  bool first = true;
  for (const auto* statement : statements) {
    if (!first) put(";");
    if (first) {
      comments_before(statement->span.start);
      if (!out_.empty() && out_.back() != '\n' && !flat_) out_ += '\n';
    } else {
      line_break(statement->span.start);
    }
    first = false;
    node(*statement);
  }
}

std::string Printer::take_all() {
  for (const Token& token : tree_.tokens) {
    if (token.kind != TokenKind::directive) break;
    put(tree_.text_of(token.span)).put("\n");
  }
  statements(tree_.statements);
  comments_before(std::numeric_limits<std::uint32_t>::max());
  if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  return take();
}

void Printer::node(const Node& node) {
  if (overflow()) return;
  visit(node, [&](const auto& typed) { print(typed); });
}

std::string print(const SyntaxTree& tree, const PrintOptions& options) {
  return Printer(tree, options.width).take_all();
}

std::string print_flat(const SyntaxTree& tree, const Node& node) {
  Printer printer(tree, Printer::Flat{}, std::numeric_limits<std::size_t>::max());
  printer.node(node);
  return printer.take();
}

}  // namespace yagura::kql
