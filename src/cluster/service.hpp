// The part of a cluster inside a running agent: answers the other hosts, and tells each of them every few seconds what this
// host knows. Whoever knows less takes what the other has, so a host that was away is up to date seconds after it is back.
//
// One thread of its own besides the listener's. start() fails when the address cannot be listened on.
#pragma once
#include <memory>

#include "cluster/host_folder.hpp"

namespace yagura::cluster {

class Service {
 public:
  // not_found: the host belongs to no cluster.
  static Result<std::unique_ptr<Service>> start(forward::AgentFiles files);
  ~Service();  // stops

 private:
  class Core;
  explicit Service(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace yagura::cluster
