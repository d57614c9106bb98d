// A Parquet file's bytes as JSON lines: the store's engine has the reader, which we feed with a literal.
//
// Bounded: the file, the memory and time of the statement, and the rows. The bytes never mean SQL: they are one quoted text. Any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/store.hpp"

namespace yagura::query {

inline constexpr Bytes kMostParquet = 32_MiB;

// One object for each row, one row more than `most_rows` where there are more.
Result<std::string> parquet_as_json(store::Store& store, std::string_view bytes, std::uint64_t most_rows, Bytes memory, Deadline deadline);

}  // namespace yagura::query
