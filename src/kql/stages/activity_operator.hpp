// The plugins that count who was active when: activity_counts_metrics, activity_metrics, activity_engagement,
// new_activity_metrics, active_users_count, session_count, sliding_window_counts, and rolling_percentile.
// https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin and its neighbours
//
// Points of the timeline are numbers: ticks, longs or reals. Exact, not estimated: ids are kept.
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct ActivitySettings {
  using Point = long double;  // holds every tick
  enum class Kind : std::uint8_t { counts, metrics, engagement, cohorts, active_users, sessions, sliding, percentile };
  enum class Calendar : std::uint8_t { none, week, month, year };  // steps that are no fixed length
  Kind kind = Kind::counts;
  std::optional<Point> start, end;  // of the analysis; end is part of it
  Point step = 1;
  Calendar calendar = Calendar::none;
  Point window = 0;               // look back; of engagement the outer window
  Point period = 1, periods = 1;  // of active users
  Point percentile = 50;
  std::optional<Point> cohort;
  Type timeline = Type::datetime;
};

// Input columns: timeline, id (of rolling_percentile the value), then the dimensions. The result has the timeline (for
// cohorts two), the dimensions, and the counts. new_activity_metrics may have a second input: ids, in
// one column, that were there before and are not new.
std::shared_ptr<const LocalOperator> make_activity_operator(ActivitySettings settings, std::vector<PlanColumn> result);

}  // namespace yagura::kql
