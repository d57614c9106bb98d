// make_source(): follows many logs and gives their events to the sink as XML (hint "windows-xml"), each with its identity.
//
// How far each log has come, and the count of what became of its records, is saved only once that is durable; after a crash
// records are read again with the same identities. One thread, which looks every poll_interval.
#include <glob.h>
#include <sys/stat.h>

#include <deque>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/source_thread.hpp"
#include "winlog/evtx_source.hpp"
#include "winlog/settings.hpp"
#ifdef _WIN32
#include "winlog/winevt_source.hpp"
#endif

namespace yagura::winlog {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr int kMostGroupsAtOnce = 16;  // of one log, before the others have their turn

// What a checkpoint keeps of a log.
struct Progress {
  std::string bookmark;
  intake::StreamStatus status;
};

// A line: path, bookmark, first, last, sent, filtered, then reason=count for what was lost; texts percent-encoded.
std::string to_text(const std::map<std::string, Progress>& logs) {
  std::string out;
  for (const auto& [name, log] : logs) {
    const auto& s = log.status;
    const auto filtered = s.filtered.find("query");
    fmt::format_to(std::back_inserter(out), "{} {} {} {} {} {}", percent_encode(name), percent_encode(log.bookmark), s.first, s.last, s.sent,
                   filtered == s.filtered.end() ? 0 : filtered->second);
    for (const auto& [reason, count] : s.lost) fmt::format_to(std::back_inserter(out), " {}={}", percent_encode(reason), count);
    out += '\n';
  }
  return out;
}

std::map<std::string, Progress> parse_progress(std::string_view text) {
  std::map<std::string, Progress> out;
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 6) continue;
    Progress log;
    log.bookmark = percent_decode(words[1]);
    log.status.stream = percent_decode(words[0]);
    log.status.first = parse_uint64(words[2]).value_or(0);
    log.status.last = parse_uint64(words[3]).value_or(0);
    log.status.sent = parse_uint64(words[4]).value_or(0);
    if (const auto filtered = parse_uint64(words[5]).value_or(0); filtered > 0) log.status.filtered["query"] = filtered;
    for (std::size_t i = 6; i < words.size(); ++i)
      if (const auto equals = words[i].find('='); equals != std::string_view::npos)
        log.status.lost[percent_decode(words[i].substr(0, equals))] = parse_uint64(words[i].substr(equals + 1)).value_or(0);
    out.emplace(log.status.stream, std::move(log));
  }
  return out;
}

class LogSource final : public intake::Source {
 public:
  LogSource(LogSettings settings, intake::EntrySink& sink, intake::CheckpointStore& checkpoints)
      : settings_(std::move(settings)),
        sink_(sink),
        checkpoints_(checkpoints),
        key_("intake/" + settings_.kind + "/" + settings_.name),
        counters_(settings_.name, settings_.kind),
        pusher_(sink, counters_, thread_.stopping(), "following") {}
  ~LogSource() override { stop(); }

  Result<> start() override {
    const auto saved = TRY(checkpoints_.load(key_), "starting source '{}'", settings_.name);
    first_start_ = !saved.has_value();
    durable_ = parse_progress(saved.value_or(""));
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, log] : durable_) streams_[name] = log.status;
    }
    counters_.set_state("following");
    thread_.start([this] { run(); });
    return {};
  }
  void stop() override {
    if (thread_.stop()) counters_.set_state("stopped");
  }
  intake::SourceStatus status() const override {
    return counters_.status(fmt::format("{}", fmt::join(settings_.kind == "evtx" ? settings_.paths : settings_.channels, ", ")));
  }
  std::vector<intake::StreamStatus> streams() const override {
    const std::lock_guard lock(mutex_);
    std::vector<intake::StreamStatus> out;
    for (const auto& [name, status] : streams_) out.push_back(status);
    return out;
  }

 private:
  struct Log {
    std::unique_ptr<EventSource> source;
    Progress now;
  };
  struct Pending {
    Position position;
    std::string name;
    Progress progress;
  };

  void run() {
    auto next_scan = Clock::time_point{}, next_save = Clock::time_point{};
    while (!thread_.stopping()) {
      if (Clock::now() >= next_scan) {
        find_logs();
        next_scan = Clock::now() + settings_.rescan_interval;
      }
      bool more = false;
      std::string trouble = trouble_;
      std::vector<std::string> names;  // reading may take a log out of the list
      for (const auto& [name, log] : logs_) names.push_back(name);
      for (const auto& name : names) {
        if (thread_.stopping()) break;
        auto read = read_log(name, logs_.at(name));
        if (!read) trouble = read.error().message();
        else more |= *read;
      }
      if (!thread_.stopping()) counters_.set_state("following", trouble);
      note_durable();
      if (dirty_ && Clock::now() >= next_save) {
        save();
        next_save = Clock::now() + kSaveInterval;
      }
      if (!more) thread_.rest(settings_.poll_interval);
    }
    if (!pending_.empty()) (void)sink_.wait_durable(pending_.back().position, Deadline::in(2s));
    note_durable();
    if (dirty_) save();
    logs_.clear();
    pending_.clear();
    counters_.connections(0);
  }

  // --- which logs ---

  void find_logs() {
    trouble_.clear();
    const bool first = std::exchange(first_start_, false);
    if (settings_.kind == "evtx") {
      for (const auto& pattern : settings_.paths) {
        struct stat info{};
        const bool folder = ::stat(pattern.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
        glob_t found{};
        if (::glob((folder ? pattern + "/*.evtx" : pattern).c_str(), GLOB_NOSORT, nullptr, &found) == 0)
          for (std::size_t i = 0; i < found.gl_pathc; ++i) consider(found.gl_pathv[i], first);
        ::globfree(&found);
      }
    } else {
      for (const auto& channel : settings_.channels) consider(channel, first);
    }
    counters_.connections(logs_.size());
    if (first) save();  // "from the end" is said once
  }

  void consider(const std::string& name, bool first) {
    if (logs_.contains(name)) return;
    if (logs_.size() >= settings_.max_files) {
      trouble_ = fmt::format("more than {} files fit the patterns; {} is not followed", settings_.max_files, name);
      return;
    }
    Log log{.source = make_one(), .now = {}};
    if (const auto known = durable_.find(name); known != durable_.end()) log.now = known->second;
    log.now.status.stream = name;
    const bool at_end = first && !settings_.from_beginning && log.now.bookmark.empty();
    if (auto opened = log.source->open(name, settings_.query, at_end ? "end" : log.now.bookmark); !opened) {
      trouble_ = opened.error().message();
      return;
    }
    logs_.emplace(name, std::move(log));
  }

  static std::unique_ptr<EventSource> make_one() {
#ifdef _WIN32
    return make_winevt_source(windows_functions());
#else
    return make_evtx_source();
#endif
  }

  // --- their events ---

  // True when there may be more at once.
  Result<bool> read_log(const std::string& name, Log& log) {
    for (int i = 0; i < kMostGroupsAtOnce && !thread_.stopping(); ++i) {
      auto group = log.source->next(Deadline::in(0ms));
      if (!group) {
        // Gone, or not to be read now: found again by the next scan, and goes on behind what is durable.
        auto error = std::move(group).error();
        logs_.erase(name);
        return std::unexpected(std::move(error));
      }
      if (group->empty()) return false;
      if (!give(name, log, *group)) return false;
    }
    return true;
  }

  bool give(const std::string& name, Log& log, const EventGroup& group) {
    const auto now = ReceiveClock::now();
    entries_.clear();
    std::uint64_t bytes = 0;
    for (const auto& event : group.events) {
      entries_.push_back({.source = settings_.name, .peer = name, .hint = "windows-xml", .received_at = now, .read_at = now, .payload = event.xml,
                          .item_id = identity_of(event.xml)});
      bytes += event.xml.size();
    }
    Position position = pending_.empty() ? Position() : pending_.back().position;
    if (!entries_.empty()) {
      const auto pushed = pusher_.push(entries_);
      if (!pushed) {  // stopping: read again at the next start
        logs_.erase(name);
        return false;
      }
      position = *pushed;
      counters_.received(entries_.size(), bytes, now);
    }
    auto& status = log.now.status;
    if (group.restarted) {
      counters_.noted("cleared_log");
      log_warning("winlog", "{}: the numbers of the records begin anew: the log was cleared", name);
      status = {.stream = name};
    }
    if (status.first == 0) status.first = group.first;
    if (group.last != 0) status.last = group.last;
    status.sent += group.events.size();
    if (group.filtered > 0) status.filtered["query"] += group.filtered;
    for (const auto& [reason, count] : group.lost) {
      status.lost[reason] += count;
      counters_.dropped(reason, count);
      log_warning("winlog", "{}: {} records before {} are lost: {}", name, count, group.last, reason);
    }
    log.now.bookmark = group.bookmark;
    pending_.push_back({position, name, log.now});
    const std::lock_guard lock(mutex_);
    streams_[name] = status;
    return true;
  }

  // --- checkpoints ---

  void note_durable() {
    const Position durable = sink_.durable_position();
    while (!pending_.empty() && pending_.front().position <= durable) {
      auto& done = pending_.front();
      if (const auto log = logs_.find(done.name); log != logs_.end()) (void)log->second.source->ack(done.progress.bookmark);
      durable_[done.name] = std::move(done.progress);
      pending_.pop_front();
      dirty_ = true;
    }
  }

  void save() {
    // A log that is gone for good is forgotten when there are too many to remember.
    while (durable_.size() > 2 * settings_.max_files) {
      const auto gone = std::ranges::find_if(durable_, [this](const auto& one) { return !logs_.contains(one.first); });
      if (gone == durable_.end()) break;
      durable_.erase(gone);
    }
    if (auto saved = checkpoints_.save(key_, to_text(durable_)); !saved) counters_.set_state("following", saved.error().message());
    else dirty_ = false;
  }

  const LogSettings settings_;
  intake::EntrySink& sink_;
  intake::CheckpointStore& checkpoints_;
  const std::string key_;
  intake::SourceCounters counters_;
  intake::SourceThread thread_;
  intake::JournalPusher pusher_;

  // The thread's, once started.
  std::map<std::string, Log> logs_;
  std::map<std::string, Progress> durable_;
  std::deque<Pending> pending_;
  std::vector<journal::EntryView> entries_;
  std::string trouble_;
  bool first_start_ = false, dirty_ = false;

  mutable std::mutex mutex_;
  std::map<std::string, intake::StreamStatus> streams_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<intake::Source> make_source(const LogSettings& settings, intake::EntrySink& sink, intake::CheckpointStore& checkpoints) {
  return std::make_unique<LogSource>(settings, sink, checkpoints);
}

}  // namespace yagura::winlog
