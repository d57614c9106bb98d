// What AWS needs so that a connector can read a trail's bucket through a queue: as JSON policies, AWS CLI, CloudFormation or Terraform.
//
// Nothing is created here: the texts are for people to read, change and run. An existing trail, bucket and OIDC provider are used,
// never replaced. Pure functions, any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::cloud {

struct PlanInput {
  std::string region = "us-east-1";
  std::string account;          // 12 digits
  std::string bucket;           // the existing one
  std::string prefix;           // of the objects, "" for all
  std::string queue = "yagura-cloudtrail";
  std::string role = "OIDC_YaguraRole";
  std::string workspace_id;     // the External ID
  std::string oidc_provider;    // "oidc.example.net/path" of an existing provider; "": trust by account and External ID
  std::string audience = "api://yagura";
  std::string trusted_account;  // without OIDC: who may take the role
  std::string kms_key;          // ARN of the key that the objects are encrypted with, "" for none
};

enum class PlanFormat { cli, cloudformation, terraform };
Result<PlanFormat> parse_plan_format(std::string_view text);

// Errors name the missing or wrong value.
Result<std::string> plan(const PlanInput& input, PlanFormat format);

// The parts, as the console and `doctor` show them.
std::string queue_policy(const PlanInput& input);
std::string trust_policy(const PlanInput& input);
std::string role_policy(const PlanInput& input);  // least privilege: SQS receive and delete, S3 read, KMS decrypt

// Whether a queue's policy lets S3 send; "" when it does, else what is missing. `bucket` may be "" (any).
std::string missing_in_queue_policy(std::string_view policy_json, std::string_view bucket);
// "aws-cloudtrail-logs-..." of a queue policy's aws:SourceArn; "" when it names none.
std::string bucket_in_queue_policy(std::string_view policy_json);

}  // namespace yagura::cloud
