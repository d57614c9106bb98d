#include "query/external_data.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace yagura::query {
namespace {

TEST(ExternalData, AllowsHostsAndPathsAsWritten) {
  const std::vector<std::string> allowed{"raw.example.com", "*.blob.example.net", "https://lists.example.org/feeds"};
  const auto may = [&](std::string_view address) {
    const auto parsed = parse_external(address);
    return parsed && is_allowed(allowed, *parsed);
  };
  EXPECT_TRUE(may("https://raw.example.com/a/b.csv?sas=1"));
  EXPECT_TRUE(may("HTTPS://RAW.example.com/"));
  EXPECT_TRUE(may("https://x.blob.example.net/a;key"));
  EXPECT_TRUE(may("https://lists.example.org/feeds/ips.txt"));
  EXPECT_FALSE(may("https://lists.example.org/feeds2/ips.txt"));
  EXPECT_FALSE(may("https://lists.example.org/feeds/../admin"));
  EXPECT_FALSE(may("https://lists.example.org/feeds/%2E%2e/admin"));
  EXPECT_FALSE(may("https://lists.example.org:8443/feeds/ips.txt"));
  EXPECT_FALSE(may("https://raw.example.com.evil.test/"));
  EXPECT_FALSE(may("https://raw.example.com@evil.test/"));
  EXPECT_FALSE(may("https://evil.test/?https://raw.example.com/"));
  EXPECT_FALSE(may("https://blob.example.net.evil.test/"));
  EXPECT_FALSE(may("file:///etc/passwd"));
  EXPECT_FALSE(may("https://raw.example.com/a b"));
  EXPECT_FALSE(may("https://[::1]/"));
}

TEST(ExternalData, ReadsTheMirrorAndNothingBesideIt) {
  const auto folder = std::filesystem::temp_directory_path() / ("yagura-mirror-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "mirror" / "host.test" / "a");
  std::ofstream(folder / "mirror" / "host.test" / "a" / "b.csv") << "1,2\n";
  std::ofstream(folder / "secret") << "no";
  ExternalDataOptions options;
  options.mirror = folder / "mirror";
  const auto get = [&](const std::string& address) { return fetch_external(options, address, 1_MiB, Deadline::in(std::chrono::seconds(1))); };
  EXPECT_EQ(get("https://host.test/a/b.csv?x=1").value_or("?"), "1,2\n");
  ASSERT_FALSE(get("https://host.test/../../secret"));
  ASSERT_FALSE(get("https://../secret"));
  const auto missing = get("https://host.test/other.csv");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("host.test/other.csv"), std::string::npos) << missing.error().message();
  options.mirror.clear();
  EXPECT_EQ(get("https://host.test/a/b.csv").error().kind(), ErrorKind::permission_denied);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace yagura::query
