#include "journal/block.hpp"

#include <gtest/gtest.h>

#include "journal/block_builder.hpp"
#include "journal/sample_lines.hpp"

namespace yagura::journal {
namespace {

struct Owned {
  std::string source, peer, hint, payload;
  std::int64_t received = 0;
  std::optional<std::int64_t> read_at;
  Guid item_id;
  bool is_reference = false;

  EntryView view() const {
    EntryView entry;
    entry.source = source;
    entry.peer = peer;
    entry.hint = hint;
    entry.payload = payload;
    entry.received_at = receive_time(received);
    if (read_at) entry.read_at = receive_time(*read_at);
    entry.item_id = item_id;
    entry.is_reference = is_reference;
    return entry;
  }
};

std::shared_ptr<const Block> through_bytes(const std::vector<Owned>& entries, std::string* bytes = nullptr) {
  BlockBuilder builder(1024);
  for (const Owned& entry : entries) builder.add(entry.view());
  EXPECT_EQ(builder.count(), entries.size());
  const auto payload_bytes = builder.payload_bytes();
  std::string content = builder.finish();
  if (bytes != nullptr) *bytes = content;
  auto block = Block::decode(content, payload_bytes, Position(100), static_cast<std::uint32_t>(entries.size()));
  EXPECT_TRUE(block) << (block ? "" : block.error().message());
  return block ? *block : nullptr;
}

void expect_equal(const Block& block, const std::vector<Owned>& entries) {
  ASSERT_EQ(block.entries().size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& got = block.entries()[i];
    const Owned& put = entries[i];
    ASSERT_EQ(got.position, Position(100 + i));
    ASSERT_EQ(got.source(), put.source);
    ASSERT_EQ(got.peer(), put.peer);
    ASSERT_EQ(got.hint(), put.hint);
    ASSERT_EQ(got.is_reference(), put.is_reference);
    ASSERT_EQ(got.payload, put.payload) << i;
    ASSERT_EQ(got.received_at, receive_time(put.received));
    ASSERT_EQ(got.read_at.has_value(), put.read_at.has_value());
    if (put.read_at) {
      ASSERT_EQ(*got.read_at, receive_time(*put.read_at));
    }
    ASSERT_EQ(got.item_id, put.item_id);
  }
}

TEST(Block, GivesBackExactlyWhatWasPutIn) {
  SampleLines random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Owned> entries;
    const auto count = 1 + random.number(60);
    for (std::uint64_t i = 0; i < count; ++i) {
      Owned entry;
      entry.source = random.number(2) == 0 ? "udp" : "";
      entry.peer = fmt::format("192.0.2.{}:514", random.number(1 + static_cast<std::uint64_t>(round) % 40));
      entry.hint = random.number(5) == 0 ? "file" : "syslog";
      entry.is_reference = random.number(7) == 0;
      entry.payload = random.next();
      if (random.number(4) == 0) entry.payload.insert(random.number(entry.payload.size()), 1, '\n');
      if (random.number(6) == 0) entry.payload.clear();
      if (random.number(9) == 0) entry.payload.assign("\0\xff\n\0", 4);
      entry.received = 17'000'000'000'000'000 + static_cast<std::int64_t>(random.number(3) * 1000) - 1000;
      if (random.number(3) == 0) entry.read_at = entry.received - static_cast<std::int64_t>(random.number(1 << 20));
      if (random.number(3) == 0) entry.item_id = {random.number(1ULL << 31) << 32, random.number(1ULL << 31) + 1};
      entries.push_back(std::move(entry));
    }
    expect_equal(*through_bytes(entries), entries);
  }
}

TEST(Block, KeepsExtremeTimesAndThousandsOfPeers) {
  std::vector<Owned> entries(5000);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].peer = std::to_string(i * 7919 % 3000);
    entries[i].payload = std::to_string(i);
    entries[i].received =
        i % 2 == 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    entries[i].read_at = ~entries[i].received;
  }
  expect_equal(*through_bytes(entries), entries);
}

TEST(Block, SharesTheOriginOfEntriesThatHaveTheSame) {
  std::vector<Owned> entries(3);
  entries[1].peer = "other";
  const auto block = through_bytes(entries);
  EXPECT_EQ(block->entries()[0].origin, block->entries()[2].origin);
  EXPECT_NE(block->entries()[0].origin, block->entries()[1].origin);
}

TEST(Block, FindsByPosition) {
  const auto block = through_bytes(std::vector<Owned>(10));
  EXPECT_EQ(block->first(), Position(100));
  EXPECT_EQ(block->last(), Position(109));
  EXPECT_EQ(block->find(Position(103))->position, Position(103));
  EXPECT_EQ(block->find(Position(110)), nullptr);
  EXPECT_EQ(block->find(Position(99)), nullptr);
  EXPECT_EQ(block->entries_from(Position(108)).size(), 2U);
  EXPECT_EQ(block->entries_from(Position(1)).size(), 10U);
  EXPECT_EQ(block->entries_from(Position(500)).size(), 0U);
}

// Each byte of the columns changed, and each cut: an error or a block, never a crash or a view outside.
TEST(Block, RefusesMalformedContent) {
  std::vector<Owned> entries(40);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].payload = "message " + std::to_string(i) + (i > 30 ? "\nsecond line" : "");
    entries[i].peer = std::to_string(i % 3);
    if (i % 5 == 0) entries[i].read_at = 7;
    if (i % 6 == 0) entries[i].item_id = {1, i + 1};
  }
  std::string content;
  through_bytes(entries, &content);
  const std::uint64_t payload_bytes = content.find("\x03") == std::string::npos ? 0 : content.find("\x03");
  ASSERT_GT(payload_bytes, 0U);
  int refused = 0;
  for (std::size_t at = 0; at < content.size(); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string wrong = content;
      wrong[at] = static_cast<char>(wrong[at] ^ change);
      const auto block = Block::decode(wrong, payload_bytes, Position(1), 40);
      if (!block) {
        ++refused;
        EXPECT_EQ(block.error().kind(), ErrorKind::corrupt);
        continue;
      }
      for (const Entry& entry : (*block)->entries()) ASSERT_LE(entry.payload.size(), content.size());
    }
    EXPECT_FALSE(Block::decode(content.substr(0, at), payload_bytes, Position(1), 40)) << at;
  }
  EXPECT_GT(refused, 100);
  EXPECT_FALSE(Block::decode(content + "x", payload_bytes, Position(1), 40));
  EXPECT_FALSE(Block::decode(content, payload_bytes, Position(1), 41));
  EXPECT_FALSE(Block::decode(content, payload_bytes, Position(1), 39));
  EXPECT_FALSE(Block::decode(content, payload_bytes, Position(1), 4'000'000'000U));
}

TEST(ItemId, CarriesThePositionWhenTheSourceGaveNone) {
  std::vector<Owned> entries(2);
  entries[0].payload = "a line";
  entries[1].item_id = {0x1111222233334444, 0x8555666677778888};
  const auto block = through_bytes(entries);
  const Guid made = item_id_of(block->entries()[0]);
  EXPECT_EQ(position_in(made), Position(100));
  EXPECT_EQ(to_string(made)[14], '8') << to_string(made);  // RFC 9562: version 8
  EXPECT_EQ(item_id_of(block->entries()[1]), entries[1].item_id);
  EXPECT_EQ(position_in(entries[1].item_id), std::nullopt);
  EXPECT_EQ(position_in(Guid{}), std::nullopt);
}

}  // namespace
}  // namespace yagura::journal
