// Owning pointers to OpenSSL's objects and small readers of them; for files of forward only.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace yagura::forward {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using OwnedCertificate = Owned<X509, X509_free>;
using OwnedRevocationList = Owned<X509_CRL, X509_CRL_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedBio = Owned<BIO, BIO_free>;

inline OwnedBio bio_of(std::string_view bytes) {
  return OwnedBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// What `print(BIO*)` wrote.
std::string written_text(const auto& print) {
  const OwnedBio out(BIO_new(BIO_s_mem()));
  print(out.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

inline OwnedCertificate certificate_of(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  OwnedCertificate made(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return made;
}

inline std::string der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

// The reasons on OpenSSL's queue, joined; empties it.
std::string openssl_reasons();

}  // namespace yagura::forward
