// What an administrator sets for the syslog forwarder of a host or cluster, and which combinations are refused.
//
//   SetRequest request{.server_name = "logs.example", .server_port = "6514"};
//   const auto decision = TRY(check_set(request, {.certificates = &store}));   // TLS with server authentication: the
//   default
//
// Plain values and pure functions; the certificate store is only asked about a client certificate. Errors are for the
// administrator: they name the parameter and the cmdlet (docs/forwarding.md).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "forward/encoder.hpp"
#include "forward/subscription.hpp"

namespace yagura::forward {

class CertificateStore;

enum class TransportMode : std::uint8_t {
  mutual_tls,  // TCP, TLS, both show certificates: recommended
  tls,         // TCP, TLS, the server shows one: the default, the least for production
  tcp,         // clear text
  udp,         // clear text, best effort
};
std::string_view to_string(TransportMode mode);

enum class Framing : std::uint8_t {
  octet_counting,  // RFC 6587 3.4.1, RFC 5425
  line_feed,       // RFC 6587 3.4.2
};
std::string_view to_string(Framing framing);

struct ForwarderSettings {
  std::string server_name;
  std::uint16_t server_port = 0;
  bool no_encryption = false;
  bool skip_server_certificate_check = false;
  bool skip_server_cn_check = false;
  bool use_udp = false;
  std::string client_certificate_thumbprint;  // lower-case hexadecimal, "" for none
  OutputSeverity output_severity = OutputSeverity::Default;
  // Yagura's own, beside the documented ones.
  bool use_relp = false;  // RELP instead of bare syslog over the TCP or TLS connection: acknowledged
  Framing framing = Framing::octet_counting;
  std::string encoding = "cef-azure-local";
  std::string subscription = "azure-local";  // a built-in profile, or a YAML file's path
  std::string sign_key;  // a PEM file's path on each host: messages are signed with it (RFC 5848). "": they are not

  TransportMode mode() const;
  friend bool operator==(const ForwarderSettings&, const ForwarderSettings&) = default;
};

// How messages are encoded for the wire.
EncoderSettings encoder_settings(const ForwarderSettings& settings);

// A standing warning: shown by get, in health and at each start of the forwarder.
struct SettingsWarning {
  std::string_view code;  // "no-server-certificate-check"
  std::string text;
};
std::vector<SettingsWarning> warnings_of(const ForwarderSettings& settings);
// The recommendations for production, in the order of their weight.
std::vector<std::string_view> production_recommendations();
// What the mode promises about delivery.
std::string_view guarantee_of(const ForwarderSettings& settings);

// The parameters of one Set, as they were given: nothing is checked yet. nullopt: not given.
struct SetRequest {
  std::optional<std::string> server_name;
  std::optional<std::string> server_port;
  std::optional<bool> no_encryption, skip_server_certificate_check, skip_server_cn_check, use_udp, remove;
  std::optional<std::string> client_certificate_thumbprint;
  std::optional<std::string> output_severity;
  std::optional<bool> use_relp;
  std::optional<std::string> framing, encoding, subscription, sign_key;
  bool production = false;  // the profile `production`: what would be a warning is an error
};

struct SetDecision {
  bool remove = false;
  ForwarderSettings settings;  // when not remove
  std::vector<SettingsWarning> warnings;
};

struct SetContext {
  // Looks a client certificate up (key there, root there); null: its thumbprint is only checked by its form.
  const CertificateStore* certificates = nullptr;
};
// Every refusal is invalid_input, or what the certificate store says.
Result<SetDecision> check_set(const SetRequest& request, const SetContext& context);

// One JSON object with a fixed order of keys: equal settings give equal bytes.
std::string to_json(const ForwarderSettings& settings);
Result<ForwarderSettings> settings_from_json(std::string_view json);

}  // namespace yagura::forward
