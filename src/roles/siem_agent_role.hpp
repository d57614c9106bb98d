// A running SIEM agent: takes events from a Yagura server with its token, hands them to somebody else's SIEM, and gives
// receipts for what the SIEM has taken.
//
//   poll (report, receipt, how many more) -> events -> encode -> Destination -> taken -> poll ...
//
// It keeps nothing on disk but a trace log: how far it has come is the server's to know, so a killed agent goes on where the
// last receipt was. While the SIEM takes nothing, no new events are fetched (they wait in the store). One thread runs it;
// stop() from any thread or a signal handler.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "forward/destination.hpp"
#include "net/http_client.hpp"
#include "roles/trace_log.hpp"

namespace yagura::roles {

struct SiemAgentOptions {
  net::HttpClientOptions server;
  std::string token;
  std::filesystem::path logs_directory;
  std::filesystem::path certificates;           // folder of a forward::CertificateStore
  std::chrono::milliseconds idle = 1s;          // between polls that bring nothing
  std::chrono::milliseconds heartbeat = 10s;    // between polls while the SIEM is down
  std::size_t batch = 10'000;                   // events a poll asks for
  std::size_t critical_errors = 10;             // in a row, then it gives up
  std::function<void(std::string_view)> say;    // a line for the console
};

class SiemAgentRole {
 public:
  static Result<std::unique_ptr<SiemAgentRole>> create(SiemAgentOptions options);
  ~SiemAgentRole();
  // Until stop(), or a recovery has been completed. Errors end the program; each begins with one of the documented words:
  // "Invalid token", "Too many critical errors", "General error during bootstrap".
  Result<> run();
  void stop();
  const std::filesystem::path& log_file() const;

 private:
  struct Impl;
  explicit SiemAgentRole(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace yagura::roles
