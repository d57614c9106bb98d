// What is in the journal of an object that a crash cut short is counted, whoever else finished meanwhile.
#include "intake/object_book.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/file.hpp"
#include "intake/entry_sink.hpp"
#include "intake/s3_source.hpp"
#include "journal/tail.hpp"

namespace yagura::intake {
namespace {

class KeptObjects final : public DoneObjects {
 public:
  Result<bool> is_done(std::string_view, std::string_view object) override { return done.contains(object); }
  Result<> mark_done(std::string_view, std::string_view object, std::uint64_t, Position from) override {
    done.emplace(object);
    aside.erase(std::string(object));
    place = std::max(place, from);
    return {};
  }
  Result<Position> read_from(std::string_view) override { return place; }
  Result<> set_aside(std::string_view, std::string_view object, std::string_view, std::uint64_t records) override {
    aside[std::string(object)] = records;
    return {};
  }
  Result<std::uint64_t> records_set_aside(std::string_view, std::string_view object) override {
    const auto found = aside.find(std::string(object));
    return found == aside.end() ? 0 : found->second;
  }

  std::set<std::string, std::less<>> done;
  std::map<std::string, std::uint64_t> aside;
  Position place{1};
};

class ObjectBookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = journal::Writer::open({.folder = folder_.path() / "journal", .signing_key = folder_.path() / "key.pem", .min_free = 1_MiB});
    ASSERT_TRUE(writer) << writer.error().message();
    writer_ = std::move(*writer);
    sink_ = std::make_unique<JournalSink>(*writer_);
    open();
  }
  // As after a crash: nothing but the journal and what was marked done is known.
  void open() {
    auto book = ObjectBook::open("aws:t", kept_, [this](Position from) { return writer_->tail(from); }, sink_->durable_position());
    ASSERT_TRUE(book) << book.error().message();
    book_ = std::move(*book);
  }
  ObjectBook::Begun begin(std::string_view object) {
    auto begun = book_->begin(object, sink_->durable_position());
    EXPECT_TRUE(begun);
    return begun ? *begun : ObjectBook::Begun{};
  }
  Position write(std::string_view object, int records, std::string_view source = "aws:t") {
    Position last{0};
    for (int i = 0; i < records; ++i) {
      const journal::EntryView entry{.source = source, .peer = object, .hint = "json", .received_at = ReceiveClock::now(), .payload = "{}"};
      const auto position = sink_->append(std::span(&entry, 1), Deadline::in(5s));
      EXPECT_TRUE(position);
      last = *position;
    }
    EXPECT_TRUE(sink_->wait_durable(last, Deadline::in(5s)));
    return last;
  }

  TemporaryDirectory folder_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<JournalSink> sink_;
  KeptObjects kept_;
  std::unique_ptr<ObjectBook> book_;
};

TEST_F(ObjectBookTest, CountsAfterACrashWhatTheJournalHas) {
  EXPECT_EQ(begin("a").journaled, 0U);
  write("a", 7);
  write("a", 3, "aws:another");  // of another source with the same object
  open();
  const auto again = begin("a");
  EXPECT_EQ(again.state, ObjectBook::State::fresh);
  EXPECT_EQ(again.journaled, 7U);
  ASSERT_TRUE(book_->finish("a", 10, write("a", 3)));
  EXPECT_EQ(begin("a").state, ObjectBook::State::done);
}

// One thread has written and not said so yet when another finishes an object further on in the journal.
TEST_F(ObjectBookTest, WhoFinishesLeavesThePlaceOfOthers) {
  begin("slow");
  begin("fast");
  write("slow", 5);
  ASSERT_TRUE(book_->finish("fast", 2, write("fast", 2)));
  open();
  EXPECT_EQ(begin("slow").journaled, 5U);
  EXPECT_EQ(begin("fast").state, ObjectBook::State::done);
}

TEST_F(ObjectBookTest, OneThreadHasAnObject) {
  begin("a");
  EXPECT_EQ(begin("a").state, ObjectBook::State::under_way);
  book_->journaled("a", 4);
  book_->release("a");
  const auto again = begin("a");
  EXPECT_EQ(again.state, ObjectBook::State::fresh);
  EXPECT_EQ(again.journaled, 4U);
}

TEST_F(ObjectBookTest, WhatWasSetAsideGoesOnWhereItStopped) {
  begin("a");
  write("a", 6);
  book_->journaled("a", 6);
  ASSERT_TRUE(book_->set_aside("a", "cut short"));
  // Later objects move the place to read from beyond it.
  begin("b");
  ASSERT_TRUE(book_->finish("b", 1, write("b", 1)));
  open();
  EXPECT_EQ(begin("a").journaled, 6U);
}

TEST(ObjectLayout, IsToldByTableAndFirstBytes) {
  EXPECT_EQ(layout_of("AWSCloudTrail", "  ", false), std::nullopt);
  EXPECT_EQ(layout_of("AWSCloudTrail", "\xEF\xBB\xBF {", false)->hint, "json?table=AWSCloudTrail");
  EXPECT_EQ(layout_of("AWSCloudWatch", "{", false)->kind, ObjectLayout::Kind::json_documents);
  EXPECT_EQ(layout_of("AWSS3ServerAccess", "0123 b [", false)->hint, "aws-s3-access");
  EXPECT_EQ(layout_of("AWSNLBAccessLogs", "tls 2.0", false)->hint, "aws-elb");
  EXPECT_EQ(layout_of("AWSVPCFlow", "version srcaddr", false), std::nullopt);  // the line may go on
  const auto named = layout_of("AWSELBFlowLogs", "version srcaddr\n2 192.0.2.1\n", false);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->hint, "aws-flow?table=AWSELBFlowLogs&fields=version%20srcaddr");
  EXPECT_EQ(named->skipped, 16U);
  EXPECT_EQ(layout_of("AWSVPCFlow", "2 123456789010 eni-1\n", false)->skipped, 0U);
}

}  // namespace
}  // namespace yagura::intake
