// The values of one column of a Native block, as they lie in its bytes, and how they become a Column.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "event/table_batch.hpp"
#include "store/native_type.hpp"

namespace yagura::store {

// Decoded structure of a column; offsets into the block's bytes, which stay where they are once the block is whole.
struct NativeValues {
  struct Text {
    std::size_t at;
    std::size_t size;
  };
  const NativeType* type = nullptr;
  std::size_t rows = 0;
  std::size_t fixed_at = 0;            // fixed-width values; nulls of a nullable; keys of a low_cardinality; offsets of an array
  std::size_t key_width = 0;           // low_cardinality
  std::vector<Text> texts;             // string
  std::vector<NativeValues> parts;     // nullable: 1; low_cardinality: the dictionary; array 1; tuple n; map 2
};

// Appends all rows of `values` to `out`, converted to its type; views go into `bytes` or `arena`. What does not fit the
// asked type (a number too large, a text that is no guid) becomes null.
void append_values(event::Column& out, const NativeValues& values, const char* bytes, Arena& arena);

// The KQL type that fits best when none is asked for.
event::KqlType natural_type(const NativeType& type);

}  // namespace yagura::store
