#include "hunt/hunter.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/annotations.hpp"
#include "base/text.hpp"
#include "hunt/event_summary.hpp"
#include "hunt/merger.hpp"
#include "hunt/piece_decoder.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kAhead = 4;  // pieces a thread

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return to_lower_ascii(text).find(to_lower_ascii(part)) != std::string::npos;
}

// attack.t1059 also means attack.t1059.001, and t1059 attack.t1059.
bool has_tag(const std::vector<std::string>& tags, const std::string& wanted) {
  const auto matches = [](std::string_view tag, std::string_view want) {
    return tag == want || (tag.starts_with(want) && tag[want.size()] == '.');
  };
  const std::string want = to_lower_ascii(wanted);
  return std::ranges::any_of(tags, [&](const std::string& written) {
    const std::string tag = to_lower_ascii(written);
    if (matches(tag, want)) return true;
    const auto dot = tag.find('.');
    return dot != std::string::npos && matches(std::string_view(tag).substr(dot + 1), want);
  });
}

// What the threads share.
class Work {
 public:
  Work(Evidence& evidence, std::shared_ptr<const detect::RuleSnapshot> snapshot, const HuntOptions& options,
       RuleNumbers numbers, Merger& merger, Report& report, std::size_t threads,
       const std::function<void(const Progress&)>& progress)
      : evidence_(evidence),
        snapshot_(std::move(snapshot)),
        options_(options),
        numbers_(numbers),
        merger_(merger),
        report_(report),
        ahead_(threads * kAhead),
        progress_(progress) {}

  void run() {
    PieceDecoder decoder(evidence_.files(), {.with_slack = options_.with_slack});
    const auto scratch = snapshot_->set->make_scratch();
    std::vector<sigma::Match> matches;
    while (auto piece = take()) {
      PieceResult result = look_at(*piece, decoder, *scratch, matches);
      hand_in(std::move(result));
    }
  }

  Result<> outcome() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outcome_, {});
  }

 private:
  std::optional<Piece> take() {
    std::unique_lock lock(taking_);
    {
      std::unique_lock merging(mutex_);
      changed_.wait(merging, [&] { return failed_ || taken_ < merged_ + ahead_; });
      if (failed_) return std::nullopt;
    }
    auto piece = evidence_.next();
    const std::lock_guard merging(mutex_);
    if (piece) ++taken_;
    bytes_done_ = evidence_.bytes_done();
    return piece;
  }

  PieceResult look_at(Piece& piece, PieceDecoder& decoder, sigma::MatchScratch& scratch,
                      std::vector<sigma::Match>& matches) {
    PieceResult result;
    result.number = piece.number;
    result.file = piece.file;
    result.kind = piece.kind;
    result.last_of_file = piece.last_of_file;
    result.bytes = piece.bytes.size();
    result.problems = std::move(piece.problems);
    if (piece.bytes.empty()) return result;
    event::RecordBatch batch;
    DecodeNotes notes;
    decoder.decode(piece, batch, notes);
    const bool with_packs = options_.packs && batch.size() != 0 && batch[0].header().log_source.product != "windows";
    if (with_packs) options_.packs->apply(batch);
    result.events = batch.size();
    result.malformed = notes.malformed;
    std::move(notes.problems.begin(), notes.problems.end(), std::back_inserter(result.problems));
    bool some_in_time = false;
    for (const auto& header : batch.headers()) {
      if (header.has_own_time) {
        result.first = std::min(result.first, header.time);
        result.last = std::max(result.last, header.time);
      }
      some_in_time |= is_in_time(header.time);
    }
    if (options_.checks) append_runs(batch, notes.record_numbers, result.runs);
    if (some_in_time) match(batch, with_packs, scratch, matches, result);
    return result;
  }

  bool is_in_time(EventTime time) const {
    return (!options_.since || time >= *options_.since) && (!options_.until || time < *options_.until);
  }

  void match(event::RecordBatch& batch, bool with_packs, sigma::MatchScratch& scratch,
             std::vector<sigma::Match>& matches, PieceResult& result) {
    matches.clear();
    const sigma::FieldSupplier supply = [&](std::size_t record) { return options_.packs->apply(batch, record); };
    snapshot_->set->match(batch, scratch, matches, with_packs ? &supply : nullptr);
    std::vector<detect::Observation> observations;
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      const std::size_t first = at;
      while (at < matches.size() && matches[at].record == i) ++at;
      const auto record = batch[i];
      const auto check = options_.checks ? check_of(record) : std::nullopt;
      if ((first == at && !check) || !is_in_time(record.header().time)) continue;
      FoundEvent found;
      observations.clear();
      for (std::size_t m = first; m < at; ++m) {
        const auto& rule = snapshot_->rules[matches[m].rule];
        observations.push_back({i, matches[m].rule});
        if (with_packs && rule.wants_supplied) options_.packs->apply(batch, i);
        if (rule.enabled && rule.standalone) found.rules.push_back(matches[m].rule);
      }
      if (check) found.rules.push_back(static_cast<std::uint32_t>(numbers_.checks + static_cast<std::size_t>(*check)));
      snapshot_->plan->collect(*snapshot_->set, batch, observations, found.for_correlation);
      if (found.rules.empty() && found.for_correlation.empty()) continue;
      const auto names = names_of(record);
      found.time = record.header().time;
      found.host = names.host;
      found.channel = names.channel;
      found.provider = names.provider;
      found.event_id = names.event_id;
      found.record_id = names.record_id;
      found.details = details_of(record);
      found.json = json_of(record);
      result.found.push_back(std::move(found));
    }
  }

  void hand_in(PieceResult result) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(result.number, std::move(result));
    while (!waiting_.empty() && waiting_.begin()->first == merged_) {
      auto node = waiting_.extract(waiting_.begin());
      ++merged_;
      if (failed_) continue;
      if (auto added = merger_.add(std::move(node.mapped())); !added) {
        failed_ = true;
        outcome_ = std::move(added);
      }
    }
    changed_.notify_all();
    if (progress_)
      progress_({bytes_done_, evidence_.bytes_total(), report_.event_count, report_.findings.size(), false});
  }

  std::mutex taking_;  // of evidence_; taken before mutex_
  Evidence& evidence_ GUARDED_BY(taking_);
  const std::shared_ptr<const detect::RuleSnapshot> snapshot_;
  const HuntOptions& options_;
  const RuleNumbers numbers_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Merger& merger_ GUARDED_BY(mutex_);
  Report& report_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, PieceResult> waiting_ GUARDED_BY(mutex_);
  std::uint64_t taken_ GUARDED_BY(mutex_) = 0, merged_ GUARDED_BY(mutex_) = 0, bytes_done_ GUARDED_BY(mutex_) = 0;
  bool failed_ GUARDED_BY(mutex_) = false;
  Result<> outcome_ GUARDED_BY(mutex_);
  const std::size_t ahead_;
  const std::function<void(const Progress&)>& progress_;
};

}  // namespace

bool chooses(const HuntOptions& options, const ReportRule& rule) {
  const auto level = rule.level == sigma::Level::none ? sigma::Level::medium : rule.level;
  if (level < options.least_level) return false;
  if (rule.is_check && !options.checks) return false;
  if (!options.tags.empty() &&
      std::ranges::none_of(options.tags, [&](const auto& tag) { return has_tag(rule.about.tags, tag); }))
    return false;
  return options.rules.empty() || std::ranges::any_of(options.rules, [&](const std::string& wanted) {
           return equal_ignoring_ascii_case(rule.about.id, wanted) || contains_ignoring_case(rule.about.title, wanted);
         });
}

Result<Report> hunt(Evidence& evidence, std::shared_ptr<const detect::RuleSnapshot> snapshot,
                    const HuntOptions& options, const std::function<void(const Progress&)>& progress) {
  const auto started = std::chrono::steady_clock::now();
  Report report(TRY(Spool::create()));
  RuleNumbers numbers;
  const auto add_rule = [&](const detect::RunningRule& running, sigma::Level level) {
    report.rules.push_back({running.alert, level, running.file, false});
  };
  const auto& set = *snapshot->set;
  for (std::size_t i = 0; i < snapshot->rules.size(); ++i) add_rule(snapshot->rules[i], set.rules()[i].metadata.level);
  numbers.correlations = report.rules.size();
  for (std::size_t i = 0; i < snapshot->correlations.size(); ++i)
    add_rule(snapshot->correlations[i], set.correlations()[i].metadata.level);
  numbers.checks = report.rules.size();
  report.rules_loaded = numbers.checks;
  std::ranges::move(check_rules(), std::back_inserter(report.rules));
  for (const auto& file : evidence.files()) report.files.push_back({.name = file.name, .size = file.size});

  Merger merger(report, snapshot, options, numbers);
  const std::size_t threads = options.threads != 0 ? std::min<std::size_t>(options.threads, 256)
                                                   : std::max(1U, std::thread::hardware_concurrency());
  Work work(evidence, snapshot, options, numbers, merger, report, threads, progress);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&] { work.run(); });
    work.run();
  }
  TRY(work.outcome());
  TRY(merger.finish());
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (progress)
    progress({evidence.bytes_done(), evidence.bytes_total(), report.event_count, report.findings.size(), true});
  return report;
}

}  // namespace yagura::hunt
