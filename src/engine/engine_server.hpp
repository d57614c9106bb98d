// ClickHouse's HTTP protocol over libchdb: on a Unix socket for Yagura, on TCP for readers if switched on.
//
// Each statement runs on a connection of its own, made with its settings. A result is sent as it comes; one that fails
// after its first bytes ends with ClickHouse's tagged exception and a cut connection. A client that goes away cancels
// its query. Handlers run on the servers' threads; start one EngineServer per process.
#pragma once
#include <memory>

#include "base/result.hpp"
#include "engine/engine_options.hpp"

namespace yagura::engine {

class EngineServer {
 public:
  // Opens the store (conflict when another process has it) and listens.
  static Result<std::unique_ptr<EngineServer>> start(const EngineOptions& options);
  virtual ~EngineServer() = default;
  virtual std::uint16_t tcp_port() const = 0;  // 0 when TCP is off
  // Lets running statements end until the grace is over.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace yagura::engine
