#include "control/functions.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.hpp"
#include "control/control_db.hpp"

namespace yagura::control {
namespace {

class KeptThings : public ::testing::Test {
 protected:
  void SetUp() override {
    control_ = *ControlDb::open(folder_.path() / "control.db", {.clock = [this] { return now_++; }});
  }
  TemporaryDirectory folder_;
  std::int64_t now_ = 1000;
  std::unique_ptr<ControlDb> control_;
  const Actor actor_{.name = "maki"};
};

TEST_F(KeptThings, FunctionsAreKeptReplacedAndRemoved) {
  auto& functions = control_->functions();
  using If = Functions::IfThere;
  EXPECT_TRUE(*functions.put({.name = "F", .parameters = "()", .body = "{ print 1 }"}, If::refuse, actor_));
  EXPECT_FALSE(*functions.put({.name = "F", .parameters = "()", .body = "{ print 2 }"}, If::keep, actor_));
  EXPECT_EQ(functions.put({.name = "F", .parameters = "()", .body = "x"}, If::refuse, actor_).error().kind(),
            ErrorKind::conflict);
  EXPECT_EQ((*functions.find("F"))->body, "{ print 1 }");
  EXPECT_TRUE(
      *functions.put({.name = "F", .parameters = "()", .body = "{ print 3 }", .folder = "A"}, If::replace, actor_));
  EXPECT_EQ((*functions.list()).at(0).folder, "A");
  EXPECT_EQ(functions.put({.name = "no name", .parameters = "()", .body = "x"}, If::replace, actor_).error().kind(),
            ErrorKind::invalid_input);
  EXPECT_TRUE(functions.remove("F", actor_));
  EXPECT_EQ(functions.remove("F", actor_).error().kind(), ErrorKind::not_found);
}

TEST_F(KeptThings, AnyChangeIsAnotherVersion) {
  auto& functions = control_->functions();
  auto& watchlists = control_->watchlists();
  std::vector<std::string> seen;
  const auto take = [&](const char* what) {
    const auto version = *functions.version() + " " + *watchlists.version();
    EXPECT_EQ(version, *functions.version() + " " + *watchlists.version()) << what;
    EXPECT_EQ(std::ranges::count(seen, version), 0) << what;
    seen.push_back(version);
  };
  using If = Functions::IfThere;
  take("nothing");
  ASSERT_TRUE(functions.put({.name = "F", .parameters = "()", .body = "{ print 1 }"}, If::replace, actor_));
  take("a function");
  ASSERT_TRUE(functions.put({.name = "F", .parameters = "()", .body = "{ print 2 }"}, If::replace, actor_));
  take("another body");
  ASSERT_TRUE(functions.put({.name = "G", .parameters = "()", .body = "{ print 1 }"}, If::replace, actor_));
  take("a second function");
  ASSERT_TRUE(functions.remove("F", actor_));
  take("one less");
  ASSERT_TRUE(watchlists.put({.alias = "vips", .search_key = "User", .columns = {"User"}},
                             {{"", "maki", R"({"User":"maki"})", 0}}, actor_));
  take("a watchlist");
  const auto item = watchlists.put_item("vips", {.search_key = "aoi", .json = R"({"User":"aoi"})"}, actor_);
  ASSERT_TRUE(item);
  take("an item");
  ASSERT_TRUE(watchlists.remove_item("vips", item->id, actor_));
  take("no item");
  ASSERT_TRUE(watchlists.remove("vips", actor_));
  EXPECT_EQ(*watchlists.version(), "0.0.0.0");
}

TEST_F(KeptThings, ItemsOfAWatchlistKeepTheirIds) {
  auto& watchlists = control_->watchlists();
  const auto made =
      watchlists.put({.alias = "vips", .search_key = "User", .columns = {"User"}},
                     {{"", "maki", R"({"User":"maki"})", 0}, {"", "ken", R"({"User":"ken"})", 0}}, actor_);
  ASSERT_TRUE(made) << made.error().message();
  const auto before = *watchlists.items("vips");
  const auto again =
      watchlists.put({.alias = "vips", .search_key = "User", .columns = {"User"}},
                     {{"", "ken", R"({"User":"ken"})", 0}, {"", "yuki", R"({"User":"yuki"})", 0}}, actor_);
  EXPECT_GT(again->version, made->version);
  EXPECT_EQ(again->id, made->id);
  const auto after = *watchlists.items("vips");
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].id, before[1].id);
  EXPECT_EQ(after[0].changed_ticks, before[1].changed_ticks);
  EXPECT_EQ(watchlists.put({.alias = "a b", .search_key = "User", .columns = {"User"}}, {}, actor_).error().kind(),
            ErrorKind::invalid_input);
  EXPECT_EQ(watchlists.put({.alias = "x", .search_key = "Usr", .columns = {"User"}}, {}, actor_).error().kind(),
            ErrorKind::invalid_input);
  const auto item = watchlists.put_item("vips", {.search_key = "aoi", .json = R"({"User":"aoi"})"}, actor_);
  ASSERT_TRUE(item);
  EXPECT_TRUE(watchlists.remove_item("vips", item->id, actor_));
  EXPECT_TRUE(watchlists.remove("vips", actor_));
  EXPECT_TRUE((*watchlists.items("vips")).empty());
}

}  // namespace
}  // namespace yagura::control
