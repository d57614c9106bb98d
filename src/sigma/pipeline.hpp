// Processing pipelines: YAML that adapts rules to how fields and log sources are called here, compatible with
// pySigma's.
//
//   name: our ECS
//   priority: 20
//   vars: {admins: [root, 'adm_*']}
//   transformations:
//     - id: names
//       type: field_name_mapping
//       mapping: {CommandLine: process.command_line, Image: [process.executable, exe]}
//       rule_conditions: [{type: logsource, product: windows}]
//
// Everything that changes rules is here; what makes text of queries (postprocessing, finalizers,
// query_expression_placeholders) or fetches from elsewhere (file, http and command placeholders) is refused by name.
// docs/sigma.md lists the types. A pipeline is immutable once loaded; apply() may be called by any thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/problem.hpp"
#include "sigma/rule_loader.hpp"

namespace yagura::sigma {

class Pipeline {
 public:
  // Mistakes go to `problems`; nullptr when the text cannot be used at all.
  static std::shared_ptr<const Pipeline> load(std::string_view yaml, const std::string& file, Problems& problems);

  const std::string& name() const;
  int priority() const;
  // Values for `expand`, which is worked out when rules are loaded: hand them to load_rules().
  void add_placeholders(LoadOptions& options) const;
  // Changes the rules; one that a *_failure refuses is dropped with an error in `problems`.
  void apply(RuleCollection& rules, Problems& problems) const;

  ~Pipeline();

 private:
  struct Loaded;
  explicit Pipeline(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

// Lower priority first, as pySigma does.
void apply_pipelines(std::vector<std::shared_ptr<const Pipeline>> pipelines, RuleCollection& rules, Problems& problems);

}  // namespace yagura::sigma
