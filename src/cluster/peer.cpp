#include "cluster/peer.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <thread>

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "fleet/certificate_authority.hpp"

namespace yagura::cluster {

namespace {

constexpr Bytes kMostAnswer = 4_MiB;

// {"error":"..."}: with the kind by the status.
Error error_of(const net::HttpResponse& response, std::string_view who) {
  ErrorKind kind = ErrorKind::unavailable;
  if (response.status == 400) kind = ErrorKind::invalid_input;
  if (response.status == 401) kind = ErrorKind::unauthenticated;
  if (response.status == 403) kind = ErrorKind::permission_denied;
  if (response.status == 404) kind = ErrorKind::not_found;
  if (response.status == 409) kind = ErrorKind::conflict;
  boost::system::error_code error;
  const auto value = boost::json::parse(response.body, error);
  const auto* text = !error && value.is_object() ? value.get_object().if_contains("error") : nullptr;
  return {kind, text != nullptr && text->is_string()
                    ? fmt::format("{} says: {}", who, std::string_view(text->get_string()))
                    : fmt::format("{} answered {}", who, response.status)};
}

std::string plain_hex(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ':' && !is_ascii_space(c)) out += ascii_lower(c);
  return out;
}

std::unique_ptr<net::HttpClient> client_of(const Endpoint& to, std::shared_ptr<const net::TlsContext> tls) {
  return net::HttpClient::create({.host = to.host, .port = to.port, .unix_socket = {}, .proxy = {}, .tls = std::move(tls),
                                  .max_idle = 1, .connect_timeout = std::chrono::milliseconds(2000)});
}

}  // namespace

Result<std::unique_ptr<Peer>> Peer::open(HostFolder& folder, const Member& member) {
  return std::unique_ptr<Peer>(new Peer(folder, member, client_of(member.address, TRY(folder.client_tls()))));
}

Result<std::string> Peer::post(std::string target, std::string body, Deadline deadline) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  auto response = TRY(client_->send(request, deadline, kMostAnswer));
  if (response.status != 200) return std::unexpected(error_of(response, member_.name));
  return std::move(response.body);
}

Result<Summary> Peer::exchange(Deadline deadline) {
  const auto mine = TRY(folder_.summary());
  auto theirs = TRY(summary_from_json(TRY(post("/cluster/v1/state", to_json(mine), deadline))));
  if (theirs.name != member_.name)
    return fail(ErrorKind::permission_denied, "at {} answers the host {}, not {}", to_text(member_.address), theirs.name, member_.name);
  TRY(folder_.take(theirs));
  std::map<std::string, std::string> known;
  for (const auto& plan : mine.plans) known[plan.id] = plan.hash;
  std::vector<std::string> differ;
  for (const auto& plan : theirs.plans) {
    const auto found = known.find(plan.id);
    if (found == known.end() || found->second != plan.hash) differ.push_back(plan.id);
    if (found != known.end()) known.erase(found);
  }
  for (const auto& [id, hash] : known) differ.push_back(id);
  for (const auto& id : differ) TRY(ask_plan(id, deadline));
  return theirs;
}

Result<forward::ActionPlan> Peer::ask_plan(const std::string& id, Deadline deadline) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("id").text(id).key("plan");
  if (const auto mine = folder_.plan(id))
    json.raw(mine->to_json());
  else
    json.null();
  json.end_object();
  return folder_.take_plan(TRY(forward::ActionPlan::from_json(TRY(post("/cluster/v1/plan", std::move(body), deadline)))), member_.name);
}

Result<std::vector<PeerOutcome>> exchange_with_all(HostFolder& folder, Deadline deadline) {
  const auto self = TRY(folder.host());
  std::vector<PeerOutcome> out;
  for (auto& member : TRY(folder.members()).living())
    if (member.name != self.name) out.push_back({std::move(member), fail(ErrorKind::unavailable, "not asked")});
  std::vector<std::jthread> threads;
  for (auto& one : out)
    threads.emplace_back([&one, &folder, deadline] {
      auto peer = Peer::open(folder, one.member);
      one.said = peer ? (*peer)->exchange(deadline) : Result<Summary>(std::unexpected(peer.error()));
    });
  threads.clear();  // joins
  return out;
}

Result<> join(HostFolder& folder, const ThisHost& host, const Endpoint& peer, std::string_view token, std::string_view ca_fingerprint,
              Deadline deadline) {
  token = trim(token);
  std::string wanted = plain_hex(ca_fingerprint);
  if (const auto dot = token.find('.'); dot != std::string_view::npos) {
    const auto brought = plain_hex(token.substr(dot + 1));
    token = token.substr(0, dot);
    if (wanted.empty()) wanted = brought;
    if (wanted != brought)
      return fail(ErrorKind::permission_denied, "the token is of a cluster whose authority has the fingerprint {}, not {}", brought, wanted);
  }
  if (!token.starts_with("yht_"))
    return fail(ErrorKind::invalid_input, "the token file holds no join token (yht_...); make one on the first host: yagura forwarder cluster token");
  if (wanted.empty()) return fail(ErrorKind::invalid_input, "--ca-fingerprint is needed: the token does not bring it");
  const auto joining = TRY(folder.begin_join(host, token));
  // Nothing secret is sent here: what comes back is compared with the fingerprint.
  const auto unknown = client_of(peer, TRY(net::TlsContext::client({.verify = false})));
  net::HttpRequest ask;
  ask.target = "/cluster/v1/ca";
  const auto authority = TRY(unknown->send(ask, deadline, 64_KiB), "asking {} for its authority", to_text(peer));
  if (authority.status != 200) return std::unexpected(error_of(authority, to_text(peer)));
  const auto found = TRY(fleet::certificate_fingerprint(authority.body), "reading the authority of {}", to_text(peer));
  if (!equal_constant_time(found, wanted))
    return fail(ErrorKind::permission_denied, "the authority of {} has the fingerprint {}, not {}: this is not the cluster that made the token",
                to_text(peer), found, wanted);
  const TemporaryDirectory scratch;
  TRY(write_file_atomically(scratch.path() / "ca.pem", authority.body));
  const auto client = client_of(peer, TRY(net::TlsContext::client({.ca = scratch.path() / "ca.pem", .verify_name = false, .system_ca = false})));
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/cluster/v1/join";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = joining.body;
  const auto answer = TRY(client->send(request, deadline, kMostAnswer), "joining by {}", to_text(peer));
  if (answer.status != 200) return std::unexpected(error_of(answer, to_text(peer)));
  return folder.finish_join(host, joining, authority.body, answer.body);
}

}  // namespace yagura::cluster
