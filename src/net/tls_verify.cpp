#include "net/tls_verify.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/file.hpp"

namespace yagura::net {

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

void free_text(void*, void* text, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(text); }

int verdict_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_text);
  return index;
}

// Only the first fault is kept: what follows from it would hide it.
void set_verdict(SSL* ssl, std::string text) {
  if (SSL_get_ex_data(ssl, verdict_index()) == nullptr)
    SSL_set_ex_data(ssl, verdict_index(), new std::string(std::move(text)));
}

std::string text_of(const auto& print) {
  const Owned<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
  print(out.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_of(const X509_NAME* name) {
  auto text = text_of([&](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB); });
  // It was the peer that wrote it: nothing of it may act on a terminal, or fill a log.
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return text.substr(0, 300);
}

std::string time_of(const ASN1_TIME* time) {
  return text_of([&](BIO* out) { ASN1_TIME_print_ex(out, time, ASN1_DTFLGS_ISO8601); });
}

std::string describe(X509* certificate, int error) {
  std::string text = fmt::format("{}, issued by {}", name_of(X509_get_subject_name(certificate)),
                                 name_of(X509_get_issuer_name(certificate)));
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) text += ", valid until " + time_of(X509_get0_notAfter(certificate));
  if (error == X509_V_ERR_CERT_NOT_YET_VALID) text += ", valid from " + time_of(X509_get0_notBefore(certificate));
  return text;
}

// A list speaks of its own issuer's certificates only: that another issuer has none here is no fault.
int judge(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  const int error = X509_STORE_CTX_get_error(store);
  if (error == X509_V_ERR_UNABLE_TO_GET_CRL) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (ssl != nullptr && certificate != nullptr) set_verdict(ssl, describe(certificate, error));
  return 0;
}

// RFC 7633: the certificate's TLS feature 5 (status_request) says that its server must staple.
bool must_staple(X509* certificate) {
  const Owned<TLS_FEATURE, TLS_FEATURE_free> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  if (!features) return false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i)
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == TLSEXT_TYPE_status_request) return true;
  return false;
}

// "" when the answer says that the certificate is good.
std::string fault_of(SSL* ssl, const unsigned char* answer, long size) {
  const Owned<OCSP_RESPONSE, OCSP_RESPONSE_free> response(d2i_OCSP_RESPONSE(nullptr, &answer, size));
  if (!response) return "the stapled OCSP answer cannot be read";
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return fmt::format("the stapled OCSP answer says '{}'",
                       OCSP_response_status_str(OCSP_response_status(response.get())));
  const Owned<OCSP_BASICRESP, OCSP_BASICRESP_free> basic(OCSP_response_get1_basic(response.get()));
  STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (!basic || chain == nullptr || sk_X509_num(chain) == 0) return "the stapled OCSP answer cannot be read";
  if (OCSP_basic_verify(basic.get(), chain, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), OCSP_PARTIAL_CHAIN) != 1)
    return "the signature of the stapled OCSP answer is not by the certificate's issuer";
  // A certificate that is an anchor itself has no issuer that could speak of it.
  if (sk_X509_num(chain) < 2) return {};
  X509* certificate = sk_X509_value(chain, 0);
  const Owned<OCSP_CERTID, OCSP_CERTID_free> id(OCSP_cert_to_id(nullptr, certificate, sk_X509_value(chain, 1)));
  int status = 0, reason = 0;
  ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
  if (OCSP_resp_find_status(basic.get(), id.get(), &status, &reason, &revoked, &from, &until) != 1)
    return "the stapled OCSP answer does not speak of it";
  if (OCSP_check_validity(from, until, 300, -1) != 1) return "the stapled OCSP answer has run out";
  if (status == V_OCSP_CERTSTATUS_GOOD) return {};
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    std::string text = "certificate revoked, says the stapled OCSP answer";
    if (revoked != nullptr) text += ", on " + text_of([&](BIO* out) { ASN1_GENERALIZEDTIME_print(out, revoked); });
    return text;
  }
  return "the stapled OCSP answer does not know it";
}

int on_stapled(SSL* ssl, void*) {
  const unsigned char* answer = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &answer);
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return 1;
  std::string fault;
  if (size <= 0 || answer == nullptr) {
    if (must_staple(certificate)) fault = "it says that an OCSP answer must be stapled, and the server sent none";
  } else {
    fault = fault_of(ssl, answer, size);
  }
  ERR_clear_error();
  if (fault.empty()) return 1;
  set_verdict(ssl, fmt::format("{} ({})", fault, describe(certificate, X509_V_OK)));
  return 0;
}

}  // namespace

Result<> load_revocation_lists(void* context, const std::vector<std::filesystem::path>& files) {
  if (files.empty()) return {};
  X509_STORE* store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(context));
  for (const auto& file : files) {
    const std::string text = TRY(read_file(file, 64_MiB), "reading the revocation list {}", file.string());
    const Owned<BIO, BIO_free> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    std::size_t count = 0;
    while (X509_CRL* list = PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)) {
      const Owned<X509_CRL, X509_CRL_free> owned(list);
      X509_STORE_add_crl(store, list);
      ++count;
    }
    ERR_clear_error();
    if (count == 0) return fail(ErrorKind::invalid_input, "{} holds no revocation list in PEM form", file.string());
  }
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(static_cast<SSL_CTX*>(context)),
                              X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

void remember_verdicts(void* context) { SSL_CTX_set_verify(static_cast<SSL_CTX*>(context), SSL_VERIFY_PEER, judge); }

void check_stapled_status(void* context) { SSL_CTX_set_tlsext_status_cb(static_cast<SSL_CTX*>(context), on_stapled); }

const std::string& verdict_of(void* connection) {
  static const std::string none;
  const auto* text = static_cast<const std::string*>(SSL_get_ex_data(static_cast<SSL*>(connection), verdict_index()));
  return text != nullptr ? *text : none;
}

}  // namespace yagura::net
