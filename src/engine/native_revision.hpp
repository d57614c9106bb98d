// Native blocks as newer clients want them: with block info and a serialization mark per column.
//
// libchdb writes revision 0; drivers that say client_protocol_version=54460 (clickhouse-go, so Grafana) read nothing else than what
// they asked for. The values are the same, but one must know where a column ends, so types are walked here.
// https://clickhouse.com/docs/native-protocol/server#block
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::engine {

// Appends the blocks in `blocks` (whole ones, of revision 0) to `out` as `revision` has them. not_supported for a type that
// is not known here, corrupt when the bytes are no Native blocks.
Result<> append_native_revision(std::string& out, std::string_view blocks, std::uint64_t revision);

}  // namespace yagura::engine
