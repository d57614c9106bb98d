// Talking to the other hosts of the cluster: HTTPS, both sides show certificates of the cluster's authority.
//
// Blocking; one Peer is for one thread at a time. Errors: unavailable and the transport's; what the other host refuses.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cluster/host_folder.hpp"
#include "net/http_client.hpp"

namespace yagura::cluster {

class Peer {
 public:
  static Result<std::unique_ptr<Peer>> open(HostFolder& folder, const Member& member);
  const Member& member() const { return member_; }
  // Tells what this host knows, takes what the other says; then the same for plans that the two know differently.
  Result<Summary> exchange(Deadline deadline);
  // What it knows of one plan, merged with what is known here.
  Result<forward::ActionPlan> ask_plan(const std::string& id, Deadline deadline);

 private:
  Peer(HostFolder& folder, Member member, std::unique_ptr<net::HttpClient> client)
      : folder_(folder), member_(std::move(member)), client_(std::move(client)) {}
  Result<std::string> post(std::string target, std::string body, Deadline deadline);
  HostFolder& folder_;
  const Member member_;
  const std::unique_ptr<net::HttpClient> client_;
};

struct PeerOutcome {
  Member member;
  Result<Summary> said;
};
// All other living hosts, at once.
Result<std::vector<PeerOutcome>> exchange_with_all(HostFolder& folder, Deadline deadline);

// Joins the cluster of the host at `peer` with a token ("yht_....<fingerprint>"); the authority's fingerprint is compared
// before the token is sent.
Result<> join(HostFolder& folder, const ThisHost& host, const Endpoint& peer, std::string_view token, std::string_view ca_fingerprint,
              Deadline deadline);

}  // namespace yagura::cluster
