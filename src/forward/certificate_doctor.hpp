// Looks at a TLS server as a forwarder would, without sending anything but handshakes, and says all that is wrong at
// once.
//
// Blocks for as long as the deadline says, about six connections. Any thread.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "forward/certificate_store.hpp"

namespace yagura::forward {

struct DoctorFinding {
  bool fault = true;  // false: worth knowing
  std::string code;   // "expired", "name-mismatch", "missing-issuer" ...
  std::string text;
  std::string remedy;  // a command or an address, "" when there is none
};

struct DoctorReport {
  std::string address;
  std::vector<std::string> versions;  // that the server speaks: "TLS 1.2" ...
  std::vector<std::string> refused_versions;
  std::vector<CertificateFacts> chain;  // as the server sent it
  bool asks_for_certificate = false;
  std::vector<DoctorFinding> findings;
  bool good() const;
};

// `name`: what the certificate must carry; "" for the host. Error: nobody answers, or no TLS is spoken there.
Result<DoctorReport> examine_server(const std::string& host, std::uint16_t port, const std::string& name,
                                    const CertificateStore& store, Deadline deadline);

}  // namespace yagura::forward
