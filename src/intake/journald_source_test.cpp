// The journal files are made by systemd's own writer from its export format, where that program is installed.
#include "intake/journald_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.hpp"
#include "intake/recording_sink.hpp"

namespace yagura::intake {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kWriter = "/lib/systemd/systemd-journal-remote";

class Journald : public ::testing::Test {
 protected:
  void SetUp() override {
    checkpoints_ = std::move(*FileCheckpointStore::open(folder_.path() / "checkpoints"));
    std::filesystem::create_directory(folder_.path() / "journal");
  }
  static bool has_writer() { return std::filesystem::exists(kWriter); }
  // Entries in journalctl's export format; "MESSAGE" with any bytes is written in its binary form.
  void write(const std::string& file, int first, int count) {
    std::string text;
    for (int i = first; i < first + count; ++i) {
      const std::string message =
          i % 10 == 9 ? std::string("bytes \xFF\x00 and\nlines", 18) : fmt::format("message {}", i);
      std::uint64_t size = message.size();
      text +=
          fmt::format("__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID=0123456789abcdef0123456789abcdef\n",
                      1'700'000'000'000'000 + i * 1'000'000LL, i * 1'000'000LL);
      text += fmt::format("PRIORITY=6\nSYSLOG_IDENTIFIER=app\n_HOSTNAME=web1\nTAG=a\nTAG=b{}\nMESSAGE\n", i);
      text.append(reinterpret_cast<const char*>(&size), 8);
      text += message + "\n\n";
    }
    const auto input = (folder_.path() / "in").string();
    ASSERT_TRUE(write_file_atomically(input, text));
    const auto out = (folder_.path() / "journal" / file).string();
    ASSERT_EQ(std::system(fmt::format("{} -o {} {} 2>/dev/null >/dev/null", kWriter, out, input).c_str()), 0);
  }
  void start(JournaldSettings settings = {}) {
    settings.name = "j";
    settings.directory = folder_.path() / "journal";
    source_ = JournaldSource::create(settings, sink_, *checkpoints_);
    ASSERT_TRUE(source_->start());
  }
  TemporaryDirectory folder_;
  RecordingSink sink_;
  std::unique_ptr<FileCheckpointStore> checkpoints_;
  std::unique_ptr<JournaldSource> source_;
};

TEST_F(Journald, EntriesAreJsonAndGoOnAfterARestart) {
  if (!has_writer()) GTEST_SKIP() << "no systemd-journal-remote";
  write("one.journal", 1, 20);
  start();
  ASSERT_TRUE(sink_.wait_for(20));
  const auto kept = sink_.kept();
  EXPECT_THAT(kept[0].payload,
              AllOf(HasSubstr(R"("MESSAGE":"message 1")"), HasSubstr(R"("SYSLOG_IDENTIFIER":"app")"),
                    HasSubstr(R"("TAG":["a","b1"])"), HasSubstr(R"("__REALTIME_TIMESTAMP":"1700000001000000")"),
                    HasSubstr(R"("__CURSOR":"s=)")));
  EXPECT_THAT(kept[8].payload, HasSubstr(R"("MESSAGE":[98,121,116,101,115,32,255,0,)"));
  EXPECT_EQ(kept[0].hint, "journald");
  EXPECT_NE(kept[0].item_id, kept[1].item_id);
  source_.reset();
  write("two.journal", 21, 5);
  start();
  ASSERT_TRUE(sink_.wait_for(25));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(sink_.count(), 25U);
  EXPECT_THAT(sink_.payloads()[20], HasSubstr(R"("MESSAGE":"message 21")"));
}

TEST_F(Journald, WhatWasNotDurableIsReadAgainWithTheSameIdentity) {
  if (!has_writer()) GTEST_SKIP() << "no systemd-journal-remote";
  write("one.journal", 1, 3);
  sink_.set_durable(0);
  start();
  ASSERT_TRUE(sink_.wait_for(3));
  source_.reset();
  sink_.set_durable(1000);
  start();
  ASSERT_TRUE(sink_.wait_for(6));
  EXPECT_EQ(sink_.kept()[2].item_id, sink_.kept()[5].item_id);
}

TEST_F(Journald, StartAtTheEnd) {
  if (!has_writer()) GTEST_SKIP() << "no systemd-journal-remote";
  write("one.journal", 1, 3);
  start({.from_beginning = false});
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(sink_.count(), 0U);
  write("two.journal", 4, 2);
  ASSERT_TRUE(sink_.wait_for(2));
  EXPECT_THAT(sink_.payloads()[0], HasSubstr(R"("MESSAGE":"message 4")"));
}

TEST_F(Journald, WithoutAJournalTheStatusSaysSo) {
  start();
  for (int i = 0; i < 200 && source_->status().state != "waiting"; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(source_->status().state, "waiting");
  EXPECT_THAT(source_->status().detail, HasSubstr("no systemd journal"));
}

}  // namespace
}  // namespace yagura::intake
