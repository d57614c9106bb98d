// yagura connect aws: connectors that read AWS's logs from S3 through a queue.
#include <boost/json.hpp>

#include <ostream>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cloud/plan.hpp"

namespace yagura::cli {

namespace {

namespace json = boost::json;

struct ConnectOptions {
  ServerChoice server;
  bool as_json = false;
  std::string name;
  std::string role_arn, queue_url, table = "AWSCloudTrail", region, external_id, session_name, credentials, profile, access_key_id, secret_key_file, token_file, endpoint, proxy, ca;
  cloud::PlanInput plan;
  std::string format = "cli";
};

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

json::object settings_of(const ConnectOptions& options) {
  json::object settings;
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) settings[name] = value;
  };
  put("role_arn", options.role_arn);
  put("queue_url", options.queue_url);
  put("table", options.table);
  put("region", options.region);
  put("external_id", options.external_id);
  put("session_name", options.session_name);
  put("credentials", options.credentials);
  put("profile", options.profile);
  put("access_key_id", options.access_key_id);
  put("secret_key_file", options.secret_key_file);
  put("token_file", options.token_file);
  put("endpoint", options.endpoint);
  put("proxy", options.proxy);
  put("ca", options.ca);
  return settings;
}

// True when a step wants attention.
bool print_steps(const json::object& answer, Console& console) {
  bool attention = false;
  for (const auto& one : answer.at("steps").as_array()) {
    const auto& step = one.as_object();
    console.out << fmt::format("{:14} {:8} {}\n", text_of(step, "step"), text_of(step, "state"), text_of(step, "detail"));
    attention = attention || text_of(step, "state") == "warning";
  }
  return attention;
}

Result<ExitCode> add(const ConnectOptions& options, Console& console) {
  const auto answer = TRY(call_api(TRY(chosen_server(options.server)), "POST", "/api/v1/connectors/aws", json::object{{"name", options.name}, {"settings", settings_of(options)}}));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  print_steps(answer, console);
  console.out << fmt::format("\nRole ARN     {}\nQueue URL    {}\nDestination  {}\n", text_of(answer, "role_arn"), text_of(answer, "queue_url"), text_of(answer, "table"));
  return ExitCode::done;
}

Result<ExitCode> doctor(const ConnectOptions& options, Console& console) {
  const auto server = TRY(chosen_server(options.server));
  json::object settings = settings_of(options);
  if (options.queue_url.empty()) {
    const auto all = TRY(call_api(server, "GET", "/api/v1/connectors/aws"));
    const json::object* found = nullptr;
    for (const auto& one : all.at("connectors").as_array())
      if (text_of(one.as_object(), "name") == options.name) found = &one.as_object();
    if (found == nullptr) return fail(ErrorKind::not_found, "there is no AWS connector '{}'; or give --queue-url and the rest to check what is not added yet", options.name);
    settings = found->at("settings").as_object();
  }
  const auto answer = TRY(call_api(server, "POST", "/api/v1/connectors/aws/check", json::object{{"settings", settings}}));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  return print_steps(answer, console) ? ExitCode::findings : ExitCode::done;
}

Result<ExitCode> list(const ConnectOptions& options, Console& console) {
  const auto answer = TRY(call_api(TRY(chosen_server(options.server)), "GET", "/api/v1/connectors/aws"));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format("External ID (workspace id): {}\n\n", text_of(answer, "external_id"));
  console.out << fmt::format("{:20} {:9} {:20} {:>9} {:>9} {:>10} {:22} {}\n", "NAME", "STATE", "TABLE", "WAITING", "DELETED", "RECORDS", "LAST EVENT", "DETAIL");
  for (const auto& one : answer.at("connectors").as_array()) {
    const auto& connector = one.as_object();
    const auto& queue = connector.at("queue").as_object();
    console.out << fmt::format("{:20} {:9} {:20} {:>9} {:>9} {:>10} {:22} {}\n", text_of(connector, "name"), text_of(connector, "state"), text_of(connector.at("settings").as_object(), "table"),
                               text_of(queue, "visible"), text_of(queue, "deleted"), text_of(connector, "records"), text_of(connector, "last_event").substr(0, 22), text_of(connector, "detail"));
    for (const auto& aside : connector.at("aside").as_array())
      console.out << fmt::format("    set aside: {}: {}\n", text_of(aside.as_object(), "object"), text_of(aside.as_object(), "reason"));
  }
  return ExitCode::done;
}

Result<ExitCode> remove(const ConnectOptions& options, Console& console) {
  TRY(call_api(TRY(chosen_server(options.server)), "DELETE", "/api/v1/connectors/aws/" + path_segment(options.name)));
  console.err << "removed " << options.name << "; the queue keeps what has not been read\n";
  return ExitCode::done;
}

Result<ExitCode> set_enabled(bool enabled, const ConnectOptions& options) {
  TRY(call_api(TRY(chosen_server(options.server)), "PATCH", "/api/v1/connectors/aws/" + path_segment(options.name), json::object{{"enabled", enabled}}));
  return ExitCode::done;
}

Result<ExitCode> plan(const ConnectOptions& options, Console& console) {
  auto input = options.plan;
  if (input.workspace_id.empty()) input.workspace_id = text_of(TRY(call_api(TRY(chosen_server(options.server)), "GET", "/api/v1/connectors/aws")), "external_id");
  console.out << TRY(cloud::plan(input, TRY(cloud::parse_plan_format(options.format))));
  return ExitCode::done;
}

}  // namespace

void add_connect(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ConnectOptions>();
  auto* outer = app.add_subcommand("connect", "Connectors to clouds");
  outer->require_subcommand(1);
  auto* group = outer->add_subcommand("aws", "AWS logs from S3 buckets, told of by SQS queues");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura connect aws plan --account 123456789012 --bucket aws-cloudtrail-logs-1 --trusted-account 210987654321\n"
                "  yagura connect aws add trail --role-arn arn:aws:iam::123456789012:role/OIDC_YaguraRole --queue-url https://sqs.eu-west-1.amazonaws.com/123456789012/yagura-cloudtrail\n"
                "  yagura connect aws doctor trail");
  const auto add_command = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    add_server_options(*command, options->server);
    command->add_flag("--json", options->as_json, "JSON");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  const auto settings = [&](CLI::App* command) {
    command->add_option("--role-arn", options->role_arn, "Role to take; none: the credentials themselves may read");
    command->add_option("--queue-url", options->queue_url, "URL of the queue");
    command->add_option("--table", options->table, "AWSCloudTrail, AWSGuardDuty, AWSVPCFlow, AWSCloudWatch ...")->capture_default_str();
    command->add_option("--region", options->region, "Default: the queue's");
    command->add_option("--external-id", options->external_id, "Default: the workspace id");
    command->add_option("--session-name", options->session_name, "Default: MicrosoftSentinel_<workspace id>");
    command->add_option("--credentials", options->credentials, "default, profile, metadata, static or web_identity");
    command->add_option("--profile", options->profile, "Profile of ~/.aws/credentials");
    command->add_option("--access-key-id", options->access_key_id, "With static credentials");
    command->add_option("--secret-key-file", options->secret_key_file, "File (on the server) with the secret access key");
    command->add_option("--web-identity-token-file", options->token_file, "File (on the server) with the web identity token");
    command->add_option("--endpoint", options->endpoint, "For emulators and S3-compatible stores, such as http://127.0.0.1:5000");
    command->add_option("--proxy", options->proxy, "ADDRESS[:PORT] of an HTTP proxy");
    command->add_option("--aws-ca", options->ca, "PEM file that the endpoint's certificate is checked against");
  };
  auto* adding = add_command("add", "Check a connector and start it; nothing is kept when the check fails", add);
  adding->add_option("name", options->name, "A name for it")->required();
  settings(adding);
  auto* checking = add_command("doctor", "Check a connector step by step: STS, SQS, policies, notification, S3, KMS", doctor);
  checking->add_option("name", options->name, "The connector, or none with --queue-url");
  settings(checking);
  add_command("list", "All connectors and how they do", list);
  add_command("remove", "Remove a connector", remove)->add_option("name", options->name, "The connector")->required();
  add_command("enable", "Start a connector", [](const ConnectOptions& o, Console&) { return set_enabled(true, o); })->add_option("name", options->name, "The connector")->required();
  add_command("disable", "Stop a connector; the queue waits", [](const ConnectOptions& o, Console&) { return set_enabled(false, o); })->add_option("name", options->name, "The connector")->required();
  auto* planning = add_command("plan", "Print what AWS needs; nothing is created", plan);
  auto& input = options->plan;
  planning->add_option("--format", options->format, "cli, cloudformation or terraform")->capture_default_str();
  planning->add_option("--account", input.account, "AWS account of the bucket")->required();
  planning->add_option("--bucket", input.bucket, "The bucket that the trail writes to; it exists already")->required();
  planning->add_option("--region", input.region, "Region of bucket and queue")->capture_default_str();
  planning->add_option("--prefix", input.prefix, "Only objects whose keys begin so");
  planning->add_option("--queue", input.queue, "Name for the queue")->capture_default_str();
  planning->add_option("--role", input.role, "Name for the role")->capture_default_str();
  planning->add_option("--oidc-provider", input.oidc_provider, "An OIDC provider that IAM has already, such as sts.windows.net/TENANT/");
  planning->add_option("--audience", input.audience, "Audience of its tokens")->capture_default_str();
  planning->add_option("--trusted-account", input.trusted_account, "Without OIDC: the account whose credentials this server has");
  planning->add_option("--kms-key", input.kms_key, "ARN of the key that the trail is encrypted with");
  planning->add_option("--workspace-id", input.workspace_id, "External ID; default: asked of the server");
}

}  // namespace yagura::cli
