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
//   load (all pipelines) -> prepare(load_options) -> load_rules() -> apply_pipelines() -> check_references()
//
// Everything that changes rules is here; what makes text of queries (postprocessing, finalizers,
// query_expression_placeholders) or fetches from elsewhere (file, http and command placeholders) is refused by name.
// docs/sigma.md lists the types. A pipeline is immutable once loaded; any thread may apply it.
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
  // Mistakes go to `problems`, and what they are in is left out; nullptr when the text cannot be used at all.
  static std::shared_ptr<const Pipeline> load(std::string_view yaml, const std::string& file, Problems& problems);

  const std::string& name() const;
  int priority() const;
  // Rules keep their placeholders for the pipelines when some step is about them: to be called before load_rules().
  void prepare(LoadOptions& options) const;

  struct Loaded;
  const Loaded& loaded() const;
  ~Pipeline();

 private:
  explicit Pipeline(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

// One after the other, lower priority first, as pySigma does: variables, states and applied steps are common to all of
// them. Filters are joined to their rules before. A rule that a *_failure refuses, or whose placeholders nobody has
// replaced, is dropped with an error in `problems`.
void apply_pipelines(std::vector<std::shared_ptr<const Pipeline>> pipelines, RuleCollection& rules, Problems& problems);

}  // namespace yagura::sigma
