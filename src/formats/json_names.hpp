// The dotted names of JSON's members, as fields: `userIdentity.arn` for "arn" inside of "userIdentity".
//
// Events of one source have the same keys in the same order again and again. So names are a tree of what has been seen,
// and each of its nodes remembers which key came next the last time: mostly one comparison gives the field, without a
// hash, a lock or a copy. One thread per object. Bounded: what is full begins anew with the next document; a name that
// is no listed field (event/field.hpp) is joined each time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "event/field.hpp"

namespace yagura::formats {

class JsonNames {
 public:
  static constexpr std::size_t kMaxNameSize = 1'024;
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kTooLong = 0xFFFF'FFFF;

  JsonNames() { clear(); }
  // Before each document: nodes of one before are good no longer.
  void begin() {
    if (nodes_.size() >= kMostNodes || arena_.bytes_reserved() > kMostBytes) clear();
  }
  // The member `key` of `parent`, which stands behind `before` (kRoot: is the first). kTooLong when its name would be.
  Node child(Node parent, Node before, std::string_view key) {
    const Node guess = before == kRoot ? nodes_[parent].first : nodes_[before].next;
    if (guess != kRoot && nodes_[guess].parent == parent && nodes_[guess].key == key) [[likely]]
      return guess;
    return find_or_add(parent, before, key);
  }
  // The whole name; good until the next begin().
  std::string_view name(Node node) const { return nodes_[node].name; }
  // Not listed when the name can't be.
  event::FieldId field(Node node) {
    auto& one = nodes_[node];
    if (!one.id.is_listed()) one.id = event::field_of_foreign_name(one.name);
    return one.id;
  }
  // As event::name_of(field(node)), once that is listed.
  std::string_view listed_name(Node node) {
    auto& one = nodes_[node];
    if (!one.name_is_listed) {
      one.name = event::name_of(one.id);
      one.name_is_listed = true;
    }
    return one.name;
  }

 private:
  static constexpr std::size_t kMostNodes = 32'768;
  static constexpr std::size_t kMostBytes = 4 << 20;
  struct One {
    std::string_view key;
    std::string_view name;
    event::FieldId id;
    Node parent = kRoot;
    Node first = kRoot, next = kRoot;  // guesses: the first member in it, and what comes behind it
    bool name_is_listed = false;
  };
  Node find_or_add(Node parent, Node before, std::string_view key);
  void clear();

  std::vector<One> nodes_;
  std::vector<Node> table_;  // by parent and key; kRoot: free
  Arena arena_;
};

}  // namespace yagura::formats
