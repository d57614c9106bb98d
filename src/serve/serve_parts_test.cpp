// Console files, tail hub, login limiter, peers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/time.hpp"
#include "serve/caller.hpp"
#include "serve/console_files.hpp"
#include "serve/fake_query_service.hpp"
#include "serve/login_limiter.hpp"
#include "serve/tail_hub.hpp"

namespace yagura::serve {
namespace {

using ::testing::HasSubstr;

void put(std::string& out, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}
void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 2);
  out += text;
}

// gzip of "hello hello hello hello": fixed Huffman, made with gzip -n.
constexpr std::string_view kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00",
    28);

std::string pack() {
  std::string out = "YGCP1\n";
  put(out, 2, 4);
  put_text(out, "/index.html");
  put_text(out, "text/html; charset=utf-8");
  put_text(out, "\"e1\"");
  put(out, 0, 1);
  put(out, 6, 4);
  put(out, 0, 4);
  put(out, 0, 4);
  put_text(out, "/assets/a.js");
  put_text(out, "text/javascript");
  put_text(out, "\"e2\"");
  put(out, 1, 1);
  put(out, 0, 4);
  put(out, kGzip.size(), 4);
  put(out, 2, 4);
  out += "<html>";
  out += kGzip;
  out += "BR";
  return out;
}

TEST(ConsoleFiles, ServesWithEtagEncodingAndPolicy) {
  const std::string bytes = pack();
  const auto files = ConsoleFiles::parse(bytes);
  ASSERT_TRUE(files) << files.error().message();
  const auto get = [&](std::string target, std::vector<net::HttpHeader> headers = {}) {
    return files->answer({.target = std::move(target), .headers = std::move(headers)});
  };
  EXPECT_EQ(get("/").body, "<html>");
  EXPECT_EQ(get("/logs").body, "<html>");
  EXPECT_EQ(get("/tables/Syslog?x=1.2").body, "<html>");
  EXPECT_EQ(get("/missing.js").status, 404);
  EXPECT_EQ(get("/../../etc/passwd").status, 200);  // the console's own page, like any path without a dot
  EXPECT_EQ(get("/", {{"If-None-Match", "\"x\", \"e1\""}}).status, 304);
  const auto brotli = get("/assets/a.js", {{"Accept-Encoding", "gzip, deflate, br"}});
  EXPECT_EQ(brotli.body, "BR");
  EXPECT_EQ(brotli.header("Content-Encoding"), "br");
  EXPECT_THAT(std::string(brotli.header("Cache-Control")), HasSubstr("immutable"));
  EXPECT_EQ(get("/assets/a.js", {{"Accept-Encoding", "br;q=0, gzip"}}).header("Content-Encoding"), "gzip");
  EXPECT_EQ(get("/assets/a.js").body, "hello hello hello hello");
  const std::string policy(get("/").header("Content-Security-Policy"));
  EXPECT_THAT(policy, HasSubstr("script-src 'self'"));
  EXPECT_THAT(policy, ::testing::Not(HasSubstr("unsafe-eval")));
  EXPECT_EQ(files->answer({.method = "POST", .target = "/"}).status, 405);
}

TEST(ConsoleFiles, CutPacksAreErrors) {
  const std::string bytes = pack();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(ConsoleFiles::parse(std::string_view(bytes).substr(0, size))) << size;
}

TEST(ConsoleFiles, WithoutConsoleAPageSaysHowToBuildIt) {
  EXPECT_THAT(ConsoleFiles().answer({.target = "/"}).body, HasSubstr("./dev build"));
  EXPECT_EQ(ConsoleFiles().answer({.target = "/favicon.ico"}).status, 404);
}

TEST(TailHub, NobodyWatchesNothingHappens) {
  TailHub hub;
  EXPECT_FALSE(hub.watched());
  hub.publish(every_type_batch(10));
  {
    const auto watch = hub.watch({});
    EXPECT_TRUE(hub.watched());
  }
  hub.publish(every_type_batch(1));
  EXPECT_FALSE(hub.watched());
}

TEST(TailHub, FiltersByTableAndWords) {
  TailHub hub;
  const auto other = *hub.watch({.table = "SecurityEvent"});
  const auto none = *hub.watch({.words = {"quoted", "absent"}});
  const auto both = *hub.watch({.words = {"QUOTED", "line"}});
  const auto all = *hub.watch({.table = "Syslog"});
  hub.publish(every_type_batch(3));
  const auto wait = std::chrono::milliseconds(10);
  EXPECT_TRUE(other->take(wait).rows.empty());
  EXPECT_TRUE(none->take(wait).rows.empty());
  EXPECT_EQ(both->take(wait).rows.size(), 1U);
  const auto rows = all->take(wait).rows;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(*rows[2], R"({"table":"Syslog","row":{}})");
}

TEST(TailHub, WhatIsTooMuchIsCounted) {
  TailHub hub({.rows_per_second = 10, .queued_rows = 5});
  const auto watch = *hub.watch({});
  hub.publish(every_type_batch(100));
  const auto taken = watch->take(std::chrono::milliseconds(10));
  EXPECT_EQ(taken.rows.size(), 5U);
  EXPECT_EQ(taken.skipped, 95U);
  hub.publish(every_type_batch(100));
  const auto more = watch->take(std::chrono::milliseconds(10));
  EXPECT_EQ(more.rows.size() + more.skipped, 100U);
}

TEST(TailHub, WatchersAreBoundedAndClosed) {
  TailHub hub({.watchers = 1});
  const auto first = *hub.watch({});
  EXPECT_EQ(hub.watch({}).error().kind(), ErrorKind::exhausted);
  std::jthread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    hub.close();
  });
  EXPECT_TRUE(first->take(std::chrono::seconds(10)).closed);
  closer.join();
  EXPECT_FALSE(hub.watch({}));
}

TEST(TailHub, PublishersAndWatchersAtOnce) {
  TailHub hub;
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!stop) hub.publish(every_type_batch(20));
    });
  for (int i = 0; i < 20; ++i) {
    const auto watch = *hub.watch({.words = {"quoted"}});
    watch->take(std::chrono::milliseconds(5));
  }
  stop = true;
}

TEST(LoginLimiter, BurstThenSlowly) {
  LoginLimiter limiter({.burst = 3, .per_second = 1, .addresses = 4});
  std::int64_t now = 1'000'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit("a", now));
  EXPECT_FALSE(limiter.admit("a", now));
  EXPECT_TRUE(limiter.admit("b", now));
  now += kTicksPerSecond;
  EXPECT_TRUE(limiter.admit("a", now));
  EXPECT_FALSE(limiter.admit("a", now));
  // One IPv6 host has a whole /64.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit("2001:db8::" + std::to_string(i), now));
  EXPECT_FALSE(limiter.admit("2001:db8::99", now));
  for (int i = 0; i < 100; ++i) limiter.admit("c" + std::to_string(i), now);
}

TEST(Caller, AddressOfPeer) {
  EXPECT_EQ(address_of_peer("192.0.2.7:51234"), "192.0.2.7");
  EXPECT_EQ(address_of_peer("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(address_of_peer("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(address_of_peer("unix"), "unix");
}

}  // namespace
}  // namespace yagura::serve
