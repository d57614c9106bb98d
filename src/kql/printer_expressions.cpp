// How each expression and statement is written.
#include "kql/printer_state.hpp"

namespace yagura::kql {

void Printer::print(const MissingExpression&) {}
void Printer::print(const NameExpression& node) { value_name(node.name); }
void Printer::print(const NameListExpression& node) {
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    if (i > 0) put(", ");
    name(node.names[i]);
  }
}

void Printer::print(const Literal& node) {
  if (node.parts.empty()) {
    put(tree_.text_of(node.span));
    return;
  }
  bool first = true;
  for (const Span part : node.parts) {
    if (!first) put(" ");
    first = false;
    put(tree_.text_of(part));
  }
}

void Printer::print(const TypeOfLiteral& node) {
  put("typeof(");
  list(node.types);
  put(")");
}

void Printer::print(const DynamicLiteral& node) {
  put("dynamic(");
  expression(node.value);
  put(")");
}
void Printer::print(const JsonArray& node) {
  put("[");
  list(node.values);
  put("]");
}
void Printer::print(const JsonObject& node) {
  put("{");
  for (std::size_t i = 0; i < node.members.size() && !overflow(); ++i) {
    const auto& member = node.members[i];
    if (i > 0) put(", ");
    put(tree_.text_of(member.name_span)).put(": ");
    expression(member.value);
  }
  put("}");
}

void Printer::print(const UnaryExpression& node) {
  put(node.op == UnaryOperator::plus ? "+" : "-");
  expression(node.operand);
}

void Printer::print(const BinaryExpression& node) {
  expression(node.left);
  // In search, column:"term" reads as one.
  if (node.op == BinaryOperator::search_colon) {
    put(":");
  } else {
    put(" ").put(to_string(node.op)).put(" ");
  }
  expression(node.right);
}

void Printer::print(const LogicalExpression& node) {
  const std::string_view word = node.is_and ? "and " : "or ";
  const auto flat = [&](Printer& to) {
    for (std::size_t i = 0; i < node.operands.size() && !to.overflow(); ++i) {
      if (i > 0) to.put(" ").put(word);
      to.node(*node.operands[i]);
    }
  };
  if (fits(node.span, flat)) {
    flat(*this);
    return;
  }
  indent_ += 4;
  for (std::size_t i = 0; i < node.operands.size(); ++i) {
    if (i > 0) {
      line_break(node.operands[i]->span.start);
      put(word);
    }
    this->node(*node.operands[i]);
  }
  indent_ -= 4;
}

void Printer::print(const InExpression& node) {
  expression(node.left);
  put(" ").put(to_string(node.op)).put(" ");
  if (node.list.size() == 1) {
    block("(", node.list.front(), ")");
  } else {
    put("(");
    list(node.list);
    put(")");
  }
}

void Printer::print(const BetweenExpression& node) {
  expression(node.left);
  put(node.negated ? " !between (" : " between (");
  expression(node.low);
  put(" .. ");
  expression(node.high);
  put(")");
}

void Printer::print(const CallExpression& node) {
  name(node.name);
  put("(");
  list(node.arguments);
  put(")");
}

void Printer::print(const PathExpression& node) {
  expression(node.target);
  // "1 .e5" is a path, "1.e5" a number.
  if (node.target->kind == NodeKind::literal) put(" ");
  put(".");
  expression(node.selector);
}

void Printer::print(const ElementExpression& node) {
  expression(node.target);
  expression(node.selector);
}
void Printer::print(const BracketedExpression& node) {
  put("[");
  expression(node.inner);
  put("]");
}
void Printer::print(const ParenthesizedExpression& node) { block("(", node.inner, ")"); }

void Printer::print(const PipeExpression& node) { pipe(node.source, node.operators, !flat_); }

void Printer::print(const StarExpression&) { put("*"); }
void Printer::print(const AtExpression&) { put("@"); }

void Printer::print(const NamedExpression& node) {
  if (node.compound) {
    put("(");
    for (std::size_t i = 0; i < node.names.size(); ++i) {
      if (i > 0) put(", ");
      name(node.names[i]);
    }
    put(")");
  } else if (!node.names.empty()) {
    name(node.names.front());
  }
  put(" = ");
  expression(node.value);
}

void Printer::print(const OrderedExpression& node) {
  using Ordered = OrderedExpression;
  expression(node.value);
  if (node.direction != Ordered::Direction::unstated) {
    put(node.granny ? " granny-" : " ").put(node.direction == Ordered::Direction::ascending ? "asc" : "desc");
  }
  if (node.nulls != Ordered::Nulls::unstated) put(node.nulls == Ordered::Nulls::first ? " nulls first" : " nulls last");
}

void Printer::print(const TypedColumn& node) {
  if (!node.name.missing) {
    name(node.name);
    put(":");
  }
  type(node.type);
}
void Printer::print(const PackExpression&) { put("pack(*)"); }

void Printer::print(const ToScalarExpression& node) {
  put("toscalar");
  parameters(node.parameters);
  block(node.parameters.empty() ? "(" : " (", node.value, ")");
}
void Printer::print(const ToTableExpression& node) {
  put("totable");
  parameters(node.parameters);
  block(node.parameters.empty() ? "(" : " (", node.value, ")");
}
void Printer::print(const MaterializeExpression& node) { block("materialize(", node.value, ")"); }

void Printer::print(const DataTableExpression& node) {
  put("datatable");
  parameters(node.parameters);
  put(" ");
  schema(node.schema);
  put(" [");
  const auto columns = node.schema.columns.size();
  const auto flat = [&](Printer& to) {
    for (std::size_t i = 0; i < node.values.size() && !to.overflow(); ++i) {
      if (i > 0) to.put(", ");
      to.node(*node.values[i]);
    }
    to.put("]");
  };
  if (columns == 0 || (node.values.size() <= columns && fits(node.values_span, flat)) || flat_) {
    flat(*this);
    return;
  }
  // A row a line.
  indent_ += 4;
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    if (i % columns == 0) {
      line_break(node.values[i]->span.start);
    } else {
      put(" ");
    }
    this->node(*node.values[i]);
    if (i + 1 < node.values.size()) put(",");
  }
  indent_ -= 4;
  line_break(node.values_span.end());
  put("]");
}

void Printer::print(const ContextualDataTableExpression& node) {
  put("__contextual_datatable ");
  expression(node.id);
  put(" ");
  schema(node.schema);
}

void Printer::print(const ExternalDataExpression& node) {
  put("externaldata");
  parameters(node.parameters);
  put(" ");
  schema(node.schema);
  put(" [");
  list(node.addresses);
  put("]");
  if (node.has_with) properties(node.properties);
}

void Printer::print(const InlineExternalTableExpression& node) {
  put("inline_external_table");
  parameters(node.parameters);
  put(" ");
  if (node.schema.span.length > 0) {
    schema(node.schema);
    put(" ");
  }
  put("kind=");
  expression(node.table_kind);
  if (node.has_partition) {
    put(" partition by (");
    for (std::size_t i = 0; i < node.partition_columns.size(); ++i) {
      const auto& column = node.partition_columns[i];
      if (i > 0) put(", ");
      name(column.name);
      put(":").put(column.type.text);
      clause(" = ", column.value);
    }
    put(")");
  }
  if (node.has_path_format) {
    put(" pathformat=(");
    expression(node.path_prefix);
    for (const auto& token : node.path_tokens) {
      put(" ");
      expression(token.column);
      clause(" ", token.separator);
    }
    put(")");
  }
  if (node.data_format->kind != NodeKind::missing) clause(" dataformat=", node.data_format);
  put(" (");
  list(node.connection_strings);
  put(")");
  if (node.has_with) properties(node.properties);
}

void Printer::print(const MaterializedViewCombineExpression& node) {
  block("materialized-view-combine (", node.view_name, ")");
  block(" base (", node.base, ")");
  block(" delta (", node.delta, ")");
  block(" aggregations (", node.aggregations, ")");
}

void Printer::print(const EntityGroupExpression& node) {
  put("entity_group [");
  list(node.entities);
  put("]");
}

void Printer::print(const DataScopeExpression& node) {
  expression(node.table);
  put(" datascope=");
  expression(node.value);
}

void Printer::print(const LambdaExpression& node) {
  if (node.is_view) put("view ");
  parameter_list(node.parameters);
  put(" ");
  body(node);
}

// --- statements

void Printer::print(const ExpressionStatement& node) {
  const auto* query = as<PipeExpression>(node.value);
  if (query != nullptr && query->source == nullptr) put("| ");  // a fragment
  expression(node.value);
}

void Printer::print(const LetStatement& node) {
  put("let ");
  name(node.name);
  put(" = ");
  const auto* query = as<PipeExpression>(node.value);
  if (query != nullptr && !flat_) {
    indent_ += 4;
    pipe(query->source, query->operators, true);
    indent_ -= 4;
  } else {
    expression(node.value);
  }
}

void Printer::print(const SetStatement& node) {
  put("set ");
  name(node.name);
  clause(" = ", node.value);
}

void Printer::print(const AliasStatement& node) {
  put("alias database ");
  name(node.name);
  clause(" = ", node.value);
}

void Printer::print(const QueryParametersStatement& node) {
  put("declare query_parameters ");
  parameter_list(node.parameters);
}

void Printer::print(const PatternStatement& node) {
  put("declare pattern ");
  name(node.name);
  if (node.declared_only) return;
  put(" = ");
  parameter_list(node.parameters);
  if (node.path_parameter) {
    put(" [");
    parameter(*node.path_parameter);
    put("]");
  }
  put(" {");
  indent_ += 4;
  for (const auto& match : node.matches) {
    line_break(match.span.start);
    put("(");
    list(match.arguments);
    put(")");
    if (match.path != nullptr) {
      put(".[");
      expression(match.path);
      put("]");
    }
    put(" = ");
    body(*match.body);
    put(";");
  }
  indent_ -= 4;
  line_break(node.span.end());
  put("}");
}

void Printer::print(const RestrictStatement& node) {
  put("restrict access to (");
  list(node.tables);
  put(")");
  if (node.has_with) properties(node.properties);
}

}  // namespace yagura::kql
