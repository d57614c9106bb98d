#include "roles/aws_settings.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cloud/credentials.hpp"
#include "cloud/sqs.hpp"

namespace yagura::roles {

namespace {

namespace json = boost::json;

struct Member {
  std::string_view name;
  std::string AwsConnectorSettings::*value;
};
constexpr std::array<Member, 17> kMembers{{{"role_arn", &AwsConnectorSettings::role_arn},
                                           {"queue_url", &AwsConnectorSettings::queue_url},
                                           {"table", &AwsConnectorSettings::table},
                                           {"region", &AwsConnectorSettings::region},
                                           {"external_id", &AwsConnectorSettings::external_id},
                                           {"session_name", &AwsConnectorSettings::session_name},
                                           {"credentials", &AwsConnectorSettings::credentials},
                                           {"profile", &AwsConnectorSettings::profile},
                                           {"access_key_id", &AwsConnectorSettings::access_key_id},
                                           {"secret_key_file", &AwsConnectorSettings::secret_key_file},
                                           {"token_file", &AwsConnectorSettings::token_file},
                                           {"endpoint", &AwsConnectorSettings::endpoint},
                                           {"sqs_endpoint", &AwsConnectorSettings::sqs_endpoint},
                                           {"s3_endpoint", &AwsConnectorSettings::s3_endpoint},
                                           {"sts_endpoint", &AwsConnectorSettings::sts_endpoint},
                                           {"proxy", &AwsConnectorSettings::proxy},
                                           {"ca", &AwsConnectorSettings::ca}}};
constexpr std::array<std::string_view, 5> kCredentials{"default", "profile", "metadata", "static", "web_identity"};

bool is_role_arn(std::string_view arn) {
  // arn:partition:iam::account:role/path/name
  return arn.starts_with("arn:aws") && arn.find(":iam::") != std::string_view::npos && arn.find(":role/") != std::string_view::npos && arn.size() < 2048;
}

Result<> check(AwsConnectorSettings& settings, std::span<const std::string_view> tables) {
  const auto parts = TRY(cloud::parse_queue_url(settings.queue_url));
  if (settings.region.empty()) settings.region = parts.region.empty() ? "us-east-1" : parts.region;
  if (!settings.role_arn.empty() && !is_role_arn(settings.role_arn))
    return fail(ErrorKind::invalid_input, "'{}' is no role ARN; expected arn:aws:iam::ACCOUNT:role/NAME", settings.role_arn.substr(0, 200));
  const auto table = std::ranges::find_if(tables, [&](std::string_view one) { return equal_ignoring_ascii_case(one, settings.table); });
  if (table == tables.end()) {
    const auto near = nearest_word(settings.table, tables);
    return fail(ErrorKind::not_found, "there is no table '{}'{}", settings.table.substr(0, 100), near ? fmt::format("; did you mean {}?", *near) : "");
  }
  settings.table = *table;
  if (std::ranges::find(kCredentials, settings.credentials) == kCredentials.end())
    return fail(ErrorKind::invalid_input, "'{}' is no kind of credentials; expected one of {}", settings.credentials.substr(0, 50), fmt::join(kCredentials, ", "));
  if (settings.credentials == "static" && (settings.access_key_id.empty() || settings.secret_key_file.empty()))
    return fail(ErrorKind::invalid_input, "static credentials want 'access_key_id' and 'secret_key_file', a file with the secret key");
  if (settings.credentials == "web_identity" && (settings.token_file.empty() || settings.role_arn.empty()))
    return fail(ErrorKind::invalid_input, "web identity wants 'token_file' and 'role_arn'");
  if (!settings.proxy.empty()) TRY(net::parse_proxy_address(settings.proxy));
  return {};
}

}  // namespace

Result<AwsConnectorSettings> read_aws_settings(std::string_view text, std::span<const std::string_view> tables) {
  json::error_code error;
  const auto parsed = json::parse(text, error, {}, {.max_depth = 4});
  if (error || !parsed.is_object()) return fail(ErrorKind::invalid_input, "the settings of a connector must be a JSON object");
  AwsConnectorSettings settings;
  for (const auto& member : parsed.get_object()) {
    const auto known = std::ranges::find(kMembers, std::string_view(member.key()), &Member::name);
    if (known == kMembers.end()) {
      std::vector<std::string_view> names;
      for (const auto& one : kMembers) names.push_back(one.name);
      const auto near = nearest_word(std::string_view(member.key()), names);
      return fail(ErrorKind::invalid_input, "'{}' is no setting of an AWS connector{}", std::string_view(member.key()).substr(0, 60), near ? fmt::format("; did you mean '{}'?", *near) : "");
    }
    if (member.value().is_null()) continue;
    if (!member.value().is_string() || member.value().get_string().size() > 2048) return fail(ErrorKind::invalid_input, "'{}' must be a text of at most 2,048 bytes", known->name);
    settings.*(known->value) = std::string(trim(std::string_view(member.value().get_string())));
  }
  TRY(check(settings, tables));
  return settings;
}

std::string to_json(const AwsConnectorSettings& settings) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  for (const auto& member : kMembers)
    if (!(settings.*(member.value)).empty()) writer.key(member.name).text(settings.*(member.value));
  writer.end_object();
  return out;
}

Result<AwsClients> make_aws_clients(const AwsConnectorSettings& settings, std::string_view workspace_id) {
  std::optional<net::ProxyAddress> proxy;
  if (!settings.proxy.empty()) proxy = TRY(net::parse_proxy_address(settings.proxy));
  const auto options = [&](std::string service, const std::string& own) {
    return cloud::AwsEndpointOptions{.service = std::move(service), .region = settings.region, .endpoint = own.empty() ? settings.endpoint : own, .ca = settings.ca, .proxy = proxy};
  };
  std::shared_ptr<cloud::CredentialProvider> base;
  if (settings.credentials == "static") {
    const auto secret = TRY(read_file(settings.secret_key_file, 4_KiB), "reading the secret key");
    base = cloud::static_credentials({settings.access_key_id, std::string(trim(secret)), "", std::nullopt});
  } else if (settings.credentials == "metadata") {
    base = cloud::metadata_credentials({});
  } else if (settings.credentials == "profile") {
    base = cloud::profile_credentials({.profile = settings.profile.empty() ? "default" : settings.profile, .credentials_file = {}, .config_file = {}});
  } else if (settings.credentials == "default") {
    const char *id = std::getenv("AWS_ACCESS_KEY_ID"), *secret = std::getenv("AWS_SECRET_ACCESS_KEY"), *token = std::getenv("AWS_SESSION_TOKEN");
    if (id != nullptr && secret != nullptr) base = cloud::static_credentials({id, secret, token == nullptr ? "" : token, std::nullopt});
    else base = cloud::profile_credentials({});
  }
  AwsClients clients;
  clients.sts = std::make_shared<cloud::AwsClient>(options("sts", settings.sts_endpoint), base);
  cloud::RoleRequest role{.role_arn = settings.role_arn,
                          .session_name = settings.session_name.empty() ? fmt::format("MicrosoftSentinel_{}", workspace_id) : settings.session_name,
                          .external_id = settings.external_id.empty() ? std::string(workspace_id) : settings.external_id};
  if (settings.credentials == "web_identity")
    clients.credentials = cloud::web_identity_credentials(clients.sts, std::move(role), [file = settings.token_file] { return read_file(file, 64_KiB); });
  else
    clients.credentials = settings.role_arn.empty() ? base : cloud::role_credentials(clients.sts, std::move(role));
  clients.sqs = std::make_shared<cloud::AwsClient>(options("sqs", settings.sqs_endpoint), clients.credentials);
  clients.s3 = std::make_shared<cloud::AwsClient>(options("s3", settings.s3_endpoint), clients.credentials);
  return clients;
}

}  // namespace yagura::roles
