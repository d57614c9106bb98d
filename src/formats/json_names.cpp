#include "formats/json_names.hpp"

#include "base/hash.hpp"

namespace yagura::formats {

void JsonNames::clear() {
  nodes_.assign(1, {});
  table_.assign(1'024, kRoot);
  arena_.clear();
}

JsonNames::Node JsonNames::find_or_add(Node parent, Node before, std::string_view key) {
  const std::string_view above = nodes_[parent].name;
  if (key.size() + (above.empty() ? 0 : above.size() + 1) > kMaxNameSize) return kTooLong;
  const auto place_of = [&](Node of, std::string_view text) {
    return hash64(text, of) & (table_.size() - 1);
  };
  const auto remember = [&](Node node) {
    (before == kRoot ? nodes_[parent].first : nodes_[before].next) = node;
    return node;
  };
  std::size_t place = place_of(parent, key);
  for (; table_[place] != kRoot; place = (place + 1) & (table_.size() - 1)) {
    const auto& one = nodes_[table_[place]];
    if (one.parent == parent && one.key == key) return remember(table_[place]);
  }
  const auto node = static_cast<Node>(nodes_.size());
  One one;
  one.parent = parent;
  one.name = above.empty() ? arena_.copy(key) : arena_.concat(above, ".", key);
  one.key = above.empty() ? one.name : one.name.substr(above.size() + 1);
  nodes_.push_back(one);
  table_[place] = node;
  if (nodes_.size() * 2 > table_.size()) {
    table_.assign(table_.size() * 2, kRoot);
    for (Node i = 1; i < nodes_.size(); ++i) {
      std::size_t at = place_of(nodes_[i].parent, nodes_[i].key);
      while (table_[at] != kRoot) at = (at + 1) & (table_.size() - 1);
      table_[at] = i;
    }
  }
  return remember(node);
}

}  // namespace yagura::formats
