#include "control/sessions.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace yagura::control {

namespace {
std::int64_t ticks_of(std::chrono::minutes time) { return std::chrono::duration_cast<Ticks>(time).count(); }
// Prolonging writes to disk: once a minute is exact enough.
constexpr std::int64_t kTouchInterval = 60 * kTicksPerSecond;
}  // namespace

Sessions::Sessions(Database& database, Clock clock, SessionLimits limits)
    : database_(database), clock_(std::move(clock)), limits_(limits) {}

Result<NewSession> Sessions::create(const User& user, const std::string& peer, const std::string& user_agent) {
  const std::int64_t now = clock_();
  NewSession session{.token = random_token(256), .csrf_token = random_token(192)};
  const std::int64_t ends = now + ticks_of(limits_.longest);
  session.expires_ticks = std::min(now + ticks_of(limits_.idle), ends);
  const Sha256Digest digest = sha256(session.token);
  auto writing = TRY(database_.write());
  TRY(writing.run(
      "INSERT INTO sessions (token_hash, user_id, csrf_token, created_at, last_used_at, expires_at, ends_at, "
      "peer, user_agent) VALUES (?,?,?,?,?,?,?,?,?)",
      Blob{as_text(digest)}, user.id, session.csrf_token, now, now, session.expires_ticks, ends, peer,
      user_agent.substr(0, 256)));
  session.id = writing.last_insert_id();
  TRY(
      writing.run("DELETE FROM sessions WHERE user_id = ?1 AND id NOT IN "
                  "(SELECT id FROM sessions WHERE user_id = ?1 ORDER BY last_used_at DESC, id DESC LIMIT ?2)",
                  user.id, limits_.per_user));
  TRY(writing.commit());
  return session;
}

Result<Session> Sessions::check(std::string_view token) {
  const std::int64_t now = clock_();
  const Sha256Digest digest = sha256(token);
  std::optional<Session> session;
  std::int64_t last_used = 0, ends = 0;
  {
    auto reading = TRY(database_.read());
    TRY(reading.rows(
        "SELECT s.id, s.csrf_token, s.expires_at, s.last_used_at, s.ends_at, u.id, u.name, u.display_name, u.role, "
        "u.must_change_password, u.created_at, u.last_login_at FROM sessions s JOIN users u ON u.id = s.user_id "
        "WHERE s.token_hash = ? AND s.expires_at > ? AND u.enabled = 1",
        [&](const Row& row) {
          session = Session{.id = row.integer(0),
                            .user = {.id = row.integer(5),
                                     .name = row.text(6),
                                     .display_name = row.text(7),
                                     .role = parse_role(row.text(8)).value_or(Role::reader),
                                     .must_change_password = row.boolean(9),
                                     .created_ticks = row.integer(10),
                                     .last_login_ticks = row.optional_integer(11)},
                            .csrf_token = row.text(1),
                            .expires_ticks = row.integer(2)};
          last_used = row.integer(3);
          ends = row.integer(4);
          return false;
        },
        Blob{as_text(digest)}, now));
  }
  if (!session) return fail(ErrorKind::unauthenticated, "the session is over: sign in again");
  if (now - last_used > kTouchInterval) {
    session->expires_ticks = std::min(now + ticks_of(limits_.idle), ends);
    auto writing = TRY(database_.write());
    TRY(writing.run("UPDATE sessions SET last_used_at = ?, expires_at = ? WHERE id = ?", now, session->expires_ticks,
                    session->id));
    TRY(writing.commit());
  }
  return *std::move(session);
}

Result<> Sessions::end(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM sessions WHERE id = ?", id));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "logout", .target = "session"}));
  return writing.commit();
}

Result<std::int64_t> Sessions::sweep() {
  auto writing = TRY(database_.write());
  const auto removed = TRY(writing.run("DELETE FROM sessions WHERE expires_at <= ?", clock_()));
  TRY(writing.commit());
  return removed;
}

}  // namespace yagura::control
