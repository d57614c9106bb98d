#include "detect/correlator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/file.hpp"
#include "base/text.hpp"
#include "detect/stream_detector.hpp"
#include "testing/case_files.hpp"

namespace yagura::detect {
namespace {

event::TableSchema small_schema() {
  return {.name = "SecurityAlert", .columns = {{"AlertName", event::KqlType::string, ""}}};
}

constexpr std::string_view kRules = R"(
title: Failed
name: failed
logsource: {product: linux}
detection: {k: ['Failed'], condition: k}
---
title: Accepted
name: accepted
logsource: {product: linux}
detection: {k: ['Accepted'], condition: k}
---
title: Many failed
name: many_failed
correlation:
  type: event_count
  rules: [failed]
  group-by: [User]
  timespan: 1m
  condition: {gte: 3}
---
title: Guessed
correlation:
  type: temporal_ordered
  rules: [many_failed, accepted]
  group-by: [User]
  timespan: 2m
---
title: Many hosts
correlation:
  type: value_count
  rules: [failed, accepted]
  group-by: [User]
  timespan: 1m
  condition: {field: HostName, gte: 3}
---
title: Much moved
correlation:
  type: value_sum
  rules: [accepted]
  group-by: [User]
  timespan: 1m
  condition: {field: Bytes, gt: 1000}
)";

class CorrelatorTest : public ::testing::Test {
 protected:
  void SetUp() override { load(kRules); }

  void load(std::string_view rules) {
    ASSERT_TRUE(write_file_atomically(folder_.path() / "rules.yml", rules));
    if (library_)
      ASSERT_TRUE(library_->reload());
    else
      library_ = RuleLibrary::open({.rule_folders = {folder_.path()}, .least_level = sigma::Level::none}).value();
    for (const auto& problem : library_->current()->problems)
      if (problem.severity == sigma::Problem::Severity::error) ADD_FAILURE() << problem.to_text();
  }

  // One event of the rules' kind; `second` is its time.
  CorrelationEvent event(std::uint64_t position, double second, std::string_view message, std::string_view user,
                         std::string_view host = "h1", int bytes = 0) {
    event::RecordBatch batch;
    const auto ticks = 17'000'000'000'000'000 + static_cast<std::int64_t>(second * 1e7);
    auto& header = batch.begin_record({.received_at = receive_time(ticks), .position = Position(position)});
    header.time = event_time(ticks);
    header.log_source = {"linux", "", ""};
    auto& arena = batch.arena();
    batch.set(event::intern_field("Message"), arena.copy(message));
    batch.set(event::intern_field("User"), arena.copy(user));
    batch.set(event::intern_field("HostName"), arena.copy(host));
    batch.set(event::intern_field("Bytes"), event::Value::int64(bytes));
    batch.end_record();
    const StreamDetector detector(*library_, small_schema());
    std::vector<CorrelationEvent> events;
    detector.make_worker()->observe(batch, {}, &events);
    EXPECT_EQ(events.size(), 1u);
    return events.at(0);
  }

  // A history of three users; every event counts for something.
  std::vector<CorrelationEvent> history() {
    std::vector<CorrelationEvent> events;
    std::mt19937 random(7);
    double second = 0;
    for (std::uint64_t i = 1; i <= 300; ++i) {
      second += static_cast<double>(random() % 120) / 10;
      const std::string user = "u" + std::to_string(random() % 3), host = "h" + std::to_string(random() % 4);
      events.push_back(
          event(i, second, random() % 4 == 0 ? "Accepted" : "Failed", user, host, static_cast<int>(random() % 900)));
    }
    return events;
  }

  static std::string text_of(const Alert& alert) {
    std::string text = alert.rule->title + " " + to_string(alert.id) + " " + std::to_string(alert.event_count);
    for (const auto& [field, value] : alert.group) text += " " + field + "=" + value;
    return text;
  }
  static std::vector<std::string> texts_of(const std::vector<Alert>& alerts) {
    std::vector<std::string> texts;
    for (const auto& alert : alerts) texts.push_back(text_of(alert));
    std::ranges::sort(texts);
    return texts;
  }
  std::vector<std::string> run(const std::vector<CorrelationEvent>& events, CorrelatorOptions options = {}) {
    Correlator correlator(options);
    correlator.adopt(library_->current());
    std::vector<Alert> alerts;
    for (const auto& one : events) {
      correlator.add({one});
      correlator.advance(one.received_at, alerts);
    }
    correlator.finish(alerts);
    return texts_of(alerts);
  }

  TemporaryDirectory folder_;
  std::unique_ptr<RuleLibrary> library_;
};

TEST_F(CorrelatorTest, TellsWhatHappened) {
  Correlator correlator;
  correlator.adopt(library_->current());
  correlator.add({event(1, 0, "Failed", "bob"), event(2, 10, "Failed", "bob"), event(3, 15, "Failed", "eve"),
                  event(4, 20, "Failed", "bob"), event(5, 50, "Accepted", "bob", "h2")});
  std::vector<Alert> alerts;
  correlator.finish(alerts);
  ASSERT_EQ(alerts.size(), 1u);  // many_failed serves the chain and keeps quiet itself
  EXPECT_EQ(alerts[0].rule->title, "Guessed");
  EXPECT_EQ(alerts[0].group, (std::vector<std::pair<std::string, std::string>>{{"User", "bob"}}));
  EXPECT_EQ(alerts[0].end - alerts[0].start, std::chrono::seconds(30));
  EXPECT_EQ(alerts[0].position, Position(5));
  EXPECT_EQ(alerts[0].positions, (std::vector{Position(4), Position(5)}));
}

TEST_F(CorrelatorTest, DoesNotDependOnTheOrderOfArrival) {
  auto events = history();
  const auto wanted = run(events);
  ASSERT_GT(wanted.size(), 10u);
  // An event arrives up to 10 seconds after its own time: another order each round.
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    auto shuffled = events;
    for (auto& one : shuffled)
      one.received_at =
          receive_time(one.time.time_since_epoch().count() + static_cast<std::int64_t>(random() % 99'999'999));
    std::ranges::sort(shuffled, {}, &CorrelationEvent::received_at);
    EXPECT_EQ(run(shuffled), wanted) << "round " << round;
  }
}

TEST_F(CorrelatorTest, GoesOnFromACheckpoint) {
  const auto events = history();
  const auto wanted = run(events);
  for (const std::size_t cut : {0UL, 1UL, 77UL, 150UL, 299UL, 300UL}) {
    std::vector<Alert> alerts;
    Correlator first;
    first.adopt(library_->current());
    for (std::size_t i = 0; i < cut; ++i) {
      first.add({events[i]});
      first.advance(events[i].received_at, alerts);
    }
    const std::string state = first.checkpoint();
    Correlator second;
    second.adopt(library_->current());
    const auto restored = second.restore(state);
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(second.checkpoint(), state);
    for (std::size_t i = cut; i < events.size(); ++i) {
      second.add({events[i]});
      second.advance(events[i].received_at, alerts);
    }
    second.finish(alerts);
    EXPECT_EQ(texts_of(alerts), wanted) << "cut at " << cut;
  }
}

TEST_F(CorrelatorTest, RefusesADamagedCheckpoint) {
  Correlator correlator;
  correlator.adopt(library_->current());
  auto events = history();
  correlator.add(std::move(events));
  const std::string state = correlator.checkpoint();
  for (std::size_t size = 0; size < state.size(); size += 97) {
    Correlator other;
    other.adopt(library_->current());
    EXPECT_FALSE(other.restore(std::string_view(state).substr(0, size))) << size;
  }
}

TEST_F(CorrelatorTest, ForgetsTheQuietestGroupWhenThereAreTooMany) {
  Correlator correlator({.max_groups = 50});
  correlator.adopt(library_->current());
  std::vector<Alert> alerts;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    correlator.add({event(i, static_cast<double>(i) / 100, "Failed", "user" + std::to_string(i))});
    correlator.finish(alerts);
  }
  EXPECT_LE(correlator.status().groups, 50u);
  EXPECT_GT(correlator.status().forgotten_groups, 0u);
}

TEST_F(CorrelatorTest, ForgetsGroupsWhoseTimeIsOver) {
  Correlator correlator({.keep_quiet = std::chrono::seconds(0)});
  correlator.adopt(library_->current());
  std::vector<Alert> alerts;
  correlator.add({event(1, 0, "Failed", "bob")});
  correlator.advance(receive_time(17'000'000'000'000'000 + 20 * kTicksPerSecond), alerts);
  EXPECT_GT(correlator.status().groups, 0u);
  correlator.advance(receive_time(17'000'000'000'000'000 + 200 * kTicksPerSecond), alerts);
  EXPECT_EQ(correlator.status().groups, 0u);
}

TEST_F(CorrelatorTest, CountsWhatComesTooLateButStillUsesIt) {
  Correlator correlator({.lateness = std::chrono::seconds(1)});
  correlator.adopt(library_->current());
  std::vector<Alert> alerts;
  correlator.add({event(1, 30, "Failed", "bob"), event(2, 40, "Failed", "bob")});
  correlator.advance(receive_time(17'000'000'000'000'000 + 60 * kTicksPerSecond), alerts);
  auto late = event(3, 20, "Failed", "bob");
  late.received_at = receive_time(17'000'000'000'000'000 + 60 * kTicksPerSecond);
  correlator.add({late});
  correlator.add({event(4, 61, "Accepted", "bob")});
  correlator.finish(alerts);
  EXPECT_EQ(correlator.status().late, 1u);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].rule->title, "Guessed");
}

// A cloud trail comes ten minutes late and out of order; nothing of that shows in the alerts.
TEST_F(CorrelatorTest, ASourceThatDeliversEverythingLateIsPutInOrderAllTheSame) {
  const auto events = history();
  const auto wanted = run(events);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    auto late = events;
    for (auto& one : late)
      one.received_at = receive_time(one.time.time_since_epoch().count() + 600 * kTicksPerSecond + static_cast<std::int64_t>(random() % 99'999'999));
    std::ranges::sort(late, {}, &CorrelationEvent::received_at);
    EXPECT_EQ(run(late), wanted) << "round " << round;
  }
}

// However the journal is cut into calls, the alerts and their order are the same: what a replay relies on.
TEST_F(CorrelatorTest, DoesNotDependOnWhenItIsAdvanced) {
  const auto events = history();
  const auto ids = [&](std::size_t step) {
    Correlator correlator;
    correlator.adopt(library_->current());
    std::vector<Alert> alerts;
    for (std::size_t i = 0; i < events.size(); ++i) {
      correlator.advance(events[i].received_at, alerts);
      correlator.add({events[i]});
      if (i % step == 0) correlator.advance(events[i].received_at, alerts);
    }
    correlator.finish(alerts);
    std::vector<Guid> out;
    for (const auto& alert : alerts) out.push_back(alert.id);
    return out;
  };
  const auto wanted = ids(1);
  EXPECT_GT(wanted.size(), 10u);
  for (const std::size_t step : {2UL, 7UL, 50UL, 1000UL}) EXPECT_EQ(ids(step), wanted) << step;
}

TEST_F(CorrelatorTest, EventsOfAnotherSnapshotAreTakenWhereTheyMeanTheSame) {
  Correlator correlator;
  const auto before = library_->current();
  auto old = event(1, 0, "Failed", "bob");
  load(std::string("title: First\nname: first\nlogsource: {product: linux}\ndetection: {k: ['x'], condition: k}\n---\n") +
       "title: Firsts\ncorrelation: {type: event_count, rules: [first], group-by: [User], timespan: 1m, condition: {gte: 2}}\n---" +
       std::string(kRules));
  correlator.adopt(library_->current());
  correlator.add({std::move(old)}, before.get());
  correlator.add({event(2, 1, "Failed", "bob"), event(3, 2, "Failed", "bob"), event(4, 3, "Accepted", "bob")});
  std::vector<Alert> alerts;
  correlator.finish(alerts);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].rule->title, "Guessed");
}

TEST_F(CorrelatorTest, WhatWaitsAndWhatIsRememberedIsBounded) {
  Correlator correlator({.max_waiting = 20, .max_window_events = 30});
  correlator.adopt(library_->current());
  std::vector<Alert> alerts;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    auto one = event(i, static_cast<double>(i) / 1000, "Failed", "user" + std::to_string(i));
    correlator.advance(one.received_at, alerts);
    correlator.add({std::move(one)});
    EXPECT_LE(correlator.status().waiting, 21u);
    EXPECT_LE(correlator.status().window_events, 30u);
  }
  EXPECT_GT(correlator.status().forgotten_groups, 0u);
}

TEST_F(CorrelatorTest, KeepsTheStateOfRulesThatStayWhenOthersChange) {
  Correlator correlator;
  correlator.adopt(library_->current());
  std::vector<Alert> alerts;
  correlator.add({event(1, 0, "Failed", "bob"), event(2, 1, "Failed", "bob")});
  correlator.finish(alerts);
  load(std::string(kRules) +
       "---\ntitle: One more\ncorrelation: {type: event_count, rules: [accepted], group-by: [User], timespan: 1m, "
       "condition: {gte: 99}}\n");
  correlator.adopt(library_->current());
  correlator.add({event(3, 2, "Failed", "bob"), event(4, 3, "Accepted", "bob")});
  correlator.finish(alerts);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].rule->title, "Guessed");
}

}  // namespace
}  // namespace yagura::detect
