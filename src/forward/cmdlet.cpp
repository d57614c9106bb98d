#include "forward/cmdlet.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/text.hpp"

namespace yagura::forward {

namespace {

struct Parameter {
  std::string_view name;
  bool flag = false;
  bool documented = true;
  std::function<void(CmdletCall&, std::string value)> take_text;
  std::function<void(CmdletCall&, bool value)> take_flag;
};

Parameter text(std::string_view name, bool documented, std::optional<std::string> SetRequest::* to) {
  return {.name = name, .documented = documented, .take_text = [to](CmdletCall& call, std::string value) {
            call.set.*to = std::move(value);
          }};
}
Parameter flag(std::string_view name, bool documented, std::optional<bool> SetRequest::* to) {
  return {.name = name, .flag = true, .documented = documented, .take_flag = [to](CmdletCall& call, bool value) {
            call.set.*to = value;
          }};
}

// The scope flags as they were given: which is on is decided at the end.
struct Scopes {
  bool local = false, per_node = false, cluster = false;
};

std::vector<Parameter> parameters_of(Cmdlet cmdlet, Scopes& scopes) {
  std::vector<Parameter> all;
  switch (cmdlet) {
    case Cmdlet::Set:
      all = {
          text("ServerName", true, &SetRequest::server_name),
          text("ServerPort", true, &SetRequest::server_port),
          flag("NoEncryption", true, &SetRequest::no_encryption),
          flag("SkipServerCertificateCheck", true, &SetRequest::skip_server_certificate_check),
          flag("SkipServerCNCheck", true, &SetRequest::skip_server_cn_check),
          flag("UseUDP", true, &SetRequest::use_udp),
          text("ClientCertificateThumbprint", true, &SetRequest::client_certificate_thumbprint),
          text("OutputSeverity", true, &SetRequest::output_severity),
          flag("Remove", true, &SetRequest::remove),
          flag("UseRelp", false, &SetRequest::use_relp),
          text("Framing", false, &SetRequest::framing),
          text("Encoding", false, &SetRequest::encoding),
          text("Subscription", false, &SetRequest::subscription),
          text("SignKey", false, &SetRequest::sign_key),
          {.name = "Production",
           .flag = true,
           .documented = false,
           .take_flag = [](CmdletCall& call, bool value) { call.set.production = value; }},
      };
      break;
    case Cmdlet::Enable:
    case Cmdlet::Disable:
      all = {{.name = "Force", .flag = true, .take_flag = [](CmdletCall& call, bool value) { call.force = value; }}};
      break;
    case Cmdlet::Get:
      all = {{.name = "Local", .flag = true, .take_flag = [&scopes](CmdletCall&, bool value) { scopes.local = value; }},
             {.name = "PerNode",
              .flag = true,
              .take_flag = [&scopes](CmdletCall&, bool value) { scopes.per_node = value; }},
             {.name = "Cluster", .flag = true, .take_flag = [&scopes](CmdletCall&, bool value) {
                scopes.cluster = value;
              }}};
      break;
  }
  all.push_back({.name = "Json", .flag = true, .documented = false, .take_flag = [](CmdletCall& call, bool value) {
                   call.json = value;
                 }});
  all.push_back({.name = "DataFolder", .documented = false, .take_text = [](CmdletCall& call, std::string value) {
                   call.data = std::move(value);
                 }});
  return all;
}

bool begins_with(std::string_view name, std::string_view beginning) {
  return name.size() >= beginning.size() && equal_ignoring_ascii_case(name.substr(0, beginning.size()), beginning);
}

Result<const Parameter*> find_parameter(Cmdlet cmdlet, const std::vector<Parameter>& all, std::string_view word) {
  for (const auto& one : all)
    if (equal_ignoring_ascii_case(one.name, word)) return &one;
  for (const bool documented : {true, false}) {
    std::vector<const Parameter*> found;
    for (const auto& one : all)
      if (one.documented == documented && begins_with(one.name, word)) found.push_back(&one);
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
      std::string names;
      for (const auto* one : found)
        names += fmt::format("{}-{}", names.empty() ? "" : one == found.back() ? " or " : ", ", one->name);
      return fail(ErrorKind::invalid_input, "{}: -{} is ambiguous: {}", to_string(cmdlet), word, names);
    }
  }
  std::vector<std::string_view> names;
  for (const auto& one : all) names.push_back(one.name);
  std::string help;
  if (const auto near = nearest_word(word, names))
    help = fmt::format(", did you mean -{}?", *near);
  else
    help = fmt::format("; the syntax is: {}", syntax_of(cmdlet));
  return fail(ErrorKind::invalid_input, "{}: there is no parameter -{}{}", to_string(cmdlet), word, help);
}

Result<bool> flag_value(Cmdlet cmdlet, std::string_view name, std::string_view value) {
  for (const std::string_view yes : {"$true", "true", "1"})
    if (equal_ignoring_ascii_case(value, yes)) return true;
  for (const std::string_view no : {"$false", "false", "0"})
    if (equal_ignoring_ascii_case(value, no)) return false;
  // A POSIX shell has put nothing in the place of $true or $false: which it was cannot be seen any more.
  if (value.empty())
    return fail(ErrorKind::invalid_input, "{}: -{}: has no value; in a POSIX shell quote it: '-{}:$false'",
                to_string(cmdlet), name, name);
  return fail(ErrorKind::invalid_input, "{}: -{}:{} is neither $true nor $false", to_string(cmdlet), name, value);
}

// PowerShell takes the dashes that word processors make of a hyphen, too.
std::string_view without_dash(std::string_view word) {
  for (const std::string_view dash : {"-", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95"})
    if (word.starts_with(dash)) return word.substr(dash.size());
  return {};
}

}  // namespace

std::string_view to_string(Cmdlet cmdlet) {
  switch (cmdlet) {
    case Cmdlet::Set: return "Set-AzSSyslogForwarder";
    case Cmdlet::Enable: return "Enable-AzSSyslogForwarder";
    case Cmdlet::Disable: return "Disable-AzSSyslogForwarder";
    case Cmdlet::Get: return "Get-AzSSyslogForwarder";
  }
  return "";
}

std::optional<Cmdlet> cmdlet_named(std::string_view word) {
  for (const auto cmdlet : {Cmdlet::Set, Cmdlet::Enable, Cmdlet::Disable, Cmdlet::Get})
    if (equal_ignoring_ascii_case(word, to_string(cmdlet))) return cmdlet;
  return std::nullopt;
}

std::string_view syntax_of(Cmdlet cmdlet) {
  switch (cmdlet) {
    case Cmdlet::Set:
      return "Set-AzSSyslogForwarder [-ServerName <String>] [-ServerPort <UInt16>] [-NoEncryption] "
             "[-SkipServerCertificateCheck | -SkipServerCNCheck] "
             "[-UseUDP] [-ClientCertificateThumbprint <String>] [-OutputSeverity {Default | Verbose}] [-Remove]";
    case Cmdlet::Enable: return "Enable-AzSSyslogForwarder [-Force]";
    case Cmdlet::Disable: return "Disable-AzSSyslogForwarder [-Force]";
    case Cmdlet::Get: return "Get-AzSSyslogForwarder [-Local | -PerNode | -Cluster]";
  }
  return "";
}

std::string help_of(Cmdlet cmdlet) {
  std::string help = fmt::format("{}\n", syntax_of(cmdlet));
  switch (cmdlet) {
    case Cmdlet::Set:
      help +=
          "\n  -ServerName                   FQDN or IP address of the syslog server (required)\n"
          "  -ServerPort                   port that it listens on, 1 to 65535 (required)\n"
          "  -ClientCertificateThumbprint  certificate to show to the server: TCP, mutual authentication, TLS\n"
          "                                (without: TCP, server authentication, TLS; see 'yagura cert')\n"
          "  -NoEncryption                 TCP in clear text; not for production\n"
          "  -UseUDP                       UDP in clear text; not for production\n"
          "  -SkipServerCNCheck            do not check the name in the server's certificate\n"
          "  -SkipServerCertificateCheck   do not check the server's certificate; not for production\n"
          "  -OutputSeverity               Default: warning, error, critical, and audits; Verbose: all\n"
          "  -Remove                       remove the configuration and stop (alone)\n"
          "\nYagura's own:\n"
          "  -UseRelp                      RELP over the connection: acknowledged messages\n"
          "  -Framing                      octet-counting (the default) or lf\n"
          "  -Encoding                     cef-azure-local (the default), cef-restorable, cef, rfc5424, json, leef\n"
          "  -Subscription                 azure-local (the default), azure-local+auth, all, or a profile's file\n"
          "  -SignKey                      file of a private key (PEM): sign what is sent, RFC 5848\n"
          "  -Production                   refuse what is not for production\n";
      break;
    case Cmdlet::Enable:
    case Cmdlet::Disable:
      help +=
          "\n  -Force                        start an action plan even if nothing is to change: resets what was "
          "changed by hand\n";
      break;
    case Cmdlet::Get:
      help +=
          "\n  -Local                        what this host uses\n"
          "  -PerNode                      what each host uses, and whether it is what the cluster has\n"
          "  -Cluster                      what the cluster has (the default)\n";
      break;
  }
  help +=
      "  -Json                         print one JSON object\n"
      "  -DataFolder                   the agent's data folder (default: $YAGURA_AGENT_DATA, else "
      "/var/lib/yagura-agent)\n";
  return help;
}

Result<CmdletCall> parse_cmdlet(Cmdlet cmdlet, std::span<const std::string> arguments) {
  CmdletCall call{.cmdlet = cmdlet};
  Scopes scopes;
  const auto parameters = parameters_of(cmdlet, scopes);
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = without_dash(arguments[i]);
    if (word == "?" || equal_ignoring_ascii_case(word, "-help") || equal_ignoring_ascii_case(word, "help")) {
      call.help = true;
      return call;
    }
    if (word.empty())
      return fail(ErrorKind::invalid_input, "{}: '{}' is no parameter; parameters begin with '-'. The syntax is: {}",
                  to_string(cmdlet), arguments[i], syntax_of(cmdlet));
    const auto colon = word.find(':');
    const auto* parameter = TRY(find_parameter(cmdlet, parameters, word.substr(0, colon)));
    if (std::ranges::find(seen, parameter->name) != seen.end())
      return fail(ErrorKind::invalid_input, "{}: -{} is given more than once", to_string(cmdlet), parameter->name);
    seen.push_back(parameter->name);
    if (parameter->flag) {
      parameter->take_flag(call, colon == std::string_view::npos
                                     ? true
                                     : TRY(flag_value(cmdlet, parameter->name, word.substr(colon + 1))));
      continue;
    }
    if (colon != std::string_view::npos && colon + 1 < word.size()) {
      parameter->take_text(call, std::string(word.substr(colon + 1)));
      continue;
    }
    // "-Name: value" is one parameter to PowerShell, too.
    if (i + 1 == arguments.size() || (!without_dash(arguments[i + 1]).empty() && !parse_int64(arguments[i + 1])))
      return fail(ErrorKind::invalid_input, "{}: -{} needs a value", to_string(cmdlet), parameter->name);
    parameter->take_text(call, arguments[++i]);
  }
  if (cmdlet == Cmdlet::Get) {
    if (scopes.local + scopes.per_node + scopes.cluster > 1)
      return fail(ErrorKind::invalid_input, "{}: -Local, -PerNode and -Cluster exclude each other", to_string(cmdlet));
    call.scope = scopes.local      ? ConfigurationScope::local
                 : scopes.per_node ? ConfigurationScope::per_node
                                   : ConfigurationScope::cluster;
  }
  return call;
}

}  // namespace yagura::forward
