// Who calls: a browser with a session, a program with a token, or nobody we know.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "control/control_db.hpp"
#include "net/http.hpp"

namespace yagura::serve {

struct Caller {
  enum class Kind { nobody, session, token } kind = Kind::nobody;
  control::User user;  // of the session; of a token only id and name
  control::Permissions permissions;
  control::Role role = control::Role::reader;
  control::Actor actor;  // for the audit log
  std::int64_t session_id = 0;
  std::int64_t session_expires_ticks = 0;
  std::string csrf_token;

  bool known() const { return kind != Kind::nobody; }
  bool may(control::Permission permission) const { return permissions.has(permission); }
};

// "192.0.2.7:51234" -> "192.0.2.7", "[2001:db8::1]:443" -> "2001:db8::1"; "unix" stays.
std::string address_of_peer(std::string_view peer);

// The session's cookie: with TLS it carries the __Host- prefix, which binds it to this host and to TLS.
std::string_view session_cookie_name(bool secure);
std::string session_cookie(std::string_view token, bool secure);  // the Set-Cookie value
std::string expired_session_cookie(bool secure);

// Looks at "Authorization: Bearer ..." first, then at the cookie. No credentials at all is nobody; wrong ones are
// unauthenticated. Sends no cookie: whoever has none of ours is not told more.
Result<Caller> identify(const net::HttpRequest& request, control::ControlDb& control, bool secure_cookies);

// For requests that change something with a cookie: the page must show the CSRF token, and a browser that says where
// the request comes from must not say "from another site".
Result<> check_not_forged(const net::HttpRequest& request, const Caller& caller);
// For requests without a session yet (sign-in): only the second half.
Result<> check_same_site(const net::HttpRequest& request);

}  // namespace yagura::serve
