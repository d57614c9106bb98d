#include "detect/alert_desk.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/file.hpp"
#include "base/text.hpp"
#include "detect/stream_detector.hpp"

namespace yagura::detect {
namespace {

constexpr std::int64_t kStart = 17'000'000'000'000'000;

event::TableSchema schema() {
  return {.name = "SecurityAlert",
          .columns = {{"AlertName", event::KqlType::string, ""},
                      {"DisplayName", event::KqlType::string, ""},
                      {"SystemAlertId", event::KqlType::string, ""},
                      {"StartTime", event::KqlType::datetime, ""},
                      {"EndTime", event::KqlType::datetime, ""},
                      {"ExtendedProperties", event::KqlType::string, ""}}};
}

constexpr std::string_view kRules = R"(
title: Failed
id: 00000000-0000-4000-8000-000000000001
name: failed
logsource: {product: linux}
detection: {k: ['Failed'], condition: k}
level: low
---
title: Root
id: 00000000-0000-4000-8000-000000000002
logsource: {product: linux}
detection: {s: {User: root}, condition: s}
level: high
---
title: Guessing
id: 00000000-0000-4000-8000-000000000003
correlation:
  type: event_count
  rules: [failed]
  group-by: [User]
  timespan: 1m
  condition: {gte: 3}
level: high
)";

class AlertDeskTest : public ::testing::Test {
 protected:
  void SetUp() override { load(); }

  void load(RuleOverrides overrides = {}, std::vector<AlertSuppression> suppressions = {}) {
    std::filesystem::create_directories(folder_.path() / "rules");
    ASSERT_TRUE(write_file_atomically(folder_.path() / "rules/rules.yml", kRules));
    auto library = RuleLibrary::open({.rule_folders = {folder_.path() / "rules"}, .pack_folder = folder_.path() / "packs"}, std::move(overrides), std::move(suppressions));
    ASSERT_TRUE(library) << library.error().message();
    library_ = std::move(*library);
    for (const auto& problem : library_->current()->problems) ADD_FAILURE() << problem.to_text();
  }

  static void add(event::RecordBatch& batch, std::uint64_t position, double second, std::string_view message, std::string_view user) {
    const auto ticks = kStart + static_cast<std::int64_t>(second * 1e7);
    auto& header = batch.begin_record({.received_at = receive_time(ticks), .position = Position(position)});
    header.time = event_time(ticks);
    header.log_source = {"linux", "", ""};
    batch.set(event::intern_field("Message"), batch.arena().copy(message));
    batch.set(event::intern_field("User"), batch.arena().copy(user));
    batch.end_record();
  }
  BlockFindings findings(event::RecordBatch& batch) {
    const StreamDetector detector(*library_, schema());
    BlockFindings out;
    detector.make_worker()->observe(batch, nullptr, out);
    for (const auto& header : batch.headers()) out.received_up_to = std::max(out.received_up_to, header.origin.received_at);
    return out;
  }
  BlockFindings one(std::uint64_t position, double second, std::string_view message, std::string_view user) {
    event::RecordBatch batch;
    add(batch, position, second, message, user);
    return findings(batch);
  }
  BlockFindings tick(double second) {
    BlockFindings out;
    out.snapshot = library_->current();
    out.received_up_to = receive_time(kStart + static_cast<std::int64_t>(second * 1e7));
    return out;
  }
  static std::vector<std::string> column(const event::TableBatch& rows, std::string_view name) {
    std::vector<std::string> out;
    for (std::size_t r = 0; r < rows.row_count(); ++r) {
      out.emplace_back();
      append_cell_text(out.back(), rows.column(*rows.find(name)), r);
    }
    return out;
  }

  TemporaryDirectory folder_;
  std::unique_ptr<RuleLibrary> library_;
};

TEST_F(AlertDeskTest, RaisesAlertsOfEventsAtOnceAndOfCorrelationsWhenTheyAreDue) {
  AlertDesk desk(schema(), {}, library_->current());
  for (std::uint64_t i = 1; i <= 3; ++i) desk.see(one(i, static_cast<double>(i), "Failed", "root"), false, {});
  EXPECT_EQ(column(desk.finish_cut(), "AlertName"), (std::vector<std::string>{"Root", "Root", "Root"}));
  ASSERT_TRUE(desk.next_due());
  EXPECT_EQ(desk.next_due()->time_since_epoch().count(), kStart + 11 * kTicksPerSecond);
  desk.see(tick(20), false, {});
  EXPECT_EQ(column(desk.finish_cut(), "AlertName"), std::vector<std::string>{"Guessing"});
  EXPECT_FALSE(desk.next_due());
}

// The law that exactly-once needs: from any checkpoint on, what was stored is seen again in silence, and then come the rows
// that would have come.
TEST_F(AlertDeskTest, GivesTheSameRowsFromEachCheckpoint) {
  load({{"00000000-0000-4000-8000-000000000002", {.throttle = Throttle{std::chrono::seconds(20), 2, {"User"}}}}});
  std::mt19937 random(5);
  std::vector<std::pair<double, std::string>> events;
  double second = 0;
  for (int i = 0; i < 200; ++i) {
    second += static_cast<double>(random() % 50) / 10;
    events.emplace_back(second, random() % 2 == 0 ? "root" : "u" + std::to_string(random() % 3));
  }
  const auto block = [&](std::size_t i) { return one(i + 1, events[i].first, "Failed", events[i].second); };
  std::vector<std::vector<std::string>> wanted;
  std::vector<std::string> states;
  AlertDesk whole(schema(), {}, library_->current());
  for (std::size_t i = 0; i < events.size(); ++i) {
    states.push_back(whole.checkpoint());
    whole.see(block(i), false, {});
    wanted.push_back(column(whole.finish_cut(), "SystemAlertId"));
  }
  std::size_t alerts = 0;
  for (const auto& cut : wanted) alerts += cut.size();
  EXPECT_GT(alerts, 30u);
  for (std::size_t from = 0; from < events.size(); from += 23) {
    const std::size_t stored = std::min(from + 7, events.size());
    AlertDesk desk(schema(), {}, library_->current());
    const auto restored = desk.restore(states[from]);
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(desk.checkpoint(), states[from]);
    for (std::size_t i = from; i < stored; ++i) desk.see(block(i), true, {});
    EXPECT_EQ(desk.finish_cut().row_count(), 0u);
    for (std::size_t i = stored; i < events.size(); ++i) {
      desk.see(block(i), false, {});
      EXPECT_EQ(column(desk.finish_cut(), "SystemAlertId"), wanted[i]) << "from " << from << " at " << i;
    }
  }
}

// From records to alerts: another order of arrival is another journal, cut into other blocks.
TEST_F(AlertDeskTest, AlertsDoNotDependOnTheOrderOfArrival) {
  struct Sent {
    double second;
    std::string user;
  };
  std::mt19937 random(3);
  std::vector<Sent> sent;
  double second = 0;
  for (int i = 0; i < 300; ++i) {
    second += static_cast<double>(random() % 120) / 10;
    sent.push_back({second, "u" + std::to_string(random() % 4)});
  }
  const auto alerts_of = [&](std::vector<std::pair<double, std::size_t>> arrivals) {
    std::ranges::sort(arrivals);
    AlertDesk desk(schema(), {}, library_->current());
    std::vector<std::string> alerts;
    const auto take = [&] {
      const auto rows = desk.finish_cut();
      const auto names = column(rows, "AlertName"), details = column(rows, "ExtendedProperties");
      const auto starts = column(rows, "StartTime"), ends = column(rows, "EndTime");
      for (std::size_t r = 0; r < names.size(); ++r) {
        if (names[r] != "Guessing") continue;
        const auto from = details[r].find("\"EventCount\""), to = details[r].find("\"JournalPositions\"");
        alerts.push_back(starts[r] + " " + ends[r] + " " + details[r].substr(from, to - from));
      }
    };
    std::uint64_t position = 0;
    for (std::size_t at = 0; at < arrivals.size();) {
      event::RecordBatch batch;
      for (std::size_t size = 1 + random() % 40; size > 0 && at < arrivals.size(); --size, ++at) {
        const auto& [received, index] = arrivals[at];
        add(batch, ++position, received, "Failed", sent[index].user);
        batch.header(batch.size() - 1).time = event_time(kStart + static_cast<std::int64_t>(sent[index].second * 1e7));
      }
      desk.see(findings(batch), false, {});
      take();
    }
    desk.see(tick(second + 100), false, {});
    take();
    std::ranges::sort(alerts);
    return alerts;
  };
  std::vector<std::pair<double, std::size_t>> arrivals;
  for (std::size_t i = 0; i < sent.size(); ++i) arrivals.emplace_back(sent[i].second, i);
  const auto wanted = alerts_of(arrivals);
  ASSERT_GT(wanted.size(), 20u);
  for (int round = 0; round < 100; ++round) {
    for (auto& [received, index] : arrivals) received = sent[index].second + static_cast<double>(random() % 9'900) / 1'000;
    ASSERT_EQ(alerts_of(arrivals), wanted) << "round " << round;
  }
}

TEST_F(AlertDeskTest, WhatAThrottleKeepsBackIsCountedInOneAlert) {
  AlertDesk desk(schema(), {.throttle = Throttle{std::chrono::seconds(60), 2, {}}}, library_->current());
  for (std::uint64_t i = 1; i <= 10; ++i) desk.see(one(i, static_cast<double>(i), "Accepted", "root"), false, {});
  EXPECT_EQ(desk.finish_cut().row_count(), 2u);
  EXPECT_EQ(desk.next_due()->time_since_epoch().count(), kStart + 61 * kTicksPerSecond);
  desk.see(tick(61), false, {});
  const auto rows = desk.finish_cut();
  EXPECT_EQ(column(rows, "DisplayName"), std::vector<std::string>{"Root (8 more)"});
  EXPECT_NE(column(rows, "ExtendedProperties").front().find(R"("JournalPositions":[3,4,5,6,7,8,9,10])"), std::string::npos);
  desk.see(one(11, 70, "Accepted", "root"), false, {});
  EXPECT_EQ(desk.finish_cut().row_count(), 1u) << "a new window";
  EXPECT_EQ(library_->current()->rules[1].counters->throttled.load(), 8u);
}

TEST_F(AlertDeskTest, SuppressionsHoldForTheirTimeAndConditions) {
  const auto at = [](double second) { return receive_time(kStart + static_cast<std::int64_t>(second * 1e7)); };
  load({}, parse_suppressions(1, "00000000-0000-4000-8000-000000000002", R"({"User":["RO*","x"]})", at(5), at(10)).value());
  AlertDesk desk(schema(), {}, library_->current());
  for (const double second : {4.0, 5.0, 9.9, 10.0}) desk.see(one(static_cast<std::uint64_t>(second * 10), second, "Accepted", "root"), false, {});
  EXPECT_EQ(desk.finish_cut().row_count(), 2u);
  EXPECT_EQ(library_->current()->rules[1].counters->suppressed.load(), 2u);

  load({}, parse_suppressions(2, "00000000-0000-4000-8000-000000000003", R"({"User":"bob"})", at(0), at(100)).value());
  AlertDesk other(schema(), {}, library_->current());
  for (std::uint64_t i = 1; i <= 6; ++i) other.see(one(i, static_cast<double>(i), "Failed", i % 2 == 0 ? "bob" : "eve"), false, {});
  other.see(tick(30), false, {});
  const auto rows = other.finish_cut();
  ASSERT_EQ(column(rows, "AlertName"), std::vector<std::string>{"Guessing"});
  EXPECT_NE(column(rows, "ExtendedProperties").front().find(R"("User":"eve")"), std::string::npos);

  EXPECT_FALSE(parse_suppressions(3, "x", "[1]", at(0), at(1)));
  EXPECT_FALSE(parse_suppressions(3, "x", R"({"User":{}})", at(0), at(1)));
}

TEST_F(AlertDeskTest, TuningTakesEffectAndKeepsTheStateOfCorrelations) {
  AlertDesk desk(schema(), {}, library_->current());
  desk.see(one(1, 1, "Failed", "bob"), false, {});
  desk.see(one(2, 2, "Failed", "bob"), false, {});
  ASSERT_TRUE(library_->set_overrides({{"00000000-0000-4000-8000-000000000002", {.title = "Ours", .exclude = R"({"Message|contains": "cron"})"}},
                                       {"00000000-0000-4000-8000-000000000003", {.severity = "Low", .title = "Guessing here"}}}));
  desk.see(one(3, 3, "Failed", "bob"), false, {});
  desk.see(one(4, 4, "cron job", "root"), false, {});
  desk.see(one(5, 5, "login", "root"), false, {});
  desk.see(tick(30), false, {});
  EXPECT_EQ(column(desk.finish_cut(), "AlertName"), (std::vector<std::string>{"Ours", "Guessing here"}));
  ASSERT_TRUE(library_->set_overrides({{"00000000-0000-4000-8000-000000000001", {.enabled = false}}}));
  for (std::uint64_t i = 10; i <= 14; ++i) desk.see(one(i, static_cast<double>(i + 30), "Failed", "bob"), false, {});
  desk.see(tick(100), false, {});
  EXPECT_EQ(desk.finish_cut().row_count(), 0u) << "a rule that was switched off feeds nothing";
}

TEST_F(AlertDeskTest, AnExclusionWithAMistakeIsNamedWithItsPlace) {
  for (const auto& problem : RuleLibrary::check_exclusion(R"({"User": "backup"})")) ADD_FAILURE() << problem.to_text();
  EXPECT_TRUE(RuleLibrary::check_exclusion("- User: backup\n- Image|endswith: '\\x.exe'").empty());
  EXPECT_FALSE(RuleLibrary::check_exclusion(R"({"User|contain": "backup"})").empty());
  EXPECT_FALSE(RuleLibrary::check_exclusion("{").empty());
  EXPECT_FALSE(RuleLibrary::check_exclusion("x\ncondition: y").empty());
}

TEST_F(AlertDeskTest, RulesOfPacksRunAndAreListed) {
  std::filesystem::create_directories(folder_.path() / "packs/own");
  ASSERT_TRUE(write_file_atomically(folder_.path() / "packs/own/a.yml", "title: A\nid: 00000000-0000-4000-8000-00000000000a\nlogsource: {product: linux}\ndetection: {s: {User: a}, condition: s}\n"));
  ASSERT_TRUE(write_file_atomically(folder_.path() / "packs/broken.zip", "no zip"));
  ASSERT_TRUE(library_->reload_if_changed().value());
  const auto packs = library_->packs();
  ASSERT_EQ(packs.size(), 2u);
  EXPECT_EQ(packs[0].name, "broken.zip");
  EXPECT_EQ(packs[0].problems, 1u);
  EXPECT_EQ(packs[1].name, "own");
  EXPECT_EQ(packs[1].rules, 1u);
  EXPECT_TRUE(library_->current()->by_id.contains("00000000-0000-4000-8000-00000000000a"));
}

TEST_F(AlertDeskTest, RefusesADamagedState) {
  AlertDesk desk(schema(), {.throttle = Throttle{std::chrono::seconds(60), 2, {}}}, library_->current());
  for (std::uint64_t i = 1; i <= 10; ++i) desk.see(one(i, static_cast<double>(i), "Failed", "root"), false, {});
  const auto state = desk.checkpoint();
  for (std::size_t size = 0; size < state.size(); size += 31) {
    AlertDesk other(schema(), {}, library_->current());
    EXPECT_FALSE(other.restore(std::string_view(state).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace yagura::detect
