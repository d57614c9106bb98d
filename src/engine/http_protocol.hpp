// ClickHouse's HTTP interface: a request's parameters and headers as a statement to run, and what its answer looks like.
//
// https://clickhouse.com/docs/interfaces/http. Not spoken: sessions (session_id is taken and has no effect), external
// tables, compress=1 and decompress=1 (ClickHouse's own block compression), roles and quotas.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/chdb_library.hpp"
#include "engine/sql_text.hpp"
#include "net/http.hpp"

namespace yagura::engine {

struct Credentials {
  bool given = false;
  std::string user, password;
};
// From X-ClickHouse-User and -Key, HTTP Basic, or the parameters user and password.
Credentials credentials_of(const net::HttpRequest& request);

struct Statement {
  std::string head;          // ?query= and the fields of a form
  std::string_view body;     // what came after it
  std::string joined;        // head and body, when the statement reaches into the body
  std::string_view sql;      // the whole text without an INSERT's data, or up to its FORMAT
  std::string_view data;     // an INSERT's
  std::string data_joined;
  SqlShape shape;
  std::string database;
  std::string default_format;
  std::string query_id;
  ChdbSettings settings;
  ChdbParameters parameters;  // param_x=...
  bool wait_end = false;
  std::uint64_t revision = 0;  // of Native blocks: client_protocol_version
  bool may_compress = false;
};

// Views point into `request` and the statement itself, so it is kept by pointer. The error is ready to send.
ChdbResult<std::unique_ptr<Statement>> statement_of(const net::HttpRequest& request);

// May the pieces of a streamed result be put together in this format?
bool is_streamable(std::string_view format);
std::string_view content_type_of(std::string_view format);
// {"read_rows":"1",...}
std::string summary_of(const ChdbCounts& counts, std::uint64_t elapsed_ns);

}  // namespace yagura::engine
