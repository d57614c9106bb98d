#include "serve/caller.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"

namespace yagura::serve {

std::string address_of_peer(std::string_view peer) {
  if (peer.starts_with('[')) return std::string(peer.substr(1, peer.find(']') - 1));
  const auto colon = peer.rfind(':');
  // An IPv6 address without brackets has more than one colon, and no port.
  if (colon == std::string_view::npos || peer.find(':') != colon) return std::string(peer);
  return std::string(peer.substr(0, colon));
}

std::string_view session_cookie_name(bool secure) { return secure ? "__Host-yagura" : "yagura"; }

std::string session_cookie(std::string_view token, bool secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", session_cookie_name(secure), token,
                     secure ? "; Secure" : "");
}

std::string expired_session_cookie(bool secure) {
  return fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{}", session_cookie_name(secure),
                     secure ? "; Secure" : "");
}

Result<Caller> identify(const net::HttpRequest& request, control::ControlDb& control, bool secure_cookies) {
  Caller caller;
  caller.actor.peer = address_of_peer(request.peer);
  const std::string_view authorization = request.header("Authorization");
  if (!authorization.empty()) {
    const auto blank = authorization.find(' ');
    if (blank == std::string_view::npos || !equal_ignoring_ascii_case(authorization.substr(0, blank), "Bearer"))
      return fail(ErrorKind::unauthenticated, "expected 'Authorization: Bearer TOKEN'");
    const auto token = TRY(control.tokens().check(trim(authorization.substr(blank + 1))));
    caller.kind = Caller::Kind::token;
    caller.user.id = token.user_id;
    caller.user.name = token.user_name;
    caller.user.role = token.role;
    caller.role = token.role;
    caller.permissions = token.permissions;
    caller.actor.name = fmt::format("{} (token {})", token.user_name, token.name);
    return caller;
  }
  const std::string cookie = request.cookie(session_cookie_name(secure_cookies));
  if (cookie.empty()) return caller;
  auto session = TRY(control.sessions().check(cookie));
  caller.kind = Caller::Kind::session;
  caller.role = session.user.role;
  caller.permissions = permissions_of(session.user.role);
  caller.actor.name = session.user.name;
  caller.user = std::move(session.user);
  caller.session_id = session.id;
  caller.session_expires_ticks = session.expires_ticks;
  caller.csrf_token = std::move(session.csrf_token);
  return caller;
}

Result<> check_same_site(const net::HttpRequest& request) {
  // Fetch Metadata: every browser of today says it, and pages cannot forge it.
  const std::string_view site = request.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return fail(ErrorKind::permission_denied, "requests from other sites are refused");
  const std::string_view origin = request.header("Origin");
  if (!origin.empty() && origin != "null") {
    const auto scheme = origin.find("://");
    if (scheme == std::string_view::npos || origin.substr(scheme + 3) != request.header("Host"))
      return fail(ErrorKind::permission_denied, "requests from other sites are refused");
  }
  return {};
}

Result<> check_not_forged(const net::HttpRequest& request, const Caller& caller) {
  if (caller.kind != Caller::Kind::session) return {};
  if (request.method == "GET" || request.method == "HEAD") return {};
  TRY(check_same_site(request));
  if (!equal_constant_time(request.header("X-Yagura-CSRF"), caller.csrf_token))
    return fail(ErrorKind::permission_denied, "the X-Yagura-CSRF header is missing or wrong: reload the page");
  return {};
}

}  // namespace yagura::serve
