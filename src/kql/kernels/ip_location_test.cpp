#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "kql/kernels/kernel_testing.hpp"

namespace yagura::kql {
namespace {

// The MaxMind DB format, version 2: control bytes hold a type and a size.
std::string text(std::string_view value) { return static_cast<char>(2 << 5 | value.size()) + std::string(value); }
std::string map(int size) { return {static_cast<char>(7 << 5 | size)}; }
std::string array(int size) { return {static_cast<char>(size), 4}; }  // type 11 is an extended one
std::string number(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, 8);
  std::string out(1, static_cast<char>(3 << 5 | 8));
  for (int i = 7; i >= 0; --i) out += static_cast<char>(bits >> 8 * i);
  return out;
}
std::string small(int type, int value) { return {static_cast<char>(type << 5 | 2), static_cast<char>(value >> 8), static_cast<char>(value)}; }

// A database that knows 10.0.0.0/8.
std::string database() {
  constexpr int kNodes = 8;
  std::string tree;
  const auto record = [&](int value) { tree += {static_cast<char>(value >> 16), static_cast<char>(value >> 8), static_cast<char>(value)}; };
  for (int bit = 0; bit < kNodes; ++bit) {
    const int next = bit + 1 < kNodes ? bit + 1 : kNodes + 16;  // data begin 16 behind the number of nodes
    const bool one = (10 >> (7 - bit) & 1) != 0;
    record(one ? kNodes : next);
    record(one ? next : kNodes);
  }
  std::string names = text("names") + map(1) + text("en");
  std::string data = map(4) + text("country") + map(1) + names + text("Japan") + text("city") + map(1) + names + text("Nara") + text("subdivisions") + array(1) + map(1) + names +
                     text("Nara Prefecture") + text("location") + map(2) + text("latitude") + number(34.5) + text("longitude") + number(135.75);
  std::string metadata = map(9) + text("languages") + array(1) + text("en") + text("description") + map(1) + text("en") + text("test") + text("binary_format_major_version") + small(5, 2) + text("binary_format_minor_version") + small(5, 0) + text("database_type") + text("Test-City") + text("ip_version") + small(5, 4) +
                         text("node_count") + small(6, kNodes) + text("record_size") + small(5, 24) + text("build_epoch") + std::string{2, 2, 1, 1};
  return tree + std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com" + metadata;
}

TEST(IpLocation, TellsWhereAnAddressIs) {
  const auto path = std::filesystem::temp_directory_path() / ("yagura-geoip-" + std::to_string(::getpid()) + ".mmdb");
  std::ofstream(path, std::ios::binary) << database();
  ::setenv("YAGURA_GEOIP_DATABASE", path.c_str(), 1);
  const auto find = [](std::string_view ip) { return call_kernel("geo_info_from_ip_address", {{Type::string, ip}}, Type::dynamic); };
  EXPECT_EQ(find("10.1.2.3"), R"({"country":"Japan","state":"Nara Prefecture","city":"Nara","latitude":34.5,"longitude":135.75})");
  EXPECT_EQ(find("11.1.2.3"), "");
  EXPECT_EQ(find("fe80::1"), "");
  EXPECT_EQ(find("nonsense"), "");
  ::unsetenv("YAGURA_GEOIP_DATABASE");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace yagura::kql
