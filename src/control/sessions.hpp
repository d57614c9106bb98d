// Signed-in browsers: a random token in a cookie, its SHA-256 in the database.
//
// A session ends after `idle` without use, after `longest` in any case, at sign-out, and when the user is changed,
// disabled or removed. Any thread.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"
#include "control/users.hpp"

namespace yagura::control {

struct SessionLimits {
  std::chrono::minutes idle = std::chrono::hours(12);
  std::chrono::minutes longest = std::chrono::hours(24 * 7);
  int per_user = 50;  // the one unused longest goes when there are more
};

struct NewSession {
  std::string token;       // for the cookie; kept nowhere
  std::string csrf_token;  // for the page; goes back in a header with every change
  std::int64_t id = 0;
  std::int64_t expires_ticks = 0;
};

struct Session {
  std::int64_t id = 0;
  User user;
  std::string csrf_token;
  std::int64_t expires_ticks = 0;
};

class Sessions {
 public:
  using Clock = std::function<std::int64_t()>;
  Sessions(Database& database, Clock clock, SessionLimits limits);

  Result<NewSession> create(const User& user, const std::string& peer, const std::string& user_agent);
  // The session of a token, prolonged; unauthenticated when there is none (any more).
  Result<Session> check(std::string_view token);
  Result<> end(std::int64_t id, const Actor& actor);
  // Removes what is over; call it now and then.
  Result<std::int64_t> sweep();

 private:
  Database& database_;
  Clock clock_;
  SessionLimits limits_;
};

}  // namespace yagura::control
