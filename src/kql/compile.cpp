#include "kql/compile.hpp"

#include <algorithm>

#include "kql/binder.hpp"
#include "kql/parser.hpp"

namespace yagura::kql {

bool CompiledQuery::ok() const {
  return std::ranges::none_of(diagnostics, [](const auto& d) { return d.severity == Diagnostic::Severity::error; });
}

namespace {

CompiledQuery bind_text(std::string_view text, const Catalog& catalog, const CompileOptions& options, bool to_run) {
  CompiledQuery out;
  ParseResult parsed = parse(text);
  out.diagnostics = std::move(parsed.diagnostics);
  const bool broken = !out.diagnostics.empty();
  Binder binder(parsed.tree, catalog, options, out.diagnostics);
  out.bound = binder.bind();
  if (const auto missing = binder.unprobed(); to_run && missing) {
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
  for (auto& d : out.diagnostics) locate(d, text);
  if (broken || !out.ok()) out.bound.plan = nullptr;
  if (out.ok() && !out.bound.plan) {
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
