#include <gtest/gtest.h>

#include <deque>

#include "base/file.hpp"
#include "intake/recording_sink.hpp"
#include "winlog/evtx_fixture.hpp"
#include "winlog/evtx_source.hpp"
#include "winlog/settings.hpp"
#include "winlog/winevt_source.hpp"

namespace yagura::winlog {
namespace {

using namespace std::chrono_literals;

// Windows as far as the source sees it: a channel with numbered records of which the oldest may go.
class FakeWindows {
 public:
  std::deque<std::uint64_t> records;
  std::uint64_t next = 1;

  void add(bool = true, std::uint16_t = 4624) { records.push_back(next++); }
  void roll_over(std::size_t count) { records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count)); }
  std::size_t open_handles() const { return handles_.size(); }

  WinevtFunctions functions() {
    WinevtFunctions table;
    table.subscribe = [this](const std::string& channel, const std::string& query, EventHandle bookmark, bool future, bool strict) -> EventHandle {
      if (channel != "Security") return fail_with(WinevtFunctions::kChannelNotFound);
      if (query.find("[[") != std::string::npos) return fail_with(WinevtFunctions::kInvalidQuery);
      std::uint64_t after = future ? next - 1 : 0;
      if (bookmark != 0) {
        after = handles_.at(bookmark);
        if (strict && after != 0 && std::ranges::find(records, after) == records.end()) return fail_with(WinevtFunctions::kQueryResultStale);
      }
      return make(after);
    };
    table.next = [this](EventHandle subscription, std::size_t most, std::chrono::milliseconds, std::vector<EventHandle>& out) {
      auto& after = handles_.at(subscription);
      for (const auto record : records)
        if (record > after && out.size() < most) out.push_back(make(record));
      if (out.empty()) return error_ = WinevtFunctions::kNoMoreItems, false;
      after = handles_.at(out.back());
      return true;
    };
    table.render_event = [this](EventHandle event) {
      const auto number = handles_.at(event);
      return fmt::format("<Event xmlns='x'><System><EventID>4624</EventID><TimeCreated SystemTime='2024-01-01T00:00:{:02}Z'/><EventRecordID>{}</EventRecordID>"
                         "<Channel>Security</Channel><Computer>win1</Computer></System></Event>", number % 60, number);
    };
    table.render_bookmark = [this](EventHandle bookmark) { return fmt::format("<BookmarkList><Bookmark Channel='Security' RecordId='{}' IsCurrent='true'/></BookmarkList>", handles_.at(bookmark)); };
    table.create_bookmark = [this](const std::string& xml) -> EventHandle {
      if (xml.empty()) return make(0);
      const auto at = xml.find("RecordId='");
      return at == std::string::npos ? 0 : make(std::stoull(xml.substr(at + 10)));
    };
    table.update_bookmark = [this](EventHandle bookmark, EventHandle event) { return handles_[bookmark] = handles_.at(event), true; };
    table.close = [this](EventHandle handle) { handles_.erase(handle); };
    table.last_error = [this] { return error_; };
    return table;
  }

 private:
  EventHandle make(std::uint64_t value) { return handles_[++given_] = value, given_; }
  EventHandle fail_with(std::uint32_t error) { return error_ = error, 0; }
  std::map<EventHandle, std::uint64_t> handles_;
  EventHandle given_ = 0;
  std::uint32_t error_ = 0;
};

// One log of either kind: the interface's contract is the same for both.
struct Kind {
  std::string name;
  std::function<void()> add;
  std::function<std::unique_ptr<EventSource>()> source;
  std::string channel;
};

std::vector<std::uint64_t> drain(EventSource& source, std::string* bookmark = nullptr, std::map<std::string, std::uint64_t>* lost = nullptr) {
  std::vector<std::uint64_t> out;
  while (true) {
    auto group = source.next(Deadline::in(0ms));
    EXPECT_TRUE(group) << group.error().message();
    if (!group || group->empty()) return out;
    for (const auto& event : group->events) {
      EXPECT_EQ(read_system(event.xml).record, event.record) << event.xml;
      EXPECT_EQ(read_system(event.xml).computer, "win1");
      out.push_back(event.record);
    }
    if (lost)
      for (const auto& [reason, count] : group->lost) (*lost)[reason] += count;
    EXPECT_TRUE(source.ack(group->bookmark));
    if (bookmark) *bookmark = group->bookmark;
  }
}

std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> out;
  for (auto i = first; i <= last; ++i) out.push_back(i);
  return out;
}

class Contract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) == "evtx") {
      file_ = std::make_unique<EvtxFixture>(folder_.path() / "Security.evtx");
      kind_ = {"evtx", [this] { file_->add(); }, [] { return make_evtx_source({.settle = 0ms}); }, folder_.path() / "Security.evtx"};
    } else {
      kind_ = {"winevt", [this] { windows_.add(); }, [this] { return make_winevt_source(windows_.functions()); }, "Security"};
    }
  }
  void add(int count) {
    for (int i = 0; i < count; ++i) kind_.add();
  }
  TemporaryDirectory folder_;
  std::unique_ptr<EvtxFixture> file_;
  FakeWindows windows_;
  Kind kind_;
};

TEST_P(Contract, EachRecordComesOnceAndNewOnesAfterwards) {
  add(400);  // several chunks
  const auto source = kind_.source();
  ASSERT_TRUE(source->open(kind_.channel, "", ""));
  EXPECT_EQ(drain(*source), range(1, 400));
  EXPECT_TRUE(drain(*source).empty());
  add(3);
  EXPECT_EQ(drain(*source), range(401, 403));
}

TEST_P(Contract, ABookmarkGoesOnBehindItself) {
  add(50);
  std::string bookmark;
  {
    const auto source = kind_.source();
    ASSERT_TRUE(source->open(kind_.channel, "*", ""));
    drain(*source, &bookmark);
  }
  add(5);
  const auto source = kind_.source();
  ASSERT_TRUE(source->open(kind_.channel, "*", bookmark));
  EXPECT_EQ(drain(*source), range(51, 55));
}

TEST_P(Contract, FromTheEndOnlyWhatIsNew) {
  add(20);
  const auto source = kind_.source();
  ASSERT_TRUE(source->open(kind_.channel, "*", "end"));
  EXPECT_TRUE(drain(*source).empty());
  add(2);
  EXPECT_EQ(drain(*source), range(21, 22));
}

TEST_P(Contract, WrongNamesQueriesAndBookmarksAreSaid) {
  add(1);
  EXPECT_EQ(kind_.source()->open(kind_.channel + "x", "*", "").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(kind_.source()->open(kind_.channel, "*[[", "").error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(kind_.source()->open(kind_.channel, "*", "nonsense").error().kind(), ErrorKind::invalid_input);
}

INSTANTIATE_TEST_SUITE_P(Both, Contract, ::testing::Values("evtx", "winevt"), [](const auto& test) { return std::string(test.param); });

TEST(Winevt, WhatWasOverwrittenMeanwhileIsCounted) {
  FakeWindows windows;
  for (int i = 0; i < 10; ++i) windows.add();
  std::string bookmark;
  {
    const auto source = make_winevt_source(windows.functions());
    ASSERT_TRUE(source->open("Security", "*", ""));
    drain(*source, &bookmark);
  }
  EXPECT_EQ(windows.open_handles(), 0U);
  for (int i = 0; i < 20; ++i) windows.add();
  windows.roll_over(16);  // 11..16 are gone unread, and the bookmark's own record
  const auto source = make_winevt_source(windows.functions());
  ASSERT_TRUE(source->open("Security", "*", bookmark));
  std::map<std::string, std::uint64_t> lost;
  EXPECT_EQ(drain(*source, nullptr, &lost), range(17, 30));
  EXPECT_EQ(lost, (std::map<std::string, std::uint64_t>{{"rollover", 6}}));
}

class Evtx : public ::testing::Test {
 protected:
  std::string path() const { return folder_.path() / "Security.evtx"; }
  TemporaryDirectory folder_;
};

TEST_F(Evtx, ALogThatWritesOverItsOldestChunkLosesNothingReadInTime) {
  EvtxFixture file(path(), 1, 2);  // two chunks
  const auto source = make_evtx_source({.settle = 0ms});
  ASSERT_TRUE(source->open(path(), "*", ""));
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 2'000; ++i) {
    file.add(false);
    if (i % 100 == 99) {
      file.flush();
      for (const auto number : drain(*source)) seen.push_back(number);
    }
  }
  EXPECT_EQ(seen, range(1, 2'000));
}

TEST_F(Evtx, RolloverBeforeWeCameIsCounted) {
  EvtxFixture file(path(), 1, 2);
  const auto source = make_evtx_source({.settle = 0ms});
  ASSERT_TRUE(source->open(path(), "*", ""));
  for (int i = 0; i < 10; ++i) file.add();
  EXPECT_EQ(drain(*source), range(1, 10));
  for (int i = 0; i < 3'000; ++i) file.add(false);
  file.flush();
  std::map<std::string, std::uint64_t> lost;
  const auto seen = drain(*source, nullptr, &lost);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), 3'010U);
  EXPECT_EQ(lost.at("rollover"), seen.front() - 11);
  EXPECT_EQ(seen.size() + lost.at("rollover"), 3'000U);
}

TEST_F(Evtx, AChunkBeingWrittenWaitsUntilItIsWhole) {
  EvtxFixture file(path());
  const auto source = make_evtx_source({.settle = 10s});
  ASSERT_TRUE(source->open(path(), "*", ""));
  for (int i = 0; i < 5; ++i) file.add();
  EXPECT_EQ(drain(*source), range(1, 5));
  file.add(false);
  file.flush_torn();
  EXPECT_TRUE(drain(*source).empty());
  file.flush();
  EXPECT_EQ(drain(*source), range(6, 6));
}

TEST_F(Evtx, WhatStaysDamagedIsCounted) {
  EvtxFixture file(path());
  const auto source = make_evtx_source({.settle = 0ms});
  ASSERT_TRUE(source->open(path(), "*", ""));
  for (int i = 0; i < 5; ++i) file.add(false);
  file.flush_torn();
  std::map<std::string, std::uint64_t> lost;
  EXPECT_EQ(drain(*source, nullptr, &lost), range(1, 4));
  EXPECT_EQ(lost.at("unreadable"), 1U);
}

TEST_F(Evtx, AClearedLogBeginsAnew) {
  const auto source = make_evtx_source({.settle = 0ms});
  {
    EvtxFixture file(path());
    for (int i = 0; i < 9; ++i) file.add();
    ASSERT_TRUE(source->open(path(), "*", ""));
    EXPECT_EQ(drain(*source), range(1, 9));
  }
  EvtxFixture cleared(path());
  cleared.add();
  cleared.add();
  EXPECT_EQ(drain(*source), range(1, 2));
}

TEST_F(Evtx, AnotherFileUnderTheNameIsReadToo) {
  EvtxFixture first(path());
  for (int i = 0; i < 3; ++i) first.add();
  const auto source = make_evtx_source({.settle = 0ms});
  ASSERT_TRUE(source->open(path(), "*", ""));
  EXPECT_EQ(drain(*source), range(1, 3));
  std::filesystem::rename(path(), folder_.path() / "Archive.evtx");
  EvtxFixture second(path(), 4);  // archived when full: numbers go on
  second.add();
  EXPECT_EQ(drain(*source), range(4, 4));
}

TEST_F(Evtx, TheQueryChoosesAndTheRestIsCounted) {
  EvtxFixture file(path());
  for (int i = 0; i < 10; ++i) file.add(true, i % 2 == 0 ? 4624 : 4625);
  const auto source = make_evtx_source({.settle = 0ms});
  ASSERT_TRUE(source->open(path(), "*[System[(EventID=4625)]]", ""));
  const auto group = source->next(Deadline::in(0ms));
  ASSERT_TRUE(group) << group.error().message();
  EXPECT_EQ(group->events.size(), 5U);
  EXPECT_EQ(group->filtered, 5U);
  EXPECT_EQ(group->first, 1U);
  EXPECT_EQ(group->last, 10U);
}

TEST(EventXml, SystemIsReadWithoutATree) {
  const auto fields = read_system("<Event><System><Provider Name=\"x\"/><EventRecordID>17</EventRecordID><Channel>A &amp; B</Channel><Computer>c</Computer>"
                                  "<TimeCreated SystemTime=\"2024-01-01T00:00:00Z\"/></System><EventData><Data Name='Computer'>no</Data></EventData></Event>");
  EXPECT_EQ(fields.record, 17U);
  EXPECT_EQ(fields.channel, "A & B");
  EXPECT_EQ(fields.computer, "c");
  EXPECT_EQ(fields.time, "2024-01-01T00:00:00Z");
  EXPECT_EQ(read_system("<Channel").channel, "");
  EXPECT_EQ(read_system("").record, 0U);
}

TEST(EventXml, IdentityIsThatOfTheRecordWhereverItIsRead) {
  const std::string one = "<Event><System><EventRecordID>1</EventRecordID><Channel>S</Channel><Computer>c</Computer><TimeCreated SystemTime='t'/></System></Event>";
  const std::string other = "<Event xmlns='x'><System><Computer>c</Computer><Channel>S</Channel><TimeCreated SystemTime='t'/><EventRecordID>1</EventRecordID></System></Event>";
  EXPECT_EQ(identity_of(one), identity_of(other));
  EXPECT_NE(identity_of("<x/>"), identity_of("<y/>"));
}

TEST_F(Evtx, AsASourceItGivesEntriesWithIdentityAndLedger) {
  EvtxFixture file(path());
  for (int i = 0; i < 30; ++i) file.add();
  auto checkpoints = intake::FileCheckpointStore::open(folder_.path() / "checkpoints");
  intake::RecordingSink sink;
  const LogSettings settings{.name = "evtx", .kind = "evtx", .paths = {folder_.path()}, .poll_interval = 10ms, .rescan_interval = 20ms};
  {
    const auto source = make_source(settings, sink, **checkpoints);
    ASSERT_TRUE(source->start());
    ASSERT_TRUE(sink.wait_for(30));
    const auto streams = source->streams();
    ASSERT_EQ(streams.size(), 1U);
    EXPECT_EQ(streams[0].first, 1U);
    EXPECT_EQ(streams[0].last, 30U);
    EXPECT_EQ(streams[0].sent, 30U);
    source->stop();
  }
  EXPECT_EQ(sink.kept()[0].hint, "windows-xml");
  EXPECT_EQ(sink.kept()[0].item_id, identity_of(sink.kept()[0].payload));
  for (int i = 0; i < 5; ++i) file.add();
  const auto source = make_source(settings, sink, **checkpoints);
  ASSERT_TRUE(source->start());
  ASSERT_TRUE(sink.wait_for(35));
  source->stop();
  EXPECT_EQ(sink.count(), 35U);
  EXPECT_EQ(source->streams()[0].last, 35U);
  EXPECT_EQ(source->streams()[0].sent, 35U);
}

}  // namespace
}  // namespace yagura::winlog
