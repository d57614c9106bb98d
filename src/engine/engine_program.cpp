#include "engine/engine_program.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "engine/engine_server.hpp"

namespace yagura::engine {

namespace {

constexpr std::size_t kMostOptions = 64 << 10;

Result<EngineOptions> read_options() {
  std::string line;
  char c = 0;
  // Byte by byte: what follows the line must stay in the pipe.
  while (line.size() < kMostOptions) {
    const auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::invalid_input, "no options on standard input: `yagura engine` without --data is started by `yagura serve`");
    if (c == '\n') return engine_options_from_json(line);
    line += c;
  }
  return fail(ErrorKind::invalid_input, "the options on standard input have no end");
}

}  // namespace

int run_engine(const EngineOptions& options, int lifeline) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const FileDescriptor signal_fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  auto server = EngineServer::start(options);
  if (!server) {
    log_error("engine", "{}", server.error().message());
    return server.error().kind() == ErrorKind::conflict ? 3 : 1;
  }
  pollfd watched[] = {{signal_fd.get(), POLLIN, 0}, {lifeline, POLLIN, 0}};  // poll() skips a negative descriptor
  while (true) {
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) break;
    if (watched[0].revents != 0) break;
    if (watched[1].revents != 0) {
      char ignored[64];
      if (::read(lifeline, ignored, sizeof ignored) <= 0) break;
    }
  }
  (*server)->stop(std::chrono::seconds(5));
  // Every acknowledged block is on disk, and libchdb's own way out is slow and may hang.
  ::_exit(0);
}

int run_engine_from_stdin() {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_NAME, "yagura-engine");
  const auto options = read_options();
  if (!options) {
    log_error("engine", "{}", options.error().message());
    return 2;
  }
  return run_engine(*options, STDIN_FILENO);
}

}  // namespace yagura::engine
