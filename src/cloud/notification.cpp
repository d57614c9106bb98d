#include "cloud/notification.hpp"

#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace yagura::cloud {

namespace {

namespace json = boost::json;

const json::object* object_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t size_of(const json::object& from) {
  const auto* value = from.if_contains("size");
  if (value == nullptr || !value->is_number()) return 0;
  json::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

// One of "Records": keys are written as in forms, a blank as '+'.
Result<ObjectNotice> of_record(const json::object& record) {
  const auto* s3 = object_of(record, "s3");
  const auto* bucket = s3 == nullptr ? nullptr : object_of(*s3, "bucket");
  const auto* object = s3 == nullptr ? nullptr : object_of(*s3, "object");
  if (bucket == nullptr || object == nullptr || text_of(*bucket, "name").empty() || text_of(*object, "key").empty())
    return fail(ErrorKind::invalid_input, "a record of the notification has no s3.bucket.name and s3.object.key");
  std::string event = text_of(record, "eventName");
  if (event.starts_with("s3:")) event.erase(0, 3);
  return ObjectNotice{.bucket = text_of(*bucket, "name"),
                      .key = percent_decode(text_of(*object, "key"), true),
                      .version = text_of(*object, "versionId"),
                      .etag = text_of(*object, "eTag"),
                      .region = text_of(record, "awsRegion"),
                      .event = std::move(event),
                      .size = size_of(*object),
                      .sequencer = text_of(*object, "sequencer")};
}

// EventBridge: keys as they are.
Result<Notification> of_event_bridge(const json::object& event) {
  Notification found;
  const std::string type = text_of(event, "detail-type");
  if (type != "Object Created") {
    found.kind = Notification::Kind::other;
    found.about = type;
    return found;
  }
  const auto* detail = object_of(event, "detail");
  const auto* bucket = detail == nullptr ? nullptr : object_of(*detail, "bucket");
  const auto* object = detail == nullptr ? nullptr : object_of(*detail, "object");
  if (bucket == nullptr || object == nullptr || text_of(*object, "key").empty())
    return fail(ErrorKind::invalid_input, "EventBridge's \"Object Created\" has no detail.bucket.name and detail.object.key");
  found.objects.push_back({.bucket = text_of(*bucket, "name"),
                           .key = text_of(*object, "key"),
                           .version = text_of(*object, "version-id"),
                           .etag = text_of(*object, "etag"),
                           .region = text_of(event, "region"),
                           .event = "ObjectCreated:" + text_of(*detail, "reason"),
                           .size = size_of(*object),
                           .sequencer = text_of(*object, "sequencer")});
  return found;
}

Result<Notification> parse(std::string_view body, int depth) {
  json::error_code error;
  const auto parsed = json::parse(body, error, {}, {.max_depth = 32});
  if (error || !parsed.is_object()) return fail(ErrorKind::invalid_input, "the message is no JSON object; expected an S3 event notification, an SNS message with one, or an EventBridge event");
  const auto& object = parsed.get_object();
  if (text_of(object, "Event") == "s3:TestEvent") return Notification{.kind = Notification::Kind::test, .objects = {}, .about = text_of(object, "Bucket")};
  if (const auto* records = object.if_contains("Records"); records != nullptr && records->is_array()) {
    Notification found;
    for (const auto& one : records->get_array()) {
      if (!one.is_object()) return fail(ErrorKind::invalid_input, "a record of the notification is no object");
      auto notice = TRY(of_record(one.get_object()));
      if (notice.event.starts_with("ObjectCreated:") || notice.event.starts_with("ObjectRestore:Completed")) found.objects.push_back(std::move(notice));
      else found.about = notice.event;
    }
    if (found.objects.empty()) found.kind = Notification::Kind::other;
    return found;
  }
  if (text_of(object, "Type") == "Notification" && depth == 0) return TRY(parse(text_of(object, "Message"), depth + 1), "inside of the SNS message");
  if (text_of(object, "source") == "aws.s3") return of_event_bridge(object);
  return fail(ErrorKind::invalid_input, "the message is no S3 event: it has neither \"Records\" nor \"source\": \"aws.s3\"");
}

}  // namespace

Result<Notification> parse_notification(std::string_view body) { return parse(body, 0); }

}  // namespace yagura::cloud
