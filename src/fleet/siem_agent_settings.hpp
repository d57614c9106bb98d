// What a SIEM agent is to send, and where to: the wizard's values, as JSON between people, server and agent.
//
// Plain value; reading is total: an Error names the member and what was expected.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::fleet {

enum class SiemProtocol : std::uint8_t { udp, tcp, tls };
std::string_view to_string(SiemProtocol protocol);

struct SiemAgentSettings {
  std::string format = "cef";  // of forward::encoder_kinds()
  SiemProtocol protocol = SiemProtocol::tcp;
  std::string remote_host;
  std::uint16_t remote_port = 0;
  bool octet_counting = false;  // RFC 6587 framing; else one record a line, which netcat can show
  // With tls: as `yagura forwarder set` has them.
  bool skip_server_certificate_check = false;
  bool skip_server_name_check = false;
  std::string client_certificate_thumbprint;
  bool activities = true;  // events of the tables
  bool alerts = true;      // rows of SecurityAlert
  std::vector<std::string> tables;  // of activities; empty: every table that has events
  std::string activity_filter;      // a KQL condition, as after `where`; "" takes all
  std::string alert_filter;
};

// `formats` are the encoder kinds that are known here.
Result<SiemAgentSettings> read_siem_agent_settings(std::string_view json, std::span<const std::string_view> formats);
std::string to_json(const SiemAgentSettings& settings);

}  // namespace yagura::fleet
