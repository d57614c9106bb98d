// Where AWS credentials come from: given ones, profile files, the instance's metadata service, or a role taken with any of them
// or with a web identity token. Temporary ones are renewed before they expire.
//
// Any thread: one asks, the others wait for the answer. Secrets are never logged and never part of an error.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "cloud/aws_client.hpp"
#include "cloud/sts.hpp"

namespace yagura::cloud {

std::shared_ptr<CredentialProvider> static_credentials(AwsCredentials credentials);

struct ProfileOptions {
  std::string profile = "default";
  std::filesystem::path credentials_file;  // empty: AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials
  std::filesystem::path config_file;       // empty: AWS_CONFIG_FILE, ~/.aws/config
};
// Read at each use, so that rotated keys are taken up. Keys only; a profile that names a role is an Error which says so.
std::shared_ptr<CredentialProvider> profile_credentials(ProfileOptions options);

struct MetadataOptions {
  std::string endpoint = "http://169.254.169.254";
};
// Version 2 only: a token is asked for first (EC2; on ECS and EKS use the environment's container credentials or web identity).
std::shared_ptr<CredentialProvider> metadata_credentials(MetadataOptions options);

// A role, taken with other credentials (AssumeRole) ...
std::shared_ptr<CredentialProvider> role_credentials(std::shared_ptr<AwsClient> sts, RoleRequest request);
// ... or with the token that `token` gives at each renewal (AssumeRoleWithWebIdentity): a file's text, or one of our own issuer.
std::shared_ptr<CredentialProvider> web_identity_credentials(std::shared_ptr<AwsClient> sts, RoleRequest request, std::function<Result<std::string>()> token);

// For tests and `doctor`: asks `fetch`, keeps the answer until five minutes before it expires.
std::shared_ptr<CredentialProvider> renewed_credentials(std::function<AwsResult<AwsCredentials>(Deadline)> fetch, std::function<std::int64_t()> clock = {});

}  // namespace yagura::cloud
