// Keeps a noisy rule from burying the others: of so many alerts of one kind in a while, the first pass and the rest become one
// alert that counts them.
//
// Time is the time at which events were received, alerts come in the order of the journal, and the state can be written
// with it: a replay lets the same alerts pass. A window begins with its first alert. Bounded: at most 50,000 windows at
// once; alerts of a kind that finds no room pass. One thread.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "detect/alert.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

class AlertThrottle {
 public:
  explicit AlertThrottle(std::optional<Throttle> usual) : usual_(std::move(usual)) {}

  // Ends the windows that are over; what was folded in them becomes alerts. `rules` finds what to say of them.
  void advance(ReceiveTime received_up_to, const RuleSnapshot& rules, std::vector<Alert>& alerts);
  // True: the alert passes. False: it is counted in its window.
  bool pass(const Alert& alert, const RunningRule& rule);
  // When the next window ends that has something to say.
  std::optional<ReceiveTime> next_due() const;

  void write(std::string& out) const;
  Result<> read(std::string_view state);
  std::size_t windows() const { return windows_.size(); }

 private:
  struct Window {
    std::string rule_id;
    ReceiveTime end{};
    std::uint64_t passed = 0, folded = 0;
    // Of what was folded.
    EventTime start{}, last{};
    ReceiveTime received_at{};
    Position position{};
    Guid item_id{};
    std::string record_json;  // of the first, when it is small
    std::vector<Entity> entities;
    std::vector<Position> positions;  // the first 100
  };
  using Windows = std::map<std::string, Window, std::less<>>;

  void fold(Window& window, const Alert& alert);

  const std::optional<Throttle> usual_;
  Windows windows_;
  std::set<std::pair<ReceiveTime, std::string>> ends_;
};

}  // namespace yagura::detect
