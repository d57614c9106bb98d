// JSON text -> event::Value in a batch's arena, for the Sigma suites.
#pragma once
#include <boost/json.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/record.hpp"

namespace yagura::conformance {

inline event::Value to_value(const boost::json::value& json, Arena& arena) {
  using event::Value;
  switch (json.kind()) {
    case boost::json::kind::null: return Value::null();
    case boost::json::kind::bool_: return Value::boolean(json.get_bool());
    case boost::json::kind::int64: return Value::int64(json.get_int64());
    case boost::json::kind::uint64: return Value::real(static_cast<double>(json.get_uint64()));
    case boost::json::kind::double_: return Value::real(json.get_double());
    case boost::json::kind::string:
      return Value::string(arena.copy({json.get_string().data(), json.get_string().size()}));
    case boost::json::kind::array: {
      std::vector<Value> items;
      for (const auto& item : json.get_array()) items.push_back(to_value(item, arena));
      return Value::list(arena.copy_array<Value>(items));
    }
    case boost::json::kind::object: {
      std::vector<event::Member> members;
      for (const auto& member : json.get_object())
        members.push_back({arena.copy({member.key().data(), member.key().size()}), to_value(member.value(), arena)});
      return Value::object(arena.copy_array<event::Member>(members));
    }
  }
  return Value::null();
}

// Adds one record with the object's members as fields.
inline void add_record(event::RecordBatch& batch, const boost::json::object& object,
                       const event::RecordOrigin& origin = {}) {
  batch.begin_record(origin);
  batch.current().time = assume_event_time(origin.received_at);
  for (const auto& member : object)
    batch.set_foreign(batch.arena().copy({member.key().data(), member.key().size()}),
                      to_value(member.value(), batch.arena()));
  batch.end_record();
}

}  // namespace yagura::conformance
