// The carrying of one change of the forwarder's configuration to all hosts: per-host steps that are kept on disk and
// resumed.
//
// A plan is a file <folder>/<id>.json, old or new, never half. Who carries it out is a ConfigurationBackend. Plain
// values.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::forward {

enum class PlanState : std::uint8_t { Pending, Running, Succeeded, Failed };
std::string_view to_string(PlanState state);

struct PlanStep {
  std::string name;  // "write the local copy", "use it"
  PlanState state = PlanState::Pending;
  std::string started_at, ended_at;  // "" not yet
  std::string message;               // what it waits for, or why it failed
};

struct PlanHost {
  std::string host;
  std::vector<PlanStep> steps;
  PlanState state() const;  // of its steps: the first that has not succeeded
};

struct ActionPlan {
  std::string id;       // UUID
  std::string command;  // "Set-AzSSyslogForwarder"
  std::string requested_by;
  std::string created_at;
  std::uint64_t generation = 0;
  std::string digest;  // of the configuration that is carried
  std::vector<PlanHost> hosts;

  PlanState state() const;  // Failed when a host failed, Succeeded when all did
  std::string to_json() const;
  static Result<ActionPlan> from_json(std::string_view json);
};

class ActionPlanStore {
 public:
  explicit ActionPlanStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<> save(const ActionPlan& plan) const;
  Result<ActionPlan> load(std::string_view id) const;  // not_found: no such plan
  // Newest first. At most 1,000 are kept: save() takes the oldest away.
  Result<std::vector<ActionPlan>> list() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace yagura::forward
