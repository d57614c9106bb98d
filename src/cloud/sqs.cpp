#include "cloud/sqs.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::cloud {

namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_of(const json::object& object, std::string_view name, std::uint64_t other = 0) { return parse_uint64(text_of(object, name)).value_or(other); }

AwsError no_answer(int status) {
  return AwsError{.step = "SQS", .code = "", .message = "the answer is none of SQS: is this its URL?", .status = status, .request_id = {}, .likely_cause = {}};
}

}  // namespace

Result<QueueUrl> parse_queue_url(std::string_view url) {
  const auto bad = [&] { return fail(ErrorKind::invalid_input, "'{}' is no queue URL; expected https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", url.substr(0, 200)); };
  std::string_view rest = url;
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else return bad();
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return bad();
  const auto host = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  const auto second = rest.find('/');
  if (second == std::string_view::npos || second + 1 >= rest.size()) return bad();
  QueueUrl parts{.region = "", .account = std::string(rest.substr(0, second)), .name = std::string(rest.substr(second + 1))};
  // sqs.REGION.amazonaws.com, REGION.queue.amazonaws.com (old), sqs-fips.REGION..., vpce-...sqs.REGION.vpce.amazonaws.com
  std::vector<std::string_view> labels;
  for (std::string_view left = host; !left.empty();) {
    const auto dot = std::min(left.find('.'), left.size());
    labels.push_back(left.substr(0, dot));
    left.remove_prefix(std::min(dot + 1, left.size()));
  }
  for (std::size_t i = 0; i + 1 < labels.size(); ++i) {
    if (labels[i] == "sqs" || labels[i] == "sqs-fips") parts.region = labels[i + 1];
    if (labels[i + 1] == "queue") parts.region = labels[i];
  }
  if (parts.region == "amazonaws" || parts.account.empty() || parts.name.find('/') != std::string::npos) return bad();
  return parts;
}

AwsResult<net::HttpResponse> SqsQueue::call(std::string_view action, std::string body, Deadline deadline) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/x-amz-json-1.0"});
  request.headers.push_back({"X-Amz-Target", "AmazonSQS." + std::string(action)});
  request.body = std::move(body);
  return client_->send(std::move(request), deadline);
}

AwsResult<std::vector<SqsMessage>> SqsQueue::receive(int most, std::chrono::seconds wait, std::chrono::seconds visibility, Deadline deadline) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("QueueUrl").text(url_).key("MaxNumberOfMessages").number(std::clamp(most, 1, 10));
  writer.key("WaitTimeSeconds").number(static_cast<std::int64_t>(std::clamp<std::int64_t>(wait.count(), 0, 20))).key("VisibilityTimeout").number(static_cast<std::int64_t>(visibility.count()));
  // Both spellings: MessageSystemAttributeNames since 2024, AttributeNames before and in emulators.
  for (const std::string_view name : {"AttributeNames", "MessageSystemAttributeNames"}) writer.key(name).begin_array().text("ApproximateReceiveCount").text("SentTimestamp").end_array();
  writer.end_object();
  const auto answer = call("ReceiveMessage", std::move(body), deadline);
  if (!answer) return std::unexpected(answer.error());
  json::error_code error;
  const auto parsed = json::parse(answer->body, error);
  if (error || !parsed.is_object()) return std::unexpected(no_answer(answer->status));
  std::vector<SqsMessage> messages;
  const auto* list = parsed.get_object().if_contains("Messages");
  if (list == nullptr || !list->is_array()) return messages;
  for (const auto& one : list->get_array()) {
    if (!one.is_object()) continue;
    const auto& object = one.get_object();
    SqsMessage message{.id = text_of(object, "MessageId"), .receipt_handle = text_of(object, "ReceiptHandle"), .body = text_of(object, "Body")};
    if (const auto* attributes = object.if_contains("Attributes"); attributes != nullptr && attributes->is_object()) {
      message.receive_count = static_cast<int>(std::min<std::uint64_t>(number_of(attributes->get_object(), "ApproximateReceiveCount"), 1'000'000));
      message.sent_ticks = static_cast<std::int64_t>(number_of(attributes->get_object(), "SentTimestamp")) * 10'000;
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

AwsResult<bool> SqsQueue::remove(const std::string& receipt_handle, Deadline deadline) {
  std::string body;
  JsonWriter(body).begin_object().key("QueueUrl").text(url_).key("ReceiptHandle").text(receipt_handle).end_object();
  const auto answer = call("DeleteMessage", std::move(body), deadline);
  if (!answer) return std::unexpected(answer.error());
  return true;
}

AwsResult<bool> SqsQueue::keep_hidden(const std::string& receipt_handle, std::chrono::seconds visibility, Deadline deadline) {
  std::string body;
  JsonWriter(body).begin_object().key("QueueUrl").text(url_).key("ReceiptHandle").text(receipt_handle).key("VisibilityTimeout").number(static_cast<std::int64_t>(visibility.count())).end_object();
  const auto answer = call("ChangeMessageVisibility", std::move(body), deadline);
  if (!answer) return std::unexpected(answer.error());
  return true;
}

AwsResult<QueueFacts> SqsQueue::facts(Deadline deadline) {
  std::string body;
  JsonWriter(body).begin_object().key("QueueUrl").text(url_).key("AttributeNames").begin_array().text("All").end_array().end_object();
  const auto answer = call("GetQueueAttributes", std::move(body), deadline);
  if (!answer) return std::unexpected(answer.error());
  json::error_code error;
  const auto parsed = json::parse(answer->body, error);
  const auto* found = error || !parsed.is_object() ? nullptr : parsed.get_object().if_contains("Attributes");
  if (found == nullptr || !found->is_object()) return std::unexpected(no_answer(answer->status));
  const auto& attributes = found->get_object();
  return QueueFacts{.visible = number_of(attributes, "ApproximateNumberOfMessages"),
                    .in_flight = number_of(attributes, "ApproximateNumberOfMessagesNotVisible"),
                    .delayed = number_of(attributes, "ApproximateNumberOfMessagesDelayed"),
                    .visibility_timeout = std::chrono::seconds(number_of(attributes, "VisibilityTimeout", 30)),
                    .retention = std::chrono::seconds(number_of(attributes, "MessageRetentionPeriod", 345'600)),
                    .arn = text_of(attributes, "QueueArn"),
                    .policy = text_of(attributes, "Policy"),
                    .redrive_policy = text_of(attributes, "RedrivePolicy"),
                    .kms_key = text_of(attributes, "KmsMasterKeyId")};
}

}  // namespace yagura::cloud
