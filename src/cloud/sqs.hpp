// Amazon SQS, as far as a reader of notifications needs it. Blocking, any thread; the JSON protocol (2023).
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cloud/aws_client.hpp"

namespace yagura::cloud {

struct SqsMessage {
  std::string id, receipt_handle, body;
  int receive_count = 0;         // how often it has been handed out, this time included
  std::int64_t sent_ticks = 0;
};

struct QueueFacts {
  std::uint64_t visible = 0, in_flight = 0, delayed = 0;
  std::chrono::seconds visibility_timeout{30}, retention{345'600};
  std::string arn, policy, redrive_policy, kms_key;
};

// "https://sqs.eu-west-1.amazonaws.com/123456789012/name": what its parts say.
struct QueueUrl {
  std::string region, account, name;
};
Result<QueueUrl> parse_queue_url(std::string_view url);

class SqsQueue {
 public:
  SqsQueue(std::shared_ptr<AwsClient> client, std::string url) : client_(std::move(client)), url_(std::move(url)) {}
  // At most 10; waits up to `wait` (20 s at most) for the first.
  AwsResult<std::vector<SqsMessage>> receive(int most, std::chrono::seconds wait, std::chrono::seconds visibility, Deadline deadline);
  AwsResult<bool> remove(const std::string& receipt_handle, Deadline deadline);
  AwsResult<bool> keep_hidden(const std::string& receipt_handle, std::chrono::seconds visibility, Deadline deadline);
  AwsResult<QueueFacts> facts(Deadline deadline);
  const std::string& url() const { return url_; }

 private:
  AwsResult<net::HttpResponse> call(std::string_view action, std::string body, Deadline deadline);

  const std::shared_ptr<AwsClient> client_;
  const std::string url_;
};

}  // namespace yagura::cloud
