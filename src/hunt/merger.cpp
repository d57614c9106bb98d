#include "hunt/merger.hpp"

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kMostProblems = 10'000;  // that are named
// Events that wait for correlation, a few hundred bytes each; the oldest are worked on when there are more.
constexpr std::size_t kMostWaiting = 300'000;

}  // namespace

Merger::Merger(Report& report, std::shared_ptr<const detect::RuleSnapshot> snapshot, const HuntOptions& options,
               RuleNumbers numbers)
    : report_(report),
      snapshot_(std::move(snapshot)),
      options_(options),
      numbers_(numbers),
      correlator_({.max_waiting = kMostWaiting}) {
  for (const auto& rule : report_.rules) chosen_.push_back(chooses(options, rule));
  correlator_.adopt(snapshot_);
}

Result<std::uint32_t> Merger::keep_event(std::uint32_t file, const FoundEvent& found) {
  ReportEvent event;
  event.time = found.time;
  event.file = file;
  event.host = report_.strings.number_of(found.host);
  event.channel = report_.strings.number_of(found.channel);
  event.provider = report_.strings.number_of(found.provider);
  event.event_id = found.event_id;
  event.record_id = found.record_id;
  event.details_size = static_cast<std::uint32_t>(found.details.size());
  event.json_size = static_cast<std::uint32_t>(found.json.size());
  event.at = TRY(report_.spool.append(found.details));
  TRY(report_.spool.append(found.json));
  report_.events.push_back(event);
  return static_cast<std::uint32_t>(report_.events.size() - 1);
}

void Merger::keep_finding(Finding finding) {
  if (!chosen_[finding.rule]) return;
  ++report_.files[report_.events[finding.event].file].findings;
  report_.findings.push_back(finding);
}

Result<> Merger::add(PieceResult&& result) {
  auto& file = report_.files[result.file];
  file.kind = result.kind;
  file.events += result.events;
  file.malformed += result.malformed;
  file.problems += result.problems.size();
  report_.event_count += result.events;
  report_.malformed += result.malformed;
  report_.bytes += result.bytes;
  report_.first = std::min(report_.first, result.first);
  report_.last = std::max(report_.last, result.last);
  report_.problem_count += result.problems.size();
  for (auto& problem : result.problems)
    if (report_.problems.size() < kMostProblems) report_.problems.push_back(std::move(problem));
  for (auto& found : result.found) {
    std::erase_if(found.rules, [&](std::uint32_t rule) { return !chosen_[rule]; });
    if (found.rules.empty() && found.for_correlation.empty()) continue;
    if (report_.findings.size() >= options_.most_findings) {
      report_.findings_left_out += found.rules.size();
      continue;
    }
    const auto event = TRY(keep_event(result.file, found));
    for (const auto rule : found.rules) keep_finding({found.time, rule, event, found.time, 1});
    // The event itself is in the spool: what waits is its number.
    for (auto& one : found.for_correlation) {
      one.record_json = std::to_string(event);
      one.entities.clear();
      one.received_at = {};
    }
    correlator_.add(std::move(found.for_correlation));
  }
  if (options_.checks) {
    history_.add(std::move(result.runs));
    if (result.last_of_file) TRY(finish_file(result.file));
  }
  return {};
}

Result<> Merger::finish_file(std::uint32_t file) {
  for (auto& remark : history_.finish()) {
    FoundEvent found;
    found.time = event_time(remark.ticks);
    if ((options_.since && found.time < *options_.since) || (options_.until && found.time >= *options_.until)) continue;
    const auto rule = static_cast<std::uint32_t>(numbers_.checks + static_cast<std::size_t>(remark.check));
    if (!chosen_[rule]) continue;
    found.host = remark.computer;
    found.channel = remark.channel;
    found.record_id = remark.after_id;
    found.details = remark.text;
    if (report_.files[file].problems != 0 && remark.check == Check::records_missing)
      found.details += "; the file is damaged, which may be why";
    JsonWriter(found.json)
        .begin_object()
        .key("Check")
        .text(report_.rules[rule].about.id)
        .key("Computer")
        .text(remark.computer)
        .key("Channel")
        .text(remark.channel)
        .key("LastRecordBefore")
        .number(remark.before_id)
        .key("LastTimeBefore")
        .text(format_datetime(remark.other_ticks))
        .key("FirstRecordAfter")
        .number(remark.after_id)
        .key("FirstTimeAfter")
        .text(format_datetime(remark.ticks))
        .key("Remark")
        .text(found.details)
        .end_object();
    const auto event = TRY(keep_event(file, found));
    keep_finding({found.time, rule, event, event_time(std::min(remark.ticks, remark.other_ticks)), 1});
  }
  return {};
}

Result<> Merger::finish() {
  std::vector<detect::Alert> alerts;
  correlator_.finish(alerts);
  std::unordered_map<const detect::AlertRule*, std::uint32_t> numbers;
  for (std::size_t i = 0; i < snapshot_->correlations.size(); ++i)
    numbers.emplace(&snapshot_->correlations[i].alert, static_cast<std::uint32_t>(numbers_.correlations + i));
  for (const auto& alert : alerts) {
    const auto number = parse_uint64(alert.record_json);
    const auto rule = numbers.find(alert.rule);
    if (!number || *number >= report_.events.size() || rule == numbers.end()) continue;
    if (!chosen_[rule->second]) continue;
    // Its own event: that of the last match, with the group beside it.
    const ReportEvent last = report_.events[*number];
    FoundEvent found;
    found.time = alert.end;
    found.host = report_.strings[last.host];
    found.channel = report_.strings[last.channel];
    found.provider = report_.strings[last.provider];
    found.event_id = last.event_id;
    found.record_id = last.record_id;
    found.details = fmt::format("{} events from {} on", alert.event_count,
                                format_datetime(alert.start.time_since_epoch().count()).substr(0, 19) + "Z");
    for (const auto& [field, value] : alert.group) found.details += fmt::format(" | {}: {}", field, value);
    TRY(report_.spool.flush());
    const auto json = TRY(report_.json_of(last));
    JsonWriter writer(found.json);
    writer.begin_object()
        .key("Events")
        .number(alert.event_count)
        .key("From")
        .text(format_datetime(alert.start.time_since_epoch().count()));
    writer.key("To").text(format_datetime(alert.end.time_since_epoch().count())).key("Group").begin_object();
    for (const auto& [field, value] : alert.group) writer.key(field).text(value);
    writer.end_object().key("LastEvent").raw(json).end_object();
    const auto event = TRY(keep_event(last.file, found));
    keep_finding({alert.end, rule->second, event, alert.start,
                  static_cast<std::uint32_t>(std::min<std::uint64_t>(alert.event_count, UINT32_MAX))});
  }
  // Events are numbered in the order of the evidence.
  std::ranges::sort(report_.findings, [](const Finding& a, const Finding& b) {
    return std::tie(a.time, a.event, a.rule) < std::tie(b.time, b.event, b.rule);
  });
  return report_.spool.flush();
}

}  // namespace yagura::hunt
