#include "cloud/plan.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/text.hpp"
#include "cloud/aws_client.hpp"

namespace yagura::cloud {

namespace {

namespace json = boost::json;

// Two blanks a level, members in their order: policies are for people.
void print(std::string& out, const json::value& value, std::size_t level) {
  const auto indent = [&](std::size_t to) { out.append(to * 2, ' '); };
  if (value.is_object() && !value.get_object().empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!std::exchange(first, false)) out += ",\n";
      indent(level + 1);
      out += json::serialize(json::value(member.key())) + ": ";
      print(out, member.value(), level + 1);
    }
    out += '\n';
    indent(level);
    out += '}';
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[\n";
    bool first = true;
    for (const auto& one : value.get_array()) {
      if (!std::exchange(first, false)) out += ",\n";
      indent(level + 1);
      print(out, one, level + 1);
    }
    out += '\n';
    indent(level);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

std::string pretty(const json::value& value, std::size_t level = 0) {
  std::string out;
  print(out, value, level);
  return out;
}

std::string arn(const PlanInput& input, std::string_view service, std::string_view rest) {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition_of(input.region), service, service == "iam" ? "" : input.region, input.account, rest);
}
std::string bucket_arn(const PlanInput& input) { return fmt::format("arn:{}:s3:::{}", partition_of(input.region), input.bucket); }

json::value queue_policy_value(const PlanInput& input) {
  return {{"Version", "2012-10-17"},
          {"Statement",
           json::array{json::object{{"Sid", "AllowS3"},
                                    {"Effect", "Allow"},
                                    {"Principal", {{"Service", "s3.amazonaws.com"}}},
                                    {"Action", "SQS:SendMessage"},
                                    {"Resource", arn(input, "sqs", input.queue)},
                                    {"Condition", {{"ArnLike", {{"aws:SourceArn", bucket_arn(input)}}}}}}}}};
}

std::string session_name(const PlanInput& input) { return "MicrosoftSentinel_" + input.workspace_id; }

json::value trust_policy_value(const PlanInput& input) {
  json::object statement{{"Effect", "Allow"}};
  if (!input.oidc_provider.empty()) {
    statement["Principal"] = {{"Federated", arn(input, "iam", "oidc-provider/" + input.oidc_provider)}};
    statement["Action"] = "sts:AssumeRoleWithWebIdentity";
    statement["Condition"] = {{"StringEquals", {{input.oidc_provider + ":aud", input.audience}, {"sts:RoleSessionName", session_name(input)}}}};
  } else {
    statement["Principal"] = {{"AWS", fmt::format("arn:{}:iam::{}:root", partition_of(input.region), input.trusted_account)}};
    statement["Action"] = "sts:AssumeRole";
    statement["Condition"] = {{"StringEquals", {{"sts:ExternalId", input.workspace_id}}}};
  }
  return {{"Version", "2012-10-17"}, {"Statement", json::array{statement}}};
}

json::value role_policy_value(const PlanInput& input) {
  json::array statements{
      json::object{{"Sid", "ReadQueue"},
                   {"Effect", "Allow"},
                   {"Action", json::array{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}},
                   {"Resource", arn(input, "sqs", input.queue)}},
      json::object{{"Sid", "ReadObjects"}, {"Effect", "Allow"}, {"Action", "s3:GetObject"}, {"Resource", bucket_arn(input) + "/" + input.prefix + "*"}},
      json::object{{"Sid", "ListBucket"}, {"Effect", "Allow"}, {"Action", json::array{"s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketNotification"}}, {"Resource", bucket_arn(input)}}};
  if (!input.kms_key.empty()) statements.push_back(json::object{{"Sid", "Decrypt"}, {"Effect", "Allow"}, {"Action", "kms:Decrypt"}, {"Resource", input.kms_key}});
  return {{"Version", "2012-10-17"}, {"Statement", statements}};
}

json::value notification_value(const PlanInput& input) {
  json::object queue{{"QueueArn", arn(input, "sqs", input.queue)}, {"Events", json::array{"s3:ObjectCreated:*"}}};
  if (!input.prefix.empty()) queue["Filter"] = {{"Key", {{"FilterRules", json::array{json::object{{"Name", "prefix"}, {"Value", input.prefix}}}}}}};
  return {{"QueueConfigurations", json::array{queue}}};
}

Result<> check(const PlanInput& input) {
  const auto wrong = [](std::string_view name, std::string_view value, std::string_view expected) {
    return fail(ErrorKind::invalid_input, "{} is {}; expected {}", name, value.empty() ? "missing" : fmt::format("'{}'", value.substr(0, 100)), expected);
  };
  const auto is_account = [](std::string_view text) { return text.size() == 12 && std::ranges::all_of(text, is_ascii_digit); };
  const auto is_word = [](std::string_view text, std::string_view more) {
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [&](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || more.find(c) != std::string_view::npos; });
  };
  if (!is_account(input.account)) return wrong("--account", input.account, "the 12 digits of the AWS account");
  if (!is_word(input.region, "-")) return wrong("--region", input.region, "a region such as ap-northeast-1");
  if (!is_word(input.bucket, "-.")) return wrong("--bucket", input.bucket, "the name of the bucket that the trail writes to");
  if (!is_word(input.queue, "-_")) return wrong("--queue", input.queue, "a queue name of letters, digits, - and _");
  if (!is_word(input.role, "-_+=,.@")) return wrong("--role", input.role, "a role name");
  if (!input.prefix.empty() && !is_word(input.prefix, "-_/.!*'()=+ ")) return wrong("--prefix", input.prefix, "the beginning of the objects' keys");
  if (!input.kms_key.empty() && !input.kms_key.starts_with("arn:")) return wrong("--kms-key", input.kms_key, "the ARN of the key");
  if (input.oidc_provider.empty() && !is_account(input.trusted_account))
    return wrong("--trusted-account", input.trusted_account, "the 12 digits of the account that this server has credentials of (or an --oidc-provider that exists)");
  if (!input.oidc_provider.empty() && !is_word(input.oidc_provider, "-._/:")) return wrong("--oidc-provider", input.oidc_provider, "issuer host and path without https://");
  if (!is_word(input.workspace_id, "-_")) return wrong("--workspace-id", input.workspace_id, "the workspace id that the connector page shows as External ID");
  return {};
}

std::string cli_text(const PlanInput& input) {
  const auto here = [](std::string_view file, const json::value& value) { return fmt::format("cat > {} <<'JSON'\n{}\nJSON\n", file, pretty(value)); };
  std::string out = "# Creates a queue and a role. The trail, its bucket and the OIDC provider stay as they are; nothing is deleted.\nset -e\n\n# 1. The queue, which the bucket may send to\n";
  out += here("queue-policy.json", queue_policy_value(input));
  out += fmt::format("aws sqs create-queue --region {} --queue-name {}\n", input.region, input.queue);
  out += fmt::format("aws sqs set-queue-attributes --region {} --queue-url https://{}/{}/{} --attributes \"$(jq -n --rawfile p queue-policy.json '{{Policy: $p}}')\"\n\n",
                     input.region, aws_host("sqs", input.region), input.account, input.queue);
  out += "# 2. Notifications of the bucket. put-bucket-notification-configuration replaces what is there: look first, and add this queue to it\n";
  out += fmt::format("aws s3api get-bucket-notification-configuration --bucket {}\n", input.bucket);
  out += here("notification.json", notification_value(input));
  out += fmt::format("aws s3api put-bucket-notification-configuration --bucket {} --notification-configuration file://notification.json\n\n", input.bucket);
  out += "# 3. The role, with just what the connector needs\n";
  if (!input.oidc_provider.empty())
    out += fmt::format("# The OIDC provider exists; the audience is added to it\naws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}\n",
                       arn(input, "iam", "oidc-provider/" + input.oidc_provider), input.audience);
  out += here("trust-policy.json", trust_policy_value(input));
  out += here("role-policy.json", role_policy_value(input));
  out += fmt::format("aws iam create-role --role-name {0} --assume-role-policy-document file://trust-policy.json\naws iam put-role-policy --role-name {0} --policy-name YaguraRead --policy-document file://role-policy.json\n",
                     input.role);
  if (!input.kms_key.empty()) out += "# The key's own policy must allow the role kms:Decrypt, too.\n";
  out += fmt::format("\n# 4. Here\nyagura connect aws add cloudtrail --role-arn {} --queue-url https://{}/{}/{} --table AWSCloudTrail\n", arn(input, "iam", "role/" + input.role),
                     aws_host("sqs", input.region), input.account, input.queue);
  return out;
}

std::string cloudformation_text(const PlanInput& input) {
  json::object resources{
      {"Queue", {{"Type", "AWS::SQS::Queue"}, {"Properties", {{"QueueName", input.queue}, {"MessageRetentionPeriod", 1209600}}}}},
      {"QueuePolicy", {{"Type", "AWS::SQS::QueuePolicy"}, {"Properties", {{"Queues", json::array{json::object{{"Ref", "Queue"}}}}, {"PolicyDocument", queue_policy_value(input)}}}}},
      {"Role",
       {{"Type", "AWS::IAM::Role"},
        {"Properties",
         {{"RoleName", input.role},
          {"AssumeRolePolicyDocument", trust_policy_value(input)},
          {"Policies", json::array{json::object{{"PolicyName", "YaguraRead"}, {"PolicyDocument", role_policy_value(input)}}}}}}}}};
  const json::value whole{{"AWSTemplateFormatVersion", "2010-09-09"},
                          {"Description", fmt::format("Queue and role for Yagura. The bucket {} exists already: add its notification to the queue by hand (see --format cli, step 2).", input.bucket)},
                          {"Resources", resources},
                          {"Outputs", {{"QueueUrl", {{"Value", {{"Ref", "Queue"}}}}}, {"RoleArn", {{"Value", {{"Fn::GetAtt", json::array{"Role", "Arn"}}}}}}}}};
  return pretty(whole) + "\n";
}

std::string terraform_text(const PlanInput& input) {
  const auto document = [](const json::value& value) { return "<<-JSON\n" + pretty(value) + "\nJSON"; };
  std::string filter = input.prefix.empty() ? "" : fmt::format("    filter_prefix = \"{}\"\n", input.prefix);
  return fmt::format(R"(# Queue, role and notification for Yagura. The bucket is read as data, not managed. aws_s3_bucket_notification owns
# all notifications of the bucket: merge this queue into yours when the bucket has some already.
resource "aws_sqs_queue" "yagura" {{
  name                      = "{queue}"
  message_retention_seconds = 1209600
  policy                    = {queue_policy}
}}

data "aws_s3_bucket" "trail" {{
  bucket = "{bucket}"
}}

resource "aws_s3_bucket_notification" "yagura" {{
  bucket = data.aws_s3_bucket.trail.id
  queue {{
    queue_arn     = aws_sqs_queue.yagura.arn
    events        = ["s3:ObjectCreated:*"]
{filter}  }}
}}

resource "aws_iam_role" "yagura" {{
  name               = "{role}"
  assume_role_policy = {trust}
}}

resource "aws_iam_role_policy" "yagura" {{
  name   = "YaguraRead"
  role   = aws_iam_role.yagura.id
  policy = {policy}
}}
)",
                     fmt::arg("queue", input.queue), fmt::arg("queue_policy", document(queue_policy_value(input))), fmt::arg("bucket", input.bucket), fmt::arg("filter", filter),
                     fmt::arg("role", input.role), fmt::arg("trust", document(trust_policy_value(input))), fmt::arg("policy", document(role_policy_value(input))));
}

// Text or a list of texts.
bool holds(const json::value* value, auto accept) {
  if (value == nullptr) return false;
  if (value->is_string()) return accept(std::string_view(value->get_string()));
  if (value->is_array())
    return std::ranges::any_of(value->get_array(), [&](const json::value& one) { return one.is_string() && accept(std::string_view(one.get_string())); });
  return false;
}

// '*' and '?' as in IAM.
bool matches_wildcards(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void source_arns(const json::object& statement, std::vector<std::string>& arns) {
  const auto* condition = statement.if_contains("Condition");
  if (condition == nullptr || !condition->is_object()) return;
  for (const auto& operation : condition->get_object()) {
    if (!operation.value().is_object()) continue;
    for (const auto& key : operation.value().get_object())
      if (equal_ignoring_ascii_case(key.key(), "aws:SourceArn"))
        (void)holds(&key.value(), [&](std::string_view text) {
          arns.emplace_back(text);
          return false;
        });
  }
}

void for_each_send_statement(std::string_view policy_json, auto visit) {
  json::error_code error;
  const auto policy = json::parse(policy_json, error);
  if (error || !policy.is_object()) return;
  const auto* statements = policy.get_object().if_contains("Statement");
  if (statements == nullptr) return;
  const auto look = [&](const json::value& one) {
    if (!one.is_object()) return;
    const auto& statement = one.get_object();
    const auto* effect = statement.if_contains("Effect");
    if (effect == nullptr || !effect->is_string() || effect->get_string() != "Allow") return;
    if (!holds(statement.if_contains("Action"), [](std::string_view action) {
          const auto lower = to_lower_ascii(action);
          return lower == "*" || lower == "sqs:*" || lower == "sqs:sendmessage" || lower == "sqs:send*";
        }))
      return;
    const auto* principal = statement.if_contains("Principal");
    const bool any = principal != nullptr && principal->is_string() && principal->get_string() == "*";
    const bool s3 = principal != nullptr && principal->is_object() &&
                    (holds(principal->get_object().if_contains("Service"), [](std::string_view name) { return name == "s3.amazonaws.com"; }) ||
                     holds(principal->get_object().if_contains("AWS"), [](std::string_view name) { return name == "*"; }));
    if (any || s3) visit(statement);
  };
  if (statements->is_array())
    for (const auto& one : statements->get_array()) look(one);
  else
    look(*statements);
}

}  // namespace

Result<PlanFormat> parse_plan_format(std::string_view text) {
  if (text == "cli") return PlanFormat::cli;
  if (text == "cloudformation") return PlanFormat::cloudformation;
  if (text == "terraform") return PlanFormat::terraform;
  return fail(ErrorKind::invalid_input, "unknown format '{}'; expected cli, cloudformation or terraform", text);
}

Result<std::string> plan(const PlanInput& input, PlanFormat format) {
  TRY(check(input));
  switch (format) {
    case PlanFormat::cli: return cli_text(input);
    case PlanFormat::cloudformation: return cloudformation_text(input);
    case PlanFormat::terraform: return terraform_text(input);
  }
  return std::string();
}

std::string queue_policy(const PlanInput& input) { return pretty(queue_policy_value(input)); }
std::string trust_policy(const PlanInput& input) { return pretty(trust_policy_value(input)); }
std::string role_policy(const PlanInput& input) { return pretty(role_policy_value(input)); }

std::string missing_in_queue_policy(std::string_view policy_json, std::string_view bucket) {
  bool allowed = false, other_bucket = false;
  for_each_send_statement(policy_json, [&](const json::object& statement) {
    std::vector<std::string> arns;
    source_arns(statement, arns);
    const bool fits = arns.empty() || bucket.empty() || std::ranges::any_of(arns, [&](const std::string& one) {
                        const auto last = one.rfind(':');
                        return one.find(":s3:::") != std::string::npos && matches_wildcards(std::string_view(one).substr(last + 1), bucket);
                      });
    (fits ? allowed : other_bucket) = true;
  });
  if (allowed) return "";
  if (other_bucket) return fmt::format("the queue's policy lets another bucket send than {}", bucket);
  return "the queue's policy does not let S3 send to it (Principal s3.amazonaws.com, Action SQS:SendMessage): notifications cannot be saved or arrive; `yagura connect aws plan` prints the policy";
}

std::string bucket_in_queue_policy(std::string_view policy_json) {
  std::string bucket;
  for_each_send_statement(policy_json, [&](const json::object& statement) {
    std::vector<std::string> arns;
    source_arns(statement, arns);
    for (const auto& one : arns)
      if (const auto at = one.find(":s3:::"); at != std::string::npos && one.find_first_of("*?") == std::string::npos) bucket = one.substr(at + 6);
  });
  return bucket;
}

}  // namespace yagura::cloud
