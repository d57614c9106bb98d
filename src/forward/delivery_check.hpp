// One marked event, sent as the forwarder would send it, with every step told: "does it arrive?" answered before
// anything depends on it. Blocks until the deadline at most. Any thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "forward/certificate.hpp"
#include "forward/certificate_store.hpp"
#include "forward/forwarder_settings.hpp"

namespace yagura::forward {

struct DeliveryCheckStep {
  std::string name;  // "connect", "handshake", "certificate", "delivery"
  bool good = false;
  std::string text;
  std::chrono::milliseconds took{0};
};

struct DeliveryCheckReport {
  std::string marker;   // a UUID: in MasEventData of the event, for the receiver to look for
  std::string message;  // as it was sent, without framing
  std::string destination;
  std::vector<DeliveryCheckStep> steps;
  bool acknowledged = false;  // the receiver itself has said that it has it (RELP)
  bool good() const;
};

DeliveryCheckReport check_delivery(const ForwarderSettings& settings, const CertificateStore& store,
                                   const std::string& host, Deadline deadline);

}  // namespace yagura::forward
