#include "control/agents.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kPrefix = "yjt_";
constexpr std::int64_t kLongestToken = 366LL * kTicksPerDay;

constexpr std::string_view kColumns =
    "SELECT id, name, enrolled_at, serial, pending_serial, certificate_expires, removed_at, version, address, last_seen, "
    "configuration, applied_generation, configuration_error, status FROM agents ";

Agent agent_of(const Row& row) {
  Agent agent{.id = row.text(0), .name = row.text(1), .enrolled_ticks = row.integer(2), .serial = row.text(3)};
  if (!row.is_null(4)) agent.pending_serial = row.text(4);
  agent.certificate_expires_ticks = row.integer(5);
  agent.removed_ticks = row.optional_integer(6);
  agent.version = row.text(7);
  agent.address = row.text(8);
  agent.last_seen_ticks = row.optional_integer(9);
  agent.configuration = row.text(10);
  agent.applied_generation = row.integer(11);
  agent.configuration_error = row.text(12);
  agent.status = row.text(13);
  return agent;
}

Result<> check_name(std::string_view what, std::string_view name) {
  if (trim(name).empty() || name.size() > 128 || !utf8::valid(name))
    return fail(ErrorKind::invalid_input, "{} needs a name of 1 to 128 bytes", what);
  return {};
}

}  // namespace

Agents::Agents(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

Result<CreatedJoinToken> Agents::create_token(std::string_view name, std::int64_t expires_ticks, std::int64_t uses, const Actor& actor) {
  TRY(check_name("a join token", name));
  const std::int64_t now = clock_();
  if (expires_ticks <= now) return fail(ErrorKind::invalid_input, "the join token would have expired already");
  if (expires_ticks > now + kLongestToken) return fail(ErrorKind::invalid_input, "a join token is good for a year at most");
  if (uses < 1 || uses > 100'000) return fail(ErrorKind::invalid_input, "a join token is for 1 to 100000 agents, not {}", uses);
  CreatedJoinToken out{.token = std::string(kPrefix) + random_token(256), .info = {}};
  const Sha256Digest digest = sha256(out.token);
  out.info = {.hint = out.token.substr(0, kPrefix.size() + 4), .name = std::string(name), .created_ticks = now, .created_by = actor.name,
              .expires_ticks = expires_ticks, .uses_left = uses};
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM agent_join_tokens WHERE expires_at < ?", now - 30 * kTicksPerDay));
  TRY(writing.run("INSERT INTO agent_join_tokens (token_hash, hint, name, created_at, created_by, expires_at, uses_left) VALUES (?,?,?,?,?,?,?)",
                  Blob{as_text(digest)}, out.info.hint, name, now, actor.name, expires_ticks, uses));
  out.info.id = writing.last_insert_id();
  TRY(append_audit(writing, {.at_ticks = now, .actor = actor, .action = "agent_token.create", .target = out.info.name,
                             .detail = fmt::format("for {} agents, until {}", uses, format_datetime(expires_ticks))}));
  TRY(writing.commit());
  return out;
}

Result<std::vector<JoinToken>> Agents::tokens() {
  std::vector<JoinToken> out;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT id, hint, name, created_at, created_by, expires_at, uses_left FROM agent_join_tokens "
      "WHERE expires_at > ? AND uses_left > 0 ORDER BY id LIMIT 10000",
      [&](const Row& row) {
        out.push_back({.id = row.integer(0), .hint = row.text(1), .name = row.text(2), .created_ticks = row.integer(3),
                       .created_by = row.text(4), .expires_ticks = row.integer(5), .uses_left = row.integer(6)});
        return true;
      },
      clock_()));
  return out;
}

Result<> Agents::revoke_token(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  if (TRY(writing.run("UPDATE agent_join_tokens SET uses_left = 0 WHERE id = ? AND uses_left > 0", id)) == 0)
    return fail(ErrorKind::not_found, "there is no join token with id {} that could still be used", id);
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "agent_token.revoke", .target = std::to_string(id)}));
  return writing.commit();
}

Result<std::optional<Agent>> Agents::check_token(std::string_view token, std::string_view key_hash) {
  const Sha256Digest digest = sha256(token);
  std::optional<std::int64_t> id, uses;
  std::optional<Agent> joined;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT id, uses_left FROM agent_join_tokens WHERE token_hash = ? AND expires_at > ?",
      [&](const Row& row) {
        id = row.integer(0);
        uses = row.integer(1);
        return false;
      },
      Blob{as_text(digest)}, clock_()));
  if (id) {
    static const std::string sql = std::string(kColumns) + "WHERE token_id = ? AND key_hash = ? AND removed_at IS NULL";
    TRY(reading.rows(
        sql,
        [&](const Row& row) {
          joined = agent_of(row);
          return false;
        },
        *id, Blob{key_hash}));
  }
  if (!id || (*uses == 0 && !joined))
    return fail(ErrorKind::unauthenticated, "the join token is unknown, has expired, or was used already; make a new one: yagura admin agent-token create");
  return joined;
}

Result<> Agents::enrol(std::string_view token, const NewAgent& agent) {
  TRY(check_name("an agent", agent.name));
  const std::int64_t now = clock_();
  const Sha256Digest digest = sha256(token);
  const Actor actor{.name = "agent:" + agent.name, .peer = agent.address};
  auto writing = TRY(database_.write());
  const auto token_id = TRY(writing.integer("SELECT id FROM agent_join_tokens WHERE token_hash = ? AND expires_at > ?", Blob{as_text(digest)}, now));
  if (!token_id) return fail(ErrorKind::unauthenticated, "the join token is unknown or has expired");
  const bool again = TRY(writing.run("UPDATE agents SET pending_serial = ?, certificate_expires = ? WHERE id = ? AND token_id = ? AND key_hash = ? AND removed_at IS NULL",
                                     agent.serial, agent.certificate_expires_ticks, agent.id, *token_id, Blob{agent.key_hash})) == 1;
  if (!again) {
    if (TRY(writing.run("UPDATE agent_join_tokens SET uses_left = uses_left - 1 WHERE id = ? AND uses_left > 0", *token_id)) == 0)
      return fail(ErrorKind::unauthenticated, "the join token was used already");
    TRY(writing.run("INSERT INTO agents (id, name, enrolled_at, token_id, key_hash, serial, certificate_expires, address) VALUES (?,?,?,?,?,?,?,?)",
                    agent.id, agent.name, now, *token_id, Blob{agent.key_hash}, agent.serial, agent.certificate_expires_ticks, agent.address));
  }
  TRY(append_audit(writing, {.at_ticks = now, .actor = actor, .action = "agent.enrol", .target = agent.id,
                             .detail = fmt::format("{}, certificate {}{}", agent.name, agent.serial, again ? ", again" : "")}));
  return writing.commit();
}

Result<Agent> Agents::get(std::string_view id) {
  std::optional<Agent> agent;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "WHERE id = ?";
  TRY(reading.rows(
      sql,
      [&](const Row& row) {
        agent = agent_of(row);
        return false;
      },
      id));
  if (!agent) return fail(ErrorKind::not_found, "there is no agent with id {}", id.substr(0, 64));
  return *std::move(agent);
}

Result<Agent> Agents::find(std::string_view word) {
  std::vector<Agent> found;
  for (auto& agent : TRY(list())) {
    if (agent.id == word) return agent;
    if (agent.name == word || (word.size() >= 8 && agent.id.starts_with(word))) found.push_back(std::move(agent));
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.empty()) return fail(ErrorKind::not_found, "there is no agent called '{}'; 'yagura admin agents list' names all", word.substr(0, 64));
  return fail(ErrorKind::conflict, "{} agents are called '{}': give the id", found.size(), word.substr(0, 64));
}

Result<std::vector<Agent>> Agents::list(bool with_removed) {
  std::vector<Agent> out;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "WHERE ?1 OR removed_at IS NULL ORDER BY name, id LIMIT 100000";
  TRY(reading.rows(
      sql,
      [&](const Row& row) {
        out.push_back(agent_of(row));
        return true;
      },
      with_removed));
  return out;
}

Result<> Agents::offer_certificate(std::string_view id, std::string_view serial, std::int64_t expires_ticks, const Actor& actor) {
  auto writing = TRY(database_.write());
  if (TRY(writing.run("UPDATE agents SET pending_serial = ?, certificate_expires = ? WHERE id = ? AND removed_at IS NULL", serial, expires_ticks, id)) == 0)
    return fail(ErrorKind::not_found, "there is no agent with id {}", id.substr(0, 64));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "agent.renew", .target = std::string(id),
                             .detail = fmt::format("certificate {} until {}", serial, format_datetime(expires_ticks))}));
  return writing.commit();
}

Result<> Agents::accept_certificate(std::string_view id) {
  auto writing = TRY(database_.write());
  TRY(writing.run("UPDATE agents SET serial = pending_serial, pending_serial = NULL WHERE id = ? AND pending_serial IS NOT NULL", id));
  return writing.commit();
}

Result<> Agents::report(std::string_view id, const AgentReport& report) {
  auto writing = TRY(database_.write());
  TRY(writing.run("UPDATE agents SET version = ?, address = ?, last_seen = ?, applied_generation = ?, configuration_error = ?, status = ? WHERE id = ?",
                  report.version.substr(0, 64), report.address, clock_(), report.applied_generation, report.configuration_error.substr(0, 4'096),
                  report.status, id));
  return writing.commit();
}

Result<> Agents::remove(std::string_view id, const Actor& actor) {
  auto writing = TRY(database_.write());
  if (TRY(writing.run("UPDATE agents SET removed_at = ?, removed_by = ?, pending_serial = NULL WHERE id = ? AND removed_at IS NULL", clock_(), actor.name, id)) == 0)
    return fail(ErrorKind::not_found, "there is no agent with id {}", id.substr(0, 64));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "agent.remove", .target = std::string(id)}));
  return writing.commit();
}

Result<> Agents::assign(std::string_view id, std::string_view configuration, const Actor& actor) {
  TRY(check_name("a configuration", configuration));
  auto writing = TRY(database_.write());
  if (TRY(writing.run("UPDATE agents SET configuration = ? WHERE id = ? AND removed_at IS NULL", configuration, id)) == 0)
    return fail(ErrorKind::not_found, "there is no agent with id {}", id.substr(0, 64));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "agent.assign", .target = std::string(id), .detail = std::string(configuration)}));
  return writing.commit();
}

Result<AgentConfiguration> Agents::configuration(std::string_view name) {
  AgentConfiguration out{.name = std::string(name)};
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT generation, text, changed_at, changed_by FROM agent_configurations WHERE name = ?",
      [&](const Row& row) {
        out.generation = row.integer(0);
        out.text = row.text(1);
        out.changed_ticks = row.integer(2);
        out.changed_by = row.text(3);
        return false;
      },
      name));
  return out;
}

Result<std::vector<AgentConfiguration>> Agents::configurations() {
  std::vector<AgentConfiguration> out;
  auto reading = TRY(database_.read());
  TRY(reading.rows("SELECT name, generation, text, changed_at, changed_by FROM agent_configurations ORDER BY name LIMIT 10000", [&](const Row& row) {
    out.push_back({row.text(0), row.integer(1), row.text(2), row.integer(3), row.text(4)});
    return true;
  }));
  return out;
}

Result<std::int64_t> Agents::put_configuration(std::string_view name, std::string_view text, const Actor& actor) {
  TRY(check_name("a configuration", name));
  if (text.size() > (256_KiB).count()) return fail(ErrorKind::invalid_input, "a configuration has at most 256 KiB, this one {} bytes", text.size());
  auto writing = TRY(database_.write());
  TRY(writing.run("INSERT INTO agent_configurations (name, generation, text, changed_at, changed_by) VALUES (?1, 1, ?2, ?3, ?4) "
                  "ON CONFLICT (name) DO UPDATE SET generation = generation + 1, text = ?2, changed_at = ?3, changed_by = ?4",
                  name, text, clock_(), actor.name));
  const auto generation = TRY(writing.integer("SELECT generation FROM agent_configurations WHERE name = ?", name)).value_or(0);
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "agent.configure", .target = std::string(name),
                             .detail = fmt::format("generation {}", generation)}));
  TRY(writing.commit());
  return generation;
}

}  // namespace yagura::control
