// Joining a server: a key is made here, the server signs it against a one-time token.
//
// Leaves in `folder`: server (the address), ca.pem (the server's authority), identity.pem (key and certificate, 0600).
// Whom we give the token to is sure before it is sent: the authority's certificate must have the fingerprint that came with
// the token (or by --ca-fingerprint), and the server's own must be signed by it. Blocking; one thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace yagura::agent {

struct ServerAddress {
  std::string host;
  std::uint16_t port = 6443;
};
// "https://siem.example.net:6443", "siem.example.net", "[2001:db8::1]:6443".
Result<ServerAddress> parse_server(std::string_view text);
std::string to_text(const ServerAddress& server);

struct Enrolment {
  ServerAddress server;
  std::string token;           // the file's content: "yjt_...", or "yjt_....<fingerprint>"
  std::string ca_fingerprint;  // hex, colons allowed; "" when the token brings it
  std::string host;
  std::filesystem::path folder;
};
// Gives the agent's id. permission_denied: the fingerprint is another; unauthenticated: the token is refused.
Result<std::string> enrol(const Enrolment& enrolment, Deadline deadline);

// A client of the server whose address, authority and identity stand in `folder`. not_found: it has not joined.
Result<std::unique_ptr<net::HttpClient>> connect(const std::filesystem::path& folder);
Result<ServerAddress> joined_server(const std::filesystem::path& folder);
// Asks for a new certificate over `client`, with a new key, and keeps both.
Result<> renew(net::HttpClient& client, const std::filesystem::path& folder, const std::string& host, Deadline deadline);

// What every request of an agent carries.
net::HttpRequest agent_request(std::string target, std::string body = {});
// The error that the server's answer tells, with its kind by the status.
Error error_of(const net::HttpResponse& response);

}  // namespace yagura::agent
