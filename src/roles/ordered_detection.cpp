#include "roles/ordered_detection.hpp"

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

namespace yagura::roles {

namespace {

constexpr std::string_view kMagic = "YGDSTAT1";
constexpr std::chrono::seconds kInterval{10};
constexpr int kRest = 50;  // a state that takes long to write is written less often: a fiftieth of the time at most
constexpr Bytes kMostState = 2_GiB;
constexpr std::size_t kHashSize = 32;

std::string bytes_of(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

}  // namespace

OrderedDetection::OrderedDetection(std::filesystem::path file, event::TableSchema alert_schema, detect::AlertDeskOptions options,
                                   std::shared_ptr<const detect::RuleSnapshot> snapshot, Position stored)
    : file_(std::move(file)),
      stored_before_(stored),
      desk_(std::move(alert_schema), std::move(options), std::move(snapshot)),
      seen_(stored),
      last_complete_(stored),
      kept_(stored.number()),
      stored_(stored) {}

Result<OrderedDetection::State> OrderedDetection::read() const {
  const auto text = TRY(read_file(file_, kMostState));
  const std::size_t head = kMagic.size() + 8;
  if (text.size() < head + kHashSize || !text.starts_with(kMagic)) return fail(ErrorKind::corrupt, "{} is no state of the detection", file_.string());
  const std::string_view content = std::string_view(text).substr(0, text.size() - kHashSize);
  if (as_text(sha256(content)) != std::string_view(text).substr(content.size())) return fail(ErrorKind::corrupt, "{} is damaged: its checksum differs", file_.string());
  std::uint64_t position = 0;
  for (std::size_t i = 8; i-- > 0;) position = position << 8 | static_cast<unsigned char>(text[kMagic.size() + i]);
  return State{Position(position), std::string(content.substr(head))};
}

std::unique_ptr<OrderedDetection> OrderedDetection::open(std::filesystem::path file, event::TableSchema alert_schema, detect::AlertDeskOptions options,
                                                         std::shared_ptr<const detect::RuleSnapshot> snapshot, Position stored, Position journal_end) {
  const auto make = [&] { return std::unique_ptr<OrderedDetection>(new OrderedDetection(file, alert_schema, options, snapshot, stored)); };
  auto step = make();
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return step;
  auto state = step->read();
  if (state && state->position > journal_end)
    state = fail(ErrorKind::corrupt, "it is of position {}, but the journal ends at {}: it belongs to another one", state->position.number(), journal_end.number());
  Result<> restored = state ? step->desk_.restore(state->bytes) : Result<>(std::unexpected(state.error()));
  if (!restored) {
    log_warning("detect", "correlations and throttles begin anew: {}", restored.error().message());
    return make();
  }
  step->seen_ = state->position;
  step->kept_ = state->position.number();
  return step;
}

void OrderedDetection::see(const flow::CutRange& range, std::unique_ptr<flow::Findings> findings) {
  if (range.last <= seen_ || !findings) return;
  auto& found = static_cast<DetectionFindings&>(*findings).found;
  // A block that the state has in part.
  std::erase_if(found.alerts, [&](const auto& alert) { return alert.position <= seen_; });
  std::erase_if(found.events, [&](const auto& event) { return event.position <= seen_; });
  received_ = std::max(received_, found.received_up_to);
  desk_.see(std::move(found), range.last <= stored_before_, ReceiveClock::now());
  seen_ = range.last;
}

void OrderedDetection::complete(flow::Cut& cut) {
  if (auto rows = desk_.finish_cut(); rows.row_count() > 0) cut.add(std::move(rows));
  last_complete_ = cut.range.last;
  publish_status();
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_state_ || seen_ < cut.range.last) return;
  {
    const std::lock_guard lock(mutex_);
    if (pending_) return;  // the one before is still waiting for the store
  }
  State state{seen_, desk_.checkpoint()};
  const auto end = std::chrono::steady_clock::now();
  next_state_ = end + std::max<std::chrono::steady_clock::duration>(kInterval, kRest * (end - begin));
  const std::lock_guard lock(mutex_);
  pending_ = std::move(state);
}

void OrderedDetection::stored(const flow::CutRange& range) {
  std::optional<State> state;
  {
    const std::lock_guard lock(mutex_);
    stored_ = std::max(stored_, range.last);
    if (!pending_ || pending_->position > range.last) return;
    state.swap(pending_);
  }
  write(*state);
}

void OrderedDetection::write(const State& state) {
  std::string text(kMagic);
  text += bytes_of(state.position.number());
  text += state.bytes;
  text += as_text(sha256(text));
  if (const auto written = write_file_atomically(file_, text, 0600); !written) {
    log_warning("detect", "the state of correlations was not written; after a crash more of the journal is read again: {}", written.error().message());
    return;
  }
  kept_ = state.position.number();
}

void OrderedDetection::close() {
  bool whole = false;
  {
    const std::lock_guard lock(mutex_);
    pending_.reset();
    whole = stored_ == last_complete_ && seen_ == last_complete_;
  }
  if (whole && seen_ != kept()) write({seen_, desk_.checkpoint()});
}

void OrderedDetection::publish_status() {
  static Gauge& waiting = metrics().gauge("yagura_correlation_waiting_events", "Events that wait for earlier ones");
  static Gauge& groups = metrics().gauge("yagura_correlation_groups", "Groups that correlations remember");
  static Gauge& events = metrics().gauge("yagura_correlation_window_events", "Events that they remember of them");
  static Gauge& late = metrics().gauge("yagura_correlation_late_events", "Events that came after a later one had been worked on");
  static Gauge& ungrouped = metrics().gauge("yagura_correlation_ungrouped_events", "Events without a field that a correlation groups by");
  static Gauge& forgotten = metrics().gauge("yagura_correlation_forgotten_groups", "Groups that were forgotten for want of room");
  const auto status = desk_.correlation();
  waiting.set(static_cast<double>(status.waiting));
  groups.set(static_cast<double>(status.groups));
  events.set(static_cast<double>(status.window_events));
  late.set(static_cast<double>(status.late));
  ungrouped.set(static_cast<double>(status.ungrouped));
  forgotten.set(static_cast<double>(status.forgotten_groups));
  const std::lock_guard lock(mutex_);
  status_ = status;
  next_due_ = desk_.next_due();
}

bool OrderedDetection::wants_tick(ReceiveTime now) const {
  const std::lock_guard lock(mutex_);
  return next_due_ && *next_due_ <= now;
}

detect::CorrelatorStatus OrderedDetection::correlation() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace yagura::roles
