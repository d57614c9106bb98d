#include "engine/engine_supervisor.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "net/http_server.hpp"
#include "testing/test_program.hpp"

namespace yagura::engine {
namespace {

// Plays the engine: reads its options as the real one does, then does what the data folder's name says.
int fake_engine(int, char**) {
  std::string line;
  for (char c; ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) line += c;
  const auto options = engine_options_from_json(line);
  if (!options) return 2;
  const std::string role = options->data.filename();
  if (role == "refuses") {
    std::fputs("the store /x is in use by another process (pid 7), Stack trace (when copying this message, always include the lines below):\n0. ? @ 0x1\n12. ? @ 0x2\n(version 26.7.2.1)\n", stderr);
    return 3;
  }
  if (role == "deaf") {
    ::pause();
    return 0;
  }
  if (role == "stubborn") ::signal(SIGTERM, SIG_IGN);
  net::HttpServerOptions server;
  server.unix_socket = options->unix_socket;
  auto started = net::HttpServer::start(server, [](const net::HttpRequest&) { return net::text_response(200, "Ok.\n"); });
  if (!started) return 1;
  std::ofstream(options->data.parent_path() / "secret") << options->secret;
  std::fputs("a line without end", stderr);
  for (char c; ::read(STDIN_FILENO, &c, 1) > 0;) {}
  std::ofstream(options->data.parent_path() / "saw-the-end");
  return 0;
}
const testing::RegisterProgram fake("fake-engine", fake_engine);

class Supervisor : public ::testing::Test {
 protected:
  SupervisorOptions options(std::string_view role) {
    SupervisorOptions out;
    out.engine.data = folder_.path() / role;
    out.engine.unix_socket = folder_.path() / "s";
    out.arguments = {"fake-engine"};
    out.first_wait = std::chrono::milliseconds(20);
    out.longest_wait = std::chrono::milliseconds(80);
    out.stop_grace = std::chrono::milliseconds(300);
    return out;
  }
  static Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }
  TemporaryDirectory folder_;
};

TEST_F(Supervisor, StartsTellsAndStops) {
  std::mutex mutex;
  std::vector<EngineState> states;
  {
    auto supervisor = EngineSupervisor::start(options("works"), [&](const EngineStatus& status) {
      const std::lock_guard lock(mutex);
      states.push_back(status.state);
    });
    ASSERT_TRUE(supervisor);
    const auto ready = (*supervisor)->wait_until_ready(soon());
    ASSERT_TRUE(ready) << ready.error().message();
    EXPECT_EQ((*supervisor)->status().starts, 1U);
    EXPECT_GE((*supervisor)->engine().secret.size(), 20U);
    std::string secret;
    for (int i = 0; i < 100 && secret.empty(); ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10))) std::ifstream(folder_.path() / "secret") >> secret;
    EXPECT_EQ(secret, (*supervisor)->engine().secret);
    const auto arguments = read_file(fmt::format("/proc/{}/cmdline", (*supervisor)->status().pid), 64_KiB);
    const auto environment = read_file(fmt::format("/proc/{}/environ", (*supervisor)->status().pid), 1_MiB);
    ASSERT_TRUE(arguments && environment);
    EXPECT_EQ(arguments->find(secret), std::string::npos);
    EXPECT_EQ(environment->find(secret), std::string::npos);
  }
  EXPECT_EQ(states, (std::vector{EngineState::starting, EngineState::ready, EngineState::stopped}));
}

TEST_F(Supervisor, StartsAgainWhatDied) {
  auto supervisor = EngineSupervisor::start(options("works"));
  ASSERT_TRUE(supervisor);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE((*supervisor)->wait_until_ready(soon()));
    const int pid = (*supervisor)->status().pid;
    ::kill(pid, SIGKILL);
    for (int i = 0; i < 500 && (*supervisor)->status().starts == static_cast<std::uint64_t>(round); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ((*supervisor)->status().starts, static_cast<std::uint64_t>(round) + 1);
  }
}

TEST_F(Supervisor, SaysAtOnceWhatWaitingCannotMend) {
  auto supervisor = EngineSupervisor::start(options("refuses"));
  ASSERT_TRUE(supervisor);
  const auto ready = (*supervisor)->wait_until_ready(Deadline::in(std::chrono::seconds(60)));
  ASSERT_FALSE(ready);
  EXPECT_NE(ready.error().message().find("in use by another process (pid 7)"), std::string::npos) << ready.error().message();
}

TEST_F(Supervisor, KillsWhatNeverAnswers) {
  auto deaf = options("deaf");
  deaf.ready_timeout = std::chrono::milliseconds(150);
  auto supervisor = EngineSupervisor::start(deaf);
  ASSERT_TRUE(supervisor);
  for (int i = 0; i < 500 && (*supervisor)->status().starts < 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_GE((*supervisor)->status().starts, 3U);
  EXPECT_FALSE((*supervisor)->wait_until_ready(Deadline::in(std::chrono::milliseconds(1))));
}

TEST_F(Supervisor, KillsWhatDoesNotStop) {
  auto supervisor = EngineSupervisor::start(options("stubborn"));
  ASSERT_TRUE(supervisor);
  ASSERT_TRUE((*supervisor)->wait_until_ready(soon()));
  const int pid = (*supervisor)->status().pid;
  (*supervisor)->stop();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ((*supervisor)->status().state, EngineState::stopped);
}

// The supervisor's own process dies without a word: its child must not live on.
TEST_F(Supervisor, DiesWithItsParent) {
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const int parent = ::fork();
  if (parent == 0) {
    auto supervisor = EngineSupervisor::start(options("works"));
    int pid = 0;
    if (supervisor && (*supervisor)->wait_until_ready(soon())) pid = (*supervisor)->status().pid;
    [[maybe_unused]] const auto written = ::write(report[1], &pid, sizeof pid);
    ::pause();
  }
  int child = 0;
  ASSERT_EQ(::read(report[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_GT(child, 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 300 && !gone; ++i) {
    const auto state = read_file(fmt::format("/proc/{}/stat", child), 4_KiB);
    gone = !state || state->find(") Z ") != std::string::npos;  // nobody may be there to reap it
    if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone);
  ::close(report[0]);
  ::close(report[1]);
}

TEST(EngineOptions, GoThroughTheirLine) {
  EngineOptions options;
  options.data = "/d a\"ta";
  options.secret = "s\n";
  options.max_memory = 3_GiB;
  options.tcp.emplace();
  options.tcp->password = "p";
  options.tcp->port = 8124;
  const std::string json = to_json(options);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const auto back = engine_options_from_json(json);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->data, options.data);
  EXPECT_EQ(back->secret, options.secret);
  EXPECT_EQ(back->max_memory, options.max_memory);
  EXPECT_EQ(back->tcp->password, "p");
  EXPECT_EQ(back->tcp->port, 8124);
  EXPECT_FALSE(engine_options_from_json("{}"));
  EXPECT_FALSE(engine_options_from_json("["));
}

}  // namespace
}  // namespace yagura::engine
