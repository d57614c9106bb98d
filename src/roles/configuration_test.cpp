#include "roles/configuration.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.hpp"

namespace yagura::roles {
namespace {

class ConfigurationTest : public ::testing::Test {
 protected:
  Configuration read(std::string_view yaml) {
    std::ofstream(path_) << yaml;
    return read_configuration({.file = path_, .data = (folder_.path() / "data").string()});
  }
  TemporaryDirectory folder_;
  std::filesystem::path path_ = folder_.path() / "yagura.yaml";
};

TEST_F(ConfigurationTest, ListsAllMistakesAtOnce) {
  const auto read =
      this->read("journal: {segment_size: 1KiB, max_agee: 3d}\ntimezone: Mars\napi: {http: 0.0.0.0:80}\n");
  EXPECT_FALSE(read.good());
  EXPECT_GE(read.errors->messages().size(), 4U) << read.errors->to_error().message();
}

TEST_F(ConfigurationTest, SaysWhatAReloadTakesAndWhatWaits) {
  const auto before = read(
      "log: {level: info}\njournal: {max_age: 3d}\napi: {http: \"127.0.0.1:8080\"}\n"
      "sources:\n  - {kind: syslog, transport: udp, listen: \"127.0.0.1:5514\"}\n");
  const auto after = read(
      "log: {level: debug}\njournal: {max_age: 3d, min_free: 2GiB}\n"
      "sources:\n  - {kind: syslog, transport: udp, listen: \"127.0.0.1:5515\"}\n");
  ASSERT_TRUE(before.good()) << before.errors->to_error().message();
  ASSERT_TRUE(after.good()) << after.errors->to_error().message();
  const auto change = changes(before.values, after.values);
  EXPECT_EQ(change.taken, std::vector<std::string>{"log.level"});
  EXPECT_EQ(change.waiting, (std::vector<std::string>{"api.http", "journal.min_free", "sources"}));
  const auto same = changes(before.values, before.values);
  EXPECT_TRUE(same.taken.empty() && same.waiting.empty());
}

}  // namespace
}  // namespace yagura::roles
