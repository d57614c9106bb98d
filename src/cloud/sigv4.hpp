// AWS Signature Version 4: signs HTTP requests with credentials.
//
// Our own, and not libcurl's: the one that Debian 12 has (7.88) leaves query parameters unsorted and does not know S3's way
// with paths (docs/decisions/aws-signatures.md). Checked against botocore's signer over random requests (tests/cases/cloud/sigv4).
// Pure functions, any thread. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "net/http.hpp"

namespace yagura::cloud {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;                // of temporary ones, else ""
  std::optional<std::int64_t> expires_ticks;  // nullopt: never
  bool anonymous() const { return access_key_id.empty(); }
};

struct SigningScope {
  std::string_view region;   // "eu-west-1"
  std::string_view service;  // "s3", "sqs", "sts"
};

// Adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-Sha256, and Authorization. The request has its Host header, and its
// target is encoded as it will be sent. Anonymous credentials sign nothing.
void sign(net::HttpRequest& request, const AwsCredentials& credentials, SigningScope scope, std::int64_t now_ticks);

// A path for S3: each segment of the key encoded once, '/' kept.
std::string encode_key(std::string_view key);

}  // namespace yagura::cloud
