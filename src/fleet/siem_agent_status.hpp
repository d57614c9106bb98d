// What a SIEM agent's state is called, what is told of it, and what helps: from facts and a clock, nothing else.
//
// Words, limits and causes are those of the Defender for Cloud Apps SIEM agent ("Troubleshooting SIEM integration"), so that its
// operators find what they know. Free functions without state, any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/siem_agents.hpp"

namespace yagura::fleet {

enum class SiemAgentStatus : std::uint8_t {
  created,           // has never called
  connected,         // or gone for less than two hours
  connection_error,  // gone for two hours or more
  disconnected,      // gone for more than twelve hours
  disabled,          // by a person
  completed,         // a recovery that has sent its time frame
};
std::string_view to_string(SiemAgentStatus status);  // "Connected", "Connection error" ...

SiemAgentStatus status_of(const control::SiemAgent& agent, std::int64_t now_ticks);

// In English and Japanese.
struct BothTongues {
  std::string_view english, japanese;
};

// An error or notification that operators may look up: `yagura explain <code>`.
struct Explanation {
  std::string_view code;  // "SA-25"
  BothTongues title, cause, resolution;
};
std::span<const Explanation> siem_agent_explanations();
// By code (any letter case), or by the English title's exact text; nullptr when there is none.
const Explanation* find_explanation(std::string_view word);

struct SiemAgentNotification {
  const Explanation* explanation = nullptr;  // never null
  std::string detail;                        // what happened here, with the time frame: "from 2026-11-22T10:00:00Z, ..."
  std::int64_t since_ticks = 0;
};
// What is wrong now; empty for a healthy agent.
std::vector<SiemAgentNotification> notifications_of(const control::SiemAgent& agent, std::int64_t now_ticks);

}  // namespace yagura::fleet
