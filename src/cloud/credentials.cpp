#include "cloud/credentials.hpp"

#include <boost/json.hpp>

#include <cstdlib>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::cloud {

namespace {

namespace json = boost::json;

constexpr std::int64_t kRenewBefore = 300 * kTicksPerSecond;

AwsError plain_error(std::string step, std::string message) {
  return AwsError{.step = std::move(step), .code = "", .message = std::move(message), .request_id = {}, .likely_cause = {}};
}

class Static final : public CredentialProvider {
 public:
  explicit Static(AwsCredentials credentials) : credentials_(std::move(credentials)) {}
  AwsResult<AwsCredentials> get(Deadline) override { return credentials_; }
  void forget() override {}

 private:
  const AwsCredentials credentials_;
};

class Renewed final : public CredentialProvider {
 public:
  Renewed(std::function<AwsResult<AwsCredentials>(Deadline)> fetch, std::function<std::int64_t()> clock) : fetch_(std::move(fetch)), clock_(std::move(clock)) {}

  AwsResult<AwsCredentials> get(Deadline deadline) override {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = clock_ ? clock_() : ReceiveClock::now().time_since_epoch().count();
    if (kept_ && (!kept_->expires_ticks || now < *kept_->expires_ticks - kRenewBefore)) return *kept_;
    auto fetched = fetch_(deadline);
    if (fetched) {
      kept_ = *fetched;
      return fetched;
    }
    // What is there is good for some minutes yet: the next call asks again.
    if (kept_ && now < *kept_->expires_ticks) return *kept_;
    return fetched;
  }
  void forget() override {
    const std::lock_guard lock(mutex_);
    kept_.reset();
  }

 private:
  const std::function<AwsResult<AwsCredentials>(Deadline)> fetch_;
  const std::function<std::int64_t()> clock_;
  std::mutex mutex_;
  std::optional<AwsCredentials> kept_ GUARDED_BY(mutex_);
};

std::filesystem::path aws_file(const std::filesystem::path& given, const char* variable, const char* name) {
  if (!given.empty()) return given;
  if (const char* path = std::getenv(variable)) return path;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "/root" : home) / ".aws" / name;
}

// The settings of one section of an INI file: "[default]", in config files "[profile x]".
std::map<std::string, std::string> section_of(std::string_view text, std::string_view name) {
  std::map<std::string, std::string> settings;
  bool inside = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      auto section = trim(line.substr(1, line.find(']') == std::string_view::npos ? line.size() : line.find(']') - 1));
      if (section.starts_with("profile ")) section = trim(section.substr(8));
      inside = section == name;
    } else if (const auto equals = line.find('='); inside && equals != std::string_view::npos) {
      settings.emplace(to_lower_ascii(trim(line.substr(0, equals))), trim(line.substr(equals + 1)));
    }
  }
  return settings;
}

AwsResult<AwsCredentials> read_profile(const ProfileOptions& options) {
  std::map<std::string, std::string> settings;
  std::string looked;
  for (const auto& file : {aws_file(options.credentials_file, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), aws_file(options.config_file, "AWS_CONFIG_FILE", "config")}) {
    looked += (looked.empty() ? "" : ", ") + file.string();
    const auto text = read_file(file, 1_MiB);
    if (text) settings.merge(section_of(*text, options.profile));
  }
  if (settings.contains("aws_access_key_id") && settings.contains("aws_secret_access_key"))
    return AwsCredentials{settings["aws_access_key_id"], settings["aws_secret_access_key"], settings["aws_session_token"], std::nullopt};
  if (settings.contains("role_arn")) return std::unexpected(plain_error("profile", fmt::format("the profile '{}' names a role: set the role in the connector, and here the profile with the keys", options.profile)));
  return std::unexpected(plain_error("profile", fmt::format("no keys for the profile '{}' in {}", options.profile, looked)));
}

AwsResult<std::string> ask_metadata(net::HttpClient& client, std::string method, std::string target, net::HttpHeader header, Deadline deadline) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.push_back(std::move(header));
  const auto answer = client.send(request, deadline, 1_MiB);
  if (!answer) return std::unexpected(plain_error("instance metadata", answer.error().message()));
  if (answer->status != 200) {
    auto error = plain_error("instance metadata", fmt::format("{} answered {}", request.target, answer->status));
    error.status = answer->status;
    error.likely_cause = answer->status == 404 ? "the instance has no role" : answer->status == 403 ? "the metadata service is switched off" : "";
    return std::unexpected(error);
  }
  return std::string(trim(answer->body));
}

AwsResult<AwsCredentials> read_metadata(const MetadataOptions& options, Deadline deadline) {
  std::string_view host = options.endpoint;
  if (host.starts_with("http://")) host.remove_prefix(7);
  host = host.substr(0, host.find('/'));
  const auto colon = host.rfind(':');
  const auto port = colon == std::string_view::npos ? 80 : parse_uint64(host.substr(colon + 1)).value_or(80);
  const auto client = net::HttpClient::create({.host = std::string(host.substr(0, colon)), .port = static_cast<std::uint16_t>(port), .connect_timeout = 2s});
  const auto token = ask_metadata(*client, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds", "21600"}, deadline);
  if (!token) return std::unexpected(token.error());
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  const auto role = ask_metadata(*client, "GET", roles, {"X-aws-ec2-metadata-token", *token}, deadline);
  if (!role) return std::unexpected(role.error());
  const auto text = ask_metadata(*client, "GET", roles + role->substr(0, role->find('\n')), {"X-aws-ec2-metadata-token", *token}, deadline);
  if (!text) return std::unexpected(text.error());
  json::error_code error;
  const auto parsed = json::parse(*text, error);
  const auto member = [&](std::string_view name) {
    const auto* value = parsed.is_object() ? parsed.get_object().if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  AwsCredentials credentials{member("AccessKeyId"), member("SecretAccessKey"), member("Token"), parse_iso8601(member("Expiration"))};
  if (credentials.anonymous()) return std::unexpected(plain_error("instance metadata", "the answer has no credentials"));
  return credentials;
}

}  // namespace

std::shared_ptr<CredentialProvider> static_credentials(AwsCredentials credentials) { return std::make_shared<Static>(std::move(credentials)); }

std::shared_ptr<CredentialProvider> renewed_credentials(std::function<AwsResult<AwsCredentials>(Deadline)> fetch, std::function<std::int64_t()> clock) {
  return std::make_shared<Renewed>(std::move(fetch), std::move(clock));
}

std::shared_ptr<CredentialProvider> profile_credentials(ProfileOptions options) {
  return renewed_credentials([options = std::move(options)](Deadline) {
    auto read = read_profile(options);
    // Looked at again within minutes: who rotates keys writes them here.
    if (read) read->expires_ticks = ReceiveClock::now().time_since_epoch().count() + kRenewBefore + 60 * kTicksPerSecond;
    return read;
  });
}

std::shared_ptr<CredentialProvider> metadata_credentials(MetadataOptions options) {
  return renewed_credentials([options = std::move(options)](Deadline deadline) { return read_metadata(options, deadline); });
}

std::shared_ptr<CredentialProvider> role_credentials(std::shared_ptr<AwsClient> sts, RoleRequest request) {
  return renewed_credentials([sts = std::move(sts), request = std::move(request)](Deadline deadline) { return assume_role(*sts, request, deadline); });
}

std::shared_ptr<CredentialProvider> web_identity_credentials(std::shared_ptr<AwsClient> sts, RoleRequest request, std::function<Result<std::string>()> token) {
  return renewed_credentials([sts = std::move(sts), request = std::move(request), token = std::move(token)](Deadline deadline) -> AwsResult<AwsCredentials> {
    const auto text = token();
    if (!text) return std::unexpected(plain_error("STS", "no web identity token: " + text.error().message()));
    return assume_role_with_web_identity(*sts, request, std::string(trim(*text)), deadline);
  });
}

}  // namespace yagura::cloud
