#include "intake/journald_source.hpp"

#include <systemd/sd-journal.h>

#include <deque>
#include <map>

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/source_thread.hpp"

namespace yagura::intake {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 1024;
constexpr auto kWait = std::chrono::milliseconds(250);
constexpr auto kLookAgain = std::chrono::seconds(30);
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr std::size_t kMostFields = 1024;

struct CloseJournal {
  void operator()(sd_journal* journal) const { ::sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, CloseJournal>;

// A value that is not text comes as a list of its bytes, as journalctl does it.
void append_value(JsonWriter& json, std::string_view value) {
  if (utf8::valid(value)) {
    json.text(value);
    return;
  }
  json.begin_array();
  for (const char c : value) json.number(static_cast<int>(static_cast<unsigned char>(c)));
  json.end_array();
}

class JournaldImpl final : public JournaldSource {
 public:
  JournaldImpl(JournaldSettings settings, EntrySink& sink, CheckpointStore& checkpoints)
      : settings_(std::move(settings)),
        sink_(sink),
        checkpoints_(checkpoints),
        key_("intake/journald/" + settings_.name),
        counters_(settings_.name, "journald"),
        pusher_(sink, counters_, thread_.stopping(), "following") {}
  ~JournaldImpl() override { stop(); }

  Result<> start() override {
    auto saved = TRY(checkpoints_.load(key_), "starting source '{}'", settings_.name);
    first_start_ = !saved.has_value();
    cursor_ = std::move(saved).value_or("");
    counters_.set_state("following");
    thread_.start([this] { run(); });
    return {};
  }

  void stop() override {
    if (thread_.stop()) counters_.set_state("stopped");
  }

  SourceStatus status() const override {
    return counters_.status(settings_.directory.empty() ? "journald" : settings_.directory.string());
  }

 private:
  void run() {
    while (!thread_.stopping()) {
      Journal journal = open();
      if (!journal) {
        thread_.rest(kLookAgain);
        continue;
      }
      counters_.connections(1);
      follow(*journal);
      counters_.connections(0);
    }
    if (!pending_.empty()) (void)sink_.wait_durable(pending_.back().first, Deadline::in(2s));
    save_durable();
  }

  Journal open() {
    sd_journal* raw = nullptr;
    const int code = settings_.directory.empty() ? ::sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY)
                                                 : ::sd_journal_open_directory(&raw, settings_.directory.c_str(), 0);
    Journal journal(raw);
    if (code < 0) {
      counters_.set_state("waiting", fmt::format("no systemd journal: {}", ::strerrordesc_np(-code)));
      return nullptr;
    }
    // Opening succeeds where there is no journal at all; only its emptiness tells.
    if (::sd_journal_seek_head(raw) < 0 || ::sd_journal_next(raw) <= 0) {
      counters_.set_state("waiting",
                          "no systemd journal on this machine, or no permission to read it (group systemd-journal)");
      return nullptr;
    }
    position(raw);
    counters_.set_state("following");
    return journal;
  }

  void position(sd_journal* journal) {
    if (!cursor_.empty() && ::sd_journal_seek_cursor(journal, cursor_.c_str()) == 0 && ::sd_journal_next(journal) > 0) {
      // At the entry itself if it is still there: then the next one is ours. If it was deleted, we stand at the next
      // one already.
      if (::sd_journal_test_cursor(journal, cursor_.c_str()) <= 0) ::sd_journal_previous(journal);
      return;
    }
    if (cursor_.empty() && first_start_ && !settings_.from_beginning) {
      ::sd_journal_seek_tail(journal);
      ::sd_journal_previous(journal);
    } else {
      ::sd_journal_seek_head(journal);
    }
    first_start_ = false;
  }

  void follow(sd_journal& journal) {
    auto next_save = Clock::now() + kSaveInterval;
    while (!thread_.stopping()) {
      const std::size_t taken = take_batch(journal);
      if (Clock::now() >= next_save) {
        save_durable();
        next_save = Clock::now() + kSaveInterval;
      }
      if (taken > 0) continue;
      // libsystemd's own wait cannot be woken by stop(), so it is kept short.
      if (::sd_journal_wait(&journal, std::chrono::duration_cast<std::chrono::microseconds>(kWait).count()) < 0) return;
    }
  }

  std::size_t take_batch(sd_journal& journal) {
    texts_.clear();
    identities_.clear();
    std::string last_cursor;
    while (texts_.size() < kBatch) {
      const int next = ::sd_journal_next(&journal);
      if (next <= 0) {
        if (next < 0)
          counters_.set_state("following", fmt::format("reading the systemd journal: {}", ::strerrordesc_np(-next)));
        break;
      }
      char* cursor = nullptr;
      if (::sd_journal_get_cursor(&journal, &cursor) < 0) continue;
      last_cursor = cursor;
      ::free(cursor);
      texts_.push_back(entry_as_json(journal, last_cursor));
      identities_.push_back(identity_of(last_cursor));
    }
    if (texts_.empty()) return 0;
    const ReceiveTime now = ReceiveClock::now();
    entries_.clear();
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      entries_.push_back({.source = settings_.name,
                          .peer = "journald",
                          .hint = "journald",
                          .received_at = now,
                          .read_at = now,
                          .payload = texts_[i],
                          .item_id = identities_[i]});
      bytes += texts_[i].size();
    }
    const auto pushed = pusher_.push(entries_);
    if (!pushed) return 0;
    counters_.received(texts_.size(), bytes, now);
    pending_.emplace_back(*pushed, std::move(last_cursor));
    return texts_.size();
  }

  static Guid identity_of(std::string_view cursor) {
    const Sha256Digest digest = sha256(cursor);
    Guid id;
    for (std::size_t i = 0; i < 8; ++i) {
      id.high = id.high << 8 | digest[i];
      id.low = id.low << 8 | digest[i + 8];
    }
    // RFC 9562 version 4 layout: nothing can be read back from it.
    id.high = (id.high & 0xFFFF'FFFF'FFFF'0FFFULL) | 0x4000;
    id.low = (id.low & 0x3FFF'FFFF'FFFF'FFFFULL) | 0x8000'0000'0000'0000ULL;
    return id;
  }

  std::string entry_as_json(sd_journal& journal, std::string_view cursor) {
    // A field may stand several times: then it is a list.
    std::map<std::string, std::vector<std::string>, std::less<>> fields;
    const void* data = nullptr;
    std::size_t size = 0;
    ::sd_journal_set_data_threshold(&journal, settings_.max_field.count());
    ::sd_journal_restart_data(&journal);
    while (::sd_journal_enumerate_available_data(&journal, &data, &size) > 0) {
      const std::string_view field(static_cast<const char*>(data), size);
      const auto equals = field.find('=');
      if (equals == std::string_view::npos) continue;
      if (size >= settings_.max_field.count()) counters_.noted("cut_field");
      if (fields.size() >= kMostFields) break;
      fields[std::string(field.substr(0, equals))].emplace_back(field.substr(equals + 1));
    }
    std::uint64_t realtime = 0, monotonic = 0;
    sd_id128_t boot{};
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("__CURSOR").text(cursor);
    if (::sd_journal_get_realtime_usec(&journal, &realtime) >= 0)
      json.key("__REALTIME_TIMESTAMP").text(std::to_string(realtime));
    if (::sd_journal_get_monotonic_usec(&journal, &monotonic, &boot) >= 0)
      json.key("__MONOTONIC_TIMESTAMP").text(std::to_string(monotonic));
    for (const auto& [name, values] : fields) {
      json.key(name);
      if (values.size() == 1) {
        append_value(json, values.front());
        continue;
      }
      json.begin_array();
      for (const auto& value : values) append_value(json, value);
      json.end_array();
    }
    json.end_object();
    return out;
  }

  void save_durable() {
    const Position durable = sink_.durable_position();
    bool moved = false;
    while (!pending_.empty() && pending_.front().first <= durable) {
      cursor_ = std::move(pending_.front().second);
      pending_.pop_front();
      moved = true;
    }
    if (!moved) return;
    if (auto saved = checkpoints_.save(key_, cursor_); !saved)
      counters_.set_state("following", saved.error().message());
  }

  const JournaldSettings settings_;
  EntrySink& sink_;
  CheckpointStore& checkpoints_;
  const std::string key_;
  SourceCounters counters_;
  SourceThread thread_;
  JournalPusher pusher_;

  std::string cursor_;
  bool first_start_ = false;
  std::vector<std::string> texts_;
  std::vector<Guid> identities_;
  std::vector<journal::EntryView> entries_;
  std::deque<std::pair<Position, std::string>> pending_;  // position of a batch's last entry, and its cursor
};

}  // namespace

std::unique_ptr<JournaldSource> JournaldSource::create(JournaldSettings settings, EntrySink& sink,
                                                       CheckpointStore& checkpoints) {
  return std::make_unique<JournaldImpl>(std::move(settings), sink, checkpoints);
}

}  // namespace yagura::intake
