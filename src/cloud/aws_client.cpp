#include "cloud/aws_client.hpp"

#include <boost/json.hpp>
#include <pugixml.hpp>

#include <thread>

#include "base/text.hpp"
#include "net/backoff.hpp"

namespace yagura::cloud {

namespace {

namespace json = boost::json;

constexpr std::size_t kMostErrorBody = 64UL << 10U;
constexpr int kMostAttempts = 8;

std::string read_all(net::HttpBodyStream& stream, Deadline deadline, std::size_t most) {
  std::string body;
  while (body.size() < most) {
    const auto piece = stream.read(deadline);
    if (!piece || piece->empty()) break;
    body += piece->substr(0, most - body.size());
  }
  return body;
}

// Both languages that AWS speaks: <Error><Code/><Message/></Error> and {"__type":"...#Code","message":"..."}.
AwsError error_of(std::string_view step, const net::HttpResponse& head, std::string_view body) {
  AwsError error{.step = std::string(step), .code = {}, .message = {}, .status = head.status, .request_id = std::string(head.header("x-amzn-RequestId")), .likely_cause = {}};
  if (error.request_id.empty()) error.request_id = head.header("x-amz-request-id");
  json::error_code bad;
  const auto parsed = trim(body).starts_with('{') ? json::parse(body, bad) : json::value();
  if (!bad && parsed.is_object()) {
    const auto text = [&](std::string_view name) {
      const auto* value = parsed.get_object().if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    error.code = text("__type");
    if (const auto hash = error.code.find('#'); hash != std::string::npos) error.code.erase(0, hash + 1);
    error.message = text("message").empty() ? text("Message") : text("message");
  } else {
    error.code = xml_text(body, "Code");
    error.message = xml_text(body, "Message");
    if (error.request_id.empty()) error.request_id = xml_text(body, "RequestId");
  }
  // "AWS.SimpleQueueService.NonExistentQueue;Sender"
  if (const auto query_error = head.header("x-amzn-query-error"); !query_error.empty()) error.code = query_error.substr(0, query_error.find(';'));
  if (error.code.empty() && head.status == 404) error.code = "NotFound";
  if (error.code.empty() && head.status == 403) error.code = "AccessDenied";
  if (error.message.find("kms:") != std::string::npos || error.code.starts_with("KMS.") || error.message.find("KMS") != std::string::npos) error.step = "KMS";
  error.likely_cause = likely_cause(error.step, error.code, error.message);
  return error;
}

bool is_passing(const AwsError& error) {
  if (error.status == 0 || error.status >= 500 || error.status == 429) return true;
  for (const std::string_view code : {"Throttling", "ThrottlingException", "RequestThrottled", "SlowDown", "RequestTimeout", "TooManyRequestsException", "RequestLimitExceeded",
                                      "ThrottledException", "IDPCommunicationError"})
    if (error.code == code) return true;
  return false;
}

bool wants_new_credentials(const AwsError& error) {
  for (const std::string_view code : {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired", "InvalidClientTokenId", "UnrecognizedClientException"})
    if (error.code == code) return true;
  return false;
}

struct FindText : pugi::xml_tree_walker {
  std::string_view name;
  std::string found;
  bool for_each(pugi::xml_node& node) override {
    if (depth() > 32) return false;
    std::string_view own = node.name();
    if (const auto colon = own.find(':'); colon != std::string_view::npos) own.remove_prefix(colon + 1);
    if (own != name) return true;
    found = node.child_value();
    return false;
  }
};

}  // namespace

std::string xml_text(std::string_view xml, std::string_view name) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return "";
  FindText walker;
  walker.name = name;
  document.traverse(walker);
  return walker.found;
}

std::string AwsError::text() const {
  std::string out = step;
  if (!code.empty()) out += ": " + code;
  if (!message.empty()) out += ": " + message;
  if (status != 0) out += fmt::format(" (HTTP {})", status);
  if (!likely_cause.empty()) out += ". Likely: " + likely_cause;
  return out;
}

Error to_error(const AwsError& error) {
  const auto kind = error.status == 0                           ? ErrorKind::unavailable
                    : error.is_gone()                           ? ErrorKind::not_found
                    : error.status == 401 || error.status == 403 ? ErrorKind::permission_denied
                    : error.status < 500                        ? ErrorKind::invalid_input
                                                                : ErrorKind::unavailable;
  return Error(kind, error.text());
}

std::string likely_cause(std::string_view step, std::string_view code, std::string_view message) {
  const auto has = [&](std::string_view word) { return message.find(word) != std::string_view::npos; };
  if (code == "RequestTimeTooSkewed" || has("Signature expired") || has("Signature not yet current") || code == "RequestExpired")
    return "this machine's clock is wrong: AWS refuses requests more than 5 to 15 minutes off; set up NTP";
  if (code == "SignatureDoesNotMatch") return "the secret access key is not the one of this access key id";
  if (code == "InvalidClientTokenId" || code == "UnrecognizedClientException" || code == "InvalidAccessKeyId") return "the access key does not exist or is inactive";
  if (code == "ExpiredToken" || code == "ExpiredTokenException") return "the temporary credentials have expired, and newer ones were not to be had";
  if (code == "InvalidIdentityToken") return has("audience") || has("Audience")
                                                 ? "the audience of the web identity token is not a client id of the IAM OIDC provider: add it there"
                                                 : "IAM has no OIDC provider for the token's issuer, or its thumbprint or signature is wrong";
  if (code == "IDPRejectedClaim") return "the identity provider refused the token: it may have expired";
  if (step == "KMS" || code == "KMSAccessDeniedException" || code.starts_with("KMS."))
    return "objects or messages are encrypted with a KMS key that the role may not use: give the role kms:Decrypt on the key, and allow it in the key's policy";
  if (step == "STS" && (code == "AccessDenied" || code == "AccessDeniedException"))
    return "the role's trust policy does not let this caller in: check principal, sts:ExternalId, audience and sts:RoleSessionName (MicrosoftSentinel_<workspace id>)";
  if (step == "SQS" && (has("does not exist") || code.find("NonExistentQueue") != std::string_view::npos || code.find("QueueDoesNotExist") != std::string_view::npos))
    return "the queue's URL is wrong, it is in another region or account, or it was deleted within the last minute";
  if (step == "SQS" && code.starts_with("AccessDenied")) return "the role lacks sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility or sqs:GetQueueAttributes on the queue";
  if (step == "S3" && code == "NoSuchBucket") return "the bucket was deleted or its name is wrong";
  if (step == "S3" && code == "NoSuchKey") return "the object was deleted, or expired by the bucket's lifecycle rule, before it was read";
  if (step == "S3" && (code == "AccessDenied" || code == "403")) return "the role lacks s3:GetObject on the bucket's objects (and s3:ListBucket, without which a missing object looks like this too)";
  if (step == "S3" && (code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || code == "IllegalLocationConstraintException")) return "the bucket is in another region";
  if (code == "InvalidObjectState") return "the object is in Glacier: restore it first";
  return "";
}

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  if (region.starts_with("us-iso-")) return "aws-iso";
  if (region.starts_with("us-isob-")) return "aws-iso-b";
  return "aws";
}

std::string aws_host(std::string_view service, std::string_view region) {
  const std::string_view partition = partition_of(region);
  const std::string_view suffix = partition == "aws-cn" ? "amazonaws.com.cn" : partition == "aws-iso" ? "c2s.ic.gov" : partition == "aws-iso-b" ? "sc2s.sgov.gov" : "amazonaws.com";
  return fmt::format("{}.{}.{}", service, region, suffix);
}

AwsClient::AwsClient(AwsEndpointOptions options, std::shared_ptr<CredentialProvider> credentials)
    : options_(std::move(options)), step_(options_.service == "s3" ? "S3" : options_.service == "sqs" ? "SQS" : options_.service == "sts" ? "STS" : options_.service), credentials_(std::move(credentials)) {}
AwsClient::~AwsClient() = default;

AwsResult<net::HttpClient*> AwsClient::client_of(const std::string& host) {
  const std::lock_guard lock(mutex_);
  auto& client = clients_[is_custom() ? std::string() : host];
  if (client) return client.get();
  net::HttpClientOptions options{.host = host, .port = 443};
  options.proxy = options_.proxy;
  std::string_view endpoint = options_.endpoint;
  const bool plain = endpoint.starts_with("http://");
  if (is_custom()) {
    if (!plain && !endpoint.starts_with("https://"))
      return std::unexpected(AwsError{.step = step_, .code = "", .message = fmt::format("'{}' is no endpoint; expected http(s)://HOST[:PORT]", endpoint), .request_id = {}, .likely_cause = {}});
    endpoint.remove_prefix(plain ? 7 : 8);
    endpoint = endpoint.substr(0, endpoint.find('/'));
    const auto colon = endpoint.rfind(':');
    const bool has_port = colon != std::string_view::npos && endpoint.find(']', colon) == std::string_view::npos;
    options.host = endpoint.substr(0, has_port ? colon : endpoint.size());
    options.port = static_cast<std::uint16_t>(has_port ? parse_uint64(endpoint.substr(colon + 1)).value_or(0) : plain ? 80 : 443);
  }
  if (!plain) {
    auto tls = net::TlsContext::client({.ca = options_.ca});
    if (!tls) return std::unexpected(AwsError{.step = step_, .code = "", .message = tls.error().message(), .request_id = {}, .likely_cause = {}});
    options.tls = *std::move(tls);
  }
  client = net::HttpClient::create(std::move(options));
  return client.get();
}

AwsResult<std::unique_ptr<net::HttpBodyStream>> AwsClient::attempt(const net::HttpRequest& unsigned_request, Deadline deadline, std::string_view host) {
  std::string name = host.empty() ? aws_host(options_.service, options_.region) : std::string(host);
  auto client = client_of(name);
  if (!client) return std::unexpected(client.error());
  net::HttpRequest request = unsigned_request;
  if (is_custom()) {
    name = options_.endpoint.substr(options_.endpoint.find("//") + 2);
    name = name.substr(0, name.find('/'));
  }
  request.headers.push_back({"Host", name});
  if (credentials_) {
    const auto credentials = credentials_->get(deadline);
    if (!credentials) return std::unexpected(credentials.error());
    sign(request, *credentials, {options_.region, options_.service}, ReceiveClock::now().time_since_epoch().count());
  }
  auto stream = (*client)->open(request, deadline);
  if (!stream) return std::unexpected(AwsError{.step = step_, .code = "", .message = stream.error().message(), .request_id = {}, .likely_cause = {}});
  const auto& head = (*stream)->head();
  if (head.status >= 200 && head.status < 300) return *std::move(stream);
  return std::unexpected(error_of(step_, head, read_all(**stream, deadline, kMostErrorBody)));
}

AwsResult<std::unique_ptr<net::HttpBodyStream>> AwsClient::open(net::HttpRequest request, Deadline deadline, std::string_view host) {
  net::Backoff backoff(200ms, 20s);
  bool renewed = false;
  for (int attempt_number = 1;; ++attempt_number) {
    auto answer = attempt(request, deadline, host);
    if (answer) return answer;
    if (!renewed && credentials_ && wants_new_credentials(answer.error())) {
      renewed = true;
      credentials_->forget();
      continue;
    }
    const auto pause = backoff.next();
    if (!is_passing(answer.error()) || attempt_number >= kMostAttempts || deadline.left() < pause) return answer;
    std::this_thread::sleep_for(pause);
  }
}

AwsResult<net::HttpResponse> AwsClient::send(net::HttpRequest request, Deadline deadline, std::string_view host) {
  auto stream = open(std::move(request), deadline, host);
  if (!stream) return std::unexpected(stream.error());
  net::HttpResponse response = (*stream)->head();
  constexpr std::size_t kMost = 16UL << 20U;
  response.body = read_all(**stream, deadline, kMost);
  return response;
}

}  // namespace yagura::cloud
