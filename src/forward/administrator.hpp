// Who may change the forwarder of a host, and the record of who did.
//
// Right: root, the owner of the agent's data folder, or a member of its group when the group may write there. The audit
// file is append-only by habit and chained: each line holds the SHA-256 of the line before, so a line that is changed
// or taken out shows. What is refused to somebody who cannot write the file goes to the system's log (authpriv) alone.
// Any thread; several processes may append.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::forward {

struct Requester {
  unsigned user_id = 0;
  std::string name;  // "root", "uid 1000 (maki) by sudo"
  static Requester current();
};

// permission_denied with what is needed.
Result<> check_administrator(const std::filesystem::path& agent_folder, const Requester& who, std::string_view command);

// `outcome`: "done", "refused", "failed: ...". An Error only when neither file nor system log took it.
Result<> append_audit(const std::filesystem::path& file, const Requester& who, std::string_view command,
                      std::string_view detail, std::string_view outcome);
// Number of lines; corrupt names the first line whose chain is broken.
Result<std::size_t> check_audit(const std::filesystem::path& file);

}  // namespace yagura::forward
