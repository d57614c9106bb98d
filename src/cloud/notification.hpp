// What a message of the queue says: which objects are new. S3's own events, the same inside of an SNS message, and EventBridge's.
//
// Pure, any thread. The bytes are foreign: anything else is an Error that says what was expected.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::cloud {

struct ObjectNotice {
  std::string bucket, key, version, etag, region, event;  // the key decoded; event "ObjectCreated:Put"
  std::uint64_t size = 0;
  std::string sequencer;
};

struct Notification {
  enum class Kind { objects, test, other } kind = Kind::objects;  // test: s3:TestEvent; other: about something else than new objects
  std::vector<ObjectNotice> objects;
  std::string about;  // of the others, for a log line
};

Result<Notification> parse_notification(std::string_view body);

}  // namespace yagura::cloud
