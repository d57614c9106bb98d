// ClickHouse's type names, as they stand in Native blocks: "Nullable(DateTime64(7, 'UTC'))" as a tree.
//
// https://clickhouse.com/docs/sql-reference/data-types
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace yagura::store {

struct NativeType {
  enum class Kind : std::uint8_t {
    nothing, boolean, signed_integer, unsigned_integer, floating, decimal, string, fixed_string, date, date32, datetime, datetime64, uuid,
    ipv4, ipv6, enumeration, interval, json, nullable, low_cardinality, array, tuple, map,
  };
  Kind kind = Kind::nothing;
  std::uint32_t width = 0;      // bytes of one value; 0 for string and the composed ones
  std::uint32_t scale = 0;      // of decimal and datetime64: digits after the point
  std::int64_t ticks = 0;       // of interval: one unit in 100 ns; 0 when that varies (months)
  std::vector<NativeType> parts;
  std::vector<std::string> names;                            // of a named tuple
  std::vector<std::pair<std::int64_t, std::string>> values;  // of an enumeration

  bool is_number() const { return kind == Kind::boolean || kind == Kind::signed_integer || kind == Kind::unsigned_integer; }
};

// At most 64 KiB long and 24 levels deep. not_supported names the type that we cannot read.
Result<NativeType> parse_native_type(std::string_view text);

}  // namespace yagura::store
