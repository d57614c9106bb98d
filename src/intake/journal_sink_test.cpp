// A source and a real journal: what went in by TCP comes out byte for byte.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/random.hpp"
#include "intake/entry_sink.hpp"
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

}  // namespace
}  // namespace yagura::intake
