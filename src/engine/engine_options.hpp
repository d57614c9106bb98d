// What `yagura engine` must know. Between supervisor and child it travels as one JSON line on the child's standard
// input, so that no secret shows in argv or in the environment.
#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura::engine {

// ClickHouse's HTTP protocol on a TCP port, for other programs: one user that can only read.
struct EngineTcpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8123;
  std::filesystem::path certificate, private_key;  // PEM; both empty: plain HTTP
  std::string user = "reader";
  std::string password;
  std::chrono::seconds max_execution_time{60};
  Bytes max_memory = 1_GiB;                        // of one query
  std::uint64_t max_result_rows = 1'000'000;
  Bytes max_result = 256_MiB;
};

struct EngineOptions {
  std::filesystem::path data;         // the store's folder; made when absent
  std::filesystem::path library;      // libchdb.so; empty: see ChdbLibrary::find
  std::filesystem::path unix_socket;  // where Yagura itself asks; mode 0600
  std::string secret;                 // password of the user "yagura" on that socket; "": none asked
  Bytes max_memory = Bytes(0);        // of the whole engine; 0: half of the machine's
  std::optional<EngineTcpOptions> tcp;
};

std::string to_json(const EngineOptions& options);
Result<EngineOptions> engine_options_from_json(std::string_view json);

}  // namespace yagura::engine
