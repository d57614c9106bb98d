// Which fields the steps of packs set.
#include "normalise/pack.hpp"
#include "normalise/pack_program.hpp"

namespace yagura::normalise {

namespace {

using Names = std::set<std::string, std::less<>>;

void collect(const std::vector<detail::Assignment>& assignments, Names& names) {
  for (const auto& one : assignments) {
    names.insert(one.name);
    if (one.is_account) names.emplace(event::name_of(one.domain));
  }
}

// As deep as packs nest, which their loader bounds.
void collect(const detail::Steps& steps, Names& names) {
  for (const auto& step : steps) {
    if (const auto* patterns = std::get_if<detail::Patterns>(&step.action)) {
      for (const auto& targets : patterns->targets) collect(targets, names);
    } else if (const auto* assignments = std::get_if<std::vector<detail::Assignment>>(&step.action)) {
      collect(*assignments, names);
    } else if (const auto* choice = std::get_if<detail::Choice>(&step.action)) {
      for (const auto& branch : choice->branches) collect(branch, names);
      if (choice->otherwise) collect(choice->branches[*choice->otherwise], names);
    } else if (const auto* inner = std::get_if<detail::Steps>(&step.action)) {
      collect(*inner, names);
    }
  }
}

}  // namespace

Names PackSet::field_names() const {
  Names names;
  for (const auto& pack : packs_) {
    collect(pack->steps, names);
    for (const auto& [field, text] : pack->constants) names.emplace(event::name_of(field));
  }
  names.erase("");
  return names;
}

std::vector<PackSet::Source> PackSet::log_sources() const {
  std::set<Source> sources;
  for (const auto& pack : packs_)
    if (!pack->product.empty() || !pack->category.empty() || !pack->service.empty())
      sources.insert({pack->product, pack->category, pack->service});
  return {sources.begin(), sources.end()};
}

}  // namespace yagura::normalise
