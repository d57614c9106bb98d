// What is wrong with a rule file, and where; people mend rules with these, so each says what was expected.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

struct Place {
  std::string file;
  YamlPlace at;
  std::string to_text() const;  // "windows.yml:14:9"
};

struct Problem {
  enum class Severity : std::uint8_t { error, warning };
  Severity severity = Severity::error;
  Place place;
  std::string message;
  std::string rule;  // id or title of the rule, when known

  std::string to_text() const;  // "windows.yml:14:9: unknown modifier 'contain', did you mean 'contains'?"
};

class Problems {
 public:
  void error(Place place, std::string message) {
    list_.push_back({Problem::Severity::error, std::move(place), std::move(message), {}});
    ++errors_;
  }
  void warning(Place place, std::string message) {
    list_.push_back({Problem::Severity::warning, std::move(place), std::move(message), {}});
  }
  std::size_t error_count() const { return errors_; }
  const std::vector<Problem>& all() const { return list_; }
  std::vector<Problem>& all() { return list_; }
  void name_rule(std::size_t from, const std::string& rule) {
    for (std::size_t i = from; i < list_.size(); ++i)
      if (list_[i].rule.empty()) list_[i].rule = rule;
  }

 private:
  std::vector<Problem> list_;
  std::size_t errors_ = 0;
};

}  // namespace yagura::sigma
