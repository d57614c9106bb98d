#include "forward/delivery_check.hpp"

#include <algorithm>

#include "base/guid.hpp"
#include "formats/windows_event.hpp"
#include "forward/destination_connect.hpp"

namespace yagura::forward {

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
}

// An event of the application log that no rule takes for an attack, warning so that every output severity lets it pass.
std::string event_xml(const std::string& marker, const std::string& host, ReceiveTime now) {
  std::string safe_host;
  for (const char c : host)
    if (c != '<' && c != '>' && c != '&') safe_host += c;
  return fmt::format(
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
      "Name='Yagura-Forwarder'/><EventID>1</EventID>"
      "<Version>0</Version><Level>3</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
      "<TimeCreated "
      "SystemTime='{}'/><EventRecordID>1</EventRecordID><Channel>Application</Channel><Computer>{}</Computer></System>"
      "<EventData><Data Name='Marker'>{}</Data><Data Name='Purpose'>yagura forwarder test</Data></EventData></Event>",
      format_datetime(now.time_since_epoch().count()), safe_host, marker);
}

}  // namespace

bool DeliveryCheckReport::good() const {
  return !steps.empty() && std::ranges::all_of(steps, &DeliveryCheckStep::good);
}

DeliveryCheckReport check_delivery(const ForwarderSettings& settings, const CertificateStore& store,
                                   const std::string& host, Deadline deadline) {
  DeliveryCheckReport report{.marker = to_string(Guid::random())};
  const auto now = ReceiveClock::now();
  const std::string xml = event_xml(report.marker, host, now);
  event::RecordBatch batch;
  formats::decode_windows_xml({.raw = xml, .received_at = now}, batch);
  batch.end_record();
  auto begin = Clock::now();
  const auto step = [&](std::string name, bool good, std::string text) {
    report.steps.push_back({std::move(name), good, std::move(text), since(begin)});
    begin = Clock::now();
    return good;
  };
  auto encoder = make_encoder(encoder_settings(settings));
  if (!encoder) return step("encode", false, encoder.error().message()), report;
  auto where = destination_settings(settings, store);
  // Nothing else waits behind this one message: a short look at whether the connection lives on is enough.
  where.settle = 700ms;
  const auto destination = make_destination(where);
  report.destination = destination->name();
  auto wakeup = Wakeup::create();
  if (!wakeup) return step("connect", false, wakeup.error().message()), report;
  auto facts = destination->connect(1, **wakeup);
  const bool tls = where.use_tls && where.protocol != DestinationProtocol::udp;
  if (!facts) return step(tls ? "connect and handshake" : "connect", false, facts.error().message()), report;
  step("connect", true, facts->address);
  if (tls) {
    step("handshake", true, fmt::format("{}, {}", facts->tls_version, facts->tls_cipher));
    const auto own = facts->certificates.empty()
                         ? Result<CertificateFacts>(fail(ErrorKind::unavailable, "the server showed none"))
                         : read_certificate(facts->certificates.front());
    if (!own) return step("certificate", false, own.error().message()), report;
    step("certificate", true,
         fmt::format("{}, issued by {}, thumbprint {}, valid until {}{}", own->subject, own->issuer, own->sha1,
                     time_text(own->not_after),
                     settings.skip_server_certificate_check ? "; NOT CHECKED (-SkipServerCertificateCheck)"
                     : settings.skip_server_cn_check        ? "; its name is not checked (-SkipServerCNCheck)"
                                                            : "; checked"));
  }
  (*encoder)->encode(batch[0], {.host = host, .now = now, .most_bytes = destination->most_message_bytes()},
                     report.message);
  destination->offer(1, report.message);
  // UDP: a refusal comes back a moment after the datagram went.
  const auto settled = Clock::now() + 700ms;
  while (true) {
    if (auto done = destination->step(); !done) return step("delivery", false, done.error().message()), report;
    const bool taken = destination->taken() >= 1;
    if (taken && (where.protocol != DestinationProtocol::udp || Clock::now() >= settled)) break;
    if (deadline.passed()) return step("delivery", false, "the receiver has not taken the message in time"), report;
    const auto waiting = destination->waiting();
    (void)wait_for(taken ? -1 : waiting.fd, waiting.events, **wakeup,
                   Deadline::in(std::min(waiting.most, std::chrono::milliseconds(100))));
  }
  destination->close(Deadline::in(2s));
  switch (where.protocol) {
    case DestinationProtocol::relp:
      report.acknowledged = true;
      step("delivery", true, fmt::format("{} bytes, acknowledged by the receiver", report.message.size()));
      break;
    case DestinationProtocol::syslog_stream:
      step("delivery", true,
           fmt::format(
               "{} bytes, taken by the receiver's machine, and the connection stayed up; syslog over TCP says no more",
               report.message.size()));
      break;
    case DestinationProtocol::udp:
      step("delivery", true,
           fmt::format("{} bytes sent, and the network did not refuse them; UDP says no more", report.message.size()));
      break;
  }
  return report;
}

}  // namespace yagura::forward
