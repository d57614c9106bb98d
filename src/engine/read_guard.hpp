// What a reader of the TCP port may ask. The engine itself keeps readonly=1 connections from writing, but not from
// SELECT file('/etc/passwd'), DESCRIBE url(...), INTO OUTFILE or KILL: those are refused here, before it sees them.
#pragma once
#include <optional>

#include "engine/chdb_library.hpp"
#include "engine/engine_options.hpp"
#include "engine/sql_text.hpp"
#include "engine/storage.hpp"

namespace yagura::engine {

// Why the statement is refused; nullopt when it may go on to a readonly=1 connection.
std::optional<ClickHouseError> refuse_for_reader(const SqlShape& shape, const Storage& storage);

// The reader's limits, with those of `asked` that are harmless and not above them. Unknown or refused ones are an error,
// as for a readonly user of a ClickHouse server.
ChdbResult<ChdbSettings> settings_for_reader(const ChdbSettings& asked, const EngineTcpOptions& options, const Storage& storage);

}  // namespace yagura::engine
