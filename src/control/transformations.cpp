#include "control/transformations.hpp"

#include "base/text.hpp"

namespace yagura::control {

namespace {

constexpr std::size_t kMostText = 65'536;
constexpr std::int64_t kMost = 1'000;

}  // namespace

Result<std::vector<KeptTransformation>> Transformations::list() {
  std::vector<KeptTransformation> all;
  auto reading = TRY(database_.read());
  TRY(reading.rows("SELECT table_name, query, count_by, enabled, changed_at, changed_by, state FROM transformations ORDER BY table_name", [&](const Row& row) {
    all.push_back({.table = row.text(0),
                   .query = row.text(1),
                   .count_by = row.is_null(2) ? std::nullopt : std::optional(row.text(2)),
                   .enabled = row.boolean(3),
                   .changed_ticks = row.integer(4),
                   .changed_by = row.text(5),
                   .state = row.text(6)});
    return true;
  }));
  return all;
}

Result<> Transformations::put(const KeptTransformation& given, const Actor& actor) {
  if (given.query.size() > kMostText || !utf8::valid(given.query) || given.count_by.value_or("").size() > kMostText)
    return fail(ErrorKind::invalid_input, "a transformation has at most 64 KiB of UTF-8");
  auto writing = TRY(database_.write());
  const bool there = TRY(writing.integer("SELECT 1 FROM transformations WHERE table_name = ?", given.table)).has_value();
  if (!there && TRY(writing.integer("SELECT count(*) FROM transformations")).value_or(0) >= kMost)
    return fail(ErrorKind::exhausted, "1,000 transformations are all that one workspace may keep");
  // On the right of SET stand the values of before.
  TRY(writing.run(
      "INSERT INTO transformations (table_name, query, count_by, enabled, changed_at, changed_by) VALUES (?1,?2,?3,?4,?5,?6) "
      "ON CONFLICT (table_name) DO UPDATE SET state = CASE WHEN query = ?2 AND count_by IS ?3 THEN state ELSE '' END, "
      "query = ?2, count_by = ?3, enabled = ?4, changed_at = ?5, changed_by = ?6",
      given.table, given.query, given.count_by, given.enabled, clock_(), actor.name));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "transformation.put",
                             .target = given.table,
                             .detail = (given.enabled ? "" : "switched off: ") + given.query}));
  return writing.commit();
}

Result<> Transformations::remove(std::string_view table, const Actor& actor) {
  auto writing = TRY(database_.write());
  if (TRY(writing.run("DELETE FROM transformations WHERE table_name = ?", table)) == 0)
    return fail(ErrorKind::not_found, "the table '{}' has no transformation", table.substr(0, 256));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "transformation.delete", .target = std::string(table)}));
  return writing.commit();
}

Result<> Transformations::keep_state(std::string_view table, std::int64_t changed_ticks, std::string_view state) {
  auto writing = TRY(database_.write());
  TRY(writing.run("UPDATE transformations SET state = ? WHERE table_name = ? AND changed_at = ?", state, table, changed_ticks));
  return writing.commit();
}

}  // namespace yagura::control
