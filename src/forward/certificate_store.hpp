// A folder of certificates, addressed by thumbprint or alias: what a forwarder shows as its own, and whom it trusts.
//
// Layout: <sha1>.crt (PEM), <sha1>.key (PEM, mode 0600), <sha1>.json (alias, kind, SHA-256), crl/<sha256>.crl (PEM),
// chains/<sha1>.pem (made for use: a certificate with its issuers). The folder is the truth and read anew at each call,
// so what a command imports a running agent sees at its next connection. Every file is old or new, never half. Any
// thread; several processes may use a folder, of two that import at once both succeed.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "forward/certificate.hpp"
#include "net/tls.hpp"

namespace yagura::forward {

enum class CertificateKind : std::uint8_t {
  identity,  // with a private key: to show to a server
  trusted,   // imported without one: a server may be signed by it, or be it
  chain,     // came along in the file of an identity: completes chains, vouches for nobody
};
std::string_view to_string(CertificateKind kind);

struct StoredCertificate {
  CertificateFacts facts;
  std::string alias;
  CertificateKind kind = CertificateKind::trusted;
  std::filesystem::path certificate_file;
  std::filesystem::path key_file;  // "" without a key
  std::int64_t imported_at = 0;    // seconds since 1970
};

struct ImportReport {
  std::vector<StoredCertificate> added;
  std::vector<StoredCertificate> known;  // were there before; a key or an alias that was missing is added
  std::size_t revocation_lists = 0;
};

class CertificateStore {
 public:
  // A folder that is not there is an empty store; importing makes it.
  explicit CertificateStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }

  // Sorted by alias, then thumbprint. A file that is no certificate is an Error that names it.
  Result<std::vector<StoredCertificate>> list() const;
  // By SHA-1 or SHA-256 thumbprint in any spelling, or by alias (any letter case).
  Result<StoredCertificate> find(std::string_view name) const;
  std::vector<std::filesystem::path> revocation_files() const;

  struct ImportOptions {
    std::string alias;         // of the first certificate; "": what the container says, else none
    bool trust_chain = false;  // trust also the issuers that came along with a private key
    std::int64_t now = 0;      // seconds since 1970
  };
  Result<ImportReport> import(const CertificateBundle& bundle, const ImportOptions& options) const;
  Result<StoredCertificate> remove(std::string_view name) const;

  // A certificate that can be shown to a server: it has its private key, and the chain up to a self-signed root is here
  // or among the system's. Errors say what is missing and which command brings it.
  Result<StoredCertificate> client_identity(std::string_view thumbprint) const;
  // PEM of an identity with its issuers, without the root: for TLS. Writes chains/.
  Result<std::filesystem::path> chain_file(const StoredCertificate& identity) const;

  struct Use {
    std::string thumbprint;  // of the identity; "" for none
    bool verify = true;
    bool verify_name = true;
  };
  // Everything for a connection: system's CAs, trusted certificates, revocation lists, stapled answers, identity.
  Result<net::TlsClientOptions> tls_options(const Use& use) const;

 private:
  Result<StoredCertificate> load(const std::filesystem::path& certificate_file) const;
  Result<> save(const StoredCertificate& certificate, const std::string& key_pem) const;
  std::filesystem::path folder_;
};

}  // namespace yagura::forward
