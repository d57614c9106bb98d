// "How far": small named values that survive a crash. On disk when set() returns.
//
// Any thread. Names are of our making ("flow/store", "detect/rule/<id>"); a value has at most 1 MiB.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct Checkpoint {
  std::string name;
  std::string value;
};

class Checkpoints {
 public:
  using Clock = std::function<std::int64_t()>;
  Checkpoints(Database& database, Clock clock);

  Result<std::optional<std::string>> get(std::string_view name);
  Result<> set(std::string_view name, std::string_view value);
  // All or none.
  Result<> set_all(const std::vector<Checkpoint>& checkpoints);
  Result<> remove(std::string_view name);
  // Those whose names begin with `prefix`, by name.
  Result<std::vector<Checkpoint>> list(std::string_view prefix);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
