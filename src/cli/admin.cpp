// yagura admin users | tokens: manage who may do what, on the machine that holds the data folder.
#include <ostream>

#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "control/control_db.hpp"

namespace yagura::cli {

namespace {

struct AdminOptions {
  std::string data = "data";
  std::string name;
  std::string user = "admin";
  std::string role = "Reader";
  std::string scopes;
  std::string expires;
  std::int64_t id = 0;
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

}  // namespace

void add_admin(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<AdminOptions>();
  auto* group = app.add_subcommand("admin", "Users and API tokens, on the machine that holds the data folder");
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
}

}  // namespace yagura::cli
