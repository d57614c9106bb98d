// What a host of a cluster keeps in its agent's data folder, and every change of it by what others say.
//
//   <data>/cluster/host.json      this host's name and addresses; there: the host belongs to a cluster
//   <data>/cluster/identity.pem   key (made here) and certificate, 0600;  ca.pem  the cluster's authority
//   <data>/cluster/members.json   who belongs;  ca/ and tokens.json  on the host that made the cluster only
//
// Configuration, local copy, action plans and audit are the forwarder's own (forward/agent_files.hpp). Commands and the agent
// are different processes: each change happens under AgentFiles::lock(). Any thread. Every file is old or new, never half.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "cluster/members.hpp"
#include "forward/agent_files.hpp"
#include "forward/configuration_backend.hpp"
#include "net/tls.hpp"

namespace yagura::cluster {

struct ThisHost {
  std::string name;
  Endpoint listen;   // a numeric address
  Endpoint address;  // for the others
  std::string serial;
};

struct PlanMark {
  std::string id, hash;
  friend bool operator==(const PlanMark&, const PlanMark&) = default;
};

// What hosts tell each other.
struct Summary {
  std::string name;
  Members members;
  std::string document;  // the configuration, signed; "" when never configured
  forward::HostConfiguration report;
  std::string copy;  // the local copy as it stands
  std::vector<PlanMark> plans;
};
std::string to_json(const Summary& summary);
Result<Summary> summary_from_json(std::string_view json);

class HostFolder {
 public:
  explicit HostFolder(forward::AgentFiles files);
  const forward::AgentFiles& files() const { return files_; }
  std::filesystem::path folder() const { return files_.data / "cluster"; }
  std::filesystem::path identity() const { return folder() / "identity.pem"; }
  std::filesystem::path authority() const { return folder() / "ca.pem"; }

  bool joined() const;
  Result<ThisHost> host() const;  // not_found: it belongs to no cluster
  Result<Members> members() const;
  bool has_authority() const;
  Result<std::shared_ptr<const net::TlsContext>> client_tls() const;
  Result<std::shared_ptr<const net::TlsContext>> server_tls() const;

  // Makes a cluster of this host. Its configuration, if it has one, becomes the cluster's.
  Result<> create(ThisHost host);
  // "yht_....<fingerprint>", good for a day, for any number of hosts.
  Result<std::string> make_token();
  // On the host with the authority: the answer to a join. unauthenticated, conflict, exhausted.
  Result<std::string> admit(std::string_view body);
  // The request for admit(), and what follows its answer. The host's own configuration gives way to the cluster's.
  struct Joining {
    std::string body, private_key;
  };
  Result<Joining> begin_join(const ThisHost& host, std::string_view token) const;
  Result<> finish_join(ThisHost host, const Joining& joining, std::string_view authority_pem, std::string_view answer);
  Result<> remove_member(std::string_view name);
  Result<> forget();  // this host belongs to none any more

  Result<std::pair<forward::ForwarderConfiguration, std::string>> global() const;  // and its document
  Result<Summary> summary() const;
  // Merges what `from` said: who belongs, and a configuration that outranks ours is written, used and audited.
  Result<> take(const Summary& theirs);
  Result<forward::ActionPlan> plan(std::string_view id) const;
  Result<std::vector<forward::ActionPlan>> plans() const;
  // Merges, brings this host's steps up to date, keeps; gives what is known then.
  Result<forward::ActionPlan> take_plan(const forward::ActionPlan& theirs, std::string_view from);
  // Own steps of the plans that are under way; a copy that is older than the configuration (a crash between both).
  Result<> refresh();
  // One change on top of what this host knows. `again`: the plan that a change of the same kind was carried by, which lost.
  Result<forward::ChangeResult> change(const forward::ConfigurationChange& change, bool force,
                                       const forward::Requester& who, const std::optional<std::string>& again);
  Result<> audit(std::string_view who, std::string_view command, std::string_view detail, std::string_view outcome) const;

 private:
  Result<FileDescriptor> lock() const;
  Result<forward::ActionPlan> keep_plan(forward::ActionPlan plan) const;
  Result<> set_members(const Members& members) const;
  Result<forward::ForwarderConfiguration> read(std::string_view document) const;
  forward::ConfigurationSigner signer() const;
  const forward::AgentFiles files_;
  const forward::ActionPlanStore plans_;
};

// While it lives root acts as the owner of the agent's data folder, so that the agent can read and write what commands write.
class ActingAsOwner {
 public:
  explicit ActingAsOwner(const std::filesystem::path& data);
  ~ActingAsOwner();
  ActingAsOwner(const ActingAsOwner&) = delete;
  ActingAsOwner& operator=(const ActingAsOwner&) = delete;

 private:
  bool acting_ = false;
};

}  // namespace yagura::cluster
