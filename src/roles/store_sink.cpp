#include "roles/store_sink.hpp"

#include <thread>

#include "base/metrics.hpp"

namespace yagura::roles {

Result<> StoreSink::ensure(const event::TableSchema& schema, Deadline deadline) {
  const std::pair key(schema.name, schema.columns.size());
  {
    const std::lock_guard lock(mutex_);
    if (ensured_.contains(key)) return {};
  }
  TRY(store_.ensure_table(schema, deadline));
  const std::lock_guard lock(mutex_);
  ensured_.insert(key);
  return {};
}

Result<> StoreSink::ensure(std::string_view table, Deadline deadline) {
  const auto schemas = schemas_();
  const auto* schema = schemas->find(table);
  if (schema == nullptr) return fail(ErrorKind::not_found, "there is no table {}", table);
  return ensure(*schema, deadline);
}

Result<> StoreSink::store_table(event::TableBatch& table, flow::CutRange range, Deadline deadline) {
  if (table.row_count() == 0) return {};
  TRY(ensure(table.table(), deadline), "making the table {}", table.table());
  TRY(store_.insert(table, store::DedupToken::of_range(table.table(), range.first, range.last), deadline), "storing {} rows of {}",
      table.row_count(), table.table());
  static Counter& rows = metrics().counter("yagura_store_rows_total", "Rows that are in the store");
  rows.add(table.row_count());
  return {};
}

Result<> StoreSink::store(flow::Cut& cut) {
  const auto deadline = Deadline::in(60s);
  // Large tables at the same time: an insert waits for the disk for much of its time.
  constexpr std::size_t kLarge = 10'000, kMostAtOnce = 3;
  std::vector<std::pair<std::thread, std::unique_ptr<Result<>>>> others;
  Result<> outcome;
  const auto join = [&] {
    for (auto& [thread, result] : others) {
      thread.join();
      if (outcome && !*result) outcome = std::move(*result);
    }
    others.clear();
  };
  std::size_t large = static_cast<std::size_t>(std::ranges::count_if(cut.tables, [](const auto& table) { return table.row_count() >= kLarge; }));
  for (auto& table : cut.tables) {
    if (table.row_count() < kLarge || large-- <= 1 || others.size() + 1 >= kMostAtOnce) {
      if (auto stored = store_table(table, cut.range, deadline); !stored) {
        outcome = std::move(stored);
        break;
      }
      continue;
    }
    auto result = std::make_unique<Result<>>();
    std::thread thread([this, &table, range = cut.range, deadline, to = result.get()] { *to = store_table(table, range, deadline); });
    others.emplace_back(std::move(thread), std::move(result));
  }
  join();
  TRY(std::move(outcome));
  if (tail_ != nullptr && tail_->watched())
    for (const auto& table : cut.tables) tail_->publish(table);
  return {};
}

}  // namespace yagura::roles
