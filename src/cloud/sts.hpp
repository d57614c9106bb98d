// AWS Security Token Service: temporary credentials for a role. Blocking, any thread.
// https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once
#include <chrono>
#include <string>

#include "cloud/aws_client.hpp"

namespace yagura::cloud {

struct RoleRequest {
  std::string role_arn;
  std::string session_name;
  std::string external_id;  // AssumeRole only; "" for none
  std::chrono::seconds duration{3600};
};
// `client` has the caller's own credentials.
AwsResult<AwsCredentials> assume_role(AwsClient& client, const RoleRequest& request, Deadline deadline);
// `client` needs no credentials: the token proves who asks.
AwsResult<AwsCredentials> assume_role_with_web_identity(AwsClient& client, const RoleRequest& request, const std::string& token, Deadline deadline);

struct CallerIdentity {
  std::string account, arn;
};
AwsResult<CallerIdentity> get_caller_identity(AwsClient& client, Deadline deadline);

}  // namespace yagura::cloud
