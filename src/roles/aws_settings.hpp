// What a connector to AWS is told: role, queue, table, and where the credentials come from. JSON between people and server.
//
// Plain value; reading is total. No secret is in it: keys lie in files or profiles that it names.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cloud/aws_client.hpp"

namespace yagura::roles {

struct AwsConnectorSettings {
  std::string role_arn;   // "" : the credentials themselves read
  std::string queue_url;
  std::string table = "AWSCloudTrail";
  std::string region;     // "": of the queue's URL
  std::string external_id;   // "": the workspace's id
  std::string session_name;  // "": MicrosoftSentinel_<workspace id>
  // "default" (AWS_ variables, else profile "default"), "profile", "metadata", "static", "web_identity"
  std::string credentials = "default";
  std::string profile, access_key_id, secret_key_file, token_file;
  std::string endpoint;      // of SQS, S3 and STS together: emulators and S3-compatible stores
  std::string sqs_endpoint, s3_endpoint, sts_endpoint;  // each alone
  std::string proxy, ca;
};

// Errors name the member; every table of `tables` may be a destination.
Result<AwsConnectorSettings> read_aws_settings(std::string_view json, std::span<const std::string_view> tables);
std::string to_json(const AwsConnectorSettings& settings);

// Clients for it. `workspace_id` is the External ID.
struct AwsClients {
  std::shared_ptr<cloud::AwsClient> sts, sqs, s3;
  std::shared_ptr<cloud::CredentialProvider> credentials;
};
Result<AwsClients> make_aws_clients(const AwsConnectorSettings& settings, std::string_view workspace_id);

}  // namespace yagura::roles
