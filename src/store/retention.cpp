#include "store/retention.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace yagura::store {

unsigned retention_days(const event::TableSchema* schema, unsigned fallback) {
  if (schema == nullptr || schema->retention.empty()) return fallback;
  const auto duration = parse_duration(schema->retention);
  if (!duration) return fallback;
  return static_cast<unsigned>(std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::hours>(*duration).count() / 24));
}

Result<std::vector<Retention::Day>> Retention::days(Deadline deadline) {
  // The partition reads ('2026-01-09',0,0); its first part is the day of receipt.
  const std::string sql = "SELECT table, extract(partition, '\\\\d{4}-\\\\d{2}-\\\\d{2}') AS day, partition_id FROM " + system_table("parts", store_.options().cluster) +
                          " WHERE active AND database = {database:String} GROUP BY table, day, partition_id ORDER BY day, table, partition_id";
  const std::string text = TRY(store_.command(sql, deadline, {{"database", store_.database()}}), "listing the store's days");
  std::vector<Day> out;
  for (const auto line : split(text, '\n')) {
    const auto cells = split(line, '\t');
    if (cells.size() == 3 && cells[1].size() == 10) out.push_back({std::string(cells[0]), std::string(cells[1]), std::string(cells[2])});
  }
  return out;
}

Result<> Retention::drop(const Day& day, RetentionReport& report, Deadline deadline) {
  TRY(store_.command(fmt::format("ALTER TABLE {}.{}{} DROP PARTITION ID {}", quoted_name(store_.database()), quoted_name(day.table), on_cluster(store_.options().cluster),
                                 quoted_text(day.partition_id)), deadline),
      "dropping {} of {}", day.date, day.table);
  log_info("store", "dropped {} of {}", day.date, day.table);
  report.dropped.push_back(day.table + " " + day.date);
  return {};
}

Result<RetentionReport> Retention::sweep(const event::SchemaSet& schemas, std::int64_t now_ticks, Deadline deadline) {
  RetentionReport report;
  auto days = TRY(this->days(deadline));
  const auto date_before = [&](std::int64_t days_ago) { return format_datetime(now_ticks - days_ago * kTicksPerDay).substr(0, 10); };
  std::erase_if(days, [&](const Day& day) {
    const unsigned kept = retention_days(schemas.find(shown_name(day.table)), store_.options().retention_days);
    // A day is over when its last moment is: one more day than the table is kept.
    if (kept == 0 || day.date >= date_before(kept)) return false;
    const auto dropped = drop(day, report, deadline);
    if (!dropped) log_warning("store", "{}", dropped.error().message());
    return dropped.has_value();
  });
  if (options_.data.empty()) return report;
  report.free = TRY(free_space(options_.data));
  for (const auto& day : days) {
    if (report.free >= options_.keep_free || !options_.drop_oldest_when_full) break;
    if (day.date >= date_before(1)) break;  // sorted by day
    TRY(drop(day, report, deadline));
    report.free = TRY(free_space(options_.data));
  }
  report.below_mark = report.free < options_.keep_free;
  return report;
}

}  // namespace yagura::store
