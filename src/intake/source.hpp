// One way in: takes bytes from the world into the journal, and pushes back when it must.
//
// start() and stop() are called by one thread, status() by any. stop() waits until everything that was accepted is
// handed over; the destructor stops too. A source that cannot work now (a port in use, no journald) says so in
// start()'s Error or, when it may come right by itself, in status().
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::intake {

struct SourceStatus {
  std::string name;               // as configured: "syslog-tcp"
  std::string kind;               // "syslog", "hec", "file", "journald"
  std::string address;            // "0.0.0.0:5514/udp", "/var/log/*.log", "journald"
  std::string state;              // "stopped", "listening", "following", "waiting" (for the journal), "failed"
  std::string detail;             // the last error or what it waits for; "" when all is well
  std::uint64_t connections = 0;  // open now; files being followed
  std::uint64_t messages = 0;     // since the start
  std::uint64_t bytes = 0;
  std::uint64_t dropped = 0;  // messages that were lost, known to be
  std::map<std::string, std::uint64_t> dropped_why;  // of these, by reason
  std::uint64_t refused = 0;  // connections and requests turned away
  std::optional<ReceiveTime> last_message;
};

// A stream whose records are numbered: what became of those from `first` to `last`, since the source was set up.
struct StreamStatus {
  std::string stream;                 // "Security", "/var/log/x.evtx"
  std::uint64_t first = 0, last = 0;  // 0: none yet
  std::uint64_t sent = 0;             // given to the journal
  std::map<std::string, std::uint64_t> filtered;  // by rule
  std::map<std::string, std::uint64_t> lost;      // by reason
};

class Source {
 public:
  virtual ~Source() = default;
  virtual Result<> start() = 0;
  virtual void stop() = 0;
  virtual SourceStatus status() const = 0;
  // Empty for sources without numbered records.
  virtual std::vector<StreamStatus> streams() const { return {}; }
};

}  // namespace yagura::intake
