#include "forward/destination.hpp"

#include "forward/certificate_store.hpp"
#include "forward/destination_kinds.hpp"

namespace yagura::forward {

DestinationSettings destination_settings(const ForwarderSettings& settings, const CertificateStore& store) {
  DestinationSettings made{.host = settings.server_name, .port = settings.server_port, .framing = settings.framing};
  const auto mode = settings.mode();
  made.protocol = mode == TransportMode::udp ? DestinationProtocol::udp
                  : settings.use_relp        ? DestinationProtocol::relp
                                             : DestinationProtocol::syslog_stream;
  made.use_tls = mode == TransportMode::tls || mode == TransportMode::mutual_tls;
  if (made.use_tls)
    made.tls_options = [store, use = CertificateStore::Use{.thumbprint = settings.client_certificate_thumbprint,
                                                           .verify = !settings.skip_server_certificate_check,
                                                           .verify_name = !settings.skip_server_cn_check}] {
      return store.tls_options(use);
    };
  return made;
}

std::string destination_name(const DestinationSettings& settings) {
  const bool v6 = settings.host.find(':') != std::string::npos;
  std::string_view scheme = settings.use_tls ? "tls" : "tcp";
  if (settings.protocol == DestinationProtocol::udp) scheme = "udp";
  if (settings.protocol == DestinationProtocol::relp) scheme = settings.use_tls ? "relp+tls" : "relp";
  return fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", settings.host, v6 ? "]" : "", settings.port);
}

std::unique_ptr<Destination> make_destination(DestinationSettings settings) {
  switch (settings.protocol) {
    case DestinationProtocol::udp: return make_udp_destination(std::move(settings));
    case DestinationProtocol::relp: return make_relp_destination(std::move(settings));
    case DestinationProtocol::syslog_stream: break;
  }
  return make_stream_destination(std::move(settings));
}

}  // namespace yagura::forward
