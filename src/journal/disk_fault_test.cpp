// Disks that are full, fail or lie: nothing that was reported durable is lost, and the Writer goes on by itself.
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

#include "journal/journal_fixture.hpp"
#include "journal/storage.hpp"
#include "journal/verify.hpp"

namespace yagura::journal {
namespace {

namespace fs = std::filesystem;

// Files whose operations fail when told to. A failed write may have written a part, as on a real disk.
class FailingStorage final : public Storage {
 public:
  enum class Operation { create, write, sync, sync_folder, truncate };
  std::atomic<int> failures[5] = {};
  std::atomic<int> happened = 0;
  std::atomic<std::uint64_t> free{1ULL << 40};

  bool fails(Operation operation) {
    auto& left = failures[static_cast<int>(operation)];
    if (left.load() <= 0) return false;
    --left;
    ++happened;
    return true;
  }
  Result<FileDescriptor> create(const fs::path& path) override {
    if (fails(Operation::create)) return fail_errno(ENOSPC, "opening " + path.string());
    return Storage::create(path);
  }
  Result<> write_at(int fd, std::string_view bytes, std::uint64_t offset) override {
    if (!fails(Operation::write)) return Storage::write_at(fd, bytes, offset);
    (void)Storage::write_at(fd, bytes.substr(0, bytes.size() / 2), offset);
    return fail_errno(ENOSPC, "writing to the journal");
  }
  Result<> sync_data(int fd) override {
    if (fails(Operation::sync)) return fail_errno(EIO, "syncing the journal");
    return Storage::sync_data(fd);
  }
  Result<> sync_folder(const fs::path& folder) override {
    if (fails(Operation::sync_folder)) return fail_errno(EIO, "syncing folder");
    return Storage::sync_folder(folder);
  }
  Result<> truncate(int fd, std::uint64_t size) override {
    if (fails(Operation::truncate)) return fail_errno(EIO, "cutting a segment of the journal");
    return Storage::truncate(fd, size);
  }
  Result<Bytes> free_space(const fs::path&) override { return Bytes(free.load()); }
};

using Operation = FailingStorage::Operation;

class DiskFaultTest : public JournalTest {
 protected:
  DiskFaultTest() { options.storage = storage; }
  void fail_next(Operation operation, int times = 1) { storage->failures[static_cast<int>(operation)] = times; }
  void expect_all(const std::vector<Written>& written) {
    expect_same(written, read_all());
    const auto report = verify(options.folder).value();
    EXPECT_TRUE(report.intact()) << to_text(report);
  }
  std::shared_ptr<FailingStorage> storage = std::make_shared<FailingStorage>();
};

// Any operation failing at any time, with and without the cut that should follow.
TEST_F(DiskFaultTest, EveryOperationMayFailAtAnyTime) {
  std::vector<Written> all;
  for (int round = 0; round < 12; ++round) {
    auto writer = open();
    const auto add = [&](const std::vector<Written>& some) { all.insert(all.end(), some.begin(), some.end()); };
    if (round % 3 != 0) add(append_lines(*writer, 100));
    const auto before = storage->happened.load();
    fail_next(static_cast<Operation>(round % 4), 1 + round % 2);
    if (round >= 6) fail_next(Operation::truncate, 1);
    // A folder is synced when a segment is begun, so fill more than one.
    add(append_lines(*writer, round % 4 == 0 || round % 4 == 3 ? 1500 : 100, 100));
    EXPECT_GT(storage->happened.load(), before) << round;
    fail_next(Operation::truncate, 0);
    add(append_lines(*writer, 100));
    EXPECT_EQ(writer->status().state, WriterState::running);
    ASSERT_TRUE(writer->close(Deadline::in(5s)));
    ASSERT_NO_FATAL_FAILURE(expect_all(all)) << round;
  }
  for (std::size_t i = 1; i < all.size(); ++i) ASSERT_LT(all[i - 1].position, all[i].position);
}

TEST_F(DiskFaultTest, NothingIsDurableBeforeAGoodSync) {
  auto writer = open();
  auto written = append_lines(*writer, 20);
  fail_next(Operation::sync, 1'000'000);
  std::atomic<std::uint64_t> told = 0;
  auto subscription = writer->on_durable([&](Position position) { told = position.number(); });
  const std::string line = "waits for the disk";
  const EntryView entry = view(line);
  const Position at = writer->append({&entry, 1}, {}).value();
  const auto waited = writer->wait_durable(at, Deadline::in(300ms));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), ErrorKind::timeout);
  EXPECT_NE(waited.error().message().find("syncing the journal"), std::string::npos) << waited.error().message();
  EXPECT_EQ(writer->durable_position(), Position(20));
  EXPECT_EQ(writer->status().state, WriterState::stalled);
  EXPECT_LE(told, 20U);
  EXPECT_EQ(*writer->tail(at)->next(Deadline::in(0ms)), nullptr) << "a tail sees only what is durable";
  fail_next(Operation::sync, 0);
  ASSERT_TRUE(writer->wait_durable(at, Deadline::in(5s)));
  written.push_back({at, line});
  subscription.reset();
  ASSERT_TRUE(writer->close({}));
  expect_all(written);
}

TEST_F(DiskFaultTest, PushesBackWhileTheDiskFailsAndGoesOnAfterwards) {
  options.max_pending = 64_KiB;
  auto writer = open();
  auto written = append_lines(*writer, 20);
  fail_next(Operation::write, 1'000'000);
  std::vector<std::pair<Position, std::string>> accepted;
  Result<Position> last;
  for (int i = 0; i < 2000; ++i) {
    std::string line = sample.next();
    const EntryView entry = view(line);
    last = writer->append({&entry, 1}, Deadline::in(50ms));
    if (!last) break;
    written.push_back({*last, std::move(line)});
  }
  ASSERT_FALSE(last) << "memory must stay bounded";
  EXPECT_EQ(last.error().kind(), ErrorKind::exhausted);
  EXPECT_NE(last.error().message().find("No space left"), std::string::npos) << last.error().message();
  EXPECT_LT(writer->status().pending, 66_KiB);
  fail_next(Operation::write, 0);
  ASSERT_TRUE(writer->wait_durable(written.back().position, Deadline::in(5s)));
  const auto more = append_lines(*writer, 20);
  written.insert(written.end(), more.begin(), more.end());
  ASSERT_TRUE(writer->close({}));
  expect_all(written);
}

TEST_F(DiskFaultTest, RefusesBelowTheMarkOfFreeSpaceAndGoesOnAboveIt) {
  options.min_free = 1_MiB;
  auto writer = open();
  auto written = append_lines(*writer, 20);
  storage->free = 1000;
  const EntryView entry = view("x");
  Result<Position> refused;
  for (int i = 0; i < 200 && refused; ++i) {
    std::this_thread::sleep_for(10ms);
    refused = writer->append({&entry, 1}, {});
    if (refused) written.push_back({*refused, "x"});
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::exhausted);
  EXPECT_NE(refused.error().message().find("1000 B are free"), std::string::npos) << refused.error().message();
  EXPECT_EQ(writer->status().state, WriterState::low_space);
  storage->free = 1 << 30;
  for (int i = 0; i < 200 && writer->status().state != WriterState::running; ++i) std::this_thread::sleep_for(10ms);
  const auto more = append_lines(*writer, 20);
  written.insert(written.end(), more.begin(), more.end());
  ASSERT_TRUE(writer->close({}));
  expect_all(written);
}

TEST_F(DiskFaultTest, ClosingOnADeadDiskSaysWhatIsLostAndLosesNothingDurable) {
  auto writer = open();
  const auto written = append_lines(*writer, 100);
  fail_next(Operation::write, 1'000'000);
  const EntryView entry = view("never written");
  ASSERT_TRUE(writer->append({&entry, 1}, {}));
  const auto closed = writer->close(Deadline::in(200ms));
  ASSERT_FALSE(closed);
  EXPECT_NE(closed.error().message().find("1 entries not written"), std::string::npos) << closed.error().message();
  writer.reset();
  fail_next(Operation::write, 0);
  writer = open();
  EXPECT_FALSE(writer->recovery().clean);
  EXPECT_EQ(writer->recovery().last, Position(100));
  writer.reset();
  expect_all(written);
}

// The real thing: a file system of 3 MiB that fills up while we write, and is emptied again.
TEST_F(DiskFaultTest, AFullFileSystemLosesNothing) {
  const fs::path small = temporary.path() / "small";
  fs::create_directories(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "mounting is not permitted";
  struct Unmount {
    fs::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{small};
  options.storage = nullptr;
  options.folder = small / "journal";
  options.max_pending = 256_KiB;
  options.compression_level = -5;
  put_bytes(small / "ballast", std::string(1 << 20, 'x'));
  auto writer = open();
  std::vector<Written> durable;
  Result<> waited;
  std::vector<Written> accepted;
  while (waited) {
    ASSERT_LT(durable.size(), 100'000U) << "the file system never filled up";
    std::vector<std::string> lines;
    std::vector<EntryView> views;
    for (int i = 0; i < 100; ++i) lines.push_back(sample.next());
    for (const std::string& line : lines) views.push_back(view(line));
    const auto last = writer->append(views, Deadline::in(300ms));
    if (!last) break;
    for (std::size_t i = 0; i < lines.size(); ++i)
      accepted.push_back({Position(last->number() - lines.size() + 1 + i), lines[i]});
    waited = writer->wait_durable(*last, Deadline::in(300ms));
    if (waited) durable = accepted;
  }
  EXPECT_EQ(writer->status().state, WriterState::stalled);
  const auto while_full = read_all();
  for (const Written& entry : durable) ASSERT_EQ(while_full.at(entry.position), entry.payload);
  fs::remove(small / "ballast");
  ASSERT_TRUE(writer->wait_durable(accepted.back().position, Deadline::in(5s)));
  const auto more = append_lines(*writer, 100);
  accepted.insert(accepted.end(), more.begin(), more.end());
  ASSERT_TRUE(writer->close(Deadline::in(5s)));
  expect_all(accepted);
}

// Without root: a limit on the size of files ends a write in its middle.
TEST_F(DiskFaultTest, AFileSizeLimitEndsAWriteInItsMiddle) {
  options.storage = nullptr;
  options.segment_size = 64_MiB;
  auto writer = open();
  auto written = append_lines(*writer, 200);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{fs::file_size(segments().back().path) + 700, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::vector<std::string> lines;
  std::vector<EntryView> views;
  for (int i = 0; i < 100; ++i) lines.push_back(sample.next());
  for (const std::string& line : lines) views.push_back(view(line));
  const Position last = writer->append(views, {}).value();
  const auto waited = writer->wait_durable(last, Deadline::in(300ms));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(waited);
  EXPECT_TRUE(writer->wait_durable(last, Deadline::in(5s)));
  for (std::size_t i = 0; i < lines.size(); ++i)
    written.push_back({Position(last.number() - lines.size() + 1 + i), lines[i]});
  ASSERT_TRUE(writer->close({}));
  expect_all(written);
}

}  // namespace
}  // namespace yagura::journal
