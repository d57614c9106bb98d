#include "control/users.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kColumns =
    "SELECT id, name, display_name, role, enabled, must_change_password, created_at, last_login_at FROM users ";

User user_of(const Row& row) {
  return {.id = row.integer(0),
          .name = row.text(1),
          .display_name = row.text(2),
          .role = parse_role(row.text(3)).value_or(Role::reader),
          .enabled = row.boolean(4),
          .must_change_password = row.boolean(5),
          .created_ticks = row.integer(6),
          .last_login_ticks = row.optional_integer(7)};
}

Result<> check_name(std::string_view name) {
  if (name.empty() || name.size() > 64)
    return fail(ErrorKind::invalid_input, "a user name has 1 to 64 characters, this has {}", name.size());
  for (const char c : name)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && std::string_view("._-@").find(c) == std::string_view::npos)
      return fail(ErrorKind::invalid_input, "a user name has letters, digits and . _ - @ only");
  return {};
}

Result<User> get_in(Database::Transaction& transaction, std::int64_t id) {
  std::optional<User> user;
  static const std::string sql = std::string(kColumns) + "WHERE id = ?";
  TRY(transaction.rows(
      sql,
      [&](const Row& row) {
        user = user_of(row);
        return false;
      },
      id));
  if (!user) return fail(ErrorKind::not_found, "there is no user with id {}", id);
  return *std::move(user);
}

Result<> check_admin_left(Database::Transaction& transaction) {
  const auto admins = TRY(transaction.integer("SELECT count(*) FROM users WHERE role = 'Admin' AND enabled = 1"));
  if (admins.value_or(0) == 0)
    return fail(ErrorKind::conflict, "this is the last enabled administrator: make another one first");
  return {};
}

constexpr int kFreeFailuresPerPeer = 5;
constexpr int kFreeFailuresPerName = 25;
constexpr std::int64_t kLongestWait = 15 * 60 * kTicksPerSecond;
constexpr std::int64_t kForgetFailures = kTicksPerDay;
constexpr std::int64_t kMaxFailureRows = 20'000;

}  // namespace

Users::Users(Database& database, Clock clock, PasswordCost cost)
    : database_(database), clock_(std::move(clock)), cost_(cost) {
  hash_of_nobody_ = hash_password(random_token(), cost_).value_or("");
}

Result<User> Users::create(const NewUser& user, const Actor& actor) {
  TRY(check_name(user.name));
  TRY(check_password_rules(user.password, user.name));
  const std::string hash = TRY(hash_password(user.password, cost_));
  auto writing = TRY(database_.write());
  const auto taken = TRY(writing.integer("SELECT id FROM users WHERE name = ?", user.name));
  if (taken) return fail(ErrorKind::conflict, "there is a user named '{}' already", user.name);
  TRY(
      writing.run("INSERT INTO users (name, display_name, role, password_hash, must_change_password, created_at) "
                  "VALUES (?,?,?,?,?,?)",
                  user.name, user.display_name, to_string(user.role), hash, user.must_change_password, clock_()));
  const std::int64_t id = writing.last_insert_id();
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "user.create",
                             .target = user.name,
                             .detail = fmt::format("role {}", to_string(user.role))}));
  auto made = TRY(get_in(writing, id));
  TRY(writing.commit());
  return made;
}

Result<User> Users::change(std::int64_t id, const UserChange& change, const Actor& actor) {
  std::optional<std::string> hash;
  if (change.password) {
    const User user = TRY(get(id));
    TRY(check_password_rules(*change.password, user.name));
    hash = TRY(hash_password(*change.password, cost_));
  }
  auto writing = TRY(database_.write());
  const User before = TRY(get_in(writing, id));
  std::vector<std::string> said;
  if (change.display_name) {
    TRY(writing.run("UPDATE users SET display_name = ? WHERE id = ?", *change.display_name, id));
    said.push_back("display name");
  }
  if (change.role && *change.role != before.role) {
    TRY(writing.run("UPDATE users SET role = ? WHERE id = ?", to_string(*change.role), id));
    said.push_back(fmt::format("role {} to {}", to_string(before.role), to_string(*change.role)));
  }
  if (change.enabled && *change.enabled != before.enabled) {
    TRY(writing.run("UPDATE users SET enabled = ? WHERE id = ?", *change.enabled, id));
    said.push_back(*change.enabled ? "enabled" : "disabled");
  }
  if (change.must_change_password)
    TRY(writing.run("UPDATE users SET must_change_password = ? WHERE id = ?", *change.must_change_password, id));
  if (hash) {
    TRY(writing.run("UPDATE users SET password_hash = ? WHERE id = ?", *hash, id));
    said.push_back("password");
  }
  // Whoever may less than before, or has another password, signs in again.
  if (hash || (change.enabled && !*change.enabled) || (change.role && *change.role < before.role))
    TRY(writing.run("DELETE FROM sessions WHERE user_id = ?", id));
  TRY(check_admin_left(writing));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "user.change",
                             .target = before.name,
                             .detail = join(said, ", ")}));
  auto after = TRY(get_in(writing, id));
  TRY(writing.commit());
  return after;
}

Result<> Users::remove(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  const User user = TRY(get_in(writing, id));
  TRY(writing.run("DELETE FROM users WHERE id = ?", id));
  TRY(check_admin_left(writing));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "user.delete", .target = user.name}));
  return writing.commit();
}

Result<User> Users::get(std::int64_t id) {
  auto reading = TRY(database_.read());
  return get_in(reading, id);
}

Result<User> Users::find(std::string_view name) {
  std::optional<User> user;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "WHERE name = ?";
  TRY(reading.rows(
      sql,
      [&](const Row& row) {
        user = user_of(row);
        return false;
      },
      name));
  if (!user) return fail(ErrorKind::not_found, "there is no user named '{}'", name);
  return *std::move(user);
}

Result<std::vector<User>> Users::list() {
  std::vector<User> users;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "ORDER BY name";
  TRY(reading.rows(sql, [&](const Row& row) {
    users.push_back(user_of(row));
    return true;
  }));
  return users;
}

// Two counters: one for the name from one address, strict, so that a guesser waits; one for the name from anywhere,
// lax, so that nobody locks somebody else out for long by guessing on purpose, yet a spread guesser waits too. Names
// are hashed: people type passwords into the name field.
std::vector<Users::Failures> Users::failure_subjects(std::string_view name, const std::string& peer_address) const {
  const std::string key = to_hex(as_text(sha256(to_lower_ascii(name)))).substr(0, 32);
  return {{key + "|" + peer_address, kFreeFailuresPerPeer}, {key, kFreeFailuresPerName}};
}

Result<> Users::check_not_locked(std::string_view name, const std::string& peer_address) {
  auto reading = TRY(database_.read());
  for (const Failures& subject : failure_subjects(name, peer_address)) {
    const auto until =
        TRY(reading.integer("SELECT locked_until FROM login_failures WHERE subject = ?", subject.subject));
    const std::int64_t wait = until.value_or(0) - clock_();
    if (wait > 0)
      return fail(ErrorKind::exhausted, "too many failed sign-ins: try again in {} s", wait / kTicksPerSecond + 1);
  }
  return {};
}

Result<> Users::note_failure(std::string_view name, const std::string& peer_address) {
  const std::int64_t now = clock_();
  auto writing = TRY(database_.write());
  for (const Failures& subject : failure_subjects(name, peer_address)) {
    TRY(
        writing.run("INSERT INTO login_failures (subject, failures, last_at, locked_until) VALUES (?1, 1, ?2, 0) "
                    "ON CONFLICT (subject) DO UPDATE SET "
                    "failures = CASE WHEN last_at < ?2 - ?3 THEN 1 ELSE failures + 1 END, last_at = ?2",
                    subject.subject, now, kForgetFailures));
    const auto failures =
        TRY(writing.integer("SELECT failures FROM login_failures WHERE subject = ?", subject.subject)).value_or(0);
    const std::int64_t beyond = failures - subject.free_failures;
    if (beyond < 0) continue;
    const std::int64_t wait = beyond >= 10 ? kLongestWait : std::min(kLongestWait, kTicksPerSecond << beyond);
    TRY(writing.run("UPDATE login_failures SET locked_until = ? WHERE subject = ?", now + wait, subject.subject));
  }
  TRY(writing.run("DELETE FROM login_failures WHERE last_at < ?", now - kForgetFailures));
  // Bounded, whoever guesses: the oldest go first.
  TRY(
      writing.run("DELETE FROM login_failures WHERE subject IN (SELECT subject FROM login_failures ORDER BY last_at "
                  "LIMIT max(0, (SELECT count(*) FROM login_failures) - ?))",
                  kMaxFailureRows));
  TRY(append_audit(writing, {.at_ticks = now,
                             .actor = {std::string(name), peer_address},
                             .action = "login",
                             .target = "session",
                             .outcome = "denied"}));
  return writing.commit();
}

Result<User> Users::sign_in(std::string_view name, std::string_view password, const std::string& peer_address) {
  TRY(check_not_locked(name, peer_address));
  std::string hash;
  std::optional<User> user;
  {
    auto reading = TRY(database_.read());
    TRY(reading.rows(
        "SELECT id, name, display_name, role, enabled, must_change_password, created_at, last_login_at, password_hash "
        "FROM users WHERE name = ?",
        [&](const Row& row) {
          user = user_of(row);
          hash = row.text(8);
          return false;
        },
        name));
  }
  const bool good = verify_password(user ? hash : hash_of_nobody_, password) && user && user->enabled;
  if (!good) {
    TRY(note_failure(name, peer_address));
    return fail(ErrorKind::unauthenticated, "the name or the password is wrong");
  }
  std::optional<std::string> fresh_hash;
  if (needs_rehash(hash, cost_)) fresh_hash = TRY(hash_password(password, cost_));
  auto writing = TRY(database_.write());
  for (const Failures& subject : failure_subjects(name, peer_address))
    TRY(writing.run("DELETE FROM login_failures WHERE subject = ?", subject.subject));
  TRY(writing.run("UPDATE users SET last_login_at = ? WHERE id = ?", clock_(), user->id));
  // Only if nobody changed the password meanwhile.
  if (fresh_hash)
    TRY(writing.run("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", *fresh_hash, user->id,
                    hash));
  TRY(append_audit(
      writing, {.at_ticks = clock_(), .actor = {user->name, peer_address}, .action = "login", .target = "session"}));
  user = TRY(get_in(writing, user->id));
  TRY(writing.commit());
  return *std::move(user);
}

Result<> Users::change_own_password(std::int64_t id, std::string_view old_password, std::string_view new_password,
                                    std::int64_t keep_session, const Actor& actor) {
  const User user = TRY(get(id));
  TRY(check_password_rules(new_password, user.name));
  TRY(check_not_locked(user.name, actor.peer));
  std::string hash;
  {
    auto reading = TRY(database_.read());
    TRY(reading.rows(
        "SELECT password_hash FROM users WHERE id = ?",
        [&](const Row& row) {
          hash = row.text(0);
          return false;
        },
        id));
  }
  if (!verify_password(hash, old_password)) {
    TRY(note_failure(user.name, actor.peer));
    return fail(ErrorKind::permission_denied, "the present password is wrong");
  }
  const std::string fresh = TRY(hash_password(new_password, cost_));
  auto writing = TRY(database_.write());
  const auto changed =
      TRY(writing.run("UPDATE users SET password_hash = ?, must_change_password = 0 WHERE id = ? AND password_hash = ?",
                      fresh, id, hash));
  if (changed == 0) return fail(ErrorKind::conflict, "the password was changed by somebody else meanwhile");
  TRY(writing.run("DELETE FROM sessions WHERE user_id = ? AND id <> ?", id, keep_session));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "user.password", .target = user.name}));
  return writing.commit();
}

Result<std::optional<std::string>> Users::ensure_first_admin() {
  {
    auto reading = TRY(database_.read());
    if (TRY(reading.integer("SELECT count(*) FROM users")).value_or(0) > 0) return std::optional<std::string>();
  }
  std::string password = generate_password();
  const auto made = create(
      {.name = "admin", .display_name = "Administrator", .role = Role::admin, .password = password}, {"system", ""});
  // Another process may have made it in between: then the password is that one's to print.
  if (!made && made.error().kind() == ErrorKind::conflict) return std::optional<std::string>();
  if (!made) return std::unexpected(made.error());
  return std::optional(std::move(password));
}

}  // namespace yagura::control
