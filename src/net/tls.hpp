// TLS settings, ready to use: TLS 1.2 and up, verification on by default.
//
// Shared between connections and threads. A server's context can read its files again: connections that come
// afterwards show the new certificate, the others go on.
#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace yagura::net {

struct TlsServerOptions {
  std::filesystem::path certificate;  // PEM, the chain
  std::filesystem::path private_key;  // PEM
  std::filesystem::path client_ca;    // PEM; set: clients must show a certificate it signed (mutual TLS)
  bool client_optional = false;       // ... or none at all: who has none yet may ask for one (HttpRequest::client_subject is "")
  // TLS 1.3 session tickets. A client that never reads (a syslog sender) and closes with tickets unread makes its kernel send a
  // reset, and what we have not read by then is lost: sources for such clients switch them off.
  bool session_tickets = true;
};

struct TlsClientOptions {
  std::filesystem::path ca;           // PEM; empty: the system's
  std::filesystem::path certificate;  // for mutual TLS
  std::filesystem::path private_key;
  bool verify = true;       // false only when the user wrote so; logged at start
  bool verify_name = true;  // false: any name is good, the chain must still be
  // Trusted besides `ca` (or the system's): PEM files of one or more certificates. Each is an anchor, also one that is not
  // self-signed, as an issuing CA that somebody imported.
  std::vector<std::filesystem::path> more_ca;
  bool system_ca = true;  // false: nobody of the system's, when `ca` is empty
  // PEM files of one or more CRLs. A certificate whose issuer has one here must not stand on it; a CRL that has run out
  // refuses what it speaks of. Certificates of other issuers go unchecked.
  std::vector<std::filesystem::path> crls;
  // Asks for a stapled OCSP answer (RFC 6066). One that comes must be good; none is refused only when the certificate
  // says that there must be one (RFC 7633).
  bool check_stapled_status = false;
};

class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  void* native() const { return context_.load(); }  // SSL_CTX*, for files of net only; take SSL_new() of it at once
  // Reads certificate, key and client CA again. On an Error the old ones stay. Nothing for a client's context.
  Result<> reload() const;
  bool verifies_peer() const { return verifies_; }
  bool verifies_name() const { return verifies_name_; }
  bool checks_stapled_status() const { return checks_stapled_status_; }

 private:
  TlsContext() = default;
  static Result<std::shared_ptr<const TlsContext>> make_server(const TlsServerOptions& options);
  mutable std::atomic<void*> context_ = nullptr;
  TlsServerOptions server_options_;
  mutable std::mutex reload_mutex_;
  mutable std::vector<void*> retired_;  // somebody may be taking SSL_new() of them just now
  bool verifies_ = false;
  bool verifies_name_ = false;
  bool checks_stapled_status_ = false;
};

// Every server's context that is in use reads its files again; gives what went wrong, those keep what they have.
std::vector<std::string> reload_server_certificates();

// Writes a P-256 key (mode 0600) and a self-signed certificate for these names and addresses, unless both are
// there already and good for at least 30 more days.
Result<> ensure_self_signed_certificate(const std::filesystem::path& certificate,
                                        const std::filesystem::path& private_key, const std::vector<std::string>& names,
                                        std::chrono::days validity = std::chrono::days(825));

}  // namespace yagura::net
