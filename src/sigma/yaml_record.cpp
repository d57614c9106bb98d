#include "sigma/yaml_record.hpp"

namespace yagura::sigma {

using event::Value;

Value to_value(const YamlNode& node, Arena& arena) {
  switch (node.kind) {
    case YamlNode::Kind::null: return Value::null();
    case YamlNode::Kind::scalar:
      if (const auto boolean = node.as_boolean()) return Value::boolean(*boolean);
      if (const auto integer = node.as_integer()) return Value::int64(*integer);
      if (const auto real = node.as_real()) return Value::real(*real);
      return Value::string(arena.copy(node.text));
    case YamlNode::Kind::list: {
      std::vector<Value> items;
      for (const auto& item : node.items) items.push_back(to_value(item, arena));
      return Value::list(arena.copy_array<Value>(items));
    }
    case YamlNode::Kind::map: {
      std::vector<event::Member> members;
      for (const auto& [key, value] : node.entries) members.push_back({arena.copy(key.text), to_value(value, arena)});
      return Value::object(arena.copy_array<event::Member>(members));
    }
  }
  return Value::null();
}

void add_yaml_record(event::RecordBatch& batch, const YamlNode& map) {
  batch.begin_record({});
  for (const auto& [key, value] : map.entries) {
    auto& arena = batch.arena();
    batch.set_foreign(arena.copy(key.text), to_value(value, arena));
  }
  batch.end_record();
}

}  // namespace yagura::sigma
