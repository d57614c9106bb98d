#include "query/check_function.hpp"

#include "base/text.hpp"
#include "kql/compile.hpp"

namespace yagura::query {

namespace {

// The catalog with one function more.
class WithFunction final : public kql::Catalog {
 public:
  WithFunction(const kql::Catalog& outer, const kql::StoredFunction& function) : outer_(outer), function_(function) {}
  const event::TableSchema* find_table(std::string_view name) const override { return outer_.find_table(name); }
  const kql::StoredFunction* find_function(std::string_view name) const override {
    return name == function_.name ? &function_ : outer_.find_function(name);
  }
  std::vector<std::string_view> table_names() const override { return outer_.table_names(); }
  std::vector<std::string_view> function_names() const override { return outer_.function_names(); }

 private:
  const kql::Catalog& outer_;
  const kql::StoredFunction& function_;
};

}  // namespace

std::vector<kql::Diagnostic> check_function(const kql::StoredFunction& function, const kql::Catalog& catalog,
                                            std::int64_t now_ticks) {
  std::string parameters(trim(function.parameters));
  if (!parameters.starts_with('(')) parameters = "(" + parameters + ")";
  const bool braces = trim(function.body).starts_with('{');
  // As a let, so that its body is bound with stand-ins for the parameters, and mistakes are told where they are.
  const std::string head = "let " + function.name + " = " + parameters + " " + (braces ? "" : "{\n");
  const std::string text = head + function.body + (braces ? "" : "\n}") + ";\nprint 1";
  kql::CompileOptions options;
  options.now_ticks = now_ticks;
  auto diagnostics = kql::check(text, WithFunction(catalog, function), options).diagnostics;
  for (auto& diagnostic : diagnostics) {
    diagnostic.start = diagnostic.start >= head.size() ? diagnostic.start - static_cast<std::uint32_t>(head.size()) : 0;
    diagnostic.start = std::min(diagnostic.start, static_cast<std::uint32_t>(function.body.size()));
    kql::locate(diagnostic, function.body);
  }
  return diagnostics;
}

}  // namespace yagura::query
