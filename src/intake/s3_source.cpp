#include "intake/s3_source.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/backoff.hpp"

namespace yagura::intake {

namespace {

constexpr std::size_t kBatchBytes = 1UL << 20U;
constexpr std::size_t kBatchEntries = 4096;
constexpr auto kReadTimeout = 120s;

// The same object has the same name each time it is delivered: the entries' peer.
std::string object_name(const cloud::ObjectNotice& notice, std::string_view etag) {
  std::string name = "s3://" + notice.bucket + "/" + notice.key;
  if (!etag.empty()) name += "#" + std::string(etag);
  return name;
}

Guid item_id(std::string_view object, std::uint64_t index) {
  const auto digest = sha256(fmt::format("{}\n{}", object, index));
  Guid id;
  for (int i = 0; i < 8; ++i) id.high = id.high << 8U | digest[static_cast<std::size_t>(i)];
  for (int i = 8; i < 16; ++i) id.low = id.low << 8U | digest[static_cast<std::size_t>(i)];
  id.high = (id.high & ~0xF000ULL) | 0x5000ULL;  // made from a name (RFC 9562 version 5's place; the hash is SHA-256)
  id.low = (id.low & ~(3ULL << 62U)) | (2ULL << 62U);
  return id;
}

bool is_digest(std::string_view key) { return key.find("/CloudTrail-Digest/") != std::string_view::npos; }

}  // namespace

std::optional<ObjectLayout> layout_of(std::string_view table, std::string_view begin, bool is_all) {
  ObjectLayout layout;
  std::string_view text = begin;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos && !is_all) return std::nullopt;
  const bool json = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  if (json) {
    // Documents of a subscription say group and stream once for all their events: they are taken apart behind the journal.
    layout.kind = table == "AWSCloudWatch" ? ObjectLayout::Kind::json_documents : ObjectLayout::Kind::json_values;
    layout.hint = "json?table=" + std::string(table);
    if (table == "AWSCloudWatch") layout.hint = "aws-cloudwatch?table=AWSCloudWatch";
    return layout;
  }
  layout.hint = "text?table=" + std::string(table);
  if (table == "AWSS3ServerAccess") layout.hint = "aws-s3-access";
  if (table == "AWSALBAccessLogs" || table == "AWSNLBAccessLogs") layout.hint = "aws-elb";
  if (table != "AWSVPCFlow" && table != "AWSELBFlowLogs") return layout;
  // The first line names the fields, in any order.
  const auto end = begin.find('\n');
  if (end == std::string_view::npos && !is_all && begin.size() < 8192) return std::nullopt;
  const auto line = trim(begin.substr(0, end));
  // Names begin with letters, values with digits at least once (the version, an address, a port).
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == ' ' || is_ascii_digit(c); };
  bool names = !line.empty() && std::ranges::all_of(line, is_name) && !is_ascii_digit(line.front());
  for (std::size_t i = 1; i < line.size(); ++i)
    if (line[i - 1] == ' ' && is_ascii_digit(line[i])) names = false;
  layout.hint = "aws-flow?table=" + std::string(table);
  if (names) {
    layout.hint += "&fields=" + percent_encode(line);
    layout.skipped = end == std::string_view::npos ? begin.size() : end + 1;
  }
  return layout;
}

// Cuts content into records and appends them, leaving out those that the journal has.
class S3Source::Cutter {
 public:
  Cutter(S3Source& source, std::string object, std::uint64_t journaled, const std::atomic<bool>& stopping)
      : source_(source), object_(std::move(object)), journaled_(journaled), pusher_(source.sink_, source.counters_, stopping, "polling") {}

  // False: stop() came first.
  Result<bool> feed(std::string_view piece, bool ends) {
    text_ += piece;
    if (!layout_) {
      layout_ = layout_of(source_.options_.table, text_, ends);
      if (!layout_) return true;
      text_.erase(0, layout_->skipped);
      if (layout_->kind == ObjectLayout::Kind::json_documents) cutter_.emplace(JsonCutter::Wrappers::keep);
      else cutter_.emplace();
    }
    std::vector<JsonPiece> pieces;
    std::size_t consumed = 0;
    if (layout_->kind == ObjectLayout::Kind::lines) cut_lines(ends, pieces, consumed);
    else cutter_->cut(text_, ends, pieces, consumed);
    for (const auto& one : pieces) TRY(add(std::string_view(text_).substr(one.at, one.size)));
    if (!flush()) return false;
    text_.erase(0, consumed);
    if (text_.size() > source_.options_.limits.most.count()) return fail(ErrorKind::exhausted, "a record without end");
    if (text_.size() > 64UL << 20U) return fail(ErrorKind::corrupt, "a record is longer than 64 MiB, or the JSON does not end");
    return true;
  }
  std::uint64_t records() const { return index_; }
  std::optional<Position> last() const { return last_; }

 private:
  void cut_lines(bool ends, std::vector<JsonPiece>& lines, std::size_t& consumed) const {
    while (consumed < text_.size()) {
      auto end = text_.find('\n', consumed);
      if (end == std::string::npos && !ends) return;
      if (end == std::string::npos) end = text_.size();
      const std::size_t size = end - consumed;
      const auto line = trim(std::string_view(text_).substr(consumed, size));
      if (!line.empty() && line.front() != '#') lines.push_back({consumed, size > 0 && text_[end - 1] == '\r' ? size - 1 : size});
      consumed = std::min(end + 1, text_.size());
    }
  }

  Result<> add(std::string_view record) {
    const auto most = static_cast<std::size_t>(source_.options_.most_record.count());
    for (std::size_t at = 0; at < record.size() || at == 0; at += most) {
      const auto index = index_++;
      if (index < journaled_) continue;
      entries_.push_back({.source = source_.options_.name,
                          .peer = object_,
                          .hint = layout_->hint,
                          .received_at = ReceiveClock::now(),
                          .payload = record.substr(at, most),
                          .item_id = item_id(object_, index)});
      bytes_ += record.size();
      if (entries_.size() >= kBatchEntries || bytes_ >= kBatchBytes)
        if (!flush()) return fail(ErrorKind::cancelled, "stopped");
    }
    return {};
  }

  bool flush() {
    if (entries_.empty()) return true;
    const auto last = pusher_.push(entries_);
    if (!last) return false;
    source_.book_->journaled(object_, entries_.size());
    source_.counters_.received(entries_.size(), bytes_, ReceiveClock::now());
    {
      const std::lock_guard lock(source_.mutex_);
      source_.status_.records += entries_.size();
      source_.status_.last_event_ticks = ReceiveClock::now().time_since_epoch().count();
    }
    last_ = last;
    entries_.clear();
    bytes_ = 0;
    return true;
  }

  S3Source& source_;
  const std::string object_;
  const std::uint64_t journaled_;
  JournalPusher pusher_;
  std::optional<ObjectLayout> layout_;
  std::optional<JsonCutter> cutter_;
  std::string text_;
  std::vector<journal::EntryView> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t index_ = 0;
  std::optional<Position> last_;
};

struct S3Source::Worker {
  SourceThread thread;
};

S3Source::S3Source(S3SourceOptions options, EntrySink& sink, std::unique_ptr<ObjectBook> book)
    : options_(std::move(options)), sink_(sink), book_(std::move(book)), queue_(options_.sqs, options_.queue_url), counters_(options_.name, "aws-s3") {}

S3Source::~S3Source() { stop(); }

Result<> S3Source::start() {
  counters_.set_state("polling");
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.threads); ++i) {
    workers_.push_back(std::make_unique<Worker>());
    auto& worker = *workers_.back();
    worker.thread.start([this, &worker] { work(worker); });
  }
  watcher_.start([this] { watch(); });
  return {};
}

void S3Source::stop() {
  for (const auto& worker : workers_) worker->thread.stop();
  workers_.clear();
  if (watcher_.stop()) counters_.set_state("stopped");
}

SourceStatus S3Source::status() const {
  auto status = counters_.status(options_.queue_url);
  const std::lock_guard lock(mutex_);
  if (status.detail.empty()) status.detail = status_.last_error;
  return status;
}

QueueStatus S3Source::queue_status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void S3Source::trouble(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    status_.last_error = text;
  }
  counters_.set_state(text.empty() ? "polling" : "failed", text);
}

void S3Source::work(Worker& worker) {
  const auto& stopping = worker.thread.stopping();
  net::Backoff backoff(1s, 60s);
  while (!stopping) {
    // A wait that stop() need not outlast: SQS holds the answer back for as long as there is nothing.
    const auto wait = std::min<std::chrono::seconds>(options_.wait, 5s);
    const auto messages = queue_.receive(1, wait, options_.visibility, Deadline::in(wait + 30s));
    if (!messages) {
      trouble(messages.error().text());
      worker.thread.rest(backoff.next());
      continue;
    }
    backoff.succeeded();
    if (messages->empty()) {
      trouble("");
      continue;
    }
    for (const auto& message : *messages) {
      {
        const std::lock_guard lock(mutex_);
        ++status_.received;
        status_.oldest_ticks = message.sent_ticks;
        hidden_until_[message.receipt_handle] = std::chrono::steady_clock::now() + options_.visibility;
      }
      take_message(worker, message);
      const std::lock_guard lock(mutex_);
      hidden_until_.erase(message.receipt_handle);
    }
  }
}

void S3Source::take_message(Worker& worker, const cloud::SqsMessage& message) {
  const auto& stopping = worker.thread.stopping();
  const auto notification = cloud::parse_notification(message.body);
  if (!notification) return give_up(message, {{"message " + message.id, notification.error().message()}});
  // Each object for itself: one that cannot be read must not keep the message's others away.
  bool again = false;
  std::vector<Unreadable> unreadable;
  for (const auto& notice : notification->objects) {
    std::string name = object_name(notice, notice.etag);
    const auto taken = take_object(notice, stopping, &name);
    if (stopping) return;
    if (!taken) {
      trouble(fmt::format("s3://{}/{}: {}", notice.bucket, notice.key, taken.error().message()));
      // What is for good, or has been tried often enough, must not come for ever.
      if (message.receive_count >= options_.most_tries) unreadable.push_back({std::move(name), taken.error().message()});
      else again = true;
    } else if (!*taken) {
      again = true;  // another thread has it: this message comes again and finds it done
    }
  }
  if (again) return;
  if (!unreadable.empty()) return give_up(message, unreadable);
  if (auto removed = queue_.remove(message.receipt_handle, Deadline::in(60s)); !removed) return trouble(removed.error().text());
  trouble("");
  const std::lock_guard lock(mutex_);
  ++status_.deleted;
}

// The message itself goes into the journal, so that nothing is lost with it.
void S3Source::give_up(const cloud::SqsMessage& message, const std::vector<Unreadable>& objects) {
  const std::string hint = "unreadable?reason=" + percent_encode(objects.front().reason.substr(0, 500));
  const journal::EntryView entry{.source = options_.name, .peer = options_.queue_url, .hint = hint, .received_at = ReceiveClock::now(), .payload = message.body};
  const auto kept = sink_.append(std::span(&entry, 1), Deadline::in(30s));
  if (!kept || !sink_.wait_durable(*kept, Deadline::in(30s))) return;  // it comes again
  for (const auto& one : objects) {
    if (auto aside = book_->set_aside(one.name, one.reason); !aside) return log_error("intake", "{}: {}", one.name, aside.error().message());
    log_warning("intake", "{}: {} was set aside after {} tries: {}", options_.name, one.name, message.receive_count, one.reason);
    counters_.noted("set_aside");
  }
  const auto removed = queue_.remove(message.receipt_handle, Deadline::in(60s));
  const std::lock_guard lock(mutex_);
  status_.set_aside += objects.size();
  if (removed) ++status_.deleted;
}

Result<bool> S3Source::take_object(const cloud::ObjectNotice& notice, const std::atomic<bool>& stopping, std::string* told_name) {
  if (notice.key.ends_with('/') && notice.size == 0) return true;  // a folder that somebody made in the console
  if (is_digest(notice.key)) return true;                         // CloudTrail's integrity files: for `yagura connect aws verify`
  const auto deadline = [] { return Deadline::in(kReadTimeout); };
  cloud::S3Bucket bucket(options_.s3, notice.bucket);
  std::string etag = notice.etag;
  std::optional<cloud::S3Bucket::Object> object;
  if (etag.empty()) {
    auto got = bucket.get(notice.key, notice.version, deadline());
    if (!got) return std::unexpected(cloud::to_error(got.error()));
    etag = got->facts.etag;
    object = *std::move(got);
  }
  const std::string name = object_name(notice, etag);
  if (told_name != nullptr) *told_name = name;
  const auto begun = TRY(book_->begin(name, sink_.durable_position()));
  if (begun.state == ObjectBook::State::under_way) return false;
  if (begun.state == ObjectBook::State::done) {
    const std::lock_guard lock(mutex_);
    ++status_.repeated;
    return true;
  }
  const auto given_up = [&](Error error) {
    book_->release(name);
    return std::unexpected(std::move(error));
  };
  if (!object) {
    auto got = bucket.get(notice.key, notice.version, deadline());
    if (!got) return given_up(cloud::to_error(got.error()));
    // Written over meanwhile: the newer content has a notice of its own, with its own etag.
    if (!got->facts.etag.empty() && got->facts.etag != etag && notice.version.empty()) {
      book_->release(name);
      auto newer = notice;
      newer.etag = got->facts.etag;
      got->body.reset();
      return take_object(newer, stopping, told_name);
    }
    object = *std::move(got);
  }
  cloud::ObjectStream stream(std::move(object->body), options_.limits);
  Cutter cutter(*this, name, begun.journaled, stopping);
  while (!stopping) {
    const auto piece = stream.read(deadline());
    if (!piece) return given_up(piece.error());
    const auto fed = cutter.feed(*piece, piece->empty());
    if (!fed) return given_up(fed.error());
    if (!*fed) break;  // stopping
    if (!piece->empty()) continue;
    if (cutter.last()) {
      auto durable = sink_.wait_durable(*cutter.last(), deadline());
      if (!durable) return given_up(durable.error());
    }
    if (auto finished = book_->finish(name, cutter.records(), cutter.last().value_or(sink_.durable_position())); !finished) return given_up(finished.error());
    const std::lock_guard lock(mutex_);
    ++status_.objects;
    status_.received_bytes += stream.received();
    status_.content_bytes += stream.content();
    return true;
  }
  return given_up(Error(ErrorKind::cancelled, "stopped"));
}

// Messages that are worked on longer than expected stay hidden; the queue's depth is asked for.
void S3Source::watch() {
  auto next_facts = std::chrono::steady_clock::now();
  while (!watcher_.stopping()) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::string> handles;
    {
      const std::lock_guard lock(mutex_);
      for (auto& [handle, until] : hidden_until_)
        if (until - now < options_.visibility / 2) {
          handles.push_back(handle);
          until = now + options_.visibility;
        }
    }
    for (const auto& handle : handles)
      if (auto kept = queue_.keep_hidden(handle, options_.visibility, Deadline::in(20s)); !kept) log_warning("intake", "{}: {}", options_.name, kept.error().text());
    if (now >= next_facts) {
      next_facts = now + 30s;
      if (const auto facts = queue_.facts(Deadline::in(10s))) {
        const std::lock_guard lock(mutex_);
        status_.visible = facts->visible;
        status_.in_flight = facts->in_flight;
      }
    }
    watcher_.rest(1s);
  }
}

}  // namespace yagura::intake
