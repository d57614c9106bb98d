// Amazon S3 and stores that speak like it: objects and listings. Blocking, any thread.
// https://docs.aws.amazon.com/AmazonS3/latest/API/
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cloud/aws_client.hpp"

namespace yagura::cloud {

struct S3ObjectFacts {
  std::string key, etag;  // the etag without its quotes
  std::uint64_t size = 0;
  std::int64_t modified_ticks = 0;
};

struct S3Listing {
  std::vector<S3ObjectFacts> objects;
  std::string next;  // token for the next page; "" at the end
};

class S3Bucket {
 public:
  // Buckets are host names on AWS, and the first part of the path elsewhere (and when they have dots, which certificates do not cover).
  S3Bucket(std::shared_ptr<AwsClient> client, std::string name) : client_(std::move(client)), name_(std::move(name)) {}

  struct Object {
    S3ObjectFacts facts;
    std::string content_type, content_encoding;
    std::unique_ptr<net::HttpBodyStream> body;
  };
  // `version` may be "".
  AwsResult<Object> get(std::string_view key, std::string_view version, Deadline deadline);
  AwsResult<S3ObjectFacts> head(std::string_view key, Deadline deadline);
  // In the order of UTF-8 bytes, from behind `start_after`; at most 1,000 a page.
  AwsResult<S3Listing> list(std::string_view prefix, std::string_view start_after, std::string_view token, Deadline deadline);
  AwsResult<std::string> notification_configuration(Deadline deadline);
  const std::string& name() const { return name_; }

 private:
  net::HttpRequest request_for(std::string method, std::string_view key, std::string_view query, std::string& host) const;

  const std::shared_ptr<AwsClient> client_;
  const std::string name_;
};

}  // namespace yagura::cloud
