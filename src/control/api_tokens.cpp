#include "control/api_tokens.hpp"

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kPrefix = "ygr_";
constexpr std::int64_t kTouchInterval = 60 * kTicksPerSecond;

constexpr std::string_view kColumns =
    "SELECT t.id, t.hint, t.name, t.user_id, u.name, t.role, t.scopes, t.created_at, t.expires_at, t.last_used_at, "
    "u.role "
    "FROM api_tokens t JOIN users u ON u.id = t.user_id ";

ApiToken token_of(const Row& row) {
  ApiToken token{
      .id = row.integer(0),
      .hint = row.text(1),
      .name = row.text(2),
      .user_id = row.integer(3),
      .user_name = row.text(4),
      .role = parse_role(row.text(5)).value_or(Role::reader),
      // A scope that this program does not know is none, so an empty set must not come of it: it would be "all".
      .scopes = parse_permissions(row.text(6)).value_or(Permissions{}),
      .created_ticks = row.integer(7),
      .expires_ticks = row.optional_integer(8),
      .last_used_ticks = row.optional_integer(9)};
  const Role user_role = parse_role(row.text(10)).value_or(Role::reader);
  const bool scoped = !row.text(6).empty();
  token.permissions = permissions_of(token.role) & permissions_of(user_role);
  if (scoped) token.permissions = token.permissions & token.scopes;
  return token;
}

}  // namespace

ApiTokens::ApiTokens(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

Result<CreatedApiToken> ApiTokens::create(const NewApiToken& wanted, const Actor& actor) {
  if (trim(wanted.name).empty() || wanted.name.size() > 128 || !utf8::valid(wanted.name))
    return fail(ErrorKind::invalid_input, "a token needs a name of at most 128 bytes");
  const std::int64_t now = clock_();
  if (wanted.expires_ticks && *wanted.expires_ticks <= now)
    return fail(ErrorKind::invalid_input, "the token would have expired already");
  CreatedApiToken created{.token = std::string(kPrefix) + random_token(256), .info = {}};
  const Sha256Digest digest = sha256(created.token);
  auto writing = TRY(database_.write());
  std::optional<std::string> user_role;
  TRY(writing.rows(
      "SELECT role FROM users WHERE id = ?",
      [&](const Row& row) {
        user_role = row.text(0);
        return false;
      },
      wanted.user_id));
  if (!user_role) return fail(ErrorKind::not_found, "there is no user with id {}", wanted.user_id);
  if (wanted.role > parse_role(*user_role).value_or(Role::reader))
    return fail(ErrorKind::permission_denied, "a token cannot be {}: its user is {}", to_string(wanted.role),
                *user_role);
  if (TRY(writing.integer("SELECT id FROM api_tokens WHERE user_id = ? AND name = ?", wanted.user_id, wanted.name)))
    return fail(ErrorKind::conflict, "this user has a token named '{}' already", wanted.name);
  TRY(
      writing.run("INSERT INTO api_tokens (token_hash, hint, name, user_id, role, scopes, created_at, expires_at) "
                  "VALUES (?,?,?,?,?,?,?,?)",
                  Blob{as_text(digest)}, created.token.substr(0, kPrefix.size() + 4), wanted.name, wanted.user_id,
                  to_string(wanted.role), to_text(wanted.scopes), now, wanted.expires_ticks));
  const std::int64_t id = writing.last_insert_id();
  TRY(append_audit(writing, {.at_ticks = now,
                             .actor = actor,
                             .action = "token.create",
                             .target = wanted.name,
                             .detail = fmt::format("role {}, scopes {}", to_string(wanted.role),
                                                   wanted.scopes.empty() ? "all" : to_text(wanted.scopes))}));
  static const std::string sql = std::string(kColumns) + "WHERE t.id = ?";
  TRY(writing.rows(
      sql,
      [&](const Row& row) {
        created.info = token_of(row);
        return false;
      },
      id));
  TRY(writing.commit());
  return created;
}

Result<ApiToken> ApiTokens::check(std::string_view text) {
  const std::int64_t now = clock_();
  const Sha256Digest digest = sha256(text);
  std::optional<ApiToken> token;
  {
    auto reading = TRY(database_.read());
    static const std::string sql =
        std::string(kColumns) +
        "WHERE t.token_hash = ? AND (t.expires_at IS NULL OR t.expires_at > ?) AND u.enabled = 1";
    TRY(reading.rows(
        sql,
        [&](const Row& row) {
          token = token_of(row);
          return false;
        },
        Blob{as_text(digest)}, now));
  }
  if (!token) return fail(ErrorKind::unauthenticated, "the token is unknown or has expired");
  if (now - token->last_used_ticks.value_or(0) > kTouchInterval) {
    auto writing = TRY(database_.write());
    TRY(writing.run("UPDATE api_tokens SET last_used_at = ? WHERE id = ?", now, token->id));
    TRY(writing.commit());
    token->last_used_ticks = now;
  }
  return *std::move(token);
}

Result<std::vector<ApiToken>> ApiTokens::list(std::optional<std::int64_t> user_id) {
  std::vector<ApiToken> tokens;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "WHERE (?1 IS NULL OR t.user_id = ?1) ORDER BY u.name, t.name";
  TRY(reading.rows(
      sql,
      [&](const Row& row) {
        tokens.push_back(token_of(row));
        return true;
      },
      user_id));
  return tokens;
}

Result<ApiToken> ApiTokens::get(std::int64_t id) {
  std::optional<ApiToken> token;
  auto reading = TRY(database_.read());
  static const std::string sql = std::string(kColumns) + "WHERE t.id = ?";
  TRY(reading.rows(
      sql,
      [&](const Row& row) {
        token = token_of(row);
        return false;
      },
      id));
  if (!token) return fail(ErrorKind::not_found, "there is no token with id {}", id);
  return *std::move(token);
}

Result<> ApiTokens::revoke(std::int64_t id, const Actor& actor) {
  const ApiToken token = TRY(get(id));
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM api_tokens WHERE id = ?", id));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "token.revoke",
                             .target = token.name,
                             .detail = fmt::format("of {}", token.user_name)}));
  return writing.commit();
}

}  // namespace yagura::control
