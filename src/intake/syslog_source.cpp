#include "intake/syslog_source.hpp"

namespace yagura::intake {

std::string_view to_string(SyslogTransport transport) {
  switch (transport) {
    case SyslogTransport::udp: return "udp";
    case SyslogTransport::tcp: return "tcp";
    case SyslogTransport::tls: return "tls";
  }
  return "udp";
}

std::unique_ptr<SyslogSource> SyslogSource::create(SyslogSettings settings, EntrySink& sink) {
  return settings.transport == SyslogTransport::udp ? make_syslog_datagram_source(std::move(settings), sink)
                                                    : make_syslog_stream_source(std::move(settings), sink);
}

}  // namespace yagura::intake
