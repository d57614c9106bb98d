// The table of families, and finding by name.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

std::span<const std::span<const Function>> function_families() {
  static const std::span<const Function> families[] = {
      operator_functions(), conversion_functions(), logic_functions(),    math_functions(),     string_functions(),
      text_search_functions(), parse_functions(),   encoding_functions(), hash_functions(),     datetime_functions(),
      array_functions(),    bag_functions(),        ip_functions(),       unit_functions(),     series_functions(),
      geo_functions(),      sketch_functions(),     aggregate_functions(),  statistics_functions(), window_functions(), declared_functions(),
  };
  return families;
}

namespace {

struct Index {
  std::unordered_map<std::string_view, const Function*> scalar, aggregate, window;
  std::vector<std::string_view> scalar_names, aggregate_names;

  Index() {
    for (const auto family : function_families()) {
      for (const Function& f : family) {
        auto& map = f.kind == Function::Kind::scalar ? scalar : f.kind == Function::Kind::aggregate ? aggregate : window;
        map.emplace(f.name, &f);
        if (is_ascii_alpha(f.name[0]) && f.name.find(' ') == std::string_view::npos) {
          (f.kind == Function::Kind::aggregate ? aggregate_names : scalar_names).push_back(f.name);
        }
        for (const auto alias : split(f.aliases, ' ')) {
          if (!alias.empty()) map.emplace(alias, &f);
        }
      }
    }
    std::ranges::sort(scalar_names);
    std::ranges::sort(aggregate_names);
  }
};

const Index& index() {
  static const Index instance;
  return instance;
}

const Function* find_in(const std::unordered_map<std::string_view, const Function*>& map, std::string_view name) {
  const auto it = map.find(name);
  return it == map.end() ? nullptr : it->second;
}

}  // namespace

BackEnds back_ends(const Function& function) {
  return {.sql = function.emit != nullptr || !function.sql.empty(),
          .in_flight = function.kind == Function::Kind::scalar && find_kernel(function.name) != nullptr};
}
std::vector<const Function*> not_computed() {
  std::vector<const Function*> out;
  for (const auto family : function_families()) {
    for (const Function& f : family) {
      const BackEnds by = back_ends(f);
      if (!by.sql && !by.in_flight) out.push_back(&f);
    }
  }
  return out;
}
bool has_sql(const BoundExpression& call) {
  if (call.function == nullptr) return true;
  const Function& f = *call.function;
  return (f.emit != nullptr || !f.sql.empty()) && (f.emits == nullptr || f.emits(call));
}

const Function* find_scalar(std::string_view name) { return find_in(index().scalar, name); }
const Function* find_aggregate(std::string_view name) { return find_in(index().aggregate, name); }
const Function* find_window(std::string_view name) { return find_in(index().window, name); }
const std::vector<std::string_view>& scalar_names() { return index().scalar_names; }
const std::vector<std::string_view>& aggregate_names() { return index().aggregate_names; }

std::string functions_as_markdown() {
  std::string out =
      "# KQL functions\n\nPrinted by `yagura kql functions --markdown` from the registry; the examples are tests.\n";
  const auto section = [&](std::string_view title, Function::Kind kind) {
    std::vector<const Function*> list;
    for (const auto family : function_families()) {
      for (const Function& f : family) {
        if (f.kind == kind && f.name[0] != '.' && (back_ends(f).sql || back_ends(f).in_flight)) list.push_back(&f);
      }
    }
    std::ranges::sort(list, {}, [](const Function* f) { return f->name; });
    out += fmt::format("\n## {}\n", title);
    for (const auto* f : list) {
      out += fmt::format("\n### `{}`\n\n{}\n\n", f->name, f->summary);
      for (const auto s : split(f->signatures, ';')) {
        if (!trim(s).empty()) out += fmt::format("    {}\n", trim(s));
      }
      if (!f->aliases.empty()) out += fmt::format("\nAlso spelt: `{}`\n", f->aliases);
      if (kind == Function::Kind::scalar) {
        const BackEnds by = back_ends(*f);
        if (!by.sql) out += "\nComputed on rows, not in the store.\n";
        if (!by.in_flight) out += "\nNot on rows in flight (transformations, near-real-time rules).\n";
      }
      bool first = true;
      for (const auto& e : f->examples) {
        if (e.expression.empty()) continue;
        if (first) out += '\n';
        first = false;
        out += fmt::format("- `{}` is `{}`\n", e.expression, e.expected.empty() ? "(empty or null)" : e.expected);
      }
    }
  };
  section("Scalar functions and operators", Function::Kind::scalar);
  section("Aggregates", Function::Kind::aggregate);
  section("Window functions", Function::Kind::window);
  out += "\n## Known, but not computed\n\nA query that calls one of these is refused at the call.\n\n";
  bool any = false;
  for (const auto* f : not_computed()) out += fmt::format("- `{}`\n", f->name), any = true;
  if (!any) out += "None of the registry's.\n";
  return out;
}

}  // namespace yagura::kql
