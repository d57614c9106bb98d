#include "forward/forwarder_settings.hpp"

#include <boost/json.hpp>

#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "forward/certificate_store.hpp"
#include "net/address.hpp"

namespace yagura::forward {

namespace {

constexpr std::string_view kCmdlet = "Set-AzSSyslogForwarder";

// A name or address, without scheme, port or path: each of these has its own place or none.
Result<std::string> server_name_of(std::string_view given) {
  std::string name(trim(given));
  if (name.empty())
    return fail(ErrorKind::invalid_input, "{}: -ServerName is empty; give the syslog server's FQDN or IP address",
                kCmdlet);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  if (net::SocketAddress::numeric(name, 0)) return name;
  if (name.find("://") != std::string::npos)
    return fail(ErrorKind::invalid_input, "{}: -ServerName '{}' is a URL; give the FQDN or IP address alone", kCmdlet,
                name);
  if (const auto colon = name.rfind(':');
      colon != std::string::npos && name.find(':') == colon && parse_uint64(name.substr(colon + 1)))
    return fail(ErrorKind::invalid_input, "{}: -ServerName '{}' holds a port; give it as -ServerPort {}", kCmdlet, name,
                name.substr(colon + 1));
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty() || name.size() > 253)
    return fail(ErrorKind::invalid_input, "{}: -ServerName has {} characters; a name has 1 to 253", kCmdlet,
                name.size());
  bool all_numeric = true;
  for (const auto label : split(name, '.')) {
    if (label.empty() || label.size() > 63)
      return fail(ErrorKind::invalid_input,
                  "{}: -ServerName '{}' is no host name: each part between dots has 1 to 63 characters", kCmdlet, name);
    for (const char c : label)
      if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '-' && c != '_')
        return fail(ErrorKind::invalid_input,
                    "{}: -ServerName '{}' is neither a host name nor an IP address: '{}' cannot stand in one{}",
                    kCmdlet, name,
                    static_cast<unsigned char>(c) >= 0x80 ? std::string_view("a character outside of ASCII")
                                                          : std::string_view(&c, 1),
                    static_cast<unsigned char>(c) >= 0x80 ? " (write the name as the DNS has it, xn--...)" : "");
    if (label.front() == '-' || label.back() == '-')
      return fail(ErrorKind::invalid_input, "{}: -ServerName '{}' is no host name: a part begins or ends with '-'",
                  kCmdlet, name);
    if (!std::ranges::all_of(label, is_ascii_digit)) all_numeric = false;
  }
  if (all_numeric)
    return fail(ErrorKind::invalid_input, "{}: -ServerName '{}' looks like an IP address, and is none", kCmdlet, name);
  return name;
}

Result<std::uint16_t> server_port_of(std::string_view given) {
  const auto number = parse_uint64(trim(given));
  if (!number || *number == 0 || *number > 65535)
    return fail(ErrorKind::invalid_input, "{}: -ServerPort '{}' is no port; a number from 1 to 65535 is expected",
                kCmdlet, trim(given));
  return static_cast<std::uint16_t>(*number);
}

Result<> exclusive(bool one, std::string_view one_name, bool other, std::string_view other_name, std::string_view why) {
  if (!one || !other) return {};
  return fail(ErrorKind::invalid_input, "{}: {} and {} exclude each other: {}", kCmdlet, one_name, other_name, why);
}

Result<Framing> framing_of(std::string_view word) {
  for (const auto framing : {Framing::octet_counting, Framing::line_feed})
    if (equal_ignoring_ascii_case(word, to_string(framing))) return framing;
  return fail(ErrorKind::invalid_input, "{}: -Framing '{}' is unknown; octet-counting or lf is expected", kCmdlet,
              word);
}

// Anything beside -Remove, by its name; "" when there is nothing.
std::string_view named_beside_remove(const SetRequest& r) {
  if (r.server_name) return "-ServerName";
  if (r.server_port) return "-ServerPort";
  if (r.no_encryption) return "-NoEncryption";
  if (r.skip_server_certificate_check) return "-SkipServerCertificateCheck";
  if (r.skip_server_cn_check) return "-SkipServerCNCheck";
  if (r.use_udp) return "-UseUDP";
  if (r.client_certificate_thumbprint) return "-ClientCertificateThumbprint";
  if (r.output_severity) return "-OutputSeverity";
  if (r.use_relp) return "-UseRelp";
  if (r.framing) return "-Framing";
  if (r.encoding) return "-Encoding";
  if (r.subscription) return "-Subscription";
  if (r.sign_key) return "-SignKey";
  return {};
}

}  // namespace

std::string_view to_string(TransportMode mode) {
  switch (mode) {
    case TransportMode::mutual_tls: return "TCP, mutual authentication, TLS";
    case TransportMode::tls: return "TCP, server authentication, TLS";
    case TransportMode::tcp: return "TCP, no encryption";
    case TransportMode::udp: return "UDP, no encryption";
  }
  return "";
}

std::string_view to_string(Framing framing) { return framing == Framing::octet_counting ? "octet-counting" : "lf"; }

TransportMode ForwarderSettings::mode() const {
  if (use_udp) return TransportMode::udp;
  if (no_encryption) return TransportMode::tcp;
  return client_certificate_thumbprint.empty() ? TransportMode::tls : TransportMode::mutual_tls;
}

EncoderSettings encoder_settings(const ForwarderSettings& settings) {
  EncoderSettings made{.kind = settings.encoding};
  // A syslog server wants a header, also before JSON.
  if (settings.encoding == "json") made.header = "rfc5424";
  return made;
}

std::vector<std::string_view> production_recommendations() {
  return {
      "For production, use TCP with mutual authentication and TLS (-ClientCertificateThumbprint).",
      "At the least, use TCP with server authentication and TLS, the default.",
      "Do not use -SkipServerCertificateCheck in production.",
      "Do not use -NoEncryption or -UseUDP in production: nobody's identity is checked, and everybody on the way can "
      "read and change what is sent.",
  };
}

std::vector<SettingsWarning> warnings_of(const ForwarderSettings& settings) {
  std::vector<SettingsWarning> warnings;
  const auto advice = production_recommendations();
  if (settings.use_udp)
    warnings.push_back({"udp-clear-text", fmt::format("Messages are sent over UDP in clear text, to a server whose "
                                                      "identity is not checked, and may get lost. {} {}",
                                                      advice[3], advice[0])});
  else if (settings.no_encryption)
    warnings.push_back({"tcp-clear-text",
                        fmt::format("Messages are sent in clear text to a server whose identity is not checked. {} {}",
                                    advice[3], advice[0])});
  if (settings.skip_server_certificate_check)
    warnings.push_back(
        {"no-server-certificate-check",
         fmt::format("The server's certificate is not checked: whoever answers at {} gets the messages. {} {}",
                     settings.server_name, advice[2], advice[1])});
  return warnings;
}

std::string_view guarantee_of(const ForwarderSettings& settings) {
  if (settings.use_udp) return "best effort; what is known to be lost is counted";
  if (settings.use_relp) return "at least once: acknowledged by the receiver; unacknowledged messages are sent again";
  return "at least once as far as TCP tells: after a broken connection the last seconds are sent again";
}

Result<SetDecision> check_set(const SetRequest& request, const SetContext& context) {
  SetDecision decision;
  if (request.remove.value_or(false)) {
    if (const auto other = named_beside_remove(request); !other.empty())
      return fail(ErrorKind::invalid_input,
                  "{}: -Remove stands alone, and {} was given too; 'Set-AzSSyslogForwarder -Remove' removes the "
                  "configuration and stops the forwarder",
                  kCmdlet, other);
    decision.remove = true;
    return decision;
  }
  auto& s = decision.settings;
  if (!request.server_name && !request.server_port)
    return fail(ErrorKind::invalid_input, "{}: -ServerName and -ServerPort are required (or -Remove alone)", kCmdlet);
  if (!request.server_name)
    return fail(ErrorKind::invalid_input, "{}: -ServerName is required: the FQDN or IP address of the syslog server",
                kCmdlet);
  if (!request.server_port)
    return fail(ErrorKind::invalid_input, "{}: -ServerPort is required: the port that the syslog server listens on",
                kCmdlet);
  s.server_name = TRY(server_name_of(*request.server_name));
  s.server_port = TRY(server_port_of(*request.server_port));
  s.no_encryption = request.no_encryption.value_or(false);
  s.use_udp = request.use_udp.value_or(false);
  s.skip_server_certificate_check = request.skip_server_certificate_check.value_or(false);
  s.skip_server_cn_check = request.skip_server_cn_check.value_or(false);
  s.use_relp = request.use_relp.value_or(false);
  TRY(exclusive(s.skip_server_certificate_check, "-SkipServerCertificateCheck", s.skip_server_cn_check,
                "-SkipServerCNCheck", "the first skips the whole check, the second only the name's"));
  const bool certificate = request.client_certificate_thumbprint.has_value();
  for (const auto& [clear, name] : {std::pair{s.use_udp, "-UseUDP"}, std::pair{s.no_encryption, "-NoEncryption"}}) {
    constexpr std::string_view kWhy = "without TLS no certificate is shown or checked";
    TRY(exclusive(clear, name, certificate, "-ClientCertificateThumbprint", kWhy));
    TRY(exclusive(clear, name, s.skip_server_certificate_check, "-SkipServerCertificateCheck", kWhy));
    TRY(exclusive(clear, name, s.skip_server_cn_check, "-SkipServerCNCheck", kWhy));
  }
  TRY(exclusive(s.use_udp, "-UseUDP", s.use_relp, "-UseRelp", "RELP is spoken over TCP or TLS"));
  if (request.output_severity)
    s.output_severity = TRY(parse_output_severity(*request.output_severity), "{}: reading -OutputSeverity", kCmdlet);
  if (request.framing) {
    if (s.use_udp)
      return fail(ErrorKind::invalid_input, "{}: -Framing has no meaning with -UseUDP: a datagram is a message",
                  kCmdlet);
    if (s.use_relp)
      return fail(ErrorKind::invalid_input, "{}: -Framing has no meaning with -UseRelp, which has its own", kCmdlet);
    s.framing = TRY(framing_of(*request.framing));
  }
  if (request.encoding) {
    TRY(make_encoder({.kind = *request.encoding}), "{}: reading -Encoding", kCmdlet);
    s.encoding = *request.encoding;
  }
  if (request.subscription) {
    // A file is read by the agent, as its own user; here only its name is kept, whole.
    if (request.subscription->find('/') == std::string::npos)
      TRY(Subscription::of_profile(*request.subscription, s.output_severity), "{}: reading -Subscription", kCmdlet);
    else if (request.subscription->front() != '/')
      return fail(ErrorKind::invalid_input,
                  "{}: -Subscription '{}': a file's path must begin with '/', for the agent runs in another folder",
                  kCmdlet, *request.subscription);
    s.subscription = *request.subscription;
  }
  if (request.sign_key) {
    // Read by the agent of each host, at each connection: hosts have keys of their own.
    if (!request.sign_key->starts_with('/'))
      return fail(ErrorKind::invalid_input,
                  "{}: -SignKey '{}': the path of a PEM file with a private key is expected; it begins with '/', for "
                  "each host reads its own",
                  kCmdlet, *request.sign_key);
    s.sign_key = *request.sign_key;
  }
  if (certificate) {
    s.client_certificate_thumbprint = TRY(normal_thumbprint(*request.client_certificate_thumbprint),
                                          "{}: reading -ClientCertificateThumbprint", kCmdlet);
    if (context.certificates != nullptr)
      TRY(context.certificates->client_identity(s.client_certificate_thumbprint),
          "{}: looking for -ClientCertificateThumbprint", kCmdlet);
  }
  decision.warnings = warnings_of(s);
  if (request.production && !decision.warnings.empty()) {
    std::string all;
    for (const auto& warning : decision.warnings) all += (all.empty() ? "" : " ") + warning.text;
    return fail(ErrorKind::invalid_input, "{}: refused by the profile 'production': {}", kCmdlet, all);
  }
  return decision;
}

std::string to_json(const ForwarderSettings& s) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("serverName").text(s.server_name);
  json.key("serverPort").number(static_cast<std::int64_t>(s.server_port));
  json.key("noEncryption").boolean(s.no_encryption);
  json.key("skipServerCertificateCheck").boolean(s.skip_server_certificate_check);
  json.key("skipServerCNCheck").boolean(s.skip_server_cn_check);
  json.key("useUDP").boolean(s.use_udp);
  json.key("clientCertificateThumbprint").text(s.client_certificate_thumbprint);
  json.key("outputSeverity").text(to_string(s.output_severity));
  json.key("useRelp").boolean(s.use_relp);
  json.key("framing").text(to_string(s.framing));
  json.key("encoding").text(s.encoding);
  json.key("subscription").text(s.subscription);
  // Left out when it is not set: digests of configurations from before it was there stay what they are.
  if (!s.sign_key.empty()) json.key("signKey").text(s.sign_key);
  json.end_object();
  return out;
}

Result<ForwarderSettings> settings_from_json(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object())
    return fail(ErrorKind::invalid_input, "the forwarder's settings are not a JSON object");
  // Through the same door as the command line: what it would refuse is refused in a file too.
  SetRequest request;
  for (const auto& [key, field] : value.as_object()) {
    const std::string_view name(key.data(), key.size());
    const auto take_text = [&](std::optional<std::string>& to) -> Result<> {
      if (!field.is_string()) return fail(ErrorKind::invalid_input, "the forwarder's setting '{}' is not a text", name);
      if (!field.as_string().empty()) to = std::string(field.as_string());
      return {};
    };
    const auto take_flag = [&](std::optional<bool>& to) -> Result<> {
      if (!field.is_bool())
        return fail(ErrorKind::invalid_input, "the forwarder's setting '{}' is neither true nor false", name);
      if (field.as_bool()) to = true;
      return {};
    };
    if (name == "serverName")
      TRY(take_text(request.server_name));
    else if (name == "serverPort")
      request.server_port = field.is_int64() ? std::to_string(field.as_int64()) : std::string("?");
    else if (name == "noEncryption")
      TRY(take_flag(request.no_encryption));
    else if (name == "skipServerCertificateCheck")
      TRY(take_flag(request.skip_server_certificate_check));
    else if (name == "skipServerCNCheck")
      TRY(take_flag(request.skip_server_cn_check));
    else if (name == "useUDP")
      TRY(take_flag(request.use_udp));
    else if (name == "clientCertificateThumbprint")
      TRY(take_text(request.client_certificate_thumbprint));
    else if (name == "outputSeverity")
      TRY(take_text(request.output_severity));
    else if (name == "useRelp")
      TRY(take_flag(request.use_relp));
    else if (name == "framing")
      TRY(take_text(request.framing));
    else if (name == "encoding")
      TRY(take_text(request.encoding));
    else if (name == "subscription")
      TRY(take_text(request.subscription));
    else if (name == "signKey")
      TRY(take_text(request.sign_key));
    else
      return fail(ErrorKind::invalid_input, "the forwarder's settings hold the unknown key '{}'", utf8::repaired(name));
  }
  if (request.use_udp.value_or(false) || request.use_relp.value_or(false)) request.framing.reset();
  return TRY(check_set(request, {})).settings;
}

}  // namespace yagura::forward
