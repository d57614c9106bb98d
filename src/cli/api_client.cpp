#include "cli/api_client.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "net/http_client.hpp"
#include "roles/local_query.hpp"

namespace yagura::cli {

namespace json = boost::json;

void add_server_options(CLI::App& command, ServerChoice& choice) {
  command.add_option("--server", choice.server, "URL of a server, such as https://siem.example.net:8443");
  command.add_option("--token-file", choice.token_file, "File with the API token; default: the environment variable YAGURA_TOKEN");
  command.add_option("--ca", choice.ca, "PEM file that the server's certificate is checked against");
  command.add_flag("--insecure", choice.insecure, "Do not check the server's certificate");
  command.add_option("--data", choice.data, "Without --server: the server that runs on this data folder")->capture_default_str();
}

Result<RemoteServer> chosen_server(const ServerChoice& choice) {
  if (!choice.server.empty()) return remote_server(choice.server, choice.token_file, choice.ca, !choice.insecure);
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(choice.data) / "lock", ignored))
    return fail(ErrorKind::not_found, "there is no data folder '{}': --data names another, --server a server elsewhere", choice.data);
  const auto running = TRY(roles::find_local_server(choice.data));
  if (!running) return fail(ErrorKind::unavailable, "no server runs on the data folder '{}': start it with `yagura serve`, or name one with --server", choice.data);
  return RemoteServer{.host = running->host, .port = running->port, .token = running->token, .tls = nullptr};
}

Result<json::object> call_api(const RemoteServer& server, std::string_view method, std::string_view target, const json::value& body) {
  const auto client = net::HttpClient::create({.host = server.host, .port = server.port, .tls = server.tls});
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.headers.push_back({"Authorization", "Bearer " + server.token});
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::serialize(body);
  }
  const auto answer = TRY(client->send(request, Deadline::in(60s), 64_MiB), "asking {}:{}", server.host, server.port);
  if (answer.status == 204 || (answer.status < 300 && answer.body.empty())) return json::object();
  json::error_code error;
  const json::value parsed = json::parse(answer.body, error);
  if (error || !parsed.is_object())
    return fail(ErrorKind::unavailable, "{}:{} answered {} with something that is no JSON object: is it a Yagura server?", server.host, server.port, answer.status);
  const auto& object = parsed.get_object();
  if (answer.status < 300) return object;
  std::string message = fmt::format("the server answered {}", answer.status);
  if (const auto* problem = object.if_contains("error"); problem != nullptr && problem->is_object())
    if (const auto* text = problem->get_object().if_contains("message"); text != nullptr && text->is_string()) message = std::string(text->get_string());
  const auto kind = answer.status == 401   ? ErrorKind::unauthenticated
                    : answer.status == 403 ? ErrorKind::permission_denied
                    : answer.status == 404 ? ErrorKind::not_found
                    : answer.status < 500  ? ErrorKind::invalid_input
                                           : ErrorKind::unavailable;
  return fail(kind, "{}", message);
}

std::string path_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace yagura::cli
