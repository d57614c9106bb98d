// What a correlation remembers of one group (one user, one host): enough to say whether its condition holds.
//
// Events are added in the order of their time; a straggler is put where it belongs as far as that can still be told.
// One thread.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "sigma/rule.hpp"

namespace yagura::detect {

// Little-endian bytes for checkpoints.
class StateWriter {
 public:
  explicit StateWriter(std::string& out) : out_(out) {}
  void number(std::uint64_t value);  // LEB128
  void ticks(EventTime time) { number(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
  void text(std::string_view text);

 private:
  std::string& out_;
};
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}
  Result<std::uint64_t> number();
  Result<EventTime> ticks() { return event_time(static_cast<std::int64_t>(TRY(number()))); }
  Result<std::string> text();
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

struct WindowEvent {
  EventTime time{};
  Position position{};
  std::uint32_t index = 0;
  std::string value;             // of value_count: what is counted
  std::optional<double> number;  // of value_sum and the like
};

// What made the condition hold.
struct Completion {
  EventTime start{};
  std::uint64_t count = 0;
  std::vector<Position> positions;  // the first 100
};

class CorrelationWindow {
 public:
  // `places`: where the event's source stands in the correlation's rules. A completion empties the window, so that
  // the next one is about other events.
  std::optional<Completion> add(const sigma::CorrelationRule& rule, WindowEvent event,
                                const std::vector<std::uint32_t>& places);

  EventTime last_time() const { return last_time_; }
  std::size_t size() const { return events_.size() + marks_.size(); }  // what bounds count
  void write(StateWriter& out) const;
  Result<> read(StateReader& in);

 private:
  // Of temporal correlations, per place in the rules: the newest event, and for ordered ones the newest beginning of a
  // chain that has come as far as this place.
  struct Mark {
    bool set = false;
    EventTime time{};
    EventTime chain_start{};
    Position position{};
  };
  std::optional<Completion> add_temporal(const sigma::CorrelationRule& rule, const WindowEvent& event,
                                         const std::vector<std::uint32_t>& places);
  std::optional<Completion> add_counted(const sigma::CorrelationRule& rule, WindowEvent event);
  bool holds(const sigma::CorrelationRule& rule) const;
  void count(const WindowEvent& event);
  void discount_front();
  void recount();

  std::deque<WindowEvent> events_;                           // by time, all within the timespan of the newest
  std::unordered_map<std::string, std::uint32_t> distinct_;  // values of events_, how often each
  std::size_t numbers_ = 0;                                  // of events_ that have one
  long double sum_ = 0;
  std::uint32_t discounted_ = 0;  // since sum_ was added up from nothing
  std::vector<Mark> marks_;
  EventTime last_time_{};
};

}  // namespace yagura::detect
