// MITRE ATT&CK in a rule's tags (`attack.credential-access`, `attack.t1110.001`), as SecurityAlert writes them.
#pragma once
#include <string>
#include <vector>

namespace yagura::detect {

struct AttackTags {
  std::vector<std::string> tactics;         // "CredentialAccess"
  std::vector<std::string> techniques;      // "T1110"
  std::vector<std::string> sub_techniques;  // "T1110.001"; its technique is in `techniques` too
};

// Each once, in the order of the tags. Tags of other namespaces are left out. Any thread.
AttackTags attack_tags(const std::vector<std::string>& tags);

}  // namespace yagura::detect
