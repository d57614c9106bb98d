#include "hunt/log_checks.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "hunt/event_summary.hpp"

namespace yagura::hunt {

using event::intern_field;

namespace {

constexpr std::int64_t kBackwards = 60 * kTicksPerSecond;  // what providers may disagree by
constexpr std::int64_t kSilence = kTicksPerDay;
constexpr std::size_t kMostRuns = 200'000;
constexpr std::size_t kMostGaps = 20;  // of one log that are shown one by one

struct CheckText {
  std::string_view id, title, description;
  sigma::Level level;
  std::vector<std::string> tags;
};

const std::vector<CheckText>& texts() {
  using sigma::Level;
  static const std::vector<CheckText> all{
      {"yagura.security-log-cleared",
       "Security log was cleared",
       "Event 1102 (517 before Windows Vista): somebody emptied the Security log. What was in it is lost, but for "
       "backups and forwarders.",
       Level::high,
       {"attack.defense-evasion", "attack.t1070.001"}},
      {"yagura.log-cleared",
       "Event log was cleared",
       "Event 104: somebody emptied an event log other than Security.",
       Level::high,
       {"attack.defense-evasion", "attack.t1070.001"}},
      {"yagura.log-service-stopped",
       "Event logging service was shut down",
       "Event 1100. It is usual when a machine shuts down; without a shutdown somebody stopped the service.",
       Level::low,
       {"attack.defense-evasion", "attack.t1562.002"}},
      {"yagura.events-lost",
       "Audit events were lost before they were written",
       "Event 1101: the transport dropped audit events.",
       Level::medium,
       {"attack.defense-evasion", "attack.t1562.002"}},
      {"yagura.log-full",
       "Security log is full",
       "Event 1104: no more events are written until it is emptied.",
       Level::medium,
       {"attack.defense-evasion", "attack.t1562.002"}},
      {"yagura.time-changed",
       "System time was changed by more than a minute",
       "Event 4616 of the Security log or 1 of Kernel-General: times around it cannot be compared without care.",
       Level::medium,
       {"attack.defense-evasion", "attack.t1070.006"}},
      {"yagura.records-missing",
       "Records are missing from a log",
       "Record ids of one log are consecutive. Missing ones were removed from the file, or the file is damaged there.",
       Level::high,
       {"attack.defense-evasion", "attack.t1070.001"}},
      {"yagura.records-missing-in-export",
       "Exported log without all of its records",
       "The ids are not consecutive. Exports are usually filtered, so this says only that the file is not the whole "
       "log.",
       Level::informational,
       {}},
      {"yagura.time-went-back",
       "Time went back from one record to the next",
       "A record was written later than another, but says an earlier time: the clock was moved, or records were.",
       Level::medium,
       {"attack.defense-evasion", "attack.t1070.006"}},
      {"yagura.long-silence",
       "Nothing was logged for more than a day",
       "The machine was off, the service was not running, or the clock was moved forward.",
       Level::informational,
       {}},
  };
  return all;
}

const event::FieldId kNewTime = intern_field("NewTime"), kOldTime = intern_field("OldTime"),
                     kPreviousTime = intern_field("PreviousTime"), kRecovered = intern_field("evtx.recovered");

std::optional<std::int64_t> time_in(const event::Record& record, event::FieldId id) {
  const auto text = record.text(id);
  return text.empty() ? std::nullopt : parse_iso8601(text);
}

std::string day_and_time(std::int64_t ticks) { return format_datetime(ticks).substr(0, 19) + "Z"; }

std::string span_text(std::int64_t ticks) {
  const auto seconds = ticks / kTicksPerSecond;
  if (seconds >= 2 * 86'400) return fmt::format("{} days", seconds / 86'400);
  if (seconds >= 2 * 3'600) return fmt::format("{} hours", seconds / 3'600);
  if (seconds >= 120) return fmt::format("{} minutes", seconds / 60);
  return fmt::format("{} seconds", seconds);
}

}  // namespace

std::vector<ReportRule> check_rules() {
  std::vector<ReportRule> rules;
  for (const auto& text : texts()) {
    ReportRule rule;
    sigma::Metadata metadata;
    metadata.id = text.id;
    metadata.title = text.title;
    metadata.description = text.description;
    metadata.level = text.level;
    metadata.tags = text.tags;
    metadata.author = "Yagura";
    rule.about = detect::alert_rule(metadata, "Check");
    rule.level = text.level;
    rule.is_check = true;
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::optional<Check> check_of(const event::Record& record) {
  const auto names = names_of(record);
  switch (names.event_id) {
    case 1102:
    case 1100:
    case 1101:
    case 1104:
    case 104:
      if (!equal_ignoring_ascii_case(names.provider, "Microsoft-Windows-Eventlog")) return std::nullopt;
      if (names.event_id == 1100) return Check::service_stopped;
      if (names.event_id == 1101) return Check::events_lost;
      if (names.event_id == 1104) return Check::log_full;
      return names.event_id == 1102 ? Check::security_log_cleared : Check::log_cleared;
    case 517:
      if (names.channel == "Security" && names.provider == "Security") return Check::security_log_cleared;
      return std::nullopt;
    case 4616:
    case 1: {
      if (names.event_id == 4616 ? names.channel != "Security" : names.provider != "Microsoft-Windows-Kernel-General")
        return std::nullopt;
      const auto now = time_in(record, kNewTime);
      auto before = time_in(record, kPreviousTime);
      if (!before) before = time_in(record, kOldTime);
      if (!now || !before || std::abs(*now - *before) < kBackwards) return std::nullopt;
      return Check::time_changed;
    }
    default: return std::nullopt;
  }
}

void append_runs(const event::RecordBatch& records, std::span<const std::uint64_t> numbers, std::vector<LogRun>& runs) {
  const std::size_t begin = runs.size();
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> open;
  std::pair<std::string_view, std::string_view> last_key;
  std::size_t last_run = runs.size();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto record = records[i];
    if (!record.header().malformed.empty() || record.header().log_source.product != "windows") continue;
    if (record.find(kRecovered)) continue;
    const auto names = names_of(record);
    if (names.record_id < 0 || names.channel.empty() || !record.header().has_own_time) continue;
    const std::pair key{names.host, names.channel};
    std::size_t place = runs.size();
    if (runs.size() > begin && key == last_key)
      place = last_run;
    else if (const auto known = open.find(key); known != open.end())
      place = known->second;
    const bool exported = i >= numbers.size() || numbers[i] != static_cast<std::uint64_t>(names.record_id);
    const auto ticks = record.header().time.time_since_epoch().count();
    if (place < runs.size()) {
      LogRun& run = runs[place];
      if (names.record_id == run.last_id + 1 && ticks >= run.last_ticks - kBackwards &&
          ticks - run.last_ticks <= kSilence && run.exported == exported) {
        run.last_id = names.record_id;
        run.last_ticks = ticks;
        last_key = key;
        last_run = place;
        continue;
      }
    }
    runs.push_back({std::string(names.host), std::string(names.channel), names.record_id, names.record_id, ticks, ticks,
                    exported});
    open[key] = last_run = runs.size() - 1;
    last_key = key;
  }
}

void LogHistory::add(std::vector<LogRun> runs) {
  if (runs_.size() + runs.size() > kMostRuns) {
    too_many_ = true;
    return;
  }
  std::move(runs.begin(), runs.end(), std::back_inserter(runs_));
}

std::vector<LogRemark> LogHistory::finish() {
  std::vector<LogRemark> remarks;
  std::ranges::stable_sort(runs_, [](const LogRun& a, const LogRun& b) {
    return std::tie(a.computer, a.channel, a.first_id) < std::tie(b.computer, b.channel, b.first_id);
  });
  for (std::size_t begin = 0; begin < runs_.size();) {
    std::size_t end = begin + 1;
    while (end < runs_.size() && runs_[end].computer == runs_[begin].computer &&
           runs_[end].channel == runs_[begin].channel)
      ++end;
    const auto log = std::span(runs_).subspan(begin, end - begin);
    begin = end;
    const bool exported = std::ranges::any_of(log, &LogRun::exported);
    std::vector<LogRemark> gaps;
    std::int64_t missing = 0;
    for (std::size_t i = 1; i < log.size(); ++i) {
      const LogRun &before = log[i - 1], &after = log[i];
      LogRemark remark{Check::records_missing, after.computer,    after.channel,     before.last_id,
                       after.first_id,         after.first_ticks, before.last_ticks, {}};
      if (after.first_id > before.last_id + 1) {
        const auto count = after.first_id - before.last_id - 1;
        missing += count;
        remark.text = count == 1 ? fmt::format("record {} is missing", before.last_id + 1)
                                 : fmt::format("records {} to {} are missing ({})", before.last_id + 1,
                                               after.first_id - 1, count);
        remark.text +=
            fmt::format(", between {} and {}", day_and_time(before.last_ticks), day_and_time(after.first_ticks));
        gaps.push_back(std::move(remark));
      } else if (after.first_id == before.last_id + 1) {
        const auto step = after.first_ticks - before.last_ticks;
        if (step < -kBackwards) {
          remark.check = Check::time_went_back;
          remark.text = fmt::format("record {} says {}, {} before record {} in front of it ({})", after.first_id,
                                    day_and_time(after.first_ticks), span_text(-step), before.last_id,
                                    day_and_time(before.last_ticks));
          remarks.push_back(std::move(remark));
        } else if (step > kSilence && !exported) {
          remark.check = Check::long_silence;
          remark.text = fmt::format("{} without a record: {} is of {}, {} of {}", span_text(step), before.last_id,
                                    day_and_time(before.last_ticks), after.first_id, day_and_time(after.first_ticks));
          remarks.push_back(std::move(remark));
        }
      }
    }
    if (gaps.empty()) continue;
    if (exported) {
      LogRemark all = gaps.front();
      all.check = Check::records_missing_in_export;
      all.text = fmt::format("{} records are missing at {} places between records {} and {}", missing, gaps.size(),
                             log.front().first_id, log.back().last_id);
      if (too_many_) all.text += ", and more that were not looked at";
      remarks.push_back(std::move(all));
      continue;
    }
    // The largest ones; the last says how many more there are.
    std::ranges::stable_sort(gaps, std::ranges::greater{},
                             [](const LogRemark& gap) { return gap.after_id - gap.before_id; });
    if (gaps.size() > kMostGaps) {
      const auto more = gaps.size() - kMostGaps;
      gaps.resize(kMostGaps);
      gaps.back().text += fmt::format("; {} smaller gaps are not shown", more);
    }
    std::move(gaps.begin(), gaps.end(), std::back_inserter(remarks));
  }
  runs_.clear();
  too_many_ = false;
  return remarks;
}

}  // namespace yagura::hunt
