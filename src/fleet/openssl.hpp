// OpenSSL's objects with owners, for files of this room only.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::fleet {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;

// The reasons on OpenSSL's queue, which is empty afterwards.
std::unexpected<Error> fail_openssl(ErrorKind kind, std::string_view doing);

Bio reading(std::string_view text);
// Calls `write(BIO*)`, gives what it wrote; "" when it failed.
template <class Write>
std::string written(Write write) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (!out || write(out.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<Key> make_key();  // P-256
std::string private_pem(EVP_PKEY* key);
std::string pem_of(X509* certificate);
// Never asks for a passphrase.
Key read_private_key(std::string_view pem);
Certificate read_certificate(std::string_view pem);
std::string serial_hex(const X509* certificate);
std::int64_t ticks_of(const ASN1_TIME* time);

}  // namespace yagura::fleet
