// The authority that vouches for agents: a P-256 key and a self-signed certificate, made at the first start.
//
// It signs three kinds of certificate, and a peer checks which one it sees (extended key usage): of this server's listener
// for agents (serverAuth), of agents (clientAuth), and of a cluster's hosts (both; a cluster has an authority of its own). An agent trusts this authority and no other for its server.
// Any thread. Errors: a file that cannot be read or written, a request that is malformed or not signed by its own key.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::fleet {

struct IssuedCertificate {
  std::string pem;     // the certificate, then the authority's
  std::string serial;  // hex
  std::int64_t expires_ticks = 0;
};

class CertificateAuthority {
 public:
  // `folder` gets agent-ca.key (0600) and agent-ca.crt when they are missing.
  static Result<std::unique_ptr<CertificateAuthority>> open(const std::filesystem::path& folder);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  const std::filesystem::path& certificate_file() const { return certificate_file_; }
  const std::string& certificate_pem() const { return pem_; }
  // SHA-256 of the certificate's DER in hex: what `yagura agent enrol --ca-fingerprint` takes.
  const std::string& fingerprint() const { return fingerprint_; }

  // Of a request (PKCS #10, PEM) only the key is taken: who it is for is ours to say. Keys: P-256, P-384, Ed25519, RSA of 2048
  // bits and more.
  Result<IssuedCertificate> sign_agent(std::string_view request_pem, std::string_view agent_id, std::chrono::seconds validity) const;
  // For a host of a cluster, where each is server and client of the others: both uses, and the names it is reached by.
  Result<IssuedCertificate> sign_host(std::string_view request_pem, std::string_view host, const std::vector<std::string>& names,
                                      std::chrono::seconds validity) const;
  // Makes the listener's certificate and key (0600) anew unless there are ones of this authority for these names with a third
  // of their time left. True when it made them.
  Result<bool> ensure_server_certificate(const std::filesystem::path& certificate, const std::filesystem::path& private_key,
                                         const std::vector<std::string>& names, std::chrono::hours validity) const;

 private:
  struct Keys;
  explicit CertificateAuthority(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
  std::filesystem::path certificate_file_;
  std::string pem_, fingerprint_;
};

// SHA-256 of the DER of the first certificate in `pem`, hex.
Result<std::string> certificate_fingerprint(std::string_view pem);
// SHA-256 (32 bytes) of the public key that a request carries.
Result<std::string> request_key_hash(std::string_view request_pem);

}  // namespace yagura::fleet
