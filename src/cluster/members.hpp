// Who belongs to a cluster of forwarders, and what its hosts agree on when they know different things.
//
// Hosts exchange what they know and each merges it: the same facts give the same outcome in any order and any number of times,
// so no host leads. Members are a union in which a removal stays; of two configurations one outranks the other; of a plan each
// host's own word about itself holds. Plain values, any thread; what comes from others is bounded and checked by form.
#pragma once
#include <boost/json/fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "forward/action_plan.hpp"
#include "forward/forwarder_configuration.hpp"

namespace yagura::cluster {

inline constexpr std::size_t kMostMembers = 32;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};
// "192.0.2.7:6444", "node1.example.net:6444", "[2001:db8::1]:6444".
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_text(const Endpoint& endpoint);

struct Member {
  std::string name;    // of the host; one living member has it
  Endpoint address;    // where the others reach it
  std::string serial;  // of its certificate
  std::string joined_at;
  std::string removed_at;  // "": it belongs
  friend bool operator==(const Member& a, const Member& b) {
    return a.serial == b.serial && a.name == b.name && a.removed_at == b.removed_at;
  }
};

class Members {
 public:
  // By serial, sorted. True when something was news. At most 256 are kept, living ones first.
  bool merge(const std::vector<Member>& others);
  const std::vector<Member>& all() const { return members_; }
  std::vector<Member> living() const;
  const Member* living(std::string_view name) const;
  bool belongs(std::string_view name, std::string_view serial) const;

  std::string to_json() const;  // an array
  static Result<Members> from_json(std::string_view json);

 private:
  std::vector<Member> members_;
};

bool good_name(std::string_view name);

// Whether `a` holds against `b`: by generation; of two changes of one generation the later, then the greater digest.
bool outranks(const forward::ForwarderConfiguration& a, const forward::ForwarderConfiguration& b);

// What `self` knows of a plan after `from` has told what it knows. A plan of a later generation (a change that was made again)
// replaces the earlier.
forward::ActionPlan merge(const forward::ActionPlan& mine, const forward::ActionPlan& theirs, std::string_view self,
                          std::string_view from);

}  // namespace yagura::cluster
