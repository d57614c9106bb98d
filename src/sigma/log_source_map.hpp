// Which log sources an event belongs to in Sigma's terms, and under which other names it has its fields.
//
// A Windows event is of the product windows, of the service of its channel and of the categories of its event id;
// none of that stands in the event. The mapping does, as YAML (content/sigma/*.yaml, docs/sigma.md "Log sources"):
//
//   product: windows
//   when: {Channel: '*'}                      # optional: also without the decoder saying so
//   services:
//     security: {Channel: Security}
//   categories:
//     process_creation:
//       - {Channel: Security, EventID: 4688}
//   aliases:
//     - when: {Channel: Security, EventID: 4688}
//       fields: {Image: NewProcessName}       # Image is read from NewProcessName when it is not there itself
//
//   declared: {services: ['*']}               # what decoders say without a mapping; only for finding rules that never match
//   fields:                                   # all that events of a category can have; likewise
//     process_creation: [Image, CommandLine]
//
// Values are compared without case; a list means any of them, '*' that the field is there, '@format' names the decoder.
// Immutable once built, so any thread may ask.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event/record.hpp"
#include "sigma/problem.hpp"

namespace yagura::sigma {

class LogSourceMap {
 public:
  struct Condition {  // one field
    std::string field;
    std::vector<std::string> values;  // folded; empty: any value
  };
  struct Entry {
    enum class Kind : std::uint8_t { product, service, category, alias };
    Kind kind = Kind::service;
    std::string product;
    std::string name;                                         // of the service or category
    std::vector<Condition> when;                              // all of them
    std::vector<std::pair<std::string, std::string>> fields;  // of an alias: name -> where it is
  };

  // Adds the mapping of one YAML text; mistakes go to `problems`.
  void add(std::string_view yaml, const std::string& file, Problems& problems);
  const std::vector<Entry>& entries() const { return entries_; }
  // Services and categories that decoders of the product declare by themselves; "*" for any.
  struct Declared {
    std::string product, category, service;
  };
  const std::vector<Declared>& declared() const { return declared_; }
  // All fields that events of the category can have; nullptr when the mappings do not say.
  const std::set<std::string, std::less<>>* fields_of(std::string_view product, std::string_view category) const;

 private:
  std::vector<Entry> entries_;
  std::vector<Declared> declared_;
  std::map<std::pair<std::string, std::string>, std::set<std::string, std::less<>>> fields_;  // by product, category
};

// What an event is, worked out entry by entry: for tests and for RuleSet, which keeps the answers.
struct EventSources {
  std::vector<std::string> products, services, categories;   // lower case
  std::vector<std::pair<std::string, std::string>> aliases;  // name -> where it is
};
// The value of a field that conditions look at: folded text, nullopt when it is not there.
using SourceFieldReader = std::function<std::optional<std::string>(std::string_view field)>;
EventSources sources_of(const LogSourceMap& map, const event::LogSource& declared, const SourceFieldReader& read);

}  // namespace yagura::sigma
