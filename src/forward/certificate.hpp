// X.509 certificates as people and messages need them, and the containers they come in: PEM, DER, PKCS#7, PKCS#12 (PFX)
// and Java's key stores.
//
// Stateless, any thread. The bytes are foreign: readers are bounded and give an Error for everything else. Passwords
// are taken as arguments only, never logged or kept.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::forward {

struct CertificateFacts {
  std::string der;
  std::string sha1;             // of the DER, 40 lower-case hexadecimal digits: what Windows calls the thumbprint
  std::string sha256;           // 64
  std::string subject, issuer;  // RFC 4514
  std::string serial;           // hexadecimal
  std::int64_t not_before = 0, not_after = 0;  // seconds since 1970
  std::vector<std::string> names;              // "DNS:logs.example", "IP:192.0.2.7"
  std::vector<std::string> issuer_urls;        // where the issuer's certificate can be fetched (RFC 5280 4.2.2.1)
  std::string key;                             // "RSA 2048", "EC P-256"
  bool is_ca = false;
  bool self_signed = false;
};
Result<CertificateFacts> read_certificate(std::string_view der);
std::string to_pem(const CertificateFacts& certificate);
// "2026-11-22T08:00:00Z"
std::string time_text(std::int64_t seconds_since_1970);

// What one file brought.
struct CertificateBundle {
  struct Item {
    CertificateFacts certificate;
    std::string alias;      // as the container calls it, "" when it does not
    std::string key_pem;    // PKCS#8, unencrypted; "" when there is none
    bool of_chain = false;  // came along with a private key's certificate, to complete its chain
  };
  std::vector<Item> items;
  std::vector<std::string> revocation_lists;  // PEM
};

enum class BundleFormat : std::uint8_t { any, pem, der, pkcs12, jks };

struct BundleOptions {
  BundleFormat format = BundleFormat::any;
  std::string password;       // of the container or of an encrypted key; "" when there is none
  std::string key_file_text;  // a private key that lies in a file of its own, PEM or DER
};

// At most 10,000 certificates. invalid_input says what the bytes seem to be and what was expected.
Result<CertificateBundle> read_certificate_bundle(std::string_view bytes, const BundleOptions& options);

// A thumbprint as people paste it: blanks, colons, dashes and the invisible mark that Windows' dialog puts in front are
// taken out, letters made small. invalid_input unless 40 (SHA-1) or 64 (SHA-256) hexadecimal digits are left.
Result<std::string> normal_thumbprint(std::string_view text);

}  // namespace yagura::forward
