// What a hunt found, ready to be shown: findings in the order of time, each with its rule and its event.
//
// The events themselves, two kilobytes each, lie in a temporary file that is gone with the report; what is kept in
// memory is some 100 bytes a finding. Built by one thread, then read by one thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.hpp"
#include "base/time.hpp"
#include "detect/alert.hpp"
#include "hunt/evidence.hpp"
#include "sigma/rule.hpp"

namespace yagura::hunt {

struct ReportRule {
  detect::AlertRule about;
  sigma::Level level = sigma::Level::none;
  std::string file;       // where the rule is written; "" for Yagura's own checks
  bool is_check = false;  // of the logs themselves, without any rule
};

// Strings that come again and again: computers, channels, providers.
class StringTable {
 public:
  std::uint32_t number_of(std::string_view text);
  const std::string& operator[](std::uint32_t number) const { return *texts_[number]; }
  std::size_t size() const { return texts_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> texts_;
};

// Texts on disk, appended once and read by their place.
class Spool {
 public:
  static Result<Spool> create();
  // Where it will stand.
  Result<std::uint64_t> append(std::string_view text);
  Result<> flush();
  Result<std::string> read(std::uint64_t at, std::size_t size) const;

 private:
  explicit Spool(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

struct ReportEvent {
  EventTime time{};
  std::uint32_t file = 0;
  std::uint32_t host = 0, channel = 0, provider = 0;  // in strings
  std::int64_t event_id = -1;                         // -1: it has none
  std::int64_t record_id = -1;
  std::uint64_t at = 0;  // of its details, then its JSON, in the spool
  std::uint32_t details_size = 0, json_size = 0;
};

struct Finding {
  EventTime time{};
  std::uint32_t rule = 0;
  std::uint32_t event = 0;
  // Of a correlation: the first of its events, and how many.
  EventTime start{};
  std::uint32_t count = 1;
};

struct FileSummary {
  std::string name;
  Kind kind = Kind::unknown;
  std::uint64_t size = 0, events = 0, malformed = 0, findings = 0, problems = 0;
};

struct Report {
  std::vector<ReportRule> rules;
  std::vector<FileSummary> files;
  std::vector<FileProblem> problems;  // the first of them
  std::uint64_t problem_count = 0;
  StringTable strings;
  std::vector<ReportEvent> events;
  std::vector<Finding> findings;  // by time, then as they stand in the evidence
  std::uint64_t findings_left_out = 0;
  std::uint64_t event_count = 0, bytes = 0, malformed = 0;
  EventTime first = EventTime::max(), last = EventTime::min();
  double seconds = 0;
  std::size_t rules_loaded = 0;
  Spool spool;

  explicit Report(Spool s) : spool(std::move(s)) {}
  Result<std::string> details_of(const ReportEvent& event) const { return spool.read(event.at, event.details_size); }
  Result<std::string> json_of(const ReportEvent& event) const {
    return spool.read(event.at + event.details_size, event.json_size);
  }
};

// "critical", "high" ...; "medium" for a rule that names none.
std::string_view level_name(sigma::Level level);

}  // namespace yagura::hunt
