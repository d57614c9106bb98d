// Keeps the engine's process alive: starts it, waits until it answers, starts it again when it dies, stops it with us.
//
// Its options, secret included, go through a pipe, never through argv. Its standard error becomes our log. One thread,
// which runs the callback too: keep that short. The child dies with us, even by kill -9 (PR_SET_PDEATHSIG and the pipe).
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "engine/engine_options.hpp"

namespace yagura::engine {

enum class EngineState : std::uint8_t { starting, ready, waiting, stopped };  // waiting: died, to be started again
std::string_view to_string(EngineState state);

struct SupervisorOptions {
  EngineOptions engine;                                 // an empty secret is replaced by a random one
  std::filesystem::path program = "/proc/self/exe";
  std::vector<std::string> arguments{"engine", "--options-from-stdin"};
  std::chrono::milliseconds ready_timeout{120'000};     // opening a large store takes a while; then kill and again
  std::chrono::milliseconds first_wait{200}, longest_wait{30'000};
  std::chrono::milliseconds stop_grace{10'000};         // after SIGTERM, before SIGKILL
};

struct EngineStatus {
  EngineState state = EngineState::starting;
  int pid = 0;
  std::uint64_t starts = 0;
  std::string last_error;   // of the last end, with the last line it wrote
};

class EngineSupervisor {
 public:
  using OnChange = std::function<void(const EngineStatus&)>;
  static Result<std::unique_ptr<EngineSupervisor>> start(SupervisorOptions options, OnChange on_change = {});
  virtual ~EngineSupervisor() = default;   // stops it
  virtual EngineStatus status() const = 0;
  // Ready now, or unavailable with the last error when the deadline passes. A folder in use, a missing library or bad
  // options fail at once: waiting would not help.
  virtual Result<> wait_until_ready(Deadline deadline) const = 0;
  // With the secret, for the store's endpoint.
  virtual const EngineOptions& engine() const = 0;
  virtual void stop() = 0;
};

}  // namespace yagura::engine
