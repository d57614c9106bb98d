// Stored functions of the workspace: KQL kept under a name. Those of files are not here (query/function_library.hpp).
//
// Any thread; every change is in the audit log. The text is not checked here: whoever puts one has compiled it.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct KeptFunction {
  std::string name;
  std::string parameters;  // "(x:long, T:(*))"
  std::string body;        // "{ ... }"
  std::string folder, docstring;
  bool is_view = false;
  std::int64_t changed_ticks = 0;
  std::string changed_by;
};

class Functions {
 public:
  using Clock = std::function<std::int64_t()>;
  Functions(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  Result<std::vector<KeptFunction>> list();
  Result<std::optional<KeptFunction>> find(std::string_view name);
  // Another text after any change. Cheap: no bodies are read.
  Result<std::string> version();
  enum class IfThere { replace, keep, refuse };
  // False when it was there and kept; conflict when it was there and is refused. At most 5,000, 1 MiB each.
  Result<bool> put(const KeptFunction& function, IfThere if_there, const Actor& actor);
  Result<> remove(std::string_view name, const Actor& actor);  // not_found when there is none

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
