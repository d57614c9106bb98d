// Local users and how they sign in.
//
// Any thread. Every change is recorded in the audit log in the same transaction. There is always at least one enabled
// administrator: what would leave none is refused (conflict).
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/password.hpp"
#include "control/role.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string display_name;
  Role role = Role::reader;
  bool enabled = true;
  bool must_change_password = false;
  std::int64_t created_ticks = 0;
  std::optional<std::int64_t> last_login_ticks;
};

struct NewUser {
  std::string name;  // 1-64 of a-z A-Z 0-9 . _ - @, compared without case
  std::string display_name;
  Role role = Role::reader;
  std::string password;
  bool must_change_password = false;
};

struct UserChange {  // what is set is changed
  std::optional<std::string> display_name;
  std::optional<Role> role;
  std::optional<bool> enabled;
  std::optional<std::string> password;  // ends the user's sessions
  std::optional<bool> must_change_password;
};

class Users {
 public:
  using Clock = std::function<std::int64_t()>;
  Users(Database& database, Clock clock, PasswordCost cost);

  Result<User> create(const NewUser& user, const Actor& actor);
  Result<User> change(std::int64_t id, const UserChange& change, const Actor& actor);
  Result<> remove(std::int64_t id, const Actor& actor);
  Result<User> get(std::int64_t id);
  Result<User> find(std::string_view name);
  Result<std::vector<User>> list();

  // unauthenticated: name or password wrong, or the user is disabled; the message and the time taken do not tell which.
  // exhausted: too many failures for this name (from this address); the message says how long to wait, and the password
  // was not looked at.
  Result<User> sign_in(std::string_view name, std::string_view password, const std::string& peer_address);
  // For people who change their own password; counts failures as sign_in does, ends their other sessions.
  Result<> change_own_password(std::int64_t id, std::string_view old_password, std::string_view new_password,
                               std::int64_t keep_session, const Actor& actor);

  // When there is no user yet: makes the administrator "admin" and gives the generated password, once.
  Result<std::optional<std::string>> ensure_first_admin();

 private:
  struct Failures {
    std::string subject;
    int free_failures;  // how many before waiting starts
  };
  std::vector<Failures> failure_subjects(std::string_view name, const std::string& peer_address) const;
  Result<> check_not_locked(std::string_view name, const std::string& peer_address);
  Result<> note_failure(std::string_view name, const std::string& peer_address);

  Database& database_;
  Clock clock_;
  PasswordCost cost_;
  std::string hash_of_nobody_;  // verified when the name is unknown, so that it takes as long
};

}  // namespace yagura::control
