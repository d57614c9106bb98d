// A source and a real journal: what went in by TCP comes out byte for byte.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/file.hpp"
#include "base/random.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "intake/file_tail.hpp"
#include "intake/syslog_source.hpp"
#include "journal/tail.hpp"
#include "net/byte_stream.hpp"
#include "net/socket.hpp"

namespace yagura::intake {
namespace {

TEST(JournalSink, BytesComeOutAsTheyWentIn) {
  TemporaryDirectory folder;
  auto writer = journal::Writer::open(
      {.folder = folder.path() / "journal", .signing_key = folder.path() / "key.pem", .min_free = 1_MiB});
  ASSERT_TRUE(writer) << writer.error().message();
  JournalSink sink(**writer);
  auto source =
      SyslogSource::create({.name = "tcp", .transport = SyslogTransport::tcp, .address = "127.0.0.1", .port = 0}, sink);
  ASSERT_TRUE(source->start());
  std::vector<std::string> sent;
  std::string peer;
  {
    net::ByteStream stream(*net::connect_tcp("127.0.0.1", source->port(), Deadline::in(1s)));
    peer = net::local_address(stream.fd()).to_string();
    for (std::size_t i = 0; i < 2000; ++i) {
      sent.push_back("<13>" + random_bytes(i % 700) + ".");
      ASSERT_TRUE(stream.write_all(fmt::format("{} {}", sent.back().size(), sent.back()), Deadline::in(5s)));
    }
  }
  for (int i = 0; i < 1000 && (*writer)->durable_position().number() < 2000; ++i) std::this_thread::sleep_for(5ms);
  auto tail = (*writer)->tail(Position(1));
  std::size_t at = 0;
  while (at < sent.size()) {
    auto block = tail->next(Deadline::in(2s));
    ASSERT_TRUE(block && *block);
    for (const auto& entry : (*block)->entries()) {
      ASSERT_EQ(entry.payload, sent[at]) << at;
      EXPECT_EQ(entry.source(), "tcp");
      EXPECT_EQ(entry.hint(), "syslog");
      EXPECT_EQ(entry.peer(), peer);
      ++at;
    }
  }
  EXPECT_EQ(sink.trouble(), "");
}

// A process that follows "<folder>/a.log" into "<folder>/journal" until it is killed.
void follow_forever(const std::filesystem::path& folder) {
  auto writer = journal::Writer::open(
      {.folder = folder / "journal", .signing_key = folder / "key.pem", .min_free = 1_MiB});
  auto checkpoints = FileCheckpointStore::open(folder / "checkpoints");
  if (!writer || !checkpoints) ::_exit(9);
  JournalSink sink(**writer);
  const auto tail = FileTail::create({.name = "files",
                                      .paths = {(folder / "*.log").string()},
                                      .poll_interval = 2ms,
                                      .rescan_interval = 20ms},
                                     sink, **checkpoints);
  if (!tail->start()) ::_exit(9);
  while (true) ::pause();
}

TEST(JournalSink, AFollowedFileHasEachLineOnceHoweverOftenTheServerIsKilled) {
  TemporaryDirectory folder;
  const auto lines_in_journal = [&] {
    std::vector<std::string> lines;
    const auto tail = journal::open_tail(folder.path() / "journal", Position(1));
    if (!tail) return lines;
    while (auto block = (*tail)->next(Deadline::in(200ms))) {
      if (!*block) break;
      for (const auto& entry : (*block)->entries()) lines.emplace_back(entry.payload);
    }
    return lines;
  };
  int next = 0;
  const auto write_lines = [&](int count) {
    std::ofstream out(folder.path() / "a.log", std::ios::app | std::ios::binary);
    for (int i = 0; i < count; ++i) out << "line " << next++ << '\n';
  };
  constexpr int kKills = 20;
  for (int round = 0; round <= kKills; ++round) {
    write_lines(50);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) follow_forever(folder.path());
    // Sooner and later than the first block is durable, and than the second checkpoint.
    for (int part = 0; part < 1 + round % 5; ++part) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + 37 * (round % 7)));
      write_lines(20);
    }
    if (round == kKills)
      for (int i = 0; i < 100 && static_cast<int>(lines_in_journal().size()) < next; ++i) std::this_thread::sleep_for(50ms);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  }
  const auto lines = lines_in_journal();
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(next));
  for (int i = 0; i < next; ++i) ASSERT_EQ(lines[static_cast<std::size_t>(i)], fmt::format("line {}", i));
}

}  // namespace
}  // namespace yagura::intake
