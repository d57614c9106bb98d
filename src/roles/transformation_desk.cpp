#include "roles/transformation_desk.hpp"

#include <array>
#include <unordered_set>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "query/drop_sketch.hpp"

namespace yagura::roles {

namespace {

// Rows that the program makes itself do not come through the pipeline's normalising.
constexpr std::array<std::string_view, 3> kOwnTables{"SecurityAlert", "YaguraHealth", "Watchlist"};
constexpr std::size_t kMostCountBy = 16;
constexpr std::uint64_t kMostPreviewRows = 100'000, kMostPreviewAlerts = 10'000;
constexpr std::size_t kMostShown = 100;

void write(JsonWriter& json, const RowTransformer::Running& one, std::size_t values) {
  const auto& kept = one.kept;
  auto& totals = *one.totals;
  json.begin_object().key("table").text(kept.table).key("query").text(kept.query).key("enabled").boolean(kept.enabled);
  json.key("changed").text(format_datetime(kept.changed_ticks)).key("changed_by").text(kept.changed_by);
  json.key("running").boolean(kept.enabled && one.program != nullptr);
  std::string error = one.failure;
  if (error.empty()) {
    const std::lock_guard lock(totals.mutex);
    error = totals.last_error;
  }
  if (!error.empty()) json.key("error").text(error);
  json.key("rows_in").number(totals.rows_in.load()).key("rows_failed").number(totals.rows_failed.load());
  json.key("dropped").raw(totals.sketch.to_json(values));
  json.end_object();
}

// Sigma's name for what a table holds; "" when the table says nothing about it.
std::string_view product_of(std::string_view table) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> products{{{"AWS", "aws"},
                                                                                    {"GCP", "gcp"},
                                                                                    {"SecurityEvent", "windows"},
                                                                                    {"WindowsEvent", "windows"},
                                                                                    {"Event", "windows"},
                                                                                    {"LinuxAuditLog", "linux"},
                                                                                    {"Azure", "azure"},
                                                                                    {"AuditLogs", "azure"},
                                                                                    {"SigninLogs", "azure"},
                                                                                    {"OfficeActivity", "m365"}}};
  for (const auto& [name, product] : products)
    if (name == table || ((name == "AWS" || name == "GCP" || name == "Azure") && table.starts_with(name))) return product;
  return "";
}

// Gives each batch to a function.
class EachBatch final : public query::RowSink {
 public:
  explicit EachBatch(std::function<Result<>(const event::TableBatch&)> take) : take_(std::move(take)) {}
  Result<> columns(const std::vector<event::ColumnSchema>&) override { return {}; }
  Result<> rows(const event::TableBatch& batch) override { return take_(batch); }

 private:
  const std::function<Result<>(const event::TableBatch&)> take_;
};

std::string text_at(const event::TableBatch& rows, std::size_t column, std::size_t row) {
  std::string out;
  if (column < rows.column_count()) event::append_cell_text(out, rows.column(column), row);
  return out;
}

// Views of the same memory: good as long as `batch`.
event::TableBatch shallow_copy(const event::TableBatch& batch, const std::string& table) {
  event::TableBatch out(table, {});
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    event::Column column(batch.column(i).type());
    column.append_all(batch.column(i));
    out.add_column(batch.schema()[i], std::move(column));
  }
  return out;
}

Result<> no_transformation(std::string_view table) { return fail(ErrorKind::not_found, "the table '{}' has no transformation", table.substr(0, 100)); }

}  // namespace

Result<std::string> TransformationDesk::list() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("transformations").begin_array();
  const auto all = transformer_.current();
  for (const auto& [table, one] : *all) write(json, one, 5);
  json.end_array().end_object();
  return out;
}

Result<std::string> TransformationDesk::show(std::string_view table) {
  const auto all = transformer_.current();
  const auto one = all->find(table);
  if (one == all->end()) TRY(no_transformation(table));
  std::string out;
  JsonWriter json(out);
  write(json, one->second, query::DropSketch::kMostKeys);
  return out;
}

Result<TransformationDesk::Checked> TransformationDesk::check(std::string_view table, const Wanted& wanted) const {
  Checked out;
  out.schemas = schemas_();
  out.table = out.schemas->find(table);
  if (out.table == nullptr) {
    std::vector<std::string_view> names;
    for (const auto* one : out.schemas->all()) names.push_back(one->name);
    return fail(ErrorKind::not_found, "there is no table '{}'{}", table.substr(0, 100), did_you_mean(table, names));
  }
  if (std::ranges::find(kOwnTables, table) != kOwnTables.end())
    return fail(ErrorKind::invalid_input, "{} is written by Yagura itself and has no transformation", table);
  auto checked = query::Transformation::make(*out.table, wanted.query);
  if (!checked.transformation) return std::unexpected(checked.error(wanted.query));
  out.transformation = std::move(checked.transformation);
  out.count_by = wanted.count_by.value_or(out.transformation->filter_columns());
  if (wanted.count_by && out.count_by.size() > kMostCountBy) return fail(ErrorKind::invalid_input, "'count_by' has at most {} columns", kMostCountBy);
  std::vector<std::string_view> columns;
  for (const auto& column : out.table->columns) columns.push_back(column.name);
  for (const auto& column : out.count_by)
    if (!out.table->find(column)) return fail(ErrorKind::invalid_input, "count_by: the table {} has no column '{}'{}", table, column.substr(0, 100), did_you_mean(column, columns));
  return out;
}

Result<std::string> TransformationDesk::put(std::string_view table, const Wanted& wanted, const control::Actor& actor) {
  const auto checked = TRY(check(table, wanted));
  control::KeptTransformation kept{.table = std::string(table), .query = wanted.query, .enabled = wanted.enabled};
  if (wanted.count_by) {
    auto& columns = kept.count_by.emplace();
    JsonWriter json(columns);
    json.begin_array();
    for (const auto& column : *wanted.count_by) json.text(column);
    json.end_array();
  }
  TRY(transformer_.keep());
  TRY(control_.transformations().put(kept, actor));
  TRY(transformer_.refresh(*schemas_()));
  return show(table);
}

Result<> TransformationDesk::remove(std::string_view table, const control::Actor& actor) {
  TRY(control_.transformations().remove(table, actor));
  return transformer_.refresh(*schemas_());
}

Result<std::string> TransformationDesk::preview(std::string_view table, const Wanted& given, std::int64_t from_ticks, std::int64_t to_ticks,
                                                const std::atomic<bool>* cancelled) {
  Wanted wanted = given;
  if (wanted.query.empty()) {
    const auto all = transformer_.current();
    const auto one = all->find(table);
    if (one == all->end()) TRY(no_transformation(table));
    wanted.query = one->second.kept.query;
  }
  const auto checked = TRY(check(table, wanted));
  const std::string name(table);
  const auto ask = [&](std::string text, std::uint64_t rows, std::function<Result<>(const event::TableBatch&)> take) -> Result<> {
    query::QueryRequest request;
    request.text = std::move(text);
    request.from_ticks = from_ticks;
    request.to_ticks = to_ticks;
    request.limits.max_rows = rows;
    request.limits.max_result = 1_GiB;
    request.limits.timeout = std::chrono::minutes(1);
    request.cancelled = cancelled;
    EachBatch sink(std::move(take));
    const auto outcome = query_.run(request, sink);
    if (outcome.failure) return std::unexpected(outcome.failure->error);
    return {};
  };

  std::uint64_t in_span = 0, rows_seen = 0, bytes_seen = 0;
  TRY(ask(fmt::format("['{}'] | count", name), 1, [&](const event::TableBatch& rows) -> Result<> {
    if (rows.row_count() > 0) in_span = static_cast<std::uint64_t>(rows.column(0).int64s()[0]);
    return {};
  }));
  query::DropSketch sketch(checked.count_by);
  std::unordered_set<std::string> items, positions;
  const std::string recent = in_span > kMostPreviewRows ? fmt::format(" | top {} by TimeGenerated desc", kMostPreviewRows) : "";
  TRY(ask(fmt::format("['{}']{}", name, recent), kMostPreviewRows, [&](const event::TableBatch& batch) -> Result<> {
    rows_seen += batch.row_count();
    for (std::size_t row = 0; row < batch.row_count(); ++row) bytes_seen += query::row_bytes(batch, row);
    auto rows = shallow_copy(batch, name);
    const auto item = batch.find("_ItemId"), position = batch.find("_Position");
    return checked.transformation->apply(rows, [&](const event::TableBatch& before, std::span<const std::uint32_t> dropped) {
      sketch.add(before, dropped);
      for (const auto row : dropped) {
        if (item) items.insert(text_at(before, *item, row));
        if (position) positions.insert(text_at(before, *position, row));
      }
    });
  }), "trying it on what {} has", name);

  std::string out;
  JsonWriter json(out);
  json.begin_object().key("table").text(name).key("from").text(format_datetime(from_ticks)).key("to").text(format_datetime(to_ticks));
  json.key("rows_in_span").number(in_span).key("rows").number(rows_seen).key("bytes").number(bytes_seen);
  json.key("dropped").raw(sketch.to_json(kMostShown));

  // Alerts of the span on rows that would not have been stored.
  std::uint64_t alerts = 0, about_dropped = 0;
  json.key("alerts").begin_object().key("of_dropped_rows").begin_array();
  TRY(ask("SecurityAlert | extend p = parse_json(ExtendedProperties) "
          "| project SystemAlertId, AlertName, TimeGenerated, Item = tostring(p.ItemId), Positions = tostring(p.JournalPositions) "
          "| order by TimeGenerated desc",
          kMostPreviewAlerts, [&](const event::TableBatch& rows) -> Result<> {
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      ++alerts;
      bool gone = items.contains(text_at(rows, 3, row));
      const auto all = text_at(rows, 4, row);
      if (!gone && all.size() > 2)
        for (const auto one : split(std::string_view(all).substr(1, all.size() - 2), ',')) gone = gone || positions.contains(std::string(trim(one)));
      if (!gone || ++about_dropped > kMostShown) continue;
      json.begin_object().key("id").text(text_at(rows, 0, row)).key("name").text(text_at(rows, 1, row)).key("time").text(text_at(rows, 2, row)).end_object();
    }
    return {};
  }), "looking for alerts");
  json.end_array().key("count").number(about_dropped).key("of").number(alerts).end_object();

  // Rules on the stream see records before any transformation.
  json.key("rules").begin_object().key("affected").begin_array().end_array().key("not_affected").begin_array();
  const auto rules = rules_.current();
  const auto product = product_of(name);
  std::uint64_t reading = 0;
  for (std::size_t i = 0; i < rules->rules.size() && !product.empty(); ++i) {
    if (!rules->rules[i].enabled || rules->set->rules()[i].log_source.product != product || ++reading > kMostShown) continue;
    json.begin_object().key("id").text(rules->rules[i].alert.id).key("title").text(rules->rules[i].alert.title).end_object();
  }
  json.end_array().key("not_affected_count").number(reading);
  json.key("note").text("Sigma rules see events before transformations: they go on raising alerts on what is dropped. Queries over the table will not find it");
  json.end_object().end_object();
  return out;
}

}  // namespace yagura::roles
