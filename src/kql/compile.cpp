#include "kql/compile.hpp"

#include <algorithm>

#include "kql/binder.hpp"
#include "kql/parser.hpp"
#include "kql/syntax_tree.hpp"

namespace yagura::kql {

bool CompiledQuery::ok() const {
  return std::ranges::none_of(diagnostics, [](const auto& d) { return d.severity == Diagnostic::Severity::error; });
}

namespace {

// Names are looked for from the last one back: that many are quick, and no query that means well has a tenth of them.
constexpr std::size_t kMaxLets = 2'000;

// The first let statement, also of those in function bodies, beyond the most that a query may have.
const Node* let_too_many(const Node& node, std::size_t& seen) {
  if (node.kind == NodeKind::let && ++seen > kMaxLets) return &node;
  const Node* found = nullptr;
  for_each_child(node, [&](const Node& child) {
    if (found == nullptr) found = let_too_many(child, seen);
  });
  return found;
}

CompiledQuery bind_text(std::string_view text, const Catalog& catalog, const CompileOptions& options, bool to_run) {
  CompiledQuery out;
  ParseResult parsed = parse(text);
  out.diagnostics = std::move(parsed.diagnostics);
  const bool broken = !out.diagnostics.empty();
  // Where reading stopped at a bound, the tree is cut: what the binder would find wrong with it is no mistake of the author's.
  if (std::ranges::any_of(out.diagnostics, [](const auto& d) { return d.code == "YK001" || d.code == "YK002"; })) return out;
  std::size_t lets = 0;
  for (const auto* statement : parsed.tree.statements) {
    const Node* extra = let_too_many(*statement, lets);
    if (extra == nullptr) continue;
    Diagnostic d;
    d.code = "YK003";
    d.message = "The query has more than " + std::to_string(kMaxLets) + " let statements.";
    d.start = extra->span.start;
    d.length = extra->span.length;
    locate(d, text);
    out.diagnostics = {std::move(d)};
    return out;
  }
  Binder binder(parsed.tree, catalog, options, out.diagnostics);
  out.bound = binder.bind();
  const auto missing = binder.unprobed();
  if (missing) out.bound.unprobed = missing->second;
  if (to_run && missing) {
    Diagnostic d;
    d.code = "YK011";
    d.message = "The columns of " + missing->second + " are known only from the data, which could not be asked: write its output schema.";
    d.start = static_cast<std::uint32_t>(std::min<std::size_t>(missing->first.start, text.size()));
    d.length = missing->first.length;
    out.diagnostics.push_back(std::move(d));
  }
  if (binder.has_errors() && std::ranges::none_of(out.diagnostics, [](const auto& d) { return d.severity == Diagnostic::Severity::error; })) {
    Diagnostic d;
    d.code = "YK000";
    d.message = "The query has a mistake that could not be told where it is.";
    out.diagnostics.push_back(std::move(d));
  }
  std::ranges::stable_sort(out.diagnostics, {}, [](const Diagnostic& d) { return d.start; });
  locate(out.diagnostics, text);
  if (broken || !out.ok()) out.bound.plan = nullptr;
  if (out.ok() && !out.bound.plan && !options.as_language_service) {
    Diagnostic d;
    d.code = "YK005";
    d.message = "The text holds no query to run.";
    d.start = static_cast<std::uint32_t>(text.size());
    locate(d, text);
    out.diagnostics.push_back(std::move(d));
  }
  return out;
}

}  // namespace

CompiledQuery check(std::string_view text, const Catalog& catalog, const CompileOptions& options) {
  return bind_text(text, catalog, options, false);
}

CompiledQuery compile(std::string_view text, const Catalog& catalog, const CompileOptions& options) {
  CompiledQuery out = bind_text(text, catalog, options, true);
  if (!out.ok() || !out.bound.plan) return out;
  const auto tell = [&](SqlStatement& statement) {
    for (auto& stage : statement.stages) {  // its errors say where it stands
      Diagnostic place;
      place.start = static_cast<std::uint32_t>(std::min<std::size_t>(stage.span.start, text.size()));
      locate(place, text);
      stage.what += " at " + std::to_string(place.line) + ":" + std::to_string(place.column);
    }
    for (const auto& [span, what] : statement.unsupported) {
      Diagnostic d;
      d.code = "YK010";
      d.message = what + " is not supported yet.";
      d.start = static_cast<std::uint32_t>(std::min<std::size_t>(span.start, text.size()));
      d.length = static_cast<std::uint32_t>(std::min<std::size_t>(span.length, text.size() - d.start));
      locate(d, text);
      out.diagnostics.push_back(std::move(d));
    }
  };
  for (const auto& result : out.bound.earlier) {
    BoundQuery one = out.bound;
    one.earlier.clear();
    one.plan = result.plan;
    out.earlier.push_back({result.name, to_sql(one, options), result.visualization});
    tell(out.earlier.back().statement);
  }
  out.statement = to_sql(out.bound, options);
  tell(out.statement);
  if (!out.ok()) out.statement = {};
  return out;
}

}  // namespace yagura::kql
