#include "forward/forwarder_service.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "forward/certificate_store.hpp"
#include "forward/configuration_backend.hpp"
#include "forward/destination_connect.hpp"
#include "forward/signing_session.hpp"

namespace yagura::forward {

namespace {

constexpr std::chrono::milliseconds kFirstReport = 1s, kReportInterval = 10s;
// The destination's name in ledger and metrics: there is one syslog server for a host.
const std::string kName = "syslog-forwarder";

Result<Subscription> subscription_of(const ForwarderSettings& settings) {
  if (settings.subscription.find('/') == std::string::npos)
    return Subscription::of_profile(settings.subscription, settings.output_severity);
  const std::string yaml =
      TRY(read_file(settings.subscription, 4_MiB), "reading the profile {}", settings.subscription);
  return TRY(Subscription::of_yaml(yaml, settings.output_severity), "reading the profile {}", settings.subscription);
}

}  // namespace

class ForwarderService::Core {
 public:
  Core(ForwarderServiceOptions options, std::shared_ptr<Wakeup> wakeup, FileDescriptor inotify)
      : options_(std::move(options)),
        store_(options_.files.certificates()),
        wakeup_(std::move(wakeup)),
        inotify_(std::move(inotify)) {
    if (options_.host.empty()) options_.host = this_host_name();
  }

  void begin() {
    // Before anybody asks: a bookmark that is not known yet would let the journal delete what is to be sent.
    look();
    thread_ = std::thread([this] { run(); });
  }

  void stop(Deadline deadline) {
    const std::lock_guard once(stop_mutex_);
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stop_deadline_ = deadline;
    }
    stopping_ = true;
    wakeup_->wake();
    thread_.join();
  }

  ForwarderServiceStatus status() const {
    const std::lock_guard lock(mutex_);
    ForwarderServiceStatus status{
        .generation = used_.generation, .digest = used_.digest(), .state = used_.state, .error = error_};
    if (forwarder_) status.forwarder = forwarder_->status();
    return status;
  }

  std::optional<Position> bookmark() const {
    const std::lock_guard lock(mutex_);
    if (forwarder_) return forwarder_->bookmark();
    return stopped_at_;
  }

 private:
  void run() {
    auto interval = kFirstReport;
    auto next_report = Deadline::in(0ms);
    while (!stopping_) {
      if (look()) {
        interval = kFirstReport;
        next_report = Deadline::in(0ms);
      }
      if (next_report.passed()) {
        report(false);
        // A change is followed by news soon: the connection stands, or does not.
        next_report = Deadline::in(interval);
        interval = std::min(kReportInterval, interval * 2);
      }
      while (wait_for(inotify_.get(), POLLIN, *wakeup_, next_report) == WaitEnd::ready && !copy_changed()) {
      }
    }
    Deadline deadline;
    {
      const std::lock_guard lock(mutex_);
      deadline = stop_deadline_;
    }
    set_forwarder(nullptr, deadline);
    report(true);
  }

  // Whether what happened in the folder was about the local copy; the status file lies there too.
  bool copy_changed() {
    const std::string name = options_.files.local_copy().filename().string();
    bool changed = false;
    alignas(inotify_event) char events[4096];
    for (ssize_t size; (size = ::read(inotify_.get(), events, sizeof(events))) > 0;) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(events + at);
        changed = changed || (event->mask & IN_Q_OVERFLOW) != 0 || (event->len > 0 && name == event->name);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return changed;
  }

  // Takes the local copy into use when it is another than the one in use; true when something changed.
  bool look() {
    const auto text = read_file(options_.files.local_copy(), 1_MiB);
    if (!text && text.error().kind() != ErrorKind::not_found) return set_error(text.error().message());
    if (!text) {
      // Never configured, or the copy was taken away: a running forwarder goes on, for nobody has told it to stop.
      seen_.clear();
      return used_generation() != 0 &&
             set_error(fmt::format("the local copy {} is missing; Enable-AzSSyslogForwarder -Force writes it again",
                                   options_.files.local_copy().string()));
    }
    if (*text == seen_ && !retry_) return false;
    seen_ = *text;
    retry_ = false;
    auto configuration = from_document(*text, options_.signer);
    if (!configuration) {
      log_error("forward", "{}: {}; it is not used", options_.files.local_copy().string(),
                configuration.error().message());
      return set_error(configuration.error().message() +
                       "; it is not used; Enable-AzSSyslogForwarder -Force puts it right");
    }
    take(*configuration);
    return true;
  }

  void take(const ForwarderConfiguration& configuration) {
    std::string error;
    // The same settings under a newer generation (-Force): the connection is made anew, so that what was wrong with it
    // ends.
    if (configuration.state == ForwarderState::Enabled) {
      auto made = make(*configuration.settings);
      if (!made) {
        error = made.error().message();
        log_error("forward", "the configuration of generation {} cannot be used: {}", configuration.generation, error);
      } else {
        set_forwarder(nullptr, Deadline::in(5s));
        auto begun = begin_at_the_head();
        auto started = begun ? Forwarder::start(std::move(*made)) : std::unexpected(begun.error());
        if (started)
          set_forwarder(std::move(*started), {});
        else
          error = started.error().message();
      }
    } else {
      set_forwarder(nullptr, Deadline::in(5s));
    }
    // A profile's file that is missing may come: look again with the next report.
    retry_ = !error.empty();
    if (error.empty())
      log_info("forward", "generation {}: {}", configuration.generation, to_string(configuration.state));
    const auto ledger = options_.files.ledger(kName);
    if (configuration.state == ForwarderState::NotConfigured) put_away(ledger, configuration.generation);
    const auto kept = configuration.state == ForwarderState::Disabled ? Ledger::load(ledger) : Result<Ledger>(Ledger());
    const std::lock_guard lock(mutex_);
    if (error.empty()) used_ = configuration;
    if (configuration.state == ForwarderState::NotConfigured)
      stopped_at_.reset();
    else if (!forwarder_ && !stopped_at_ && kept)
      stopped_at_ = kept->bookmark;
    error_ = error;
  }

  std::filesystem::path put_away_ledger(std::uint64_t generation) const {
    return options_.files.ledger(fmt::format("{}-until-{}", kName, generation));
  }

  // A later Set begins anew: what comes until then was never to be sent, and is no loss.
  void put_away(const std::filesystem::path& ledger, std::uint64_t generation) {
    const auto until = put_away_ledger(generation);
    std::error_code error;
    std::filesystem::rename(ledger, until, error);
    // Nothing was ever sent under what is removed now: remembered all the same, that it was.
    if (error && !std::filesystem::exists(until, error)) (void)Ledger().save(until);
  }

  // The first Set of an agent takes what its spool holds; one after a Remove, what comes from now on.
  Result<> begin_at_the_head() {
    std::error_code error;
    const auto file = options_.files.ledger(kName);
    if (!options_.head || std::filesystem::exists(file, error)) return {};
    bool removed_before = false;
    for (std::filesystem::directory_iterator at(file.parent_path(), error), end; !error && at != end;
         at.increment(error))
      removed_before = removed_before || at->path().filename().string().starts_with(kName + "-until-");
    if (!removed_before) return {};
    Ledger ledger;
    ledger.bookmark = options_.head();
    return ledger.save(file);
  }

  Result<ForwarderOptions> make(const ForwarderSettings& settings) {
    auto subscription = TRY(subscription_of(settings));
    auto warnings = warnings_of(settings);
    if (auto blind = describe_blind_spots(subscription.profile()); !blind.empty())
      warnings.push_back({"blind-spot", std::move(blind)});
    std::function<Result<SyslogSigningKey>()> signing_key;
    if (!settings.sign_key.empty()) signing_key = [file = settings.sign_key] { return load_signing_key(file); };
    return ForwarderOptions{
        .name = kName,
        .open_tail = options_.open_tail,
        .head = options_.head,
        .subscription = std::move(subscription),
        .encoder = TRY(make_encoder(encoder_settings(settings))),
        .destination = destination_settings(settings, store_),
        .ledger_file = options_.files.ledger(kName),
        .syslog = options_.syslog,
        .host = options_.host,
        .ignored_hints = options_.ignored_hints,
        .after_decode = options_.after_decode,
        .warnings = std::move(warnings),
        .signing_key = std::move(signing_key),
    };
  }

  void set_forwarder(std::unique_ptr<Forwarder> next, Deadline deadline) {
    std::unique_ptr<Forwarder> before;
    {
      const std::lock_guard lock(mutex_);
      before = std::exchange(forwarder_, nullptr);
      if (before) stopped_at_ = before->bookmark();
    }
    if (before) before->stop(deadline);
    const std::lock_guard lock(mutex_);
    if (before) stopped_at_ = before->bookmark();
    forwarder_ = std::move(next);
  }

  std::uint64_t used_generation() const {
    const std::lock_guard lock(mutex_);
    return used_.generation;
  }

  bool set_error(std::string error) {
    const std::lock_guard lock(mutex_);
    if (error_ == error) return false;
    error_ = std::move(error);
    return true;
  }

  void report(bool stopped) {
    const auto now = status();
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("host").text(options_.host).key("pid").number(static_cast<std::int64_t>(::getpid()));
    json.key("writtenAt").text(format_datetime(ReceiveClock::now().time_since_epoch().count()));
    json.key("run").text(stopped ? "stopped" : "running");
    json.key("generation")
        .number(now.generation)
        .key("digest")
        .text(now.digest)
        .key("state")
        .text(to_string(now.state));
    json.key("error").text(now.error);
    json.key("forwarder");
    if (now.forwarder)
      json.raw(to_json(*now.forwarder));
    else
      json.null();
    json.end_object();
    if (auto written = write_file_atomically(options_.files.status(), out + "\n", 0644); !written && !report_failed_) {
      log_error("forward", "the forwarder's status cannot be written: {}", written.error().message());
      report_failed_ = true;
    }
  }

  ForwarderServiceOptions options_;
  const CertificateStore store_;
  const std::shared_ptr<Wakeup> wakeup_;
  const FileDescriptor inotify_;
  std::string seen_;  // of the loop's thread
  bool retry_ = false, report_failed_ = false;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  ForwarderConfiguration used_ GUARDED_BY(mutex_);
  std::string error_ GUARDED_BY(mutex_);
  std::unique_ptr<Forwarder> forwarder_ GUARDED_BY(mutex_);
  std::optional<Position> stopped_at_ GUARDED_BY(mutex_);
  Deadline stop_deadline_ GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::thread thread_;
};

ForwarderService::ForwarderService(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ForwarderService::~ForwarderService() { core_->stop(Deadline::in(5s)); }

Result<std::unique_ptr<ForwarderService>> ForwarderService::start(ForwarderServiceOptions options) {
  std::error_code error;
  std::filesystem::create_directories(options.files.data, error);
  if (error) return fail_errno(error.value(), "making the folder " + options.files.data.string());
  FileDescriptor inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return fail_errno(errno, "making an inotify descriptor");
  if (::inotify_add_watch(inotify.get(), options.files.data.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0)
    return fail_errno(errno, "watching " + options.files.data.string());
  auto core = std::make_unique<Core>(std::move(options), TRY(Wakeup::create()), std::move(inotify));
  core->begin();
  return std::unique_ptr<ForwarderService>(new ForwarderService(std::move(core)));
}

ForwarderServiceStatus ForwarderService::status() const { return core_->status(); }
std::optional<Position> ForwarderService::bookmark() const { return core_->bookmark(); }
void ForwarderService::stop(Deadline deadline) { core_->stop(deadline); }

}  // namespace yagura::forward
