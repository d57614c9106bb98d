// A device pack once it is compiled: the tree of steps that pack_loader.cpp makes and pack_run.cpp follows.
//
// Internal to normalise. Immutable after loading.
#pragma once
#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/timestamp.hpp"
#include "event/field.hpp"
#include "normalise/ecs.hpp"
#include "normalise/fast_regex.hpp"
#include "normalise/grok.hpp"

namespace yagura::normalise::detail {

// A field's name, or a way into its lists and objects: "a.b", "targets[0].name", "targets[].name" (the first that
// has it), "targets[type=User].name".
struct Reference {
  struct Part {
    enum class Kind { member, index, first, selected } kind;
    std::string name;   // of the member; of the selecting member
    std::string value;  // that the selecting member must have
    std::size_t index = 0;
  };
  std::string text;
  event::FieldId field;  // the name before the first '['
  event::FieldId root;   // of "a.b.c": "a", whose object may have it when there is no field of the whole name
  std::string below_root;
  bool is_raw = false;  // "@raw": the line as received
  std::vector<Part> parts;
};

struct Condition {
  enum class Kind { exists, absent, equals, differs, matches, matches_not } kind;
  Reference field;
  std::vector<std::string> values;  // any of them, without case
  std::unique_ptr<re2::RE2> pattern;
  std::unique_ptr<FastRegex> fast;  // the same
};

// Changes a text on its way to a field.
struct Operation {
  enum class Kind {
    lower,
    upper,
    basename,
    dirname,
    before,
    after,
    before_last,
    after_last,
    extract,
    map,
    strip,
    replace,
    hex,
    part
  } kind;
  std::string text;                                       // before/after: the mark; strip: characters; replace: what
  std::string other;                                      // replace: by what
  std::size_t number = 0;                                 // part: which
  std::unique_ptr<re2::RE2> pattern;                      // extract: one group
  std::map<std::string, std::string, std::less<>> words;  // map: lower case to value; "*" for all others
};

struct Assignment {
  struct Piece {
    std::string literal;
    std::optional<Reference> field;
  };
  event::FieldId target;
  std::string name;
  EcsType type = EcsType::text;
  bool is_time = false;
  bool is_account = false;  // a user.name: "DOMAIN\\user" is taken apart
  event::FieldId domain;    // where the domain goes then
  bool overrides = false;
  std::vector<Reference> from;  // the first that has a value
  std::optional<std::string> constant;
  std::vector<Piece> pieces;  // a text made of others; all of them must have values
  std::vector<Operation> operations;
  std::vector<std::string> formats;  // of times
  std::vector<Condition> when;
};

struct Step;
using Steps = std::vector<Step>;

struct KeyValues {
  Reference from;
  std::string separators = " ";
  char assign = '=';
  bool blanks_in_keys = false;
  bool blanks_in_values = false;
  std::string prefix;
};
struct Columns {
  Reference from;
  char separator = ',';
  char quote = '"';
  std::vector<std::string> names;  // "-" or "" leaves a column out; columns beyond are _0, _1 ... by position too
};
struct JsonText {
  Reference from;
  event::FieldId as;  // the object or list that the text holds
  std::string name;
};
struct Patterns {
  Reference from;
  std::vector<Grok> patterns;
  // For each pattern and each of its names: where it goes.
  std::vector<std::vector<Assignment>> targets;
};
struct Choice {
  Reference on;
  std::map<std::string, std::size_t, std::less<>> cases;  // lower case -> index into branches
  std::vector<Steps> branches;
  std::optional<std::size_t> otherwise;
};
struct Step {
  std::vector<Condition> when;
  std::variant<KeyValues, Columns, JsonText, Patterns, std::vector<Assignment>, Choice, Steps> action;
};

// One way to tell the pack's records; all that is given must hold.
struct Match {
  std::vector<std::string> message;  // literals that the message contains
  std::vector<std::string> app;      // any of
  std::vector<std::string> vendor;   // any of; a '*' at the end is a prefix
  std::vector<std::string> product;
  std::vector<event::FieldId> fields;
  std::vector<Condition> conditions;
};

struct Pack {
  std::string name;
  std::vector<std::string> aliases;
  std::string table;
  std::string product, category, service;  // Sigma's logsource
  std::string where;
  int priority = 0;
  std::chrono::minutes utc_offset{0};
  std::vector<Match> matches;
  Steps steps;
  std::vector<std::string> extends;                               // packs whose steps run after ours
  std::vector<const Pack*> extended;                              // the same, once all are loaded
  std::vector<std::pair<event::FieldId, std::string>> constants;  // DeviceVendor, DeviceProduct
};

}  // namespace yagura::normalise::detail
