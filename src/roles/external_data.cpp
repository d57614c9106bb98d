#include "roles/external_data.hpp"

#include "net/http_client.hpp"

namespace yagura::roles {

query::ExternalDataOptions external_data(std::filesystem::path mirror, std::vector<std::string> allowed) {
  query::ExternalDataOptions out;
  out.mirror = std::move(mirror);
  out.allowed = std::move(allowed);
  // Redirects are not followed: they would lead past the list of what is allowed.
  out.get = [](const std::string& address, Bytes most, Deadline deadline) -> Result<std::string> {
    const auto parsed = query::parse_external(address);
    if (!parsed) return fail(ErrorKind::invalid_input, "this is no http or https address");
    net::HttpClientOptions options;
    options.host = parsed->host;
    options.port = parsed->port;
    options.max_idle = 0;
    if (parsed->tls) options.tls = TRY(net::TlsContext::client({}));
    net::HttpRequest request;
    request.target = parsed->target;
    request.headers = {{"Accept", "*/*"}, {"User-Agent", "yagura"}};
    auto answer = net::HttpClient::create(std::move(options))->send(request, deadline, most);
    if (!answer && answer.error().message().find("body limit") != std::string::npos)
      return fail(ErrorKind::exhausted, "{} sends more than the {} that a file may have", parsed->host, to_string(most));
    auto response = TRY(std::move(answer));
    if (response.status != 200) return fail(ErrorKind::unavailable, "{} answers with status {}{}", parsed->host, response.status, response.status / 100 == 3 ? " (redirects are not followed)" : "");
    return std::move(response.body);
  };
  return out;
}

}  // namespace yagura::roles
