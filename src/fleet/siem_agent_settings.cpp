#include "fleet/siem_agent_settings.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::fleet {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> kProtocols{"udp", "tcp", "tls"};
constexpr std::array<std::string_view, 13> kMembers{"format",       "protocol", "remote_host",
                                                    "remote_port",  "octet_counting", "skip_server_certificate_check",
                                                    "skip_server_name_check", "client_certificate_thumbprint", "activities",
                                                    "alerts",       "tables",   "activity_filter",
                                                    "alert_filter"};

Result<> take(const json::object& from, std::string_view name, std::string& into, std::size_t most) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) return fail(ErrorKind::invalid_input, "'{}' must be a text", name);
  if (value->get_string().size() > most) return fail(ErrorKind::invalid_input, "'{}' may have {} bytes at most", name, most);
  into = std::string(value->get_string());
  return {};
}

Result<> take(const json::object& from, std::string_view name, bool& into) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_bool()) return fail(ErrorKind::invalid_input, "'{}' must be true or false", name);
  into = value->get_bool();
  return {};
}

Result<> check_host(std::string_view host) {
  if (trim(host).empty()) return fail(ErrorKind::invalid_input, "'remote_host' is missing: a name or address that listens, such as 127.0.0.1");
  const bool odd = std::ranges::any_of(host, [](char c) { return !is_ascii_alpha(c) && !is_ascii_digit(c) && std::string_view(".-_:[]%").find(c) == std::string_view::npos; });
  if (odd || host.size() > 253) return fail(ErrorKind::invalid_input, "'{}' is no host name or address", host.substr(0, 80));
  return {};
}

}  // namespace

std::string_view to_string(SiemProtocol protocol) { return kProtocols[static_cast<std::size_t>(protocol)]; }

Result<SiemAgentSettings> read_siem_agent_settings(std::string_view text, std::span<const std::string_view> formats) {
  json::error_code error;
  const json::value parsed = json::parse(text, error, {}, {.max_depth = 8});
  if (error || !parsed.is_object()) return fail(ErrorKind::invalid_input, "the settings of a SIEM agent must be a JSON object");
  const auto& object = parsed.get_object();
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
    const auto near = nearest_word(name, kMembers);
    return fail(ErrorKind::invalid_input, "'{}' is no setting of a SIEM agent{}", name.substr(0, 60), near ? fmt::format("; did you mean '{}'?", *near) : "");
  }
  SiemAgentSettings settings;
  TRY(take(object, "format", settings.format, 40));
  if (std::ranges::find(formats, settings.format) == formats.end())
    return fail(ErrorKind::invalid_input, "'{}' is no format; expected one of {}", settings.format, fmt::join(formats, ", "));
  std::string protocol(to_string(settings.protocol));
  TRY(take(object, "protocol", protocol, 8));
  const auto found = std::ranges::find_if(kProtocols, [&](std::string_view one) { return equal_ignoring_ascii_case(one, protocol); });
  if (found == kProtocols.end()) return fail(ErrorKind::invalid_input, "'{}' is no protocol; expected udp, tcp or tls", protocol);
  settings.protocol = static_cast<SiemProtocol>(found - kProtocols.begin());
  TRY(take(object, "remote_host", settings.remote_host, 253));
  TRY(check_host(settings.remote_host));
  const auto* port = object.if_contains("remote_port");
  if (port == nullptr || !port->is_int64() || port->get_int64() < 1 || port->get_int64() > 65535)
    return fail(ErrorKind::invalid_input, "'remote_port' must be a number from 1 to 65535");
  settings.remote_port = static_cast<std::uint16_t>(port->get_int64());
  TRY(take(object, "octet_counting", settings.octet_counting));
  TRY(take(object, "skip_server_certificate_check", settings.skip_server_certificate_check));
  TRY(take(object, "skip_server_name_check", settings.skip_server_name_check));
  TRY(take(object, "client_certificate_thumbprint", settings.client_certificate_thumbprint, 100));
  if (settings.protocol != SiemProtocol::tls &&
      (settings.skip_server_certificate_check || settings.skip_server_name_check || !settings.client_certificate_thumbprint.empty()))
    return fail(ErrorKind::invalid_input, "certificates belong to the protocol tls, not {}", to_string(settings.protocol));
  if (settings.skip_server_certificate_check && settings.skip_server_name_check)
    return fail(ErrorKind::invalid_input, "'skip_server_certificate_check' and 'skip_server_name_check' exclude each other");
  TRY(take(object, "activities", settings.activities));
  TRY(take(object, "alerts", settings.alerts));
  if (!settings.activities && !settings.alerts) return fail(ErrorKind::invalid_input, "choose at least one data type: activities, alerts");
  TRY(take(object, "activity_filter", settings.activity_filter, 16'384));
  TRY(take(object, "alert_filter", settings.alert_filter, 16'384));
  if (const auto* tables = object.if_contains("tables"); tables != nullptr && !tables->is_null()) {
    if (!tables->is_array() || tables->get_array().size() > 200) return fail(ErrorKind::invalid_input, "'tables' must be a list of at most 200 names");
    for (const auto& table : tables->get_array()) {
      if (!table.is_string()) return fail(ErrorKind::invalid_input, "'tables' must be a list of names");
      settings.tables.emplace_back(table.get_string());
    }
  }
  return settings;
}

std::string to_json(const SiemAgentSettings& settings) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("format").text(settings.format).key("protocol").text(to_string(settings.protocol));
  json.key("remote_host").text(settings.remote_host).key("remote_port").number(static_cast<int>(settings.remote_port));
  json.key("octet_counting").boolean(settings.octet_counting);
  if (settings.protocol == SiemProtocol::tls) {
    json.key("skip_server_certificate_check").boolean(settings.skip_server_certificate_check);
    json.key("skip_server_name_check").boolean(settings.skip_server_name_check);
    json.key("client_certificate_thumbprint").text(settings.client_certificate_thumbprint);
  }
  json.key("activities").boolean(settings.activities).key("alerts").boolean(settings.alerts);
  json.key("tables").begin_array();
  for (const auto& table : settings.tables) json.text(table);
  json.end_array();
  json.key("activity_filter").text(settings.activity_filter).key("alert_filter").text(settings.alert_filter);
  json.end_object();
  return out;
}

}  // namespace yagura::fleet
