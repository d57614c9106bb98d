// Settings from YAML, read with every mistake collected: a start with a bad configuration lists them all.
//
//   SettingsErrors errors;
//   auto file = SettingsNode::load("yagura.yaml", errors);
//   auto syslog = file.child("syslog");
//   options.port = syslog.get("port", 5514, {.min = 1, .max = 65535});
//   file.report_unknown_keys();           // recursive: what nobody asked for is a mistake
//   if (!errors.empty()) ...              // "yagura.yaml:14: unknown key 'prot' ..., did you mean 'port'?"
//
// `${NAME}` in a text value is replaced by the environment variable NAME (an error when unset); so secrets need
// not be in the file. One thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura {

class SettingsErrors {
 public:
  void add(std::string message) { messages_.push_back(std::move(message)); }
  bool empty() const { return messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }
  // All of them, one a line, as one Error; only when not empty.
  Error to_error() const;

 private:
  std::vector<std::string> messages_;
};

struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

// One place in the file. A missing node gives every default. Cheap to copy; `errors` must outlive it.
class SettingsNode {
 public:
  // A missing file is an error in `errors` and an empty node. `name` is how messages call the text.
  static SettingsNode load(const std::filesystem::path& path, SettingsErrors& errors);
  static SettingsNode parse(std::string_view yaml, std::string name, SettingsErrors& errors);

  bool exists() const;
  bool is_list() const;
  bool is_map() const;
  SettingsNode child(std::string_view key) const;
  std::vector<SettingsNode> items() const;                                    // of a list
  std::vector<std::pair<std::string, SettingsNode>> entries() const;          // of a map; marks all as known
  std::string where() const;                                                  // "yagura.yaml:14"

  std::string get(std::string_view key, std::string_view fallback) const;
  std::string get(std::string_view key, const char* fallback) const { return get(key, std::string_view(fallback)); }
  bool get(std::string_view key, bool fallback) const;
  std::int64_t get(std::string_view key, std::int64_t fallback, Range range = {}) const;
  std::int64_t get(std::string_view key, int fallback, Range range = {}) const { return get(key, static_cast<std::int64_t>(fallback), range); }
  double get(std::string_view key, double fallback) const;
  std::chrono::milliseconds get(std::string_view key, std::chrono::milliseconds fallback) const;
  Bytes get(std::string_view key, Bytes fallback) const;
  std::vector<std::string> get_list(std::string_view key, std::vector<std::string> fallback = {}) const;  // a text counts as a list of one
  // One of `words`; the error names them all.
  std::string get_choice(std::string_view key, std::string_view fallback, std::vector<std::string_view> words) const;
  std::string text() const;  // this node itself as text

  void error(std::string_view message) const;  // "file:line: message"
  void report_unknown_keys() const;

 private:
  struct State;
  explicit SettingsNode(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace yagura
