#include "agent/spool.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace yagura::agent {

namespace {

constexpr std::size_t kMostKnown = 500'000;  // identities remembered after a crash
constexpr auto kLook = std::chrono::milliseconds(500);
constexpr auto kForget = std::chrono::minutes(5);
constexpr auto kLookSoon = std::chrono::milliseconds(50);

// Lines: "through N", "mark N", "damaged N", "agent 0 id", "sent N source".
std::string to_text(const SendProgress& progress, Position mark) {
  std::string out = fmt::format("through {}\nmark {}\ndamaged {}\n", progress.through.number(), mark.number(), progress.damaged);
  if (!progress.agent.empty()) fmt::format_to(std::back_inserter(out), "agent 0 {}\n", percent_encode(progress.agent));
  for (const auto& [source, count] : progress.sent) fmt::format_to(std::back_inserter(out), "sent {} {}\n", count, percent_encode(source));
  return out;
}

bool parse(std::string_view text, SendProgress& progress, Position& mark) {
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    const auto number = words.size() >= 2 ? parse_uint64(words[1]) : std::nullopt;
    if (!number) return false;
    if (words[0] == "through") progress.through = Position(*number);
    else if (words[0] == "mark") mark = Position(*number);
    else if (words[0] == "damaged") progress.damaged = *number;
    else if (words[0] == "agent" && words.size() == 3) progress.agent = percent_decode(words[2]);
    else if (words[0] == "sent" && words.size() == 3) progress.sent[percent_decode(words[2])] = *number;
    else return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(SpoolSettings settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.folder, error);
  if (error) return fail_errno(error.value(), "making the folder " + settings.folder.string());
  std::unique_ptr<Spool> out(new Spool(std::move(settings)));
  const auto& s = out->settings_;
  journal::WriterOptions options;
  options.folder = s.folder / "journal";
  options.signing_key = s.folder / "spool-key.pem";
  options.segment_size = std::clamp(Bytes(s.max_size.count() / 8), 1_MiB, 8_MiB);
  // Small memory: an agent lives beside what the host is there for.
  options.block_size = 256_KiB;
  options.max_pending = 4_MiB;
  options.cache = 2_MiB;
  options.min_free = s.min_free;
  options.head_interval = std::chrono::seconds(10);
  out->writer_ = TRY(journal::Writer::open(std::move(options)), "opening the spool");
  out->id_ = out->writer_->head().journal;
  out->checkpoints_ = TRY(intake::FileCheckpointStore::open(s.folder / "checkpoints"));
  if (const auto text = TRY(out->checkpoints_->load("progress")); text && !parse(*text, out->kept_, out->mark_))
    return fail(ErrorKind::corrupt, "{} is not one of ours; without it everything in the spool is sent again (the server knows it by its positions)",
                (s.folder / "checkpoints/progress.checkpoint").string());
  TRY(out->scan());
  out->look();
  return out;
}

Spool::~Spool() = default;

// What is behind the last progress: counts of what is not sent, and identities that sources may give again.
Result<> Spool::scan() {
  const std::lock_guard lock(mutex_);
  accepted_ = kept_.sent;
  const auto tail = writer_->tail(Position(std::min(kept_.through, mark_).number() + 1));
  std::size_t known = 0;
  std::string source;
  const journal::Origin* origin = nullptr;
  while (auto block = TRY(tail->next(Deadline::in(0ms)), "reading the spool")) {
    origin = nullptr;
    for (const auto& entry : block->entries()) {
      if (entry.origin != origin) {
        origin = entry.origin;
        source = entry.source();
      }
      if (entry.position > kept_.through) ++accepted_[source];
      if (entry.position <= mark_ || entry.item_id == Guid{}) continue;
      auto& list = found_[source];
      if (++known > kMostKnown && list.size() > 1) {
        // The newest are those that come again first: forget from the front, half at a time.
        log_warning("agent", "more than {} events of '{}' have come since its last checkpoint: some may come twice", kMostKnown, source);
        known -= list.size() / 2;
        list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2));
      }
      list.emplace_back(entry.position, entry.item_id);
    }
  }
  return {};
}

Spool::Door& Spool::of(const std::string& source) {
  const std::lock_guard lock(mutex_);
  auto& door = doors_[source];
  if (!door) door.reset(new Door(*this, source));
  return *door;
}

void Spool::opened() {
  const std::lock_guard lock(mutex_);
  opened_ = true;
  found_.clear();
}

Position Spool::settled() const {
  if (!opened_) return mark_;  // sources that are not there yet may give again what the scan has found
  Position least = writer_->durable_position();
  for (const auto& [name, door] : doors_)
    if (door->keeps_checkpoints_ && door->last_ > door->covered_) least = std::min(least, door->covered_);
  // Of sources that have no door now (a configuration without them) nobody knows: their marks stay in their checkpoints.
  return least;
}

Result<> Spool::keep(const SendProgress& progress) {
  Position mark;
  {
    const std::lock_guard lock(mutex_);
    through_ = progress.through;
    mark = std::max(mark_, settled());
  }
  if (progress.through != kept_.through || progress.damaged != kept_.damaged || progress.agent != kept_.agent || mark != mark_) {
    TRY(checkpoints_->save("progress", to_text(progress, mark)), "keeping how far the spool was sent");
    kept_ = progress;
    const std::lock_guard lock(mutex_);
    mark_ = mark;
  }
  journal::RetentionPolicy policy;
  policy.max_size = settings_.keep_sent;
  policy.keep_from = Position(std::min(kept_.through, mark_).number() + 1);
  {
    const std::lock_guard lock(mutex_);
    if (holder_)
      if (const auto held = holder_()) policy.keep_from = std::min(policy.keep_from, *held);
  }
  TRY(writer_->retain(policy), "letting go of what was sent");
  look();
  return {};
}

void Spool::hold(std::function<std::optional<Position>()> holder) {
  const std::lock_guard lock(mutex_);
  holder_ = std::move(holder);
}

void Spool::forget_unsent() {
  const std::lock_guard lock(mutex_);
  accepted_ = kept_.sent;
}

void Spool::forget_sent(const std::map<std::string, std::uint64_t>& sent) {
  const std::lock_guard lock(mutex_);
  for (const auto& [source, count] : sent)
    if (auto& accepted = accepted_[source]; accepted >= count) accepted -= count;
}

void Spool::look() {
  const auto size = writer_->status().size.count();
  const std::lock_guard lock(mutex_);
  size_ = size;
  added_ = 0;
  looked_at_ = std::chrono::steady_clock::now();
  if (size_ < settings_.max_size.count()) room_.notify_all();
}

Result<> Spool::wait_for_room(std::unique_lock<std::mutex>& lock, std::uint64_t events, Deadline deadline) {
  using Clock = std::chrono::steady_clock;
  while (true) {
    // Much may have come since: compressed it is less, so look before saying no.
    if (const auto ago = Clock::now() - looked_at_; ago > kLook || (size_ + added_ >= settings_.max_size.count() && ago > kLookSoon)) {
      lock.unlock();
      look();
      lock.lock();
    }
    // What the server has, and only stays until its source has saved its place, must not stop that source from coming to it.
    const bool full = size_ >= settings_.max_size.count() && settled() >= through_;
    std::chrono::duration<double> pause{0.1};
    if (!full) {
      if (settings_.events_per_second == 0) return {};
      const double rate = static_cast<double>(settings_.events_per_second);
      const auto now = Clock::now();
      tokens_ = std::min(rate, tokens_ + rate * std::chrono::duration<double>(now - filled_at_).count());
      filled_at_ = now;
      if (tokens_ > 0) {
        tokens_ -= static_cast<double>(events);  // may go below zero: large groups have their turn, and then wait
        return {};
      }
      pause = std::chrono::duration<double>(-tokens_ / rate + 0.001);
    }
    if (deadline.passed()) {
      if (full) return fail(ErrorKind::exhausted, "the spool holds {} that the server does not have: waiting for it", to_string(settings_.max_size));
      return fail(ErrorKind::exhausted, "limited to {} events a second", settings_.events_per_second);
    }
    const auto until = std::min(deadline.at(), Clock::now() + std::chrono::duration_cast<Clock::duration>(pause));
    room_.wait_until(lock, until);
  }
}

Result<Position> Spool::let_in(Door& door, std::span<const journal::EntryView> entries, Deadline deadline) {
  std::unique_lock lock(mutex_);
  std::vector<journal::EntryView> fresh;
  std::span<const journal::EntryView> taken = entries;
  if (!door.known_.empty()) {
    for (const auto& entry : entries)
      if (!door.known_.contains(entry.item_id)) fresh.push_back(entry);
    taken = fresh;
  }
  const auto given_again = [&](Position position) {
    if (door.known_.empty()) return;
    for (const auto& entry : entries)
      if (door.known_.erase(entry.item_id) > 0) {
        door.floor_ = position;
        door.known_at_ = std::chrono::steady_clock::now();
      }
  };
  if (taken.empty()) {
    const Position last = std::max(door.last_, writer_->durable_position());
    given_again(last);
    return last;
  }
  TRY(wait_for_room(lock, taken.size(), deadline));
  // Under the lock: what the door gave last, and what is counted, are one with what the journal has.
  const Position last = TRY(writer_->append(taken, std::min(deadline, Deadline::in(1s), [](const Deadline& a, const Deadline& b) { return a.at() < b.at(); })));
  given_again(last);
  door.last_ = last;
  for (const auto& entry : taken) added_ += entry.payload.size();
  accepted_[door.source_] += taken.size();
  return last;
}

SpoolStatus Spool::status() const {
  SpoolStatus out{.trouble = writer_->trouble()};
  const std::lock_guard lock(mutex_);
  out.size = Bytes(size_);
  for (const auto& [source, count] : accepted_) out.accepted += count;
  if (out.trouble.empty() && size_ >= settings_.max_size.count())
    out.trouble = fmt::format("the spool is full: {} that the server does not have", to_string(settings_.max_size));
  return out;
}

std::map<std::string, std::uint64_t> Spool::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

Result<> Spool::close(Deadline deadline) { return writer_->close(deadline); }

Result<Position> Spool::Door::append(std::span<const journal::EntryView> entries, Deadline deadline) { return spool_.let_in(*this, entries, deadline); }

Result<> Spool::Door::wait_durable(Position position, Deadline deadline) { return spool_.writer_->wait_durable(position, deadline); }

Position Spool::Door::durable_position() const {
  const Position durable = spool_.writer_->durable_position();
  const std::lock_guard lock(spool_.mutex_);
  if (!known_.empty() && std::chrono::steady_clock::now() - known_at_ > kForget && spool_.size_ < spool_.settings_.max_size.count()) {
    known_.clear();  // what it has not given again by now is gone: a file that was deleted, say
    floor_ = last_;
  }
  if (known_.empty() && durable >= floor_) asked_ = durable;
  return durable;
}

std::string Spool::Door::trouble() const { return spool_.status().trouble; }

Result<std::optional<std::string>> Spool::Door::load(std::string_view key) {
  auto text = TRY(spool_.checkpoints_->load(key));
  const std::lock_guard lock(spool_.mutex_);
  keeps_checkpoints_ = true;
  known_.clear();
  covered_ = spool_.mark_;
  std::optional<std::string> value;
  if (text) {
    const auto end = text->find('\n');
    const auto covered = parse_uint64(std::string_view(*text).substr(0, end));
    if (!covered || end == std::string::npos) return fail(ErrorKind::corrupt, "the checkpoint '{}' is not one of ours", key);
    covered_ = std::max(covered_, Position(*covered));
    value = text->substr(end + 1);
  }
  asked_ = covered_;
  if (const auto found = spool_.found_.find(source_); found != spool_.found_.end()) {
    for (const auto& [position, id] : found->second)
      if (position > covered_) {
        known_.insert(id);
        last_ = std::max(last_, position);
      }
    spool_.found_.erase(found);
  }
  floor_ = {};
  known_at_ = std::chrono::steady_clock::now();
  return value;
}

Result<> Spool::Door::save(std::string_view key, std::string_view value) {
  Position covered;
  {
    const std::lock_guard lock(spool_.mutex_);
    covered = std::max(covered_, asked_);
  }
  TRY(spool_.checkpoints_->save(key, fmt::format("{}\n{}", covered.number(), value)));
  const std::lock_guard lock(spool_.mutex_);
  covered_ = covered;
  return {};
}

}  // namespace yagura::agent
