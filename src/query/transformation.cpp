#include "query/transformation.hpp"

#include <unordered_set>

#include "base/text.hpp"
#include "kql/compile.hpp"
#include "kql/lexer.hpp"

namespace yagura::query {

namespace {

using kql::Diagnostic;

constexpr std::string_view kSource = "source";
// Those that work row by row and make at most one row of one.
constexpr std::array<std::string_view, 11> kOperators{"where",          "filter",          "extend", "project",     "project-away", "project-keep",
                                                      "project-rename", "project-reorder", "parse",  "parse-where", "parse-kv"};
// Another value at each time, also when the journal is read again.
constexpr std::array<std::string_view, 5> kUnrepeatable{"now", "ago", "rand", "new_guid", "ingestion_time"};

// Written by Yagura itself: who sent an event and when it came must not be changed.
bool is_own_column(std::string_view name) { return name.starts_with('_') || name == "Type"; }

class Words {
 public:
  explicit Words(std::string_view text) : text_(text), tokens_(kql::lex(text, Transformation::kMostText).tokens) {}

  std::vector<Diagnostic> mistakes(std::string_view table) const {
    std::vector<Diagnostic> out;
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
      const auto word = at(i), next = at(i + 1);
      if (word == "|" && std::ranges::find(kOperators, next) == kOperators.end() && !next.empty() && !is_punctuation(next))
        out.push_back(diagnostic(tokens_[i + 1].span, "YK110",
                                 fmt::format("'{}' cannot run in flight, where each row is looked at by itself; a transformation may use {}{}", next,
                                             joined(), did_you_mean(next, kOperators))));
      if (next == "(" && std::ranges::find(kUnrepeatable, word) != kUnrepeatable.end())
        out.push_back(diagnostic(tokens_[i].span, "YK111",
                                 fmt::format("'{}()' gives another value each time: rows must come out the same when the journal is read again. When a row "
                                             "came is in _TimeReceived, when it was stored in _TimeIngested", word)));
    }
    if (!tokens_.empty() && at(0) == table)
      out.push_back(diagnostic(tokens_[0].span, "YK112", fmt::format("begin with 'source': it stands for the rows of {} that are about to be stored", table)));
    return out;
  }
  // Of the last such name; of the text's begin when there is none.
  kql::Span place_of(std::string_view name) const {
    for (std::size_t i = tokens_.size(); i-- > 0;)
      if (at(i) == name) return tokens_[i].span;
    return {};
  }
  Diagnostic diagnostic(kql::Span span, std::string_view code, std::string message) const {
    Diagnostic one{.code = std::string(code), .message = std::move(message), .start = span.start, .length = span.length};
    kql::locate(one, text_);
    return one;
  }

 private:
  std::string_view at(std::size_t i) const { return text_.substr(tokens_[i].span.start, tokens_[i].span.length); }
  static bool is_punctuation(std::string_view word) { return !is_ascii_alpha(word.front()) && word.front() != '_'; }
  static std::string joined() {
    std::string out;
    for (const auto one : kOperators) out += (out.empty() ? "" : ", ") + std::string(one);
    return out;
  }

  const std::string_view text_;
  const std::vector<kql::Token> tokens_;
};

// The names of columns must stay those of the table; what is missing will be null.
std::vector<Diagnostic> misfits(const event::TableSchema& table, const kql::BoundQuery& query, const kql::InFlightProgram& program, const Words& words) {
  std::vector<Diagnostic> out;
  std::vector<std::string_view> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  bool has_time = false;
  for (const auto& column : query.plan->columns) {
    const auto known = table.find(column.name);
    const auto place = words.place_of(column.name);
    has_time = has_time || column.name == "TimeGenerated";
    if (!known) {
      out.push_back(words.diagnostic(place, "YK113", fmt::format("the table {} has no column '{}'{}; take it away with project-away", table.name, column.name,
                                                                 did_you_mean(column.name, names))));
      continue;
    }
    if (const auto type = table.columns[*known].type; type != column.type) {
      out.push_back(words.diagnostic(place, "YK114", fmt::format("'{}' is {} here, but {} in the table {}: write {} = to{}({})", column.name, to_string(column.type),
                                                                 to_string(type), table.name, column.name, to_string(type), column.name)));
      continue;
    }
    if (!is_own_column(column.name)) continue;
    const auto passed = std::ranges::find(program.passed(), column.name, &kql::PassedColumn::name);
    if (passed == program.passed().end() || passed->stored != column.name)
      out.push_back(words.diagnostic(place, "YK115", fmt::format("'{}' is written by Yagura and cannot be changed", column.name)));
  }
  if (!has_time) out.push_back(words.diagnostic(words.place_of("TimeGenerated"), "YK116", "the result must have the column TimeGenerated"));
  return out;
}

// Where the expressions' columns come from, through any number of extend and project.
std::vector<std::string> columns_of_filters(const kql::PlanPtr& plan, const event::TableSchema& table) {
  std::unordered_map<kql::ColumnId, kql::Expr> computed;
  std::unordered_map<kql::ColumnId, std::string> stored;
  std::vector<const kql::BoundExpression*> open;
  const kql::Plan* node = plan.get();
  while (node != nullptr) {
    if (const auto* filter = node->kind == kql::Plan::Kind::filter ? static_cast<const kql::FilterPlan*>(node) : nullptr) {
      open.push_back(filter->condition.get());
      node = filter->input.get();
    } else if (const auto* project = node->kind == kql::Plan::Kind::project ? static_cast<const kql::ProjectPlan*>(node) : nullptr) {
      for (std::size_t i = 0; i < project->values.size(); ++i) {
        const auto& value = project->values[i];
        if (value->kind != kql::BoundExpression::Kind::column || value->column != project->columns[i].id) computed.emplace(project->columns[i].id, value);
      }
      node = project->input.get();
    } else if (node->kind == kql::Plan::Kind::reference) {
      const auto& inner = static_cast<const kql::ReferencePlan*>(node)->target->plan;
      for (std::size_t i = 0; i < node->columns.size() && i < inner->columns.size(); ++i) computed.emplace(node->columns[i].id, kql::make_column(inner->columns[i]));
      node = inner.get();
    } else {
      if (node->kind == kql::Plan::Kind::scan)
        for (const auto& column : node->columns) stored.emplace(column.id, column.name);
      break;
    }
  }
  std::unordered_set<const kql::BoundExpression*> seen;
  std::unordered_set<std::string> names;
  while (!open.empty()) {
    const auto* expression = open.back();
    open.pop_back();
    if (!seen.insert(expression).second) continue;
    for (const auto& argument : expression->arguments)
      if (argument) open.push_back(argument.get());
    if (expression->kind != kql::BoundExpression::Kind::column) continue;
    if (const auto name = stored.find(expression->column); name != stored.end()) names.insert(name->second);
    if (const auto value = computed.find(expression->column); value != computed.end()) open.push_back(value->second.get());
  }
  std::vector<std::string> out;
  for (const auto& column : table.columns)
    if (names.contains(column.name)) out.push_back(column.name);
  return out;
}

event::Column chosen_rows(const event::Column& from, std::span<const std::uint32_t> rows) {
  event::Column out(from.type());
  out.reserve(rows.size());
  for (const auto row : rows) out.append_from(from, row);
  return out;
}

}  // namespace

Error CheckedTransformation::error(std::string_view text) const {
  std::string all;
  for (const auto& one : diagnostics)
    if (one.severity == Diagnostic::Severity::error) all += (all.empty() ? "" : "\n") + kql::to_text(one, text);
  while (all.ends_with('\n')) all.pop_back();
  return Error(ErrorKind::invalid_input, std::move(all));
}

Transformation::Transformation(event::TableSchema table, kql::InFlightProgram program) : table_(std::move(table)), program_(std::move(program)) {}

CheckedTransformation Transformation::make(const event::TableSchema& table, std::string_view text) {
  CheckedTransformation out;
  const auto refuse = [&](std::vector<Diagnostic> mistakes) {
    std::ranges::stable_sort(mistakes, {}, &Diagnostic::start);
    out.diagnostics = std::move(mistakes);
  };
  if (text.size() > kMostText) {
    refuse({Diagnostic{.code = "YK117", .message = fmt::format("a transformation has at most {} bytes, this one has {}", kMostText, text.size())}});
    return out;
  }
  const Words words(text);
  if (auto mistakes = words.mistakes(table.name); !mistakes.empty()) {
    refuse(std::move(mistakes));
    return out;
  }
  auto source = table;
  source.name = kSource;
  auto schemas = std::make_shared<event::SchemaSet>();
  schemas->put(std::move(source));
  const auto compiled = kql::check(text, kql::SchemaCatalog(schemas), {});
  out.diagnostics = compiled.diagnostics;
  if (!compiled.ok()) return out;
  const auto& bound = compiled.bound;
  if (bound.plan == nullptr || !bound.earlier.empty() || !bound.visualization.empty()) {
    refuse({words.diagnostic({}, "YK112", "a transformation is one query that begins with 'source'")});
    return out;
  }
  auto program = kql::InFlightProgram::compile(bound, {.by_row = true});
  if (!program) {
    // The message names what it is about between quotes.
    const std::string& message = program.error().message();
    const auto from = message.find('\''), to = message.find('\'', from + 1);
    const auto name = from == std::string::npos || to == std::string::npos ? std::string_view() : std::string_view(message).substr(from + 1, to - from - 1);
    refuse({words.diagnostic(words.place_of(name), "YK110", message)});
    return out;
  }
  if (auto wrong = misfits(table, bound, *program, words); !wrong.empty()) {
    refuse(std::move(wrong));
    return out;
  }
  std::shared_ptr<Transformation> made(new Transformation(table, std::move(*program)));
  made->filter_columns_ = columns_of_filters(bound.plan, table);
  out.transformation = std::move(made);
  return out;
}

Result<> Transformation::apply(event::TableBatch& rows, const Dropped& dropped) const {
  if (rows.row_count() == 0) return {};
  auto changes = TRY(program_.change(rows));
  const std::size_t before = rows.row_count();
  if (changes.rows.size() < before) {
    // In order, each at most once: no operator that is allowed does otherwise.
    std::vector<std::uint32_t> gone;
    gone.reserve(before - changes.rows.size());
    std::size_t kept = 0;
    for (std::uint32_t row = 0; row < before; ++row) {
      if (kept < changes.rows.size() && changes.rows[kept] == row) ++kept;
      else gone.push_back(row);
    }
    if (dropped) dropped(rows, gone);
  }
  const bool passes_all = changes.rows.size() == before && changes.computed.column_count() == 0 && program_.passed().size() == table_.columns.size() &&
                          std::ranges::all_of(program_.passed(), [](const auto& one) { return one.name == one.stored; });
  if (passes_all) return {};
  rows = result(std::move(rows), std::move(changes));
  return {};
}

event::TableBatch Transformation::result(event::TableBatch&& before, kql::RowChanges&& changes) const {
  event::TableBatch out(before.table(), {});
  out.first_position = before.first_position;
  out.last_position = before.last_position;
  std::unordered_map<std::string_view, std::string_view> passed;
  for (const auto& one : program_.passed()) passed.emplace(one.name, one.stored);
  for (const auto& column : table_.columns) {
    if (const auto made = changes.computed.find(column.name)) {
      auto& values = changes.computed.column(*made);
      // A row without a time cannot be found again: it keeps the one that it came with.
      if (const auto own = before.find(column.name); own && column.name == "TimeGenerated") {
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (!values.is_null(i)) continue;
          values.int64s()[i] = before.column(*own).int64s()[changes.rows[i]];
          values.nulls()[i] = before.column(*own).nulls()[changes.rows[i]];
        }
      }
      out.add_column(column, std::move(values));
      continue;
    }
    std::string_view from;
    if (is_own_column(column.name)) from = column.name;
    else if (const auto one = passed.find(column.name); one != passed.end()) from = one->second;
    const auto at = from.empty() ? std::nullopt : before.find(from);
    if (!at) continue;  // not filled
    // Copied, though all rows may stay: a column can pass under two names.
    out.add_column(column, chosen_rows(before.column(*at), changes.rows));
  }
  out.adopt(std::make_shared<event::TableBatch>(std::move(changes.computed)));
  out.adopt(std::make_shared<event::TableBatch>(std::move(before)));
  return out;
}

}  // namespace yagura::query
