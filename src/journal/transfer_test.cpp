#include "journal/transfer.hpp"

#include <gtest/gtest.h>

namespace yagura::journal {
namespace {

Entry entry_at(std::uint64_t position, std::string_view payload, const Origin& origin) {
  Entry entry;
  entry.position = Position(position);
  entry.received_at = receive_time(static_cast<std::int64_t>(position) * 10);
  entry.payload = payload;
  entry.origin = &origin;
  return entry;
}

TEST(Transfer, EntriesComeBackWithTheirPositions) {
  const Origin files{.source = "files", .peer = "/var/log/a", .hint = "auto"};
  const Origin binary{.source = "evtx", .peer = "C", .hint = "windows-xml"};
  TransferBuilder builder;
  EXPECT_TRUE(builder.empty());
  auto first = entry_at(7, "one", files);
  first.item_id = Guid{1, 2};
  first.read_at = receive_time(5);
  builder.add(first);
  builder.add(entry_at(8, "two\nlines", binary));
  builder.add(entry_at(4'194'312, "after a jump", files));
  EXPECT_EQ(builder.entries(), 3U);
  EXPECT_EQ(builder.last(), Position(4'194'312));
  const std::string bytes = builder.finish();
  EXPECT_TRUE(builder.empty());
  const auto runs = decode_transfer(bytes);
  ASSERT_TRUE(runs) << runs.error().message();
  ASSERT_EQ(runs->size(), 2U);
  const auto entries = (*runs)[0]->entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].payload, "one");
  EXPECT_EQ(entries[0].item_id, (Guid{1, 2}));
  EXPECT_EQ(entries[0].read_at, receive_time(5));
  EXPECT_EQ(entries[1].payload, "two\nlines");
  EXPECT_EQ(entries[1].source(), "evtx");
  EXPECT_EQ((*runs)[1]->first(), Position(4'194'312));
}

TEST(Transfer, DamageIsRefusedWhereverItIs) {
  const Origin origin{.source = "s", .peer = "p", .hint = "h"};
  TransferBuilder builder;
  for (std::uint64_t i = 1; i <= 20; ++i) builder.add(entry_at(i, "a line of some length", origin));
  const std::string good = builder.finish();
  ASSERT_TRUE(decode_transfer(good));
  EXPECT_FALSE(decode_transfer(""));
  EXPECT_FALSE(decode_transfer("YTR1"));
  EXPECT_FALSE(decode_transfer("XTR1" + good.substr(4)));
  for (std::size_t size = 4; size < good.size(); ++size) EXPECT_FALSE(decode_transfer(good.substr(0, size))) << size;
  EXPECT_FALSE(decode_transfer(good + good.substr(4))) << "positions must grow";
}

TEST(Transfer, AStatementSaysWhichPositionsFollow) {
  const TransferStatement statement{"web-1", Guid{3, 4}, {{Position(5), 3}, {Position(100), 1}}};
  const auto text = to_text(statement);
  EXPECT_EQ(text, "yagura-transfer:1:web-1:00000000-0000-0003-0000-000000000004:5+3,100+1");
  const auto parsed = parse_transfer_statement(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, statement);
  EXPECT_EQ(parsed->entries(), 4U);
  EXPECT_EQ(parsed->position_of(2), Position(7));
  EXPECT_EQ(parsed->position_of(3), Position(100));
  for (const std::string_view wrong : {"", "yagura-transfer:1:a:b:1+1", "yagura-transfer:1::00000000-0000-0003-0000-000000000004:1+1",
                                       "yagura-transfer:1:a:00000000-0000-0003-0000-000000000004:5+0",
                                       "yagura-transfer:1:a:00000000-0000-0003-0000-000000000004:5+2,6+1",
                                       "yagura-transfer:2:a:00000000-0000-0003-0000-000000000004:5+2"})
    EXPECT_FALSE(parse_transfer_statement(wrong)) << wrong;
}

}  // namespace
}  // namespace yagura::journal
