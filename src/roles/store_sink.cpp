#include "roles/store_sink.hpp"

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

Result<> StoreSink::store(flow::Cut& cut) {
  const auto deadline = Deadline::in(60s);
  for (auto& table : cut.tables) {
    if (table.row_count() == 0) continue;
    TRY(ensure(table.table(), deadline), "making the table {}", table.table());
    TRY(store_.insert(table, store::DedupToken::of_range(table.table(), cut.range.first, cut.range.last), deadline), "storing {} rows of {}",
        table.row_count(), table.table());
    static Counter& rows = metrics().counter("yagura_store_rows_total", "Rows that are in the store");
    rows.add(table.row_count());
  }
  if (tail_ != nullptr && tail_->watched())
    for (const auto& table : cut.tables) tail_->publish(table);
  return {};
}

}  // namespace yagura::roles
