#include "journal/writer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "journal/journal_fixture.hpp"
#include "journal/reader.hpp"
#include "journal/verify.hpp"

namespace yagura::journal {
namespace {

using WriterTest = JournalTest;

TEST_F(WriterTest, GivesBackTheExactBytesAfterReopening) {
  const auto written = make_journal();
  EXPECT_GT(segments().size(), 3U);
  expect_same(written, read_all());
  const auto report = verify(options.folder).value();
  EXPECT_TRUE(report.intact()) << to_text(report);
  EXPECT_EQ(report.entries, written.size());
  EXPECT_EQ(report.signed_until, written.back().position);
}

TEST_F(WriterTest, NumbersEntriesFromOneWithoutHoles) {
  auto writer = open();
  const auto first = append_lines(*writer, 30, 7);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].position, Position(i + 1));
  EXPECT_EQ(writer->durable_position(), Position(30));
  ASSERT_TRUE(writer->close({}));
  writer = open();
  EXPECT_TRUE(writer->recovery().clean);
  EXPECT_EQ(writer->durable_position(), Position(30));
  EXPECT_EQ(append_lines(*writer, 1)[0].position, Position(31));
}

TEST_F(WriterTest, KeepsEveryPartOfAnEntry) {
  auto writer = open();
  const std::string binary("\0\xff\n line two\r\n\0", 15);
  EntryView entry = view(binary);
  entry.peer = "[2001:db8::1]:6514";
  entry.read_at = receive_time(42);
  entry.item_id = {1, 2};
  entry.is_reference = true;
  const Position at = writer->append({&entry, 1}, {}).value();
  ASSERT_TRUE(writer->wait_durable(at, Deadline::in(5s)));
  const auto reader = Reader::open(options.folder).value();
  const auto found = reader->find_entry(at);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ((*found)->payload, binary);
  EXPECT_EQ((*found)->peer(), entry.peer);
  EXPECT_EQ((*found)->hint(), "syslog");
  EXPECT_EQ((*found)->read_at, receive_time(42));
  EXPECT_TRUE((*found)->is_reference());
  EXPECT_EQ(reader->find_item({1, 2}).value()->position, at);
}

TEST_F(WriterTest, TakesManyThreadsAndTellsEachItsPositions) {
  auto writer = open();
  std::vector<std::vector<Written>> written(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < written.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        std::vector<std::string> lines;
        std::vector<EntryView> views;
        for (int k = 0; k < 5; ++k) lines.push_back(fmt::format("thread {} call {} line {}", t, i, k));
        for (const std::string& line : lines) views.push_back(view(line));
        const Position last = writer->append(views, {}).value();
        for (std::size_t k = 0; k < lines.size(); ++k)
          written[t].push_back({Position(last.number() - lines.size() + 1 + k), lines[k]});
      }
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(writer->close({}));
  std::vector<Written> all;
  for (const auto& part : written) all.insert(all.end(), part.begin(), part.end());
  expect_same(all, read_all());
}

TEST_F(WriterTest, TellsSubscribersInRisingOrder) {
  auto writer = open();
  std::mutex mutex;
  std::vector<Position> told;
  auto subscription = writer->on_durable([&](Position position) {
    const std::lock_guard lock(mutex);
    told.push_back(position);
  });
  append_lines(*writer, 100, 10);
  const auto last_told = [&] {
    const std::lock_guard lock(mutex);
    return told.empty() ? Position() : told.back();
  };
  for (int tries = 0; tries < 5000 && last_told() < Position(100); ++tries) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(last_told(), Position(100));
  subscription.reset();
  append_lines(*writer, 10);
  EXPECT_EQ(last_told(), Position(100)) << "called after the subscription ended";
  EXPECT_TRUE(std::ranges::is_sorted(told));
}

TEST_F(WriterTest, WaitsAtMostUntilTheDeadline) {
  auto writer = open();
  const auto result = writer->wait_durable(Position(5), Deadline::in(10ms));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::timeout);
}

TEST_F(WriterTest, CommitsLazilyWhenNobodyWaitsAndAtOnceWhenSomebodyDoes) {
  options.lazy_interval = 300ms;
  auto writer = open();
  const EntryView entry = view("one line now and then");
  Position last;
  for (int i = 0; i < 20; ++i) {
    last = writer->append({&entry, 1}, {}).value();
    std::this_thread::sleep_for(5ms);
  }
  const auto tail = writer->tail(Position(1));
  std::size_t blocks = 0;
  while (tail->position() <= last) {
    ASSERT_NE(*tail->next(Deadline::in(5s)), nullptr) << "durable without anybody asking for it";
    ++blocks;
  }
  EXPECT_LE(blocks, 2U);

  // A waiter and a subscriber are not kept waiting.
  options.lazy_interval = 60s;
  ASSERT_TRUE(writer->close({}));
  writer = open();
  last = writer->append({&entry, 1}, {}).value();
  EXPECT_TRUE(writer->wait_durable(last, Deadline::in(5s)));
  auto subscription = writer->on_durable([](Position) {});
  last = writer->append({&entry, 1}, {}).value();
  EXPECT_NE(*writer->tail(last)->next(Deadline::in(5s)), nullptr);
  subscription.reset();
  // Nor is a sender that fills memory.
  const std::string much(100'000, 'x');
  const EntryView large = view(much);
  last = writer->append({&large, 1}, {}).value();
  EXPECT_NE(*writer->tail(last)->next(Deadline::in(5s)), nullptr);
}

TEST_F(WriterTest, RefusesWhatItCannotKeep) {
  options.max_entry = 1_KiB;
  auto writer = open();
  const std::string large(1025, 'x');
  const EntryView entry = view(large);
  EXPECT_EQ(writer->append({&entry, 1}, {}).error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(writer->append({}, {}).error().kind(), ErrorKind::invalid_input);
  ASSERT_TRUE(writer->close({}));
  const EntryView small = view("x");
  EXPECT_EQ(writer->append({&small, 1}, {}).error().kind(), ErrorKind::cancelled);
  EXPECT_TRUE(writer->close({})) << "closing again is fine";
}

TEST_F(WriterTest, TakesAnEntryLargerThanABlockAndThanThePendingBound) {
  options.max_pending = 64_KiB;
  auto writer = open();
  std::string large;
  while (large.size() < 1'000'000) large += sample.next();
  const EntryView entry = view(large);
  const Position at = writer->append({&entry, 1}, Deadline::in(5s)).value();
  ASSERT_TRUE(writer->wait_durable(at, Deadline::in(5s)));
  ASSERT_TRUE(writer->close({}));
  EXPECT_EQ(read_all()[at], large);
}

TEST_F(WriterTest, KeepsIncompressibleBytesAsTheyAre) {
  auto writer = open();
  std::string noise(20'000, '\0');
  for (char& c : noise) c = static_cast<char>(sample.number(256));
  const EntryView entry = view(noise);
  const Position at = writer->append({&entry, 1}, {}).value();
  ASSERT_TRUE(writer->close({}));
  EXPECT_EQ(read_all()[at], noise);
}

TEST_F(WriterTest, KeepsOthersOut) {
  auto writer = open();
  const auto second = Writer::open(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
}

TEST_F(WriterTest, GuardsItsKey) {
  auto inside = options;
  inside.signing_key = options.folder / "sub" / "key.pem";
  EXPECT_EQ(Writer::open(inside).error().kind(), ErrorKind::invalid_input);
  open().reset();
  struct stat info{};
  ASSERT_EQ(::stat(options.signing_key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::filesystem::permissions(options.signing_key, std::filesystem::perms(0644));
  EXPECT_EQ(Writer::open(options).error().kind(), ErrorKind::permission_denied);
  std::filesystem::permissions(options.signing_key, std::filesystem::perms(0600));
  put_bytes(options.signing_key, "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
  EXPECT_EQ(Writer::open(options).error().kind(), ErrorKind::invalid_input);
}

TEST_F(WriterTest, GoesOnWithANewKeyAndStillProvesTheOldPart) {
  make_journal(500);
  std::filesystem::remove(options.signing_key);
  auto writer = open();
  append_lines(*writer, 100);
  ASSERT_TRUE(writer->close({}));
  const auto report = verify(options.folder).value();
  EXPECT_TRUE(report.intact()) << to_text(report);
  EXPECT_EQ(report.key_fingerprints.size(), 2U);
}

TEST_F(WriterTest, ReportsItsState) {
  auto writer = open();
  append_lines(*writer, 10);
  auto status = writer->status();
  EXPECT_EQ(status.state, WriterState::running);
  EXPECT_EQ(status.durable, Position(10));
  EXPECT_EQ(status.pending, 0_B);
  EXPECT_EQ(status.segments, 1U);
  EXPECT_GT(status.size, 256_B);
  ASSERT_TRUE(writer->close({}));
  EXPECT_EQ(writer->status().state, WriterState::closed);
}

// 180-byte lines at most 35 bytes on disk is measured in journal_bench; here only that it has not gone badly wrong.
TEST_F(WriterTest, CompressesALineToAQuarterOrLess) {
  options.block_size = 512_KiB;
  options.segment_size = 64_MiB;
  auto writer = open();
  const auto written = append_lines(*writer, 20'000, 20'000);
  std::uint64_t raw = 0;
  for (const Written& entry : written) raw += entry.payload.size();
  EXPECT_LT(writer->status().size.count() * 4, raw);
}

}  // namespace
}  // namespace yagura::journal
