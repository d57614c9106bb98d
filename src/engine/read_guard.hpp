// What a reader of the TCP port may ask. The engine itself keeps readonly=1 connections from writing, but not from
// SELECT file('/etc/passwd'), DESCRIBE url(...), INTO OUTFILE or KILL: those are refused here, before it sees them.
#pragma once
#include <optional>

#include "engine/chdb_library.hpp"
#include "engine/engine_options.hpp"
#include "engine/sql_text.hpp"
#include "engine/storage.hpp"

namespace yagura::engine {

// Why the statement is refused at first sight; nullopt when it may go on to the engine's parser, on a readonly=1 connection.
std::optional<ClickHouseError> refuse_for_reader(const SqlShape& shape);

// Why it is refused for what it calls. `tree` is what EXPLAIN AST gives for it: the engine's own parser decides what is a
// call and what a comment, not our lexer.
std::optional<ClickHouseError> refuse_tree_for_reader(std::string_view tree, const Storage& storage);

// The reader's limits, with those of `asked` that are harmless and not above them. Unknown or refused ones are an error,
// as for a readonly user of a ClickHouse server.
ChdbResult<ChdbSettings> settings_for_reader(const ChdbSettings& asked, const EngineTcpOptions& options, const Storage& storage);

}  // namespace yagura::engine
