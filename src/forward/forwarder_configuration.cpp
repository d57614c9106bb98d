#include "forward/forwarder_configuration.hpp"

#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::forward {

namespace {

constexpr std::string_view kFormat = "yagura-forwarder/1";

// What digest and signature are over.
std::string canonical(const ForwarderConfiguration& configuration) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("generation").number(configuration.generation);
  json.key("state").text(to_string(configuration.state));
  json.key("settings");
  if (configuration.settings)
    json.raw(to_json(*configuration.settings));
  else
    json.null();
  json.end_object();
  return out;
}

}  // namespace

std::string_view to_string(ForwarderState state) {
  switch (state) {
    case ForwarderState::NotConfigured: return "NotConfigured";
    case ForwarderState::Disabled: return "Disabled";
    case ForwarderState::Enabled: return "Enabled";
  }
  return "";
}

std::string_view cmdlet_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::Set: return "Set-AzSSyslogForwarder";
    case ChangeKind::Enable: return "Enable-AzSSyslogForwarder";
    case ChangeKind::Disable: return "Disable-AzSSyslogForwarder";
    case ChangeKind::Remove: return "Set-AzSSyslogForwarder -Remove";
  }
  return "";
}

std::string ForwarderConfiguration::digest() const {
  const auto digest = sha256(canonical(*this));
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<Transition> next_configuration(const ForwarderConfiguration& now, const ConfigurationChange& change,
                                      bool force) {
  Transition transition{.next = now};
  auto& next = transition.next;
  switch (change.kind) {
    case ChangeKind::Set:
      if (!change.settings) return fail(ErrorKind::internal, "a Set without settings");
      next.settings = change.settings;
      next.state = ForwarderState::Enabled;
      transition.plan_needed = true;
      break;
    case ChangeKind::Enable:
      if (!now.settings)
        return fail(ErrorKind::invalid_input,
                    "Enable-AzSSyslogForwarder: there is no configuration to enable; give one with "
                    "Set-AzSSyslogForwarder -ServerName <FQDN or IP address> -ServerPort <port>");
      next.state = ForwarderState::Enabled;
      transition.plan_needed = force || now.state != next.state;
      break;
    case ChangeKind::Disable:
      // Nothing was ever sent: there is nothing to stop, and nothing to keep.
      if (now.settings) next.state = ForwarderState::Disabled;
      transition.plan_needed = force || now.state != next.state;
      break;
    case ChangeKind::Remove:
      next.settings.reset();
      next.state = ForwarderState::NotConfigured;
      transition.plan_needed = force || now.state != next.state;
      break;
  }
  if (transition.plan_needed) ++next.generation;
  return transition;
}

std::string to_document(const ForwarderConfiguration& configuration, const ConfigurationSigner* signer) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("format").text(kFormat);
  json.key("generation").number(configuration.generation);
  json.key("state").text(to_string(configuration.state));
  json.key("settings");
  if (configuration.settings)
    json.raw(to_json(*configuration.settings));
  else
    json.null();
  json.key("changedAt").text(configuration.changed_at).key("changedBy").text(configuration.changed_by);
  json.key("digest").text(configuration.digest());
  json.key("signature");
  if (signer != nullptr && signer->sign)
    json.text(to_base64url(signer->sign(canonical(configuration))));
  else
    json.null();
  json.end_object();
  return out + "\n";
}

Result<ForwarderConfiguration> from_document(std::string_view document, const ConfigurationSigner* signer,
                                             ForwarderConfiguration* as_read) {
  boost::system::error_code error;
  const auto value = boost::json::parse(document, error);
  if (error || !value.is_object())
    return fail(ErrorKind::corrupt, "the forwarder's configuration is not a JSON object");
  const auto& object = value.as_object();
  const auto text = [&](std::string_view key) -> std::string {
    const auto* field = object.if_contains(key);
    return field != nullptr && field->is_string() ? std::string(field->as_string()) : std::string();
  };
  if (text("format") != kFormat)
    return fail(ErrorKind::not_supported, "a forwarder configuration of the format '{}'; {} is known",
                utf8::repaired(text("format")), kFormat);
  ForwarderConfiguration read;
  const auto* generation = object.if_contains("generation");
  if (generation == nullptr || !generation->is_int64() || generation->as_int64() < 0)
    return fail(ErrorKind::corrupt, "the forwarder's configuration has no generation");
  read.generation = static_cast<std::uint64_t>(generation->as_int64());
  const std::string state = text("state");
  bool known = false;
  for (const auto one : {ForwarderState::NotConfigured, ForwarderState::Disabled, ForwarderState::Enabled})
    if (to_string(one) == state) read.state = one, known = true;
  if (!known)
    return fail(ErrorKind::corrupt, "the forwarder's configuration has the unknown state '{}'", utf8::repaired(state));
  if (const auto* settings = object.if_contains("settings"); settings != nullptr && settings->is_object())
    read.settings = TRY(settings_from_json(boost::json::serialize(*settings)), "reading the forwarder's configuration");
  if ((read.state == ForwarderState::NotConfigured) != !read.settings)
    return fail(ErrorKind::corrupt, "the forwarder's configuration is {}, and its settings are {}there", state,
                read.settings ? "" : "not ");
  read.changed_at = text("changedAt");
  read.changed_by = text("changedBy");
  if (as_read != nullptr) *as_read = read;
  if (text("digest") != read.digest())
    return fail(ErrorKind::corrupt,
                "the forwarder's configuration was changed by hand: its digest is not that of its content");
  if (signer != nullptr && signer->check) {
    const auto signature = from_base64(text("signature"));
    if (!signature || signature->empty() || !signer->check(canonical(read), *signature))
      return fail(ErrorKind::corrupt, "the forwarder's configuration is not signed by a key that this host trusts");
  }
  return read;
}

}  // namespace yagura::forward
