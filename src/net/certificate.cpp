// ensure_self_signed_certificate(): the certificate of a first start, before an operator brings a real one.
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fcntl.h>

#include "base/file.hpp"
#include "net/address.hpp"
#include "net/tls.hpp"

namespace yagura::net {

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr int kRenewBefore = 30 * 86'400;

bool still_good(const std::filesystem::path& certificate, const std::filesystem::path& private_key) {
  auto text = read_file(certificate, 1_MiB);
  auto key_text = read_file(private_key, 1_MiB);
  if (!text || !key_text) return false;
  const Bio in(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  const Bio key_in(BIO_new_mem_buf(key_text->data(), static_cast<int>(key_text->size())));
  const Certificate read(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(key_in.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!read || !key || X509_check_private_key(read.get(), key.get()) != 1) return false;
  time_t limit = ::time(nullptr) + kRenewBefore;
  return X509_cmp_time(X509_get0_notAfter(read.get()), &limit) > 0;
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

std::string pem_of(const auto& write) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (write(out.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<> ensure_self_signed_certificate(const std::filesystem::path& certificate,
                                        const std::filesystem::path& private_key, const std::vector<std::string>& names,
                                        std::chrono::days validity) {
  if (still_good(certificate, private_key)) return {};
  std::string alternatives;
  for (const auto& name : names) {
    // The value is read by OpenSSL's configuration grammar: a comma would begin another entry.
    if (name.empty() || name.find_first_of(",\n\r") != std::string::npos)
      return fail(ErrorKind::invalid_input, "'{}' cannot be a certificate's name", name);
    if (!alternatives.empty()) alternatives += ',';
    alternatives += SocketAddress::numeric(name, 0) ? "IP:" : "DNS:";
    alternatives += name;
  }
  if (names.empty()) return fail(ErrorKind::invalid_input, "a certificate needs at least one name");

  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  unsigned char serial[16];
  if (!key || !made || RAND_bytes(serial, sizeof(serial)) != 1) return fail(ErrorKind::internal, "making a key failed");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);  // positive, and never short
  BIGNUM* number = BN_bin2bn(serial, sizeof(serial), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get()));
  BN_free(number);
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);  // clocks of peers are never quite right
  X509_time_adj_ex(X509_getm_notAfter(made.get()), static_cast<int>(validity.count()), 0, nullptr);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(names.front().substr(0, 64).c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  const bool extended = add_extension(made.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                        add_extension(made.get(), NID_key_usage, "critical,digitalSignature") &&
                        add_extension(made.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                        add_extension(made.get(), NID_subject_key_identifier, "hash") &&
                        add_extension(made.get(), NID_authority_key_identifier, "keyid:always") &&
                        add_extension(made.get(), NID_subject_alt_name, alternatives);
  if (!extended || X509_sign(made.get(), key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return fail(ErrorKind::invalid_input, "making a certificate for {} failed", alternatives);
  }
  const std::string key_pem = pem_of(
      [&](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  const std::string certificate_pem = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
  TRY(write_file_atomically(private_key, key_pem, 0600));
  TRY(write_file_atomically(certificate, certificate_pem, 0644));
  return {};
}

}  // namespace yagura::net
