#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

Result<> StageContext::work(std::uint64_t steps) {
  const std::uint64_t before = steps_ / 1024;
  steps_ += steps;
  if (steps_ > limits_.max_steps) return too_much_work();
  return steps_ / 1024 == before || !alive_ ? Result<>{} : alive_();
}

Result<> StageContext::too_much_work() const {
  return fail(ErrorKind::exhausted, "{} needs more than its limit of {} steps here; filter or summarize its rows first", what_, limits_.max_steps);
}

Result<> StageContext::room_for(std::uint64_t rows) const {
  if (rows <= limits_.max_rows) return {};
  return fail(ErrorKind::exhausted, "{} gives more than its limit of {} rows; filter or summarize its rows first", what_, limits_.max_rows);
}

Result<std::string> StageContext::fetch(const std::string& address, Bytes most) const {
  if (!fetch_) return fail(ErrorKind::permission_denied, "external data is switched off; an administrator may allow addresses or set a mirror folder (query.external_data)");
  return fetch_(address, most);
}

Result<std::string> StageContext::parquet_as_json(std::string_view bytes) const {
  if (!read_parquet_) return fail(ErrorKind::not_supported, "Parquet is read by the store, and there is none here");
  return read_parquet_(bytes);
}

std::vector<event::ColumnSchema> schema_of(std::span<const PlanColumn> columns) {
  std::vector<event::ColumnSchema> out;
  for (const auto& c : columns) out.push_back({c.name, c.type, ""});
  return out;
}

}  // namespace yagura::kql
