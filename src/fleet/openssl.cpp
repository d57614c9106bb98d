#include "fleet/openssl.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <ctime>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::fleet {

std::unexpected<Error> fail_openssl(ErrorKind kind, std::string_view doing) {
  std::string reasons;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!reasons.empty()) reasons += ", ";
    reasons += reason != nullptr ? reason : fmt::format("error {:#x}", code);
  }
  return fail(kind, "{}: {}", doing, reasons.empty() ? "it did not work" : reasons);
}

Bio reading(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<Key> make_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl(ErrorKind::internal, "making a key");
  return key;
}

namespace {
int no_passphrase(char*, int, int, void*) { return 0; }
}  // namespace

std::string private_pem(EVP_PKEY* key) {
  return written([&](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, no_passphrase, nullptr); });
}
std::string pem_of(X509* certificate) {
  return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

Key read_private_key(std::string_view pem) {
  const Bio in = reading(pem);
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

Certificate read_certificate(std::string_view pem) {
  const Bio in = reading(pem);
  Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

std::string serial_hex(const X509* certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* text = number != nullptr ? BN_bn2hex(number) : nullptr;
  std::string out = text != nullptr ? to_lower_ascii(text) : std::string();
  OPENSSL_free(text);
  BN_free(number);
  return out;
}

std::int64_t ticks_of(const ASN1_TIME* time) {
  std::tm civil{};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return 0;
  return static_cast<std::int64_t>(::timegm(&civil)) * kTicksPerSecond;
}

}  // namespace yagura::fleet
