#include "cloud/s3.hpp"

#include <pugixml.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace yagura::cloud {

namespace {

std::string unquoted(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

}  // namespace

net::HttpRequest S3Bucket::request_for(std::string method, std::string_view key, std::string_view query, std::string& host) const {
  net::HttpRequest request;
  request.method = std::move(method);
  const bool by_path = client_->is_custom() || name_.find('.') != std::string::npos;
  request.target = by_path ? "/" + name_ + "/" + encode_key(key) : "/" + encode_key(key);
  if (!query.empty()) request.target += "?" + std::string(query);
  host = by_path ? "" : name_ + "." + aws_host("s3", client_->options().region);
  return request;
}

AwsResult<S3Bucket::Object> S3Bucket::get(std::string_view key, std::string_view version, Deadline deadline) {
  std::string host;
  auto request = request_for("GET", key, version.empty() ? "" : "versionId=" + percent_encode(version), host);
  auto stream = client_->open(std::move(request), deadline, host);
  if (!stream) return std::unexpected(stream.error());
  const auto& head = (*stream)->head();
  Object object;
  object.facts = {.key = std::string(key), .etag = unquoted(head.header("ETag")), .size = parse_uint64(head.header("Content-Length")).value_or(0), .modified_ticks = 0};
  object.content_type = head.header("Content-Type");
  object.content_encoding = head.header("Content-Encoding");
  object.body = *std::move(stream);
  return object;
}

AwsResult<S3ObjectFacts> S3Bucket::head(std::string_view key, Deadline deadline) {
  std::string host;
  const auto answer = client_->send(request_for("HEAD", key, "", host), deadline, host);
  if (!answer) return std::unexpected(answer.error());
  return S3ObjectFacts{.key = std::string(key), .etag = unquoted(answer->header("ETag")), .size = parse_uint64(answer->header("Content-Length")).value_or(0), .modified_ticks = 0};
}

AwsResult<S3Listing> S3Bucket::list(std::string_view prefix, std::string_view start_after, std::string_view token, Deadline deadline) {
  std::string query = "list-type=2&encoding-type=url&prefix=" + percent_encode(prefix), host;
  if (!token.empty()) query += "&continuation-token=" + percent_encode(token);
  else if (!start_after.empty()) query += "&start-after=" + percent_encode(start_after);
  const auto answer = client_->send(request_for("GET", "", query, host), deadline, host);
  if (!answer) return std::unexpected(answer.error());
  pugi::xml_document document;
  if (!document.load_buffer(answer->body.data(), answer->body.size()))
    return std::unexpected(AwsError{.step = "S3", .code = "", .message = "the listing is no XML", .status = answer->status, .request_id = {}, .likely_cause = {}});
  S3Listing listing;
  const auto root = document.child("ListBucketResult");
  for (const auto& contents : root.children("Contents"))
    listing.objects.push_back({.key = percent_decode(contents.child_value("Key"), true),
                               .etag = unquoted(contents.child_value("ETag")),
                               .size = parse_uint64(contents.child_value("Size")).value_or(0),
                               .modified_ticks = parse_iso8601(contents.child_value("LastModified")).value_or(0)});
  if (std::string_view(root.child_value("IsTruncated")) == "true") listing.next = root.child_value("NextContinuationToken");
  return listing;
}

AwsResult<std::string> S3Bucket::notification_configuration(Deadline deadline) {
  std::string host;
  const auto answer = client_->send(request_for("GET", "", "notification=", host), deadline, host);
  if (!answer) return std::unexpected(answer.error());
  return answer->body;
}

}  // namespace yagura::cloud
