// The next events that a SIEM agent has to send, in journal order, from where it has come.
//
// Stateless between calls but for a short memory of table sizes; any thread. Nothing is skipped and nothing given twice: the
// caller keeps `progress` once the agent says it has sent the batch (control::SiemAgents::advance).
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/annotations.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "control/siem_agents.hpp"
#include "fleet/siem_agent_settings.hpp"
#include "query/query_service.hpp"

namespace yagura::serve {

struct SiemAgentBatch {
  std::string events;  // a JSON list of {"kind":"activity"|"alert","event":{column: value, ...}}; what is null or "" is left out
  std::size_t count = 0;
  control::SiemAgentProgress progress;
  bool drained = false;  // there is nothing behind it now
};

struct SiemAgentFeedServices {
  query::QueryService* query = nullptr;                  // must be there
  std::function<std::vector<std::string>()> tables;      // that have rows
  std::function<Position()> stored;                      // everything up to here can be queried
  control::SiemAgents* agents = nullptr;                 // for what an original has handed over
};

class SiemAgentFeed {
 public:
  explicit SiemAgentFeed(SiemAgentFeedServices services) : services_(std::move(services)) {}

  // At most about `most` events (never half of one journal entry). Errors: the store cannot be asked now.
  Result<SiemAgentBatch> next(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, std::size_t most);

  // Tables whose columns the filter does not fit: they send nothing. An Error when it fits none, with the reason.
  Result<std::vector<std::string>> tables_without(const fleet::SiemAgentSettings& settings);

 private:
  struct Range;
  struct Found;
  Result<> add_activities(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, std::size_t most, SiemAgentBatch& batch);
  Result<> add_alerts(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, SiemAgentBatch& batch);
  Result<bool> collect(std::string_view table, const Range& range, std::string_view filter, std::size_t most, std::vector<Found>& found);
  Result<std::int64_t> first_after(const std::vector<std::string>& tables, const Range& range, std::string_view filter);
  std::vector<std::string> tables_of(const fleet::SiemAgentSettings& settings) const;

  const SiemAgentFeedServices services_;
};

}  // namespace yagura::serve
