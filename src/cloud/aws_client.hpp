// One AWS service in one region: endpoint, signature, retries, and errors that say which step failed and why.
//
//   AwsClient sqs({.service = "sqs", .region = "eu-west-1"}, credentials);
//   const auto answer = sqs.send(request, Deadline::in(30s));
//
// Any number of threads. An answer of AWS that is an error becomes an AwsError; throttling, 5xx and broken connections are tried
// again with growing pauses first, until the deadline.
#pragma once
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/annotations.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "cloud/sigv4.hpp"
#include "net/http_client.hpp"

namespace yagura::cloud {

struct AwsError {
  std::string step;     // "STS", "SQS", "S3", "KMS"
  std::string code;     // AWS's: "AccessDenied", "AWS.SimpleQueueService.NonExistentQueue"; "" when there was no answer
  std::string message;  // AWS's, or the transport's
  int status = 0;
  std::string request_id;
  // What usually lies behind it and what to look at; "" when nothing is known.
  std::string likely_cause;

  bool is_gone() const { return code == "NoSuchKey" || code == "NoSuchBucket" || status == 404; }
  // "S3: AccessDenied: Access Denied (HTTP 403). Likely: ..."
  std::string text() const;
};
template <class T>
using AwsResult = std::expected<T, AwsError>;
Error to_error(const AwsError& error);
// The cause by step and code, from AWS's documentation of its errors.
std::string likely_cause(std::string_view step, std::string_view code, std::string_view message);

// Gives credentials that are good now; asks again when they have expired. Any thread.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  virtual AwsResult<AwsCredentials> get(Deadline deadline) = 0;
  // The service has refused them: the next get() must not give the same from memory.
  virtual void forget() = 0;
};

struct AwsEndpointOptions {
  std::string service;  // "sqs"
  std::string region;
  // "http://127.0.0.1:5000" for emulators and S3-compatible stores; "" for AWS itself.
  std::string endpoint;
  std::string ca;  // PEM file; "" for the system's
  std::optional<net::ProxyAddress> proxy;
};
// "sqs.eu-west-1.amazonaws.com", in China "....amazonaws.com.cn".
std::string aws_host(std::string_view service, std::string_view region);
// "aws", "aws-cn", "aws-us-gov": of ARNs in that region.
std::string_view partition_of(std::string_view region);

class AwsClient {
 public:
  AwsClient(AwsEndpointOptions options, std::shared_ptr<CredentialProvider> credentials);
  ~AwsClient();
  // `host` overrides the service's (S3's buckets are host names). The target must be encoded. Errors of 4xx are not tried again.
  AwsResult<net::HttpResponse> send(net::HttpRequest request, Deadline deadline, std::string_view host = "");
  // The body as it comes; retries end where it begins.
  AwsResult<std::unique_ptr<net::HttpBodyStream>> open(net::HttpRequest request, Deadline deadline, std::string_view host = "");
  const AwsEndpointOptions& options() const { return options_; }
  bool is_custom() const { return !options_.endpoint.empty(); }

 private:
  AwsResult<std::unique_ptr<net::HttpBodyStream>> attempt(const net::HttpRequest& request, Deadline deadline, std::string_view host);
  AwsResult<net::HttpClient*> client_of(const std::string& host);

  const AwsEndpointOptions options_;
  const std::string step_;
  std::shared_ptr<CredentialProvider> credentials_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<net::HttpClient>> clients_ GUARDED_BY(mutex_);
};

// The text of the first element of that name, at any depth; "" when there is none. For AWS's small answers in XML.
std::string xml_text(std::string_view xml, std::string_view name);

}  // namespace yagura::cloud
