#include "serve/siem_agent_feed.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/result_writer.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;

// One look at the store spans this many journal entries at most, so that an agent far behind costs no sort of all there is.
constexpr std::int64_t kSpan = 200'000;
// Alerts are ordered by when they were written, by the machine's clock; a clock that is set back loses none within this time.
constexpr std::int64_t kAlertOverlap = 600 * kTicksPerSecond;
constexpr std::size_t kMostAlerts = 1000;
// The bytes of one batch: an agent holds it in memory.
constexpr std::size_t kMostBytes = 8UL << 20U;

bool is_table_of_ours(std::string_view table) { return table == "SecurityAlert" || table == "SecurityIncident" || table.starts_with("Yagura") || table == "Watchlist"; }

void append_row(std::string& out, const event::TableBatch& batch, std::size_t row) {
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    const auto& column = batch.column(i);
    if (column.is_null(row) || (column.type() == event::KqlType::string && column.texts()[row].empty())) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, batch.schema()[i].name);
    out += ':';
    append_cell_json(out, column, row);
  }
  out += '}';
}

bool wrong_text(const query::QueryFailure& failure) { return !failure.diagnostics.empty(); }

}  // namespace

struct SiemAgentFeed::Range {
  std::int64_t after = 0, last = 0;                  // positions (after, last]
  std::optional<std::int64_t> from_ticks, to_ticks;  // of TimeGenerated
};

struct SiemAgentFeed::Found {
  std::int64_t position = 0;
  std::string row;
};

namespace {

class PositionedRows : public query::RowSink {
 public:
  explicit PositionedRows(std::function<void(std::int64_t, std::string)> take) : take_(std::move(take)) {}
  Result<> columns(const std::vector<event::ColumnSchema>&) override { return {}; }
  Result<> rows(const event::TableBatch& batch) override {
    const auto position = batch.find("_Position");
    if (!position || batch.column(*position).type() != event::KqlType::int64) return fail(ErrorKind::invalid_input, "the filter is no condition on rows");
    for (std::size_t row = 0; row < batch.row_count(); ++row) {
      std::string text;
      append_row(text, batch, row);
      take_(batch.column(*position).int64s()[row], std::move(text));
    }
    return {};
  }

 private:
  std::function<void(std::int64_t, std::string)> take_;
};

class OneNumber : public query::RowSink {
 public:
  std::optional<std::int64_t> value;
  Result<> columns(const std::vector<event::ColumnSchema>&) override { return {}; }
  Result<> rows(const event::TableBatch& batch) override {
    if (batch.row_count() > 0 && batch.column_count() > 0 && !batch.column(0).is_null(0)) value = batch.column(0).int64s()[0];
    return {};
  }
};

std::string condition(std::string_view filter) { return trim(filter).empty() ? std::string() : fmt::format(" | where ({}\n)", filter); }

std::string quoted_table(std::string_view table) {
  std::string text = "['";
  for (const char c : table) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "']";
}

std::string window(std::optional<std::int64_t> from, std::optional<std::int64_t> to) {
  if (!from || !to) return {};
  return fmt::format(" | where TimeGenerated >= datetime({}) and TimeGenerated < datetime({})", format_datetime(*from), format_datetime(*to));
}

query::QueryRequest request_of(std::string text) {
  query::QueryRequest request{.text = std::move(text)};
  request.limits.timeout = std::chrono::seconds(60);
  request.limits.max_result = 256_MiB;
  request.limits.may_lift_truncation = true;
  return request;
}

}  // namespace

std::vector<std::string> SiemAgentFeed::tables_of(const fleet::SiemAgentSettings& settings) const {
  auto known = services_.tables ? services_.tables() : std::vector<std::string>();
  if (settings.tables.empty()) {
    std::erase_if(known, is_table_of_ours);
    return known;
  }
  std::erase_if(known, [&](const std::string& table) {
    return std::ranges::none_of(settings.tables, [&](const std::string& wanted) { return equal_ignoring_ascii_case(wanted, table); });
  });
  return known;
}

// True when the table has no more in the range than was collected.
Result<bool> SiemAgentFeed::collect(std::string_view table, const Range& range, std::string_view filter, std::size_t most, std::vector<Found>& found) {
  const auto ask = [&](std::int64_t after, std::int64_t last, std::size_t limit, std::vector<Found>& into) -> Result<> {
    PositionedRows sink([&](std::int64_t position, std::string row) { into.push_back({position, std::move(row)}); });
    std::string text = fmt::format("set notruncation;\n{} | where _Position > {} and _Position <= {}{}{}", quoted_table(table), after, last,
                                   window(range.from_ticks, range.to_ticks), condition(filter));
    text += limit == 0 ? "" : fmt::format(" | top {} by _Position asc", limit);
    const auto outcome = services_.query->run(request_of(std::move(text)), sink);
    if (!outcome.failure) return {};
    if (wrong_text(*outcome.failure)) return {};  // the filter names columns that this table has not: see tables_without()
    return std::unexpected(outcome.failure->error);
  };
  std::vector<Found> rows;
  TRY(ask(range.after, range.last, most + 1, rows));
  if (rows.size() <= most) {
    std::ranges::move(rows, std::back_inserter(found));
    return true;
  }
  // An entry's events stay together: the last entry is whole or left for the next batch.
  const std::int64_t cut = rows.back().position;
  std::erase_if(rows, [&](const Found& row) { return row.position == cut; });
  if (rows.empty()) TRY(ask(cut - 1, cut, 0, rows));
  std::ranges::move(rows, std::back_inserter(found));
  return false;
}

// The lowest position behind the range's start that has an event of these tables; the highest number when none has.
Result<std::int64_t> SiemAgentFeed::first_after(const std::vector<std::string>& tables, const Range& range, std::string_view filter) {
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
  for (const auto& table : tables) {
    OneNumber sink;
    const auto outcome = services_.query->run(request_of(fmt::format("{} | where _Position > {} and _Position <= {}{}{} | summarize min(_Position)", quoted_table(table),
                                                                     range.after, range.last, window(range.from_ticks, range.to_ticks), condition(filter))),
                                              sink);
    if (outcome.failure && !wrong_text(*outcome.failure)) return std::unexpected(outcome.failure->error);
    if (sink.value) lowest = std::min(lowest, *sink.value);
  }
  return lowest;
}

Result<> SiemAgentFeed::add_activities(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, std::size_t most, SiemAgentBatch& batch) {
  const auto stored = static_cast<std::int64_t>(services_.stored().number());
  batch.progress.cursor = agent.cursor;
  if (!settings.activities) {
    batch.progress.cursor = std::max(stored, agent.cursor);
    return {};
  }
  if (stored <= agent.cursor) return {};
  const auto tables = tables_of(settings);
  Range range{.after = agent.cursor, .last = stored, .from_ticks = {}, .to_ticks = {}};
  if (agent.recovery) {
    range.from_ticks = agent.recovery->from_ticks;
    range.to_ticks = agent.recovery->to_ticks;
  }
  if (stored - range.after > kSpan) {
    const std::int64_t first = TRY(first_after(tables, range, settings.activity_filter));
    range.after = std::min(first - 1, stored);
    range.last = std::min(stored, range.after > stored - kSpan ? stored : range.after + kSpan);
  }
  std::vector<Found> found;
  std::int64_t complete_to = range.last;
  for (const auto& table : tables) {
    const std::size_t before = found.size();
    if (TRY(collect(table, range, settings.activity_filter, most, found))) continue;
    std::int64_t last = 0;
    for (std::size_t i = before; i < found.size(); ++i) last = std::max(last, found[i].position);
    complete_to = std::min(complete_to, last);
  }
  std::ranges::stable_sort(found, {}, &Found::position);
  // By number and by bytes, but never between two events of one entry.
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].position > complete_to) break;
    bytes += found[i].row.size();
    const bool full = i + 1 >= most || bytes > kMostBytes;
    if (full && i + 1 < found.size() && found[i + 1].position != found[i].position) {
      complete_to = std::min(complete_to, found[i].position);
      break;
    }
  }
  const auto handed_over = agent.recovery && agent.recovery->deduplicate && agent.recovery->of && services_.agents != nullptr
                               ? TRY(services_.agents->runs(*agent.recovery->of, agent.cursor + 1, complete_to))
                               : std::vector<std::pair<std::int64_t, std::int64_t>>();
  for (const auto& one : found) {
    if (one.position > complete_to) break;
    if (std::ranges::any_of(handed_over, [&](const auto& run) { return one.position >= run.first && one.position <= run.second; })) {
      ++batch.progress.duplicates;
      continue;
    }
    batch.events += batch.count++ == 0 ? "" : ",";
    batch.events += R"({"kind":"activity","event":)" + one.row + "}";
    ++batch.progress.activities;
  }
  batch.progress.cursor = complete_to;
  return {};
}

Result<> SiemAgentFeed::add_alerts(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, SiemAgentBatch& batch) {
  batch.progress.alert_cursor_ticks = agent.alert_cursor_ticks;
  batch.progress.recent_alerts = agent.recent_alerts.empty() ? "[]" : agent.recent_alerts;
  if (!settings.alerts || agent.recovery) return {};
  // Known by identity and time: [["id",ticks],...].
  json::error_code error;
  json::value known = json::parse(batch.progress.recent_alerts, error);
  if (error || !known.is_array()) known = json::array();
  struct Alerts : query::RowSink {
    struct One {
      std::string id, row;
      std::int64_t written = 0;
    };
    std::vector<One> found;
    Result<> columns(const std::vector<event::ColumnSchema>&) override { return {}; }
    Result<> rows(const event::TableBatch& batch) override {
      const auto id = batch.find("_ItemId"), written = batch.find("_TimeIngested");
      if (!id || !written) return fail(ErrorKind::invalid_input, "the alert filter is no condition on rows");
      for (std::size_t row = 0; row < batch.row_count(); ++row) {
        One one;
        event::append_cell_text(one.id, batch.column(*id), row);
        one.written = batch.column(*written).int64s()[row];
        append_row(one.row, batch, row);
        found.push_back(std::move(one));
      }
      return {};
    }
  } alerts;
  const auto outcome = services_.query->run(
      request_of(fmt::format("SecurityAlert | where _TimeIngested > datetime({}){} | top {} by _TimeIngested asc",
                             format_datetime(std::max<std::int64_t>(0, agent.alert_cursor_ticks - kAlertOverlap)), condition(settings.alert_filter),
                             kMostAlerts + known.get_array().size())),
      alerts);
  if (outcome.failure) {
    if (wrong_text(*outcome.failure)) return {};
    return std::unexpected(outcome.failure->error);
  }
  const auto is_known = [&](const std::string& id) {
    return std::ranges::any_of(known.get_array(), [&](const json::value& one) {
      return one.is_array() && !one.get_array().empty() && one.get_array()[0].is_string() && one.get_array()[0].get_string() == id;
    });
  };
  for (const auto& one : alerts.found) {
    if (is_known(one.id)) continue;
    batch.events += batch.count++ == 0 ? "" : ",";
    batch.events += R"({"kind":"alert","event":)" + one.row + "}";
    ++batch.progress.alerts;
    batch.progress.alert_cursor_ticks = std::max(batch.progress.alert_cursor_ticks, one.written);
    known.get_array().push_back(json::array{one.id, one.written});
  }
  json::array recent;
  for (const auto& one : known.get_array())
    if (one.is_array() && one.get_array().size() == 2 && one.get_array()[1].is_int64() && one.get_array()[1].get_int64() > batch.progress.alert_cursor_ticks - kAlertOverlap)
      recent.push_back(one);
  batch.progress.recent_alerts = json::serialize(recent);
  return {};
}

Result<SiemAgentBatch> SiemAgentFeed::next(const control::SiemAgent& agent, const fleet::SiemAgentSettings& settings, std::size_t most) {
  SiemAgentBatch batch;
  batch.events = "[";
  TRY(add_alerts(agent, settings, batch));
  TRY(add_activities(agent, settings, std::max<std::size_t>(1, most), batch));
  batch.events += ']';
  batch.drained = batch.progress.cursor >= static_cast<std::int64_t>(services_.stored().number());
  return batch;
}

Result<std::vector<std::string>> SiemAgentFeed::tables_without(const fleet::SiemAgentSettings& settings) {
  std::vector<std::string> without;
  struct Nothing : query::RowSink {
    bool has_position = false;
    Result<> columns(const std::vector<event::ColumnSchema>& columns) override {
      has_position = std::ranges::any_of(columns, [](const auto& one) { return one.name == "_Position"; });
      return {};
    }
    Result<> rows(const event::TableBatch&) override { return {}; }
  };
  const auto fits = [&](std::string_view table, std::string_view filter) -> Result<> {
    Nothing sink;
    const auto outcome = services_.query->run(request_of(fmt::format("{}{} | take 0", quoted_table(table), condition(filter))), sink);
    if (outcome.failure) return std::unexpected(outcome.failure->error);
    if (!sink.has_position) return fail(ErrorKind::invalid_input, "it is no condition on rows, such as would stand after `where`");
    return {};
  };
  if (settings.alerts && !trim(settings.alert_filter).empty()) TRY(fits("SecurityAlert", settings.alert_filter), "'alert_filter'");
  if (!settings.activities || trim(settings.activity_filter).empty()) return without;
  const auto tables = tables_of(settings);
  std::optional<Error> reason;
  for (const auto& table : tables)
    if (auto good = fits(table, settings.activity_filter); !good) {
      without.push_back(table);
      if (!reason) reason = Error(good.error().kind(), fmt::format("'activity_filter' fits no table; {}: {}", table, good.error().message()));
    }
  if (reason && without.size() == tables.size()) return std::unexpected(*reason);
  return without;
}

}  // namespace yagura::serve
