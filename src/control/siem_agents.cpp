#include "control/siem_agents.hpp"

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kPrefix = "ysa_";

constexpr std::string_view kColumns =
    "SELECT id, name, token_hint, enabled, settings, settings_version, created_at, created_by, recovery_of, recovery_id, window_from, "
    "window_to, deduplicate, completed_at, first_seen, last_seen, version, host, instance, cursor, alert_cursor, recent_alerts, "
    "activities_sent, alerts_sent, duplicates, last_sent, trouble, trouble_detail, trouble_since FROM siem_agents ";

SiemAgent agent_of(const Row& row) {
  SiemAgent agent{.id = row.integer(0),
                  .name = row.text(1),
                  .token_hint = row.text(2),
                  .enabled = row.boolean(3),
                  .settings = row.text(4),
                  .settings_version = row.integer(5),
                  .created_ticks = row.integer(6),
                  .created_by = row.text(7),
                  .completed_ticks = row.optional_integer(13),
                  .first_seen_ticks = row.optional_integer(14),
                  .last_seen_ticks = row.optional_integer(15),
                  .version = row.text(16),
                  .host = row.text(17),
                  .instance = row.text(18),
                  .cursor = row.integer(19),
                  .alert_cursor_ticks = row.integer(20),
                  .recent_alerts = row.text(21),
                  .activities_sent = row.integer(22),
                  .alerts_sent = row.integer(23),
                  .duplicates = row.integer(24),
                  .last_sent_ticks = row.optional_integer(25),
                  .trouble = row.text(26),
                  .trouble_detail = row.text(27),
                  .trouble_since_ticks = row.optional_integer(28)};
  if (const auto from = row.optional_integer(10))
    agent.recovery = Recovery{row.optional_integer(8), row.text(9), *from, row.integer(11), row.boolean(12)};
  return agent;
}

template <class... Args>
Result<std::optional<SiemAgent>> one(Database::Transaction& in, std::string_view where, const Args&... args) {
  std::optional<SiemAgent> found;
  TRY(in.rows(
      std::string(kColumns) + std::string(where),
      [&](const Row& row) {
        found = agent_of(row);
        return false;
      },
      args...));
  return found;
}

Result<SiemAgent> by_id(Database::Transaction& in, std::int64_t id) {
  auto found = TRY(one(in, "WHERE id = ?", id));
  if (!found) return fail(ErrorKind::not_found, "there is no SIEM agent with id {}", id);
  return *std::move(found);
}

Result<> check_name(Database::Transaction& in, std::string_view name, std::int64_t except) {
  if (trim(name).empty() || name.size() > 128 || !utf8::valid(name))
    return fail(ErrorKind::invalid_input, "a SIEM agent needs a name of at most 128 bytes");
  if (TRY(in.integer("SELECT id FROM siem_agents WHERE name = ? AND id <> ?", name, except)))
    return fail(ErrorKind::conflict, "there is a SIEM agent named '{}' already", name);
  return {};
}

AuditEntry entry(std::int64_t now, const Actor& actor, std::string action, std::string target, std::string detail = {}) {
  return {.at_ticks = now, .actor = actor, .action = std::move(action), .target = std::move(target), .detail = std::move(detail)};
}

std::string hint_of(std::string_view token) { return std::string(token.substr(0, kPrefix.size() + 4)); }

}  // namespace

SiemAgents::SiemAgents(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

Result<CreatedSiemAgent> SiemAgents::create(const NewSiemAgent& wanted, const Actor& actor) {
  const std::int64_t now = clock_();
  CreatedSiemAgent created{.token = std::string(kPrefix) + random_token(256), .info = {}};
  const Sha256Digest digest = sha256(created.token);
  auto writing = TRY(database_.write());
  TRY(check_name(writing, wanted.name, 0));
  const Recovery recovery = wanted.recovery.value_or(Recovery{});
  const auto window = [&](std::int64_t ticks) { return wanted.recovery ? std::optional(ticks) : std::nullopt; };
  TRY(writing.run("INSERT INTO siem_agents (name, token_hash, token_hint, settings, created_at, created_by, recovery_of, recovery_id, window_from, "
                  "window_to, deduplicate, cursor, alert_cursor) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                  wanted.name, Blob{as_text(digest)}, hint_of(created.token), wanted.settings, now, actor.name, recovery.of, recovery.id,
                  window(recovery.from_ticks), window(recovery.to_ticks), std::int64_t{recovery.deduplicate}, wanted.cursor, wanted.alert_cursor_ticks));
  const std::int64_t id = writing.last_insert_id();
  TRY(append_audit(writing, entry(now, actor, "siem-agent.create", wanted.name, wanted.settings)));
  created.info = TRY(by_id(writing, id));
  TRY(writing.commit());
  return created;
}

Result<CreatedSiemAgent> SiemAgents::regenerate_token(std::int64_t id, const Actor& actor) {
  CreatedSiemAgent created{.token = std::string(kPrefix) + random_token(256), .info = {}};
  const Sha256Digest digest = sha256(created.token);
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  TRY(writing.run("UPDATE siem_agents SET token_hash = ?, token_hint = ? WHERE id = ?", Blob{as_text(digest)}, hint_of(created.token), id));
  TRY(append_audit(writing, entry(clock_(), actor, "siem-agent.token", agent.name, "the token before is invalid")));
  created.info = TRY(by_id(writing, id));
  TRY(writing.commit());
  return created;
}

Result<SiemAgent> SiemAgents::change(std::int64_t id, std::string_view name, std::string_view settings, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  TRY(check_name(writing, name, id));
  TRY(writing.run("UPDATE siem_agents SET name = ?, settings = ?, settings_version = settings_version + 1 WHERE id = ?", name, settings, id));
  TRY(append_audit(writing, entry(clock_(), actor, "siem-agent.change", agent.name, std::string(settings))));
  auto changed = TRY(by_id(writing, id));
  TRY(writing.commit());
  return changed;
}

Result<SiemAgent> SiemAgents::set_enabled(std::int64_t id, bool enabled, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  if (enabled && agent.completed_ticks)
    TRY(writing.run("UPDATE siem_agents SET enabled = 1, completed_at = NULL, cursor = 0 WHERE id = ?", id));
  else
    TRY(writing.run("UPDATE siem_agents SET enabled = ? WHERE id = ?", std::int64_t{enabled}, id));
  TRY(append_audit(writing, entry(clock_(), actor, enabled ? "siem-agent.enable" : "siem-agent.disable", agent.name)));
  auto changed = TRY(by_id(writing, id));
  TRY(writing.commit());
  return changed;
}

Result<> SiemAgents::remove(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  TRY(writing.run("DELETE FROM siem_agents WHERE id = ?", id));
  TRY(append_audit(writing, entry(clock_(), actor, "siem-agent.remove", agent.name)));
  return writing.commit();
}

Result<SiemAgent> SiemAgents::get(std::int64_t id) {
  auto reading = TRY(database_.read());
  return by_id(reading, id);
}

Result<SiemAgent> SiemAgents::find(std::string_view word) {
  auto reading = TRY(database_.read());
  if (auto named = TRY(one(reading, "WHERE name = ?", word))) return *std::move(named);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error == std::errc() && end == word.data() + word.size()) return by_id(reading, id);
  return fail(ErrorKind::not_found, "there is no SIEM agent '{}'; `yagura siem-agent list` shows them", word);
}

Result<std::vector<SiemAgent>> SiemAgents::list() {
  std::vector<SiemAgent> agents;
  auto reading = TRY(database_.read());
  TRY(reading.rows(std::string(kColumns) + "ORDER BY name", [&](const Row& row) {
    agents.push_back(agent_of(row));
    return true;
  }));
  return agents;
}

Result<SiemAgent> SiemAgents::check(std::string_view token) {
  const Sha256Digest digest = sha256(token);
  auto reading = TRY(database_.read());
  auto found = TRY(one(reading, "WHERE token_hash = ?", Blob{as_text(digest)}));
  if (!found) return fail(ErrorKind::unauthenticated, "Invalid token");
  return *std::move(found);
}

Result<SiemAgent> SiemAgents::report(std::int64_t id, const SiemAgentReport& report) {
  const std::int64_t now = clock_();
  auto writing = TRY(database_.write());
  TRY(writing.run("UPDATE siem_agents SET first_seen = coalesce(first_seen, ?1), last_seen = ?1, version = ?2, host = ?3, instance = ?4, "
                  "trouble_since = CASE WHEN ?5 = '' THEN NULL WHEN trouble = ?5 THEN trouble_since ELSE ?1 END, trouble = ?5, trouble_detail = ?6 "
                  "WHERE id = ?7",
                  now, report.version, report.host, report.instance, report.trouble, report.trouble_detail, id));
  auto agent = TRY(by_id(writing, id));
  TRY(writing.commit());
  return agent;
}

Result<SiemAgent> SiemAgents::advance(std::int64_t id, std::int64_t expected_cursor, const SiemAgentProgress& progress) {
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  if (agent.cursor != expected_cursor || progress.cursor < agent.cursor)
    return fail(ErrorKind::conflict, "this agent has come to position {}, not {}: another process runs with the same token", agent.cursor, expected_cursor);
  const std::int64_t sent = progress.activities + progress.alerts;
  TRY(writing.run("UPDATE siem_agents SET cursor = ?, alert_cursor = ?, recent_alerts = ?, activities_sent = activities_sent + ?, "
                  "alerts_sent = alerts_sent + ?, duplicates = duplicates + ?, last_sent = CASE WHEN ? > 0 THEN ? ELSE last_sent END WHERE id = ?",
                  progress.cursor, progress.alert_cursor_ticks, progress.recent_alerts, progress.activities, progress.alerts, progress.duplicates, sent,
                  clock_(), id));
  if (progress.cursor > agent.cursor) {
    const std::int64_t first = agent.cursor + 1;
    if (TRY(writing.run("UPDATE siem_agent_runs SET last = ? WHERE agent_id = ? AND last = ?", progress.cursor, id, agent.cursor)) == 0)
      TRY(writing.run("INSERT OR REPLACE INTO siem_agent_runs (agent_id, first, last) VALUES (?,?,?)", id, first, progress.cursor));
  }
  auto advanced = TRY(by_id(writing, id));
  TRY(writing.commit());
  return advanced;
}

Result<> SiemAgents::complete(std::int64_t id) {
  auto writing = TRY(database_.write());
  const auto agent = TRY(by_id(writing, id));
  if (agent.completed_ticks) return {};
  TRY(writing.run("UPDATE siem_agents SET completed_at = ?, enabled = 0 WHERE id = ?", clock_(), id));
  TRY(append_audit(writing, entry(clock_(), {.name = "system", .peer = ""}, "siem-agent.complete", agent.name,
                                  fmt::format("{} sent, {} the original had sent", agent.activities_sent, agent.duplicates))));
  return writing.commit();
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> SiemAgents::runs(std::int64_t id, std::int64_t first, std::int64_t last) {
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT first, last FROM siem_agent_runs WHERE agent_id = ? AND last >= ? AND first <= ? ORDER BY first",
      [&](const Row& row) {
        found.emplace_back(row.integer(0), row.integer(1));
        return true;
      },
      id, first, last));
  return found;
}

}  // namespace yagura::control
