#include "engine/engine_supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/annotations.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "net/http_client.hpp"

namespace yagura::engine {

std::string_view to_string(EngineState state) {
  switch (state) {
    case EngineState::starting: return "starting";
    case EngineState::ready: return "ready";
    case EngineState::waiting: return "waiting";
    case EngineState::stopped: return "stopped";
  }
  return "stopped";
}

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostLine = 8 << 10;

struct Child {
  int pid = 0;
  FileDescriptor pid_fd, input, errors;
};

Result<std::pair<FileDescriptor, FileDescriptor>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

Result<Child> spawn(const std::string& program, const std::vector<std::string>& arguments, std::string_view input) {
  auto [in_read, in_write] = TRY(make_pipe());
  auto [err_read, err_write] = TRY(make_pipe());
  std::vector<char*> argv{const_cast<char*>("yagura")};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int pid = ::fork();
  if (pid < 0) return fail_errno(errno, "starting the engine's process");
  if (pid == 0) {  // only async-signal-safe calls from here to exec
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < 32; ++number)
      if (number != SIGKILL && number != SIGSTOP) ::signal(number, SIG_DFL);
    ::dup2(in_read.get(), STDIN_FILENO);
    ::dup2(err_write.get(), STDERR_FILENO);
    ::dup2(err_write.get(), STDOUT_FILENO);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    ::execv(program.c_str(), argv.data());
    static constexpr char kMessage[] = "cannot execute the engine's program\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    ::_exit(127);
  }
  Child child;
  child.pid = pid;
  child.pid_fd = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  child.input = std::move(in_write);
  child.errors = std::move(err_read);
  ::fcntl(child.errors.get(), F_SETFL, O_NONBLOCK);
  in_read.reset();
  // At most 64 KiB, which fits the pipe: this cannot block on a child that does not read. SIGPIPE is ignored by servers;
  // here a child that died already must not kill us either.
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, nullptr, &before);
  if (before.sa_handler == SIG_DFL) ::sigaction(SIGPIPE, &ignore, nullptr);
  (void)write_all(child.input.get(), input);
  return child;
}

std::string describe_end(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return "ended";
}

class SupervisorImpl final : public EngineSupervisor {
 public:
  SupervisorImpl(SupervisorOptions options, OnChange on_change, FileDescriptor wake)
      : options_(std::move(options)), on_change_(std::move(on_change)), wake_(std::move(wake)) {
    if (options_.engine.secret.empty()) options_.engine.secret = random_token();
    net::HttpClientOptions client;
    client.unix_socket = options_.engine.unix_socket;
    client.max_idle = 1;
    client_ = net::HttpClient::create(client);
    thread_ = std::thread([this] { supervise(); });
  }
  ~SupervisorImpl() override { stop(); }

  EngineStatus status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  Result<> wait_until_ready(Deadline deadline) const override {
    std::unique_lock lock(mutex_);
    while (true) {
      if (status_.state == EngineState::ready) return {};
      if (status_.state == EngineState::stopped) return fail(ErrorKind::cancelled, "the engine was stopped");
      if (hopeless_) return fail(ErrorKind::unavailable, "the engine cannot start: {}", status_.last_error);
      if (deadline.passed())
        return fail(ErrorKind::unavailable, "the engine is not ready{}{}", status_.last_error.empty() ? "" : ": ", status_.last_error);
      changed_.wait_for(lock, std::min(deadline.left(), std::chrono::milliseconds(500)));
    }
  }

  const EngineOptions& engine() const override { return options_.engine; }

  void stop() override {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

 private:
  void supervise() {
    static Counter& starts = metrics().counter("yagura_engine_starts_total", "Starts of the engine's process");
    auto wait = options_.first_wait;
    while (!stopping_) {
      starts.add();
      const auto begun = Clock::now();
      auto child = spawn(options_.program.string(), options_.arguments, to_json(options_.engine) + "\n");
      if (!child) {
        change(EngineState::waiting, 0, child.error().message(), false);
      } else {
        {
          const std::lock_guard lock(mutex_);
          ++status_.starts;
          last_line_.clear();
        }
        change(EngineState::starting, child->pid, std::nullopt, false);
        const int end = follow(*child);
        if (stopping_) break;
        const std::string how = describe_end(end);
        const int code = WIFEXITED(end) ? WEXITSTATUS(end) : -1;
        const bool was_ready = ready_once_;
        // 1, 2, 3, 127: it said that it cannot serve this folder with these options. Try again, but tell who waits.
        const bool hopeless = !was_ready && (code == 1 || code == 2 || code == 3 || code == 127);
        log_error("engine", "the engine's process {}{}; starting it again in {}", how, last_line_.empty() ? "" : "; its last words: " + last_line_, format_duration(wait));
        change(EngineState::waiting, 0, hopeless ? last_line_ : "it " + how + (last_line_.empty() ? "" : "; last it wrote: " + last_line_), hopeless);
      }
      if (Clock::now() - begun > std::chrono::minutes(1)) wait = options_.first_wait;
      pollfd entry{wake_.get(), POLLIN, 0};
      ::poll(&entry, 1, static_cast<int>(wait.count()));
      wait = std::min(wait * 2, options_.longest_wait);
    }
    change(EngineState::stopped, 0, std::nullopt, false);
  }

  // Until the child's end; gives its status.
  int follow(Child& child) {
    const auto begun = Clock::now();
    bool ready = false, told = false;
    Clock::time_point kill_at = Clock::time_point::max();
    ready_once_ = false;
    while (true) {
      pollfd entries[] = {{child.pid_fd.get(), POLLIN, 0}, {child.errors.get(), POLLIN, 0}, {told ? -1 : wake_.get(), POLLIN, 0}};
      const int patience = !ready ? 25 : told ? 100 : -1;
      ::poll(entries, 3, patience);
      if (entries[1].revents != 0) forward_errors(child.errors);
      if (stopping_ && !told) {
        told = true;
        ::kill(child.pid, SIGTERM);
        kill_at = Clock::now() + options_.stop_grace;
      }
      int status = 0;
      if (::waitpid(child.pid, &status, WNOHANG) == child.pid) {
        forward_errors(child.errors);
        return status;
      }
      if (told && Clock::now() > kill_at) {
        log_warning("engine", "the engine did not stop within {}; killing it", format_duration(options_.stop_grace));
        ::kill(child.pid, SIGKILL);
        kill_at = Clock::time_point::max();
      }
      if (!ready && !told) {
        if (answers()) {
          ready = ready_once_ = true;
          log_info("engine", "the engine is ready (pid {}, {} ms)", child.pid, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count());
          change(EngineState::ready, child.pid, std::nullopt, false);
        } else if (Clock::now() - begun > options_.ready_timeout) {
          log_error("engine", "the engine did not answer within {}; killing it", format_duration(options_.ready_timeout));
          ::kill(child.pid, SIGKILL);
        }
      }
    }
  }

  bool answers() {
    std::error_code ignored;
    if (!std::filesystem::exists(options_.engine.unix_socket, ignored)) return false;
    net::HttpRequest ping;
    ping.target = "/ping";
    const auto response = client_->send(ping, Deadline::in(std::chrono::milliseconds(1000)));
    return response && response->status == 200;
  }

  void forward_errors(FileDescriptor& errors) {
    char buffer[16 << 10];
    while (errors) {
      const auto got = ::read(errors.get(), buffer, sizeof buffer);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) {
        errors.reset();
        break;
      }
      partial_.append(buffer, static_cast<std::size_t>(got));
      std::size_t begin = 0;
      for (std::size_t end; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1) log_line(std::string_view(partial_).substr(begin, end - begin));
      partial_.erase(0, begin);
      if (partial_.size() > kMostLine) log_line(std::exchange(partial_, {}));
    }
    if (!partial_.empty()) log_line(std::exchange(partial_, {}));
  }

  // The child's own log lines keep their level; what libchdb writes is a warning.
  void log_line(std::string_view line) {
    line = trim(line.substr(0, kMostLine));
    if (line.empty()) return;
    boost::system::error_code error;
    LogLevel level = LogLevel::warning;
    std::string message(line);
    if (line.starts_with("{\"time\"")) {
      const auto value = boost::json::parse(line, error);
      if (const auto* object = error ? nullptr : value.if_object()) {
        const auto text = [&](std::string_view key) {
          const auto* found = object->if_contains(key);
          return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
        };
        message = text("message");
        const std::string word = text("level");
        level = word == "debug" ? LogLevel::debug : word == "info" ? LogLevel::info : word == "error" ? LogLevel::error : LogLevel::warning;
      }
    }
    // Frames of the engine's exceptions are for whoever debugs it.
    if (const auto digits = message.find_first_not_of("0123456789"); message.starts_with("(version ") || (digits > 0 && digits != std::string::npos && message.compare(digits, 2, ". ") == 0))
      level = LogLevel::debug;
    if (const auto trace = message.find(", Stack trace (when copying"); trace != std::string::npos) message.resize(trace);
    if (level >= LogLevel::warning) last_line_ = message;
    if (log_enabled(level)) write_log(level, "engine", message);
  }

  void change(EngineState state, int pid, std::optional<std::string> error, bool hopeless) {
    EngineStatus copy;
    {
      const std::lock_guard lock(mutex_);
      status_.state = state;
      status_.pid = pid;
      if (error) status_.last_error = std::move(*error);
      if (state == EngineState::ready) status_.last_error.clear();
      if (state == EngineState::ready || state == EngineState::waiting) hopeless_ = hopeless;
      copy = status_;
    }
    changed_.notify_all();
    if (on_change_) on_change_(copy);
  }

  SupervisorOptions options_;
  const OnChange on_change_;
  const FileDescriptor wake_;
  std::unique_ptr<net::HttpClient> client_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  EngineStatus status_ GUARDED_BY(mutex_);
  bool hopeless_ GUARDED_BY(mutex_) = false;
  // The supervising thread's own.
  bool ready_once_ = false;
  std::string partial_, last_line_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<EngineSupervisor>> EngineSupervisor::start(SupervisorOptions options, OnChange on_change) {
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "making an event descriptor");
  if (options.engine.unix_socket.native().size() > 100)
    return fail(ErrorKind::invalid_input, "the engine's socket path {} is longer than 100 bytes, which Linux does not take", options.engine.unix_socket.string());
  return std::make_unique<SupervisorImpl>(std::move(options), std::move(on_change), std::move(wake));
}

}  // namespace yagura::engine
