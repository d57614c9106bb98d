// The forwarder inside an agent: follows the local copy of the configuration (AgentFiles::local_copy()) and runs,
// changes or stops the Forwarder as it says, within a second of a change; writes AgentFiles::status() for commands to
// read.
//
//   auto service = TRY(ForwarderService::start({.files = {data}, .open_tail = [&](Position from) { return
//   writer->tail(from); }, ...}));
//
// Nothing is sent while there is no configuration. A copy that was edited by hand (its digest is wrong) is not used:
// what was in use goes on, and the status says why. Certificates are read at each connection, so an import needs no
// restart. Any thread may call; one thread of its own, besides the Forwarder's.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forward/agent_files.hpp"
#include "forward/forwarder.hpp"
#include "forward/forwarder_configuration.hpp"

namespace yagura::forward {

struct ForwarderServiceOptions {
  AgentFiles files;
  std::function<Result<std::unique_ptr<journal::Tail>>(Position from)> open_tail;
  std::function<Position()> head;  // may be empty
  formats::SyslogContext syslog;
  std::string host;                        // "": this machine's name
  std::vector<std::string> ignored_hints;  // entries that are no events
  std::function<void(event::RecordBatch&)> after_decode;
  const ConfigurationSigner* signer = nullptr;  // outlives the service; null: unsigned copies are taken
};

struct ForwarderServiceStatus {
  std::uint64_t generation = 0;  // of the configuration in use
  std::string digest;
  ForwarderState state = ForwarderState::NotConfigured;
  std::string error;                         // why the local copy is not in use, or the forwarder cannot run
  std::optional<ForwarderStatus> forwarder;  // while Enabled
};

class ForwarderService {
 public:
  static Result<std::unique_ptr<ForwarderService>> start(ForwarderServiceOptions options);
  ~ForwarderService();  // stops

  ForwarderServiceStatus status() const;
  // What the journal must keep for the forwarder: nothing when none is configured.
  std::optional<Position> bookmark() const;
  void stop(Deadline deadline);

 private:
  class Core;
  explicit ForwarderService(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace yagura::forward
