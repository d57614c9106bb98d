#include "control/content.hpp"

#include "base/text.hpp"

namespace yagura::control {

namespace {

RuleState rule_state_of(const Row& row) {
  RuleState state{.rule_id = row.text(0),
                  .enabled = row.boolean(1),
                  .severity = std::nullopt,
                  .note = row.text(3),
                  .changed_ticks = row.integer(4),
                  .changed_by = row.text(5)};
  if (!row.is_null(2)) state.severity = row.text(2);
  if (!row.is_null(6)) state.title = row.text(6);
  state.exclude = row.text(7);
  state.throttle_seconds = row.integer(8);
  state.throttle_most = row.integer(9);
  state.throttle_by = row.text(10);
  return state;
}

// What the audit log says of a change: the state as it is now.
std::string change_text(const RuleState& state) {
  std::string text = state.enabled ? "enabled" : "disabled";
  if (state.severity) text += ", severity " + *state.severity;
  if (state.title) text += ", title " + *state.title;
  if (!state.exclude.empty()) text += ", leaves alone " + state.exclude;
  if (state.throttle_seconds != 0)
    text += fmt::format(", at most {} alerts in {} s{}{}", state.throttle_most, state.throttle_seconds,
                        state.throttle_by.empty() ? "" : " for each ", state.throttle_by);
  if (!state.note.empty()) text += ", note: " + state.note;
  return text;
}

SavedQuery saved_query_of(const Row& row) {
  return {.id = row.integer(0),
          .user_id = row.integer(1),
          .user_name = row.text(2),
          .name = row.text(3),
          .text = row.text(4),
          .shared = row.boolean(5),
          .created_ticks = row.integer(6),
          .changed_ticks = row.integer(7)};
}

}  // namespace

Result<std::vector<RuleState>> RuleStates::list() {
  std::vector<RuleState> states;
  auto reading = TRY(database_.read());
  TRY(reading.rows("SELECT rule_id, enabled, severity, note, changed_at, changed_by, title, exclude, throttle_seconds, "
                   "throttle_most, throttle_by FROM rule_states ORDER BY rule_id",
                   [&](const Row& row) {
                     states.push_back(rule_state_of(row));
                     return true;
                   }));
  return states;
}

Result<std::optional<RuleState>> RuleStates::get(std::string_view rule_id) {
  std::optional<RuleState> state;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT rule_id, enabled, severity, note, changed_at, changed_by, title, exclude, throttle_seconds, throttle_most, "
      "throttle_by FROM rule_states WHERE rule_id = ?",
      [&](const Row& row) {
        state = rule_state_of(row);
        return false;
      },
      rule_id));
  return state;
}

Result<> RuleStates::set(const RuleState& state, const Actor& actor) {
  if (state.rule_id.empty() || state.rule_id.size() > 256)
    return fail(ErrorKind::invalid_input, "a rule id has 1 to 256 bytes");
  auto writing = TRY(database_.write());
  TRY(
      writing.run("INSERT INTO rule_states (rule_id, enabled, severity, note, changed_at, changed_by, title, exclude, "
                  "throttle_seconds, throttle_most, throttle_by) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) "
                  "ON CONFLICT (rule_id) DO UPDATE SET enabled = ?2, severity = ?3, note = ?4, changed_at = ?5, "
                  "changed_by = ?6, title = ?7, exclude = ?8, throttle_seconds = ?9, throttle_most = ?10, throttle_by = ?11",
                  state.rule_id, state.enabled, state.severity, state.note, clock_(), actor.name, state.title, state.exclude,
                  state.throttle_seconds, state.throttle_most, state.throttle_by));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "rule.change",
                             .target = state.rule_id,
                             .detail = change_text(state)}));
  return writing.commit();
}

Result<> RuleStates::reset(std::string_view rule_id, const Actor& actor) {
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM rule_states WHERE rule_id = ?", rule_id));
  TRY(append_audit(writing,
                   {.at_ticks = clock_(), .actor = actor, .action = "rule.reset", .target = std::string(rule_id)}));
  return writing.commit();
}

Result<std::vector<SavedQuery>> SavedQueries::list(std::int64_t user_id) {
  std::vector<SavedQuery> queries;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT q.id, q.user_id, u.name, q.name, q.text, q.shared, q.created_at, q.changed_at FROM saved_queries q "
      "JOIN users u ON u.id = q.user_id WHERE q.user_id = ? OR q.shared = 1 ORDER BY q.name, q.id LIMIT 5000",
      [&](const Row& row) {
        queries.push_back(saved_query_of(row));
        return true;
      },
      user_id));
  return queries;
}

Result<SavedQuery> SavedQueries::put(std::int64_t user_id, std::string_view name, std::string_view text, bool shared,
                                     const Actor& actor) {
  if (trim(name).empty() || name.size() > 256 || !utf8::valid(name))
    return fail(ErrorKind::invalid_input, "a saved query needs a name of at most 256 bytes");
  if (trim(text).empty() || text.size() > 65'536 || !utf8::valid(text))
    return fail(ErrorKind::invalid_input, "a saved query needs a text of at most 64 KiB");
  auto writing = TRY(database_.write());
  const auto count =
      TRY(writing.integer("SELECT count(*) FROM saved_queries WHERE user_id = ? AND name <> ?", user_id, name));
  if (count.value_or(0) >= 1000) return fail(ErrorKind::exhausted, "1,000 saved queries is all that one user may keep");
  TRY(
      writing.run("INSERT INTO saved_queries (user_id, name, text, shared, created_at, changed_at) "
                  "VALUES (?1,?2,?3,?4,?5,?5) ON CONFLICT (user_id, name) DO UPDATE SET "
                  "text = ?3, shared = ?4, changed_at = ?5",
                  user_id, name, text, shared, clock_()));
  SavedQuery saved;
  TRY(writing.rows(
      "SELECT q.id, q.user_id, u.name, q.name, q.text, q.shared, q.created_at, q.changed_at FROM saved_queries q "
      "JOIN users u ON u.id = q.user_id WHERE q.user_id = ? AND q.name = ?",
      [&](const Row& row) {
        saved = saved_query_of(row);
        return false;
      },
      user_id, name));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "saved_query.put",
                             .target = std::string(name),
                             .detail = shared ? "shared" : "private"}));
  TRY(writing.commit());
  return saved;
}

Result<> SavedQueries::remove(std::int64_t user_id, std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto removed = TRY(writing.run("DELETE FROM saved_queries WHERE id = ? AND user_id = ?", id, user_id));
  if (removed == 0) return fail(ErrorKind::not_found, "you have no saved query with id {}", id);
  TRY(append_audit(
      writing, {.at_ticks = clock_(), .actor = actor, .action = "saved_query.delete", .target = std::to_string(id)}));
  return writing.commit();
}

Result<std::vector<CustomTable>> CustomTables::list() {
  std::vector<CustomTable> tables;
  auto reading = TRY(database_.read());
  TRY(reading.rows("SELECT name, schema_json, created_at, created_by FROM custom_tables ORDER BY name",
                   [&](const Row& row) {
                     tables.push_back({row.text(0), row.text(1), row.integer(2), row.text(3)});
                     return true;
                   }));
  return tables;
}

Result<> CustomTables::put(std::string_view name, std::string_view schema_json, const Actor& actor) {
  auto writing = TRY(database_.write());
  TRY(
      writing.run("INSERT INTO custom_tables (name, schema_json, created_at, created_by) VALUES (?1,?2,?3,?4) "
                  "ON CONFLICT (name) DO UPDATE SET schema_json = ?2",
                  name, schema_json, clock_(), actor.name));
  TRY(append_audit(writing,
                   {.at_ticks = clock_(), .actor = actor, .action = "table.put", .target = std::string(name)}));
  return writing.commit();
}

Result<> CustomTables::remove(std::string_view name, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto removed = TRY(writing.run("DELETE FROM custom_tables WHERE name = ?", name));
  if (removed == 0) return fail(ErrorKind::not_found, "there is no custom table '{}'", name);
  TRY(append_audit(writing,
                   {.at_ticks = clock_(), .actor = actor, .action = "table.delete", .target = std::string(name)}));
  return writing.commit();
}

}  // namespace yagura::control
