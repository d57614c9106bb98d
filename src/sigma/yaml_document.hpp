// YAML texts as trees that remember where everything stood and whether it was quoted.
//
// Bounded for foreign texts: at most 100,000 nodes a document with every alias followed, 64 levels, valid UTF-8
// only; a key written twice in one map is a mistake. Scalars stay text; the YAML 1.2 core schema is applied by the
// is_/as_ questions below, to unquoted scalars only. yaml-cpp's exceptions do not leave here. Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace yagura::sigma {

struct YamlPlace {
  std::uint32_t line = 0;    // from 1; 0: nowhere
  std::uint32_t column = 0;  // from 1
};

struct YamlEntry;

class YamlNode {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;  // of a scalar: in quotes or a block, so text whatever it looks like
  YamlPlace place;
  std::string text;                // of a scalar
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in order; keys are scalars

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  const YamlNode* find(std::string_view key) const;  // of a map

  std::optional<bool> as_boolean() const;          // unquoted true or false
  std::optional<std::int64_t> as_integer() const;  // unquoted; also 0x and 0o
  std::optional<double> as_real() const;           // unquoted integer or fraction
  bool is_number() const { return as_integer() || as_real(); }

  // By content; places do not count.
  friend bool operator==(const YamlNode& a, const YamlNode& b);
};

// A key and its value.
struct YamlEntry {
  YamlNode first;
  YamlNode second;
  friend bool operator==(const YamlEntry&, const YamlEntry&) = default;
};

struct YamlError {
  YamlPlace place;
  std::string message;
};

struct YamlDocuments {
  std::vector<YamlNode> documents;  // those before the mistake, when there is one
  std::optional<YamlError> error;
};

YamlDocuments parse_yaml(std::string_view text);
// The same, always by yaml-cpp: yaml_plain.hpp reads what is simple.
YamlDocuments parse_yaml_by_library(std::string_view text);

// One document as YAML that parse_yaml() reads back as an equal tree.
std::string print_yaml(const YamlNode& node);

}  // namespace yagura::sigma
