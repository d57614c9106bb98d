// Laws: no text crashes the loader; what it loads prints as YAML that loads as the same; conditions likewise; YAML is the same
// with and without the reader for simple texts.
#include <cstdio>
#include <cstdlib>

#include "sigma/condition.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_printer.hpp"
#include "sigma/rule_set.hpp"
#include "sigma/yaml_document.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::sigma;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto condition = parse_condition(text)) {
    const auto again = parse_condition(to_text(*condition));
    CHECK(again && *again == *condition);
  }
  const auto yaml = parse_yaml(text), library = parse_yaml_by_library(text);
  CHECK(yaml.error.has_value() == library.error.has_value() && yaml.documents == library.documents);
  const LoadOptions options{{{"a", {"x", "y*"}}}};
  RuleCollection rules;
  Problems problems;
  load_rules(text, "fuzz", options, rules, problems);
  const std::string printed = print_rules(rules);
  RuleCollection again;
  Problems none;
  load_rules(printed, "printed", options, again, none);
  if (!(again.rules == rules.rules && again.correlations == rules.correlations && again.filters == rules.filters)) {
    std::fprintf(stderr, "%s\n", printed.c_str());
    for (const auto& problem : none.all()) std::fprintf(stderr, "%s\n", problem.to_text().c_str());
    CHECK(!"load(print(rules)) == rules");
  }
  check_references(again, none);
  if (printed.size() < 4'096) RuleSet::compile(std::move(again), {}, none);
  return 0;
}
