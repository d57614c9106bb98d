// yagura admin users | tokens | agents | agent-token: manage who may do what, on the machine that holds the data folder.
#include <boost/json.hpp>
#include <ostream>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "control/control_db.hpp"
#include "fleet/agent_desk.hpp"
#include "roles/agent_settings.hpp"

namespace yagura::cli {

namespace {

struct AdminOptions {
  std::string data = "data";
  std::string name;
  std::string user = "admin";
  std::string role = "Reader";
  std::string scopes;
  std::string expires;
  std::string file;
  std::string configuration = "default";
  std::int64_t id = 0;
  std::int64_t uses = 1;
  bool all = false;
};

const control::Actor kActor{.name = "command line"};

Result<std::unique_ptr<control::ControlDb>> open_control(const AdminOptions& options) {
  return control::ControlDb::open(std::filesystem::path(options.data) / "control.db");
}

Result<control::Role> role_of(const AdminOptions& options) {
  if (const auto role = control::parse_role(options.role)) return *role;
  constexpr std::array<std::string_view, 4> roles{"Reader", "Responder", "Contributor", "Admin"};
  return fail(ErrorKind::invalid_input, "unknown role '{}'; expected Reader, Responder, Contributor or Admin{}", options.role,
              did_you_mean(options.role, roles));
}

std::string date(std::optional<std::int64_t> ticks) {
  return ticks ? format_datetime(*ticks).substr(0, 19) + "Z" : std::string("never");
}

Result<ExitCode> list_users(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  console.out << fmt::format("{:24} {:12} {:8} {}\n", "NAME", "ROLE", "ENABLED", "LAST SIGN-IN");
  for (const auto& user : TRY(control->users().list()))
    console.out << fmt::format("{:24} {:12} {:8} {}\n", user.name, control::to_string(user.role), user.enabled ? "yes" : "no",
                               date(user.last_login_ticks));
  return ExitCode::done;
}

// Passwords never come by argv: a generated one is printed once, and must be changed at the first sign-in.
Result<ExitCode> add_user(const AdminOptions& options, Console& console) {
  const auto role = TRY(role_of(options));
  const auto control = TRY(open_control(options));
  const std::string password = random_token(120);
  TRY(control->users().create({.name = options.name, .role = role, .password = password, .must_change_password = true}, kActor));
  console.out << fmt::format("user      {}\npassword  {}   (shown once; to be changed at the first sign-in)\n", options.name, password);
  return ExitCode::done;
}

Result<ExitCode> reset_password(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto user = TRY(control->users().find(options.name));
  const std::string password = random_token(120);
  TRY(control->users().change(user.id, {.enabled = true, .password = password, .must_change_password = true}, kActor));
  console.out << fmt::format("user      {}\npassword  {}   (shown once; to be changed at the first sign-in)\n", user.name, password);
  return ExitCode::done;
}

Result<ExitCode> remove_user(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto user = TRY(control->users().find(options.name));
  TRY(control->users().remove(user.id, kActor));
  console.err << "removed " << user.name << '\n';
  return ExitCode::done;
}

Result<ExitCode> list_tokens(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  console.out << fmt::format("{:>4} {:12} {:20} {:16} {:12} {:22} {}\n", "ID", "TOKEN", "NAME", "USER", "ROLE", "EXPIRES", "LAST USED");
  for (const auto& token : TRY(control->tokens().list()))
    console.out << fmt::format("{:>4} {:12} {:20} {:16} {:12} {:22} {}\n", token.id, token.hint + "…", token.name, token.user_name,
                               control::to_string(token.role), date(token.expires_ticks), date(token.last_used_ticks));
  return ExitCode::done;
}

Result<ExitCode> add_token(const AdminOptions& options, Console& console) {
  const auto role = TRY(role_of(options));
  const auto control = TRY(open_control(options));
  const auto user = TRY(control->users().find(options.user), "looking for the token's user (--user)");
  control::NewApiToken token{.name = options.name, .user_id = user.id, .role = role};
  token.scopes = TRY(control::parse_permissions(options.scopes));
  if (!options.expires.empty())
    token.expires_ticks = control->now() + std::chrono::duration_cast<Ticks>(TRY(parse_duration(options.expires))).count();
  const auto created = TRY(control->tokens().create(token, kActor));
  console.out << created.token << '\n';
  console.err << "The token is shown once. Use it as: Authorization: Bearer " << created.info.hint << "…\n";
  return ExitCode::done;
}

Result<ExitCode> revoke_token(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  TRY(control->tokens().revoke(options.id, kActor));
  console.err << "revoked token " << options.id << '\n';
  return ExitCode::done;
}

Result<ExitCode> list_agents(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  console.out << fmt::format("{:36} {:24} {:11} {:10} {:22} {:8} {}\n", "ID", "NAME", "STATE", "VERSION", "LAST SEEN", "MISSING", "CONFIGURATION");
  for (const auto& agent : TRY(control->agents().list(options.all))) {
    const auto value = boost::json::parse(agent.status.empty() ? "{}" : agent.status);
    const auto number = [&](const char* name) {
      const auto* found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
      return found != nullptr && found->is_number() ? found->to_number<std::int64_t>() : 0;
    };
    const auto* outdated = value.is_object() ? value.get_object().if_contains("outdated") : nullptr;
    const bool old = outdated != nullptr && outdated->is_bool() && outdated->get_bool();
    const auto wanted = TRY(control->agents().configuration(agent.configuration)).generation;
    console.out << fmt::format("{:36} {:24} {:11} {:10} {:22} {:<8} {}{}{}\n", agent.id, agent.name, fleet::state_of(agent, control->now(), std::chrono::seconds(30)),
                               agent.version + (old ? " (old)" : ""), date(agent.last_seen_ticks), number("missing"), agent.configuration,
                               wanted == 0 ? " (its own)" : fmt::format(" {}/{}", agent.applied_generation, wanted),
                               agent.configuration_error.empty() ? "" : "  " + agent.configuration_error);
  }
  return ExitCode::done;
}

Result<ExitCode> show_agent(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto agent = TRY(control->agents().find(options.name));
  console.out << (agent.status.empty() ? "{}" : agent.status) << '\n';
  return ExitCode::done;
}

Result<ExitCode> remove_agent(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto agent = TRY(control->agents().find(options.name));
  TRY(control->agents().remove(agent.id, kActor));
  console.err << fmt::format("removed {} ({}): its certificate is refused from now on\n", agent.name, agent.id);
  return ExitCode::done;
}

Result<ExitCode> configure_agents(const AdminOptions& options, Console& console) {
  const auto text = TRY(read_file(options.file, 256_KiB), "reading the configuration");
  SettingsErrors errors;
  const auto file = SettingsNode::parse(text, options.file, errors);
  roles::read_agent_sources(file);
  file.report_unknown_keys();
  if (!file.child("sources").exists()) file.error("a configuration for agents needs 'sources'");
  if (!errors.empty()) return std::unexpected(errors.to_error());
  const auto control = TRY(open_control(options));
  const auto generation = TRY(control->agents().put_configuration(options.configuration, text, kActor));
  console.err << fmt::format("'{}' is generation {}; agents take it with their next heartbeat\n", options.configuration, generation);
  return ExitCode::done;
}

Result<ExitCode> assign_agent(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto agent = TRY(control->agents().find(options.name));
  if (TRY(control->agents().configuration(options.configuration)).generation == 0)
    return fail(ErrorKind::not_found, "there is no configuration called '{}': yagura admin agents configure FILE --name {}", options.configuration, options.configuration);
  TRY(control->agents().assign(agent.id, options.configuration, kActor));
  console.err << fmt::format("{} gets '{}' with its next heartbeat\n", agent.name, options.configuration);
  return ExitCode::done;
}

// The token is data and goes to stdout, so that it can be sent into a file.
Result<ExitCode> create_join_token(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  const auto authority = TRY(control->checkpoints().get("agents/authority"));
  if (!authority) return fail(ErrorKind::not_found, "this server takes no agents yet: set 'agents.listen' in its configuration and start it");
  const auto lasts = std::chrono::duration_cast<Ticks>(TRY(parse_duration(options.expires.empty() ? "1h" : options.expires))).count();
  const auto created = TRY(control->agents().create_token(options.name, control->now() + lasts, options.uses, kActor));
  console.out << created.token << '.' << *authority << '\n';
  console.err << fmt::format("Good for {} agent{} until {}; shown once. On the host, with this in the file 'token':\n"
                             "  yagura agent enrol --server https://THIS-SERVER:6443 --token-file token\n"
                             "Fingerprint of this server's authority: {}\n",
                             options.uses, options.uses == 1 ? "" : "s", date(created.info.expires_ticks), *authority);
  return ExitCode::done;
}

Result<ExitCode> list_join_tokens(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  console.out << fmt::format("{:>4} {:12} {:24} {:22} {:>9} {}\n", "ID", "TOKEN", "NAME", "EXPIRES", "USES LEFT", "MADE BY");
  for (const auto& token : TRY(control->agents().tokens()))
    console.out << fmt::format("{:>4} {:12} {:24} {:22} {:>9} {}\n", token.id, token.hint + "…", token.name, date(token.expires_ticks), token.uses_left, token.created_by);
  return ExitCode::done;
}

Result<ExitCode> revoke_join_token(const AdminOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  TRY(control->agents().revoke_token(options.id, kActor));
  console.err << "revoked join token " << options.id << '\n';
  return ExitCode::done;
}

}  // namespace

void add_admin(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<AdminOptions>();
  auto* group = app.add_subcommand("admin", "Users, API tokens and agents, on the machine that holds the data folder");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura admin users add maki --role Contributor\n  yagura admin tokens add grafana --role Reader --expires 90d");
  const auto add = [&](CLI::App* parent, const char* name, const char* help, auto function) {
    auto* command = parent->add_subcommand(name, help);
    command->add_option("--data", options->data, "Data folder")->capture_default_str();
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  auto* users = group->add_subcommand("users", "List, add, remove users; reset a password");
  users->require_subcommand(1);
  add(users, "list", "All users", list_users);
  auto* user_add = add(users, "add", "Make a user with a generated password", add_user);
  user_add->add_option("name", options->name, "Name to sign in with")->required();
  user_add->add_option("--role", options->role, "Reader, Responder, Contributor or Admin")->capture_default_str();
  add(users, "reset-password", "Give a user a new generated password", reset_password)->add_option("name", options->name)->required();
  add(users, "remove", "Remove a user and its tokens", remove_user)->add_option("name", options->name)->required();

  auto* tokens = group->add_subcommand("tokens", "List, add, revoke API tokens");
  tokens->require_subcommand(1);
  add(tokens, "list", "All tokens (only their first characters)", list_tokens);
  auto* token_add = add(tokens, "add", "Make a token and print it, once", add_token);
  token_add->add_option("name", options->name, "What it is for")->required();
  token_add->add_option("--user", options->user, "Whose token")->capture_default_str();
  token_add->add_option("--role", options->role, "Reader, Responder, Contributor or Admin; never more than the user may")->capture_default_str();
  token_add->add_option("--scopes", options->scopes, "Only these permissions, such as query,ingest");
  token_add->add_option("--expires", options->expires, "Valid for, such as 90d; default: until revoked");
  add(tokens, "revoke", "Make a token useless", revoke_token)->add_option("id", options->id, "From 'admin tokens list'")->required();

  auto* agents = group->add_subcommand("agents", "Agents of other hosts: list, show, remove, configure");
  agents->require_subcommand(1);
  add(agents, "list", "All agents and how they do", list_agents)->add_flag("--all", options->all, "Also those that were removed");
  const auto which = [&](CLI::App* command) { command->add_option("agent", options->name, "Name of its host, or its id")->required(); };
  which(add(agents, "show", "What an agent said last, and what is missing (JSON)", show_agent));
  which(add(agents, "remove", "Refuse an agent from now on", remove_agent));
  auto* configure = add(agents, "configure", "Give agents their sources", configure_agents);
  configure->add_option("file", options->file, "YAML with 'sources'")->required();
  configure->add_option("--name", options->configuration, "Name of the configuration")->capture_default_str();
  auto* assign = add(agents, "assign", "Give one agent a configuration of its own", assign_agent);
  which(assign);
  assign->add_option("configuration", options->configuration, "Name of the configuration")->required();

  auto* join = group->add_subcommand("agent-token", "One-time tokens with which agents join");
  join->require_subcommand(1);
  auto* create = add(join, "create", "Make a join token and print it, once", create_join_token);
  create->add_option("name", options->name, "What it is for")->default_val("agent");
  create->add_option("--expires", options->expires, "Good for, such as 1h (the default) or 7d");
  create->add_option("--uses", options->uses, "For how many agents")->capture_default_str();
  add(join, "list", "Join tokens that can still be used", list_join_tokens);
  add(join, "revoke", "Make a join token useless", revoke_join_token)->add_option("id", options->id, "From 'admin agent-token list'")->required();
}

}  // namespace yagura::cli
