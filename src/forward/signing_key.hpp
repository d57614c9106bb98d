// Keys and signatures of RFC 5848. Private to signed_syslog.cpp and its verifier.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "forward/openssl_pointers.hpp"
#include "forward/signed_syslog.hpp"

namespace yagura::forward {

struct SyslogSigningKey::State {
  OwnedKey key;
  char blob_type = 'K';    // C: a PKIX certificate, K: a public key
  std::string blob;        // DER of it
  std::string public_der;  // SubjectPublicKeyInfo
  bool is_dsa = false;
};

namespace signing {

// "0121": protocol 01, SHA-256, scheme 1 (DSA as in OpenPGP) or 2 (what the key's own algorithm gives).
std::string_view version_of(bool is_dsa);
bool is_dsa(const EVP_PKEY* key);
// The signature's octets: for DSA two multiprecision integers (RFC 4880 section 3.2), else as OpenSSL gives them.
Result<std::string> sign(EVP_PKEY* key, std::string_view text);
bool verify(EVP_PKEY* key, std::string_view version, std::string_view text, std::string_view signature);
// Of a key blob of certificate blocks; nullptr when it is none.
OwnedKey key_of_blob(char type, std::string_view der);
std::string public_der_of(const EVP_PKEY* key);

}  // namespace signing
}  // namespace yagura::forward
