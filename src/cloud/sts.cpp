#include "cloud/sts.hpp"

#include "base/encoding.hpp"

namespace yagura::cloud {

namespace {

net::HttpRequest form(std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
  request.body = "Version=2011-06-15";
  for (const auto& [name, value] : parameters)
    if (!value.empty()) request.body += fmt::format("&{}={}", name, percent_encode(value));
  return request;
}

AwsResult<AwsCredentials> credentials_of(const AwsResult<net::HttpResponse>& answer) {
  if (!answer) return std::unexpected(answer.error());
  AwsCredentials credentials{.access_key_id = xml_text(answer->body, "AccessKeyId"),
                             .secret_access_key = xml_text(answer->body, "SecretAccessKey"),
                             .session_token = xml_text(answer->body, "SessionToken"),
                             .expires_ticks = parse_iso8601(xml_text(answer->body, "Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return std::unexpected(AwsError{.step = "STS", .code = "", .message = "the answer has no credentials", .status = answer->status, .request_id = {}, .likely_cause = {}});
  return credentials;
}

}  // namespace

AwsResult<AwsCredentials> assume_role(AwsClient& client, const RoleRequest& request, Deadline deadline) {
  return credentials_of(client.send(form({{"Action", "AssumeRole"},
                                          {"RoleArn", request.role_arn},
                                          {"RoleSessionName", request.session_name},
                                          {"ExternalId", request.external_id},
                                          {"DurationSeconds", std::to_string(request.duration.count())}}),
                                    deadline));
}

AwsResult<AwsCredentials> assume_role_with_web_identity(AwsClient& client, const RoleRequest& request, const std::string& token, Deadline deadline) {
  return credentials_of(client.send(form({{"Action", "AssumeRoleWithWebIdentity"},
                                          {"RoleArn", request.role_arn},
                                          {"RoleSessionName", request.session_name},
                                          {"WebIdentityToken", token},
                                          {"DurationSeconds", std::to_string(request.duration.count())}}),
                                    deadline));
}

AwsResult<CallerIdentity> get_caller_identity(AwsClient& client, Deadline deadline) {
  const auto answer = client.send(form({{"Action", "GetCallerIdentity"}}), deadline);
  if (!answer) return std::unexpected(answer.error());
  return CallerIdentity{xml_text(answer->body, "Account"), xml_text(answer->body, "Arn")};
}

}  // namespace yagura::cloud
