// Tokens for programs: "ygr_" and 256 random bits; its SHA-256 in the database (a random token needs no slow hash).
//
// A token may what its role may, never more than its user may now, and when scopes are given, only those. Any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/role.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct ApiToken {
  std::int64_t id = 0;
  std::string hint;  // first characters of the token, to tell one from another
  std::string name;
  std::int64_t user_id = 0;
  std::string user_name;
  Role role = Role::reader;
  Permissions scopes;  // empty: all of the role
  std::int64_t created_ticks = 0;
  std::optional<std::int64_t> expires_ticks;
  std::optional<std::int64_t> last_used_ticks;

  Permissions permissions;  // what it may, as of now (check() and list())
};

struct NewApiToken {
  std::string name;  // unique among the user's tokens
  std::int64_t user_id = 0;
  Role role = Role::reader;
  Permissions scopes;
  std::optional<std::int64_t> expires_ticks;
};

struct CreatedApiToken {
  std::string token;  // shown once
  ApiToken info;
};

class ApiTokens {
 public:
  using Clock = std::function<std::int64_t()>;
  ApiTokens(Database& database, Clock clock);

  Result<CreatedApiToken> create(const NewApiToken& token, const Actor& actor);
  // unauthenticated when unknown, expired, or its user disabled.
  Result<ApiToken> check(std::string_view token);
  // Of one user, or of all.
  Result<std::vector<ApiToken>> list(std::optional<std::int64_t> user_id = std::nullopt);
  Result<ApiToken> get(std::int64_t id);
  Result<> revoke(std::int64_t id, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
