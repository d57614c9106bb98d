// kill -9 at random moments: every entry that was reported durable is there exactly, every time.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/text.hpp"
#include "journal/journal_fixture.hpp"
#include "journal/verify.hpp"

namespace yagura::journal {
namespace {

// What the child appended, so that the parent knows it from the number alone.
std::string line_of(std::uint64_t run, std::uint64_t number) {
  std::string line = fmt::format("run {} entry {} ", run, number);
  line.append(number % 200, static_cast<char>('a' + number % 26));
  return line;
}

struct Report {
  std::uint64_t position;
  std::uint64_t number;
};

[[noreturn]] void child(const WriterOptions& options, std::uint64_t run, int pipe) {
  auto writer = Writer::open(options);
  if (!writer) ::_exit(9);
  std::uint64_t number = 0;
  while (true) {
    std::vector<std::string> lines;
    std::vector<EntryView> views;
    const std::uint64_t first = number;
    for (int i = 0; i < 30; ++i) lines.push_back(line_of(run, number++));
    for (const std::string& line : lines) {
      EntryView entry;
      entry.source = "crash";
      entry.payload = line;
      views.push_back(entry);
    }
    const auto last = (*writer)->append(views, {});
    if (!last || !(*writer)->wait_durable(*last, {})) ::_exit(8);
    // Told only now: from here on it must survive.
    const Report report{last->number() - 29, first};
    if (::write(pipe, &report, sizeof report) != sizeof report) ::_exit(7);
  }
}

TEST_F(JournalTest, SurvivesKillAtRandomMoments) {
  options.segment_size = 64_KiB;
  std::map<Position, std::string> reported;
  constexpr int kRounds = 25;
  int unclean = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(ends[0]);
      child(options, static_cast<std::uint64_t>(round), ends[1]);
    }
    ::close(ends[1]);
    pollfd ready{ends[0], POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 10'000), 1) << "the writer did not start";
    ::usleep(static_cast<useconds_t>(sample.number(40'000)));
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    Report report{};
    while (::read(ends[0], &report, sizeof report) == sizeof report)
      for (std::uint64_t i = 0; i < 30; ++i) {
        const bool fresh =
            reported
                .emplace(Position(report.position + i), line_of(static_cast<std::uint64_t>(round), report.number + i))
                .second;
        ASSERT_TRUE(fresh) << "position " << report.position + i << " was given out twice";
      }
    ::close(ends[0]);

    // A machine that lost power may leave half a block besides.
    if (round % 3 == 2) {
      const auto files = segments();
      std::string bytes = bytes_of(files.back().path);
      put_bytes(files.back().path, bytes + bytes.substr(kSegmentHeaderSize, 40 + sample.number(400)));
    }
    auto writer = open();
    ASSERT_NE(writer, nullptr);
    EXPECT_FALSE(writer->recovery().promise_broken);
    unclean += writer->recovery().clean ? 0 : 1;
    ASSERT_TRUE(writer->close(Deadline::in(5s)));
    const auto read = read_all();
    for (const auto& [position, line] : reported) {
      const auto found = read.find(position);
      ASSERT_NE(found, read.end()) << "round " << round << ": entry " << position.number() << " is lost";
      ASSERT_EQ(found->second, line);
    }
  }
  EXPECT_GT(unclean, kRounds / 2);
  EXPECT_GT(reported.size(), 30U * kRounds);
  const auto report = verify(options.folder).value();
  EXPECT_TRUE(report.intact()) << to_text(report);
}

}  // namespace
}  // namespace yagura::journal
