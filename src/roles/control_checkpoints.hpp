// Sources' checkpoints, kept in the control database under "intake/<key>". Any thread.
#pragma once
#include <string>

#include "control/control_db.hpp"
#include "intake/checkpoint_store.hpp"

namespace yagura::roles {

class ControlCheckpoints final : public intake::CheckpointStore {
 public:
  explicit ControlCheckpoints(control::ControlDb& control) : control_(control) {}
  Result<std::optional<std::string>> load(std::string_view key) override { return control_.checkpoints().get("intake/" + std::string(key)); }
  Result<> save(std::string_view key, std::string_view value) override { return control_.checkpoints().set("intake/" + std::string(key), value); }

 private:
  control::ControlDb& control_;
};

}  // namespace yagura::roles
