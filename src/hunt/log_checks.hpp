// What is wrong with the logs themselves, told without any rule: a log that was cleared, a service that was stopped,
// record ids that are missing, clocks that were moved.
//
// Records of one log (computer and channel) of a file have consecutive ids, and times that grow. LogWatcher looks at
// the records of a piece and keeps runs of them; LogHistory joins the runs of a file and says where they do not fit. A
// log as Windows wrote it has no gaps; an export (told by the numbers in the records' binary headers, which count anew
// there, or by not being EVTX) usually was filtered, so its gaps are one remark of level informational.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "event/record.hpp"
#include "hunt/report.hpp"

namespace yagura::hunt {

enum class Check : std::uint8_t {
  security_log_cleared,
  log_cleared,
  service_stopped,
  events_lost,
  log_full,
  time_changed,
  records_missing,
  records_missing_in_export,
  time_went_back,
  long_silence,
};
inline constexpr std::size_t kCheckCount = 10;

// The checks as rules of a report, by Check's number.
std::vector<ReportRule> check_rules();

// What a single event says: it was cleared, stopped, moved.
std::optional<Check> check_of(const event::Record& record);

// Consecutive records of one log.
struct LogRun {
  std::string computer, channel;
  std::int64_t first_id = 0, last_id = 0;
  std::int64_t first_ticks = 0, last_ticks = 0;
  bool exported = false;
};

// The runs of a piece's records. `numbers` are those of their binary headers, or empty.
void append_runs(const event::RecordBatch& records, std::span<const std::uint64_t> numbers, std::vector<LogRun>& runs);

struct LogRemark {
  Check check{};
  std::string computer, channel;
  std::int64_t before_id = 0;  // the last record that is there
  std::int64_t after_id = 0;   // the next one
  std::int64_t ticks = 0;      // when
  std::int64_t other_ticks = 0;
  std::string text;  // "records 10 to 19 are missing (10)"
};

// Of one file.
class LogHistory {
 public:
  void add(std::vector<LogRun> runs);
  // What does not fit; forgets everything.
  std::vector<LogRemark> finish();

 private:
  std::vector<LogRun> runs_;
  bool too_many_ = false;
};

}  // namespace yagura::hunt
