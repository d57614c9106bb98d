#include "roles/row_transformer.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "base/log.hpp"

namespace yagura::roles {

namespace {

namespace json = boost::json;

std::string state_of(const RowTransformer::Totals& totals) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("rows_in").number(totals.rows_in.load()).key("rows_failed").number(totals.rows_failed.load());
  writer.key("dropped").raw(totals.sketch.to_json(query::DropSketch::kMostKeys)).end_object();
  return out;
}

void restore(RowTransformer::Totals& totals, std::string_view state) {
  boost::system::error_code error;
  const auto parsed = json::parse(state, error);
  const auto* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return;
  const auto number = [&](std::string_view name) {
    const auto* value = object->if_contains(name);
    return value != nullptr && value->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->get_int64())) : 0;
  };
  totals.rows_in = number("rows_in");
  totals.rows_failed = number("rows_failed");
  if (const auto* dropped = object->if_contains("dropped")) totals.sketch.restore(json::serialize(*dropped));
}

}  // namespace

std::vector<std::string> count_by_of(const control::KeptTransformation& kept) {
  std::vector<std::string> out;
  boost::system::error_code error;
  const auto parsed = json::parse(kept.count_by.value_or("[]"), error);
  if (error || !parsed.is_array()) return out;
  for (const auto& one : parsed.get_array())
    if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

RowTransformer::Totals::Totals(const std::string& table, std::vector<std::string> count_by)
    : sketch(std::move(count_by)),
      in(metrics().counter("yagura_transformation_rows_in_total", "Rows that a transformation has looked at", {{"table", table}})),
      dropped(metrics().counter("yagura_transformation_rows_dropped_total", "Rows that a transformation has dropped", {{"table", table}})),
      failed(metrics().counter("yagura_transformation_rows_failed_total", "Rows that were stored unchanged because their transformation failed", {{"table", table}})) {}

RowTransformer::RowTransformer(control::ControlDb& control) : control_(control), current_(std::make_shared<const Snapshot>()) {}

std::shared_ptr<const RowTransformer::Snapshot> RowTransformer::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<> RowTransformer::refresh(const event::SchemaSet& schemas) {
  const std::lock_guard one_at_a_time(refreshing_);
  const auto before = current();
  auto next = std::make_shared<Snapshot>();
  for (auto& kept : TRY(control_.transformations().list())) {
    Running one;
    const auto state = std::exchange(kept.state, "");
    if (const auto* schema = schemas.find(kept.table)) {
      auto checked = query::Transformation::make(*schema, kept.query);
      one.program = std::move(checked.transformation);
      if (!one.program) one.failure = checked.error(kept.query).message();
    } else {
      one.failure = "there is no table " + kept.table;
    }
    if (!one.failure.empty()) log_error("transform", "the transformation of {} is not used, its rows are stored as they are: {}", kept.table, one.failure);
    if (const auto old = before->find(kept.table); old != before->end() && old->second.kept.query == kept.query && old->second.kept.count_by == kept.count_by) {
      one.totals = old->second.totals;
    } else {
      auto columns = count_by_of(kept);
      if (!kept.count_by && one.program) columns = one.program->filter_columns();
      one.totals = std::make_shared<Totals>(kept.table, std::move(columns));
      restore(*one.totals, state);
    }
    auto table = kept.table;
    one.kept = std::move(kept);
    next->emplace(std::move(table), std::move(one));
  }
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  return {};
}

void RowTransformer::apply(std::vector<event::TableBatch>& tables) const {
  const auto all = current();
  if (all->empty()) return;
  for (auto& table : tables) {
    const auto found = all->find(table.table());
    if (found == all->end() || !found->second.kept.enabled || found->second.program == nullptr) continue;
    auto& totals = *found->second.totals;
    const auto rows = table.row_count();
    totals.in.add(rows);
    totals.rows_in += rows;
    const auto done = found->second.program->apply(table, [&](const event::TableBatch& before, std::span<const std::uint32_t> dropped) {
      totals.dropped.add(dropped.size());
      totals.sketch.add(before, dropped);
    });
    if (done) continue;
    totals.failed.add(rows);
    totals.rows_failed += rows;
    const std::lock_guard lock(totals.mutex);
    if (totals.last_error.empty()) log_error("transform", "{}: rows are stored as they are: {}", table.table(), done.error().message());
    totals.last_error = done.error().message();
  }
  std::erase_if(tables, [](const auto& table) { return table.row_count() == 0; });
}

Result<> RowTransformer::keep() {
  const auto all = current();
  for (const auto& [table, one] : *all) {
    const auto rows = one.totals->rows_in.load();
    {
      const std::lock_guard lock(one.totals->mutex);
      if (one.totals->kept_rows == rows) continue;
      one.totals->kept_rows = rows;
    }
    TRY(control_.transformations().keep_state(table, one.kept.changed_ticks, state_of(*one.totals)));
  }
  return {};
}

}  // namespace yagura::roles
