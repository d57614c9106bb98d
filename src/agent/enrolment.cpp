#include "agent/enrolment.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "fleet/certificate_authority.hpp"
#include "fleet/identity.hpp"
#include "fleet/messages.hpp"

namespace yagura::agent {

namespace {

// "AB:CD…" and "abcd…" are one.
std::string plain_hex(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ':' && !is_ascii_space(c)) out += ascii_lower(c);
  return out;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::unique_ptr<net::HttpClient> client_of(const ServerAddress& server, std::shared_ptr<const net::TlsContext> tls) {
  return net::HttpClient::create({.host = server.host, .port = server.port, .tls = std::move(tls), .max_idle = 1, .connect_timeout = std::chrono::seconds(10)});
}

}  // namespace

Result<ServerAddress> parse_server(std::string_view text) {
  const std::string_view given = trim(text);
  auto rest = given;
  const auto wrong = [&] {
    return fail(ErrorKind::invalid_input, "'{}' is no server: expected https://HOST:PORT, such as https://siem.example.net:6443", given.substr(0, 200));
  };
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.find("://") != std::string_view::npos) return wrong();
  if (rest.ends_with('/')) rest.remove_suffix(1);
  ServerAddress out;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return wrong();
    out.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') return wrong();
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const auto colon = rest.find(':');
    out.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  if (out.host.empty() || out.host.find_first_of("/ \t\r\n@?#") != std::string::npos) return wrong();
  if (!port.empty()) {
    const auto number = parse_uint64(port);
    if (!number || *number == 0 || *number > 65'535) return wrong();
    out.port = static_cast<std::uint16_t>(*number);
  }
  return out;
}

std::string to_text(const ServerAddress& server) {
  const bool is_v6 = server.host.find(':') != std::string::npos;
  return fmt::format("https://{}{}{}:{}", is_v6 ? "[" : "", server.host, is_v6 ? "]" : "", server.port);
}

net::HttpRequest agent_request(std::string target, std::string body) {
  net::HttpRequest request{.method = "POST", .target = std::move(target)};
  request.headers = {{"User-Agent", fmt::format("yagura-agent/{}", kVersion)}, {"X-Yagura-Protocol", std::to_string(fleet::kProtocol)}};
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  return request;
}

Error error_of(const net::HttpResponse& response) {
  ErrorKind kind = ErrorKind::unavailable;
  switch (response.status) {
    case 400: kind = ErrorKind::invalid_input; break;
    case 401: kind = ErrorKind::unauthenticated; break;
    case 403: kind = ErrorKind::permission_denied; break;
    case 404: kind = ErrorKind::not_found; break;
    case 426: kind = ErrorKind::not_supported; break;
    case 429: kind = ErrorKind::exhausted; break;
    default: break;
  }
  // {"error":{"code":...,"message":"..."}}; anything else is not from a Yagura server.
  const std::string_view body = response.body;
  constexpr std::string_view key = R"("message":")";
  const auto begin = body.find(key);
  const auto end = begin == std::string_view::npos ? begin : body.find('"', begin + key.size());
  if (end == std::string_view::npos) return {kind, fmt::format("the server answered {}", response.status)};
  return {kind, fmt::format("the server says: {}", body.substr(begin + key.size(), end - begin - key.size()))};
}

Result<std::string> enrol(const Enrolment& enrolment, Deadline deadline) {
  std::string token(trim(enrolment.token));
  std::string wanted = plain_hex(enrolment.ca_fingerprint);
  if (const auto dot = token.find('.'); dot != std::string::npos) {
    const auto brought = plain_hex(std::string_view(token).substr(dot + 1));
    token.resize(dot);
    if (wanted.empty()) wanted = brought;
    else if (wanted != brought) return fail(ErrorKind::permission_denied, "the token is of a server whose authority has the fingerprint {}, not {}", brought, wanted);
  }
  if (!token.starts_with("yjt_")) return fail(ErrorKind::invalid_input, "the token file holds no join token (yjt_...); make one on the server: yagura admin agent-token create");
  if (wanted.empty()) return fail(ErrorKind::invalid_input, "--ca-fingerprint is needed: the token does not bring it, and without it anybody could play the server");
  if (!is_fingerprint(wanted)) return fail(ErrorKind::invalid_input, "'{}' is no SHA-256 fingerprint: 64 hexadecimal digits", wanted.substr(0, 100));

  std::error_code made;
  std::filesystem::create_directories(enrolment.folder, made);
  if (made) return fail_errno(made.value(), "making the folder " + enrolment.folder.string());
  // Nothing secret is sent here: what comes back is compared with the fingerprint.
  const auto unknown = client_of(enrolment.server, TRY(net::TlsContext::client({.verify = false})));
  const auto authority = TRY(unknown->send({.method = "GET", .target = "/agent/v1/ca"}, deadline, 64_KiB), "asking {} for its authority", to_text(enrolment.server));
  if (authority.status != 200) return std::unexpected(error_of(authority));
  const auto found = TRY(fleet::certificate_fingerprint(authority.body), "reading the authority of {}", to_text(enrolment.server));
  if (!equal_constant_time(found, wanted))
    return fail(ErrorKind::permission_denied, "the authority of {} has the fingerprint {}, not {}: this is not the server that made the token", to_text(enrolment.server), found, wanted);
  const auto ca_file = enrolment.folder / "ca.pem.new";
  TRY(write_file_atomically(ca_file, authority.body, 0644), "keeping the server's authority");

  const auto key = TRY(fleet::make_key_request(enrolment.host));
  // The name is not looked at: this authority vouches for one server only, and says in the certificate that it is the server.
  const auto client = client_of(enrolment.server, TRY(net::TlsContext::client({.ca = ca_file, .verify_name = false})));
  const auto request = agent_request("/agent/v1/enrol", fleet::to_json(fleet::EnrolRequest{token, enrolment.host, std::string(kVersion), key.request_pem}));
  const auto response = TRY(client->send(request, deadline, 256_KiB), "joining {}", to_text(enrolment.server));
  if (response.status != 200) return std::unexpected(error_of(response));
  const auto answer = TRY(fleet::parse_enrol_answer(response.body));
  TRY(fleet::write_identity(enrolment.folder / "identity.pem", answer.certificate_pem, key.private_key_pem), "keeping the agent's key");
  std::filesystem::rename(ca_file, enrolment.folder / "ca.pem", made);
  if (made) return fail_errno(made.value(), "keeping the server's authority");
  TRY(write_file_atomically(enrolment.folder / "server", to_text(enrolment.server) + "\n", 0640), "keeping the server's address");
  return answer.agent_id;
}

Result<ServerAddress> joined_server(const std::filesystem::path& folder) {
  const auto text = read_file(folder / "server", 4_KiB);
  if (!text) return fail(ErrorKind::not_found, "this host has not joined a server: yagura agent enrol --server URL --token-file FILE");
  return parse_server(*text);
}

Result<std::unique_ptr<net::HttpClient>> connect(const std::filesystem::path& folder) {
  const auto server = TRY(joined_server(folder));
  auto tls = TRY(net::TlsContext::client({.ca = folder / "ca.pem", .certificate = folder / "identity.pem", .private_key = folder / "identity.pem", .verify_name = false}));
  return client_of(server, std::move(tls));
}

Result<> renew(net::HttpClient& client, const std::filesystem::path& folder, const std::string& host, Deadline deadline) {
  const auto key = TRY(fleet::make_key_request(host));
  const auto response = TRY(client.send(agent_request("/agent/v1/renew", fleet::to_json(fleet::EnrolRequest{"", host, std::string(kVersion), key.request_pem})), deadline, 256_KiB));
  if (response.status != 200) return std::unexpected(error_of(response));
  const auto answer = TRY(fleet::parse_enrol_answer(response.body));
  return fleet::write_identity(folder / "identity.pem", answer.certificate_pem, key.private_key_pem);
}

}  // namespace yagura::agent
