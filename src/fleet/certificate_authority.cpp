#include "fleet/certificate_authority.hpp"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fleet/identity.hpp"
#include "fleet/openssl.hpp"
#include "net/address.hpp"

namespace yagura::fleet {

namespace {

constexpr std::size_t kMostRequest = 16 << 10;
constexpr long kAuthorityDays = 3'650;
constexpr long kBackdate = static_cast<long>(kCertificateBackdate.count());

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_random_serial(X509* certificate) {
  std::string bytes = random_bytes(16);
  bytes[0] = static_cast<char>((bytes[0] & 0x3F) | 0x40);  // positive, and always of 16 bytes
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

Result<Request> read_request(std::string_view pem) {
  if (pem.size() > kMostRequest) return fail(ErrorKind::invalid_input, "the certificate request has {} bytes, at most {} are taken", pem.size(), kMostRequest);
  ERR_clear_error();
  const Bio in = reading(pem);
  Request request(PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr));
  if (!request) return fail_openssl(ErrorKind::invalid_input, "reading the certificate request");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1)
    return fail_openssl(ErrorKind::invalid_input, "checking that the certificate request is signed by its own key");
  const bool good = EVP_PKEY_is_a(key, "ED25519") || (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) >= 256) ||
                    (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2'048 && EVP_PKEY_get_bits(key) <= 8'192);
  if (!good) return fail(ErrorKind::invalid_input, "the certificate request's key must be P-256, P-384, Ed25519 or RSA of 2048 to 8192 bits");
  return request;
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string alternatives;
  for (const auto& name : names) {
    // The value is read by OpenSSL's configuration grammar: a comma would begin another entry.
    if (name.empty() || name.find_first_of(",\n\r") != std::string::npos) return fail(ErrorKind::invalid_input, "'{}' cannot be a certificate's name", name);
    alternatives += (alternatives.empty() ? "" : ",") + std::string(net::SocketAddress::numeric(name, 0) ? "IP:" : "DNS:") + name;
  }
  return alternatives;
}

}  // namespace

struct CertificateAuthority::Keys {
  Key key;
  Certificate certificate;

  // Everything but extensions; signed by sign().
  Result<Certificate> begin(EVP_PKEY* public_key, std::chrono::seconds validity) const {
    Certificate made(X509_new());
    if (!made || X509_set_version(made.get(), 2) != 1 || !set_random_serial(made.get()) || X509_set_pubkey(made.get(), public_key) != 1 ||
        X509_set_issuer_name(made.get(), X509_get_subject_name(certificate.get())) != 1)
      return fail_openssl(ErrorKind::internal, "making a certificate");
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -kBackdate);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), static_cast<long>(validity.count()));
    return made;
  }
  Result<> sign(X509* made) const {
    if (!add_extension(made, certificate.get(), NID_authority_key_identifier, "keyid") || X509_sign(made, key.get(), EVP_sha256()) == 0)
      return fail_openssl(ErrorKind::internal, "signing a certificate");
    return {};
  }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
CertificateAuthority::~CertificateAuthority() = default;

namespace {

Result<std::pair<Key, Certificate>> make_authority() {
  auto key = TRY(make_key());
  Certificate made(X509_new());
  const std::string name = "Yagura agent CA " + to_hex(random_bytes(4));
  if (!made || X509_set_version(made.get(), 2) != 1 || !set_random_serial(made.get()) || X509_set_pubkey(made.get(), key.get()) != 1 ||
      !add_name(X509_get_subject_name(made.get()), "CN", name) || X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) != 1)
    return fail_openssl(ErrorKind::internal, "making the agents' authority");
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kBackdate);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kAuthorityDays * 86'400);
  if (!add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") || X509_sign(made.get(), key.get(), EVP_sha256()) == 0)
    return fail_openssl(ErrorKind::internal, "signing the agents' authority");
  return std::pair(std::move(key), std::move(made));
}

std::string fingerprint_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  const auto digest = sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return to_hex(as_text(digest));
}

}  // namespace

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::open(const std::filesystem::path& folder) {
  const auto key_file = folder / "agent-ca.key", certificate_file = folder / "agent-ca.crt";
  std::error_code error;
  auto keys = std::make_unique<Keys>();
  if (!std::filesystem::exists(key_file, error)) {
    auto [key, certificate] = TRY(make_authority());
    // The certificate first: a key without one would be taken for a whole authority.
    TRY(write_file_atomically(certificate_file, pem_of(certificate.get()), 0644), "keeping the agents' authority");
    TRY(write_file_atomically(key_file, private_pem(key.get()), 0600), "keeping the agents' authority");
  }
  keys->key = read_private_key(TRY(read_file(key_file, 64_KiB), "reading the agents' authority"));
  keys->certificate = read_certificate(TRY(read_file(certificate_file, 64_KiB), "reading the agents' authority"));
  if (!keys->key || !keys->certificate || X509_check_private_key(keys->certificate.get(), keys->key.get()) != 1)
    return fail(ErrorKind::corrupt, "{} and {} do not belong together; put back a good copy (without it every agent has to join again)",
                key_file.string(), certificate_file.string());
  std::unique_ptr<CertificateAuthority> out(new CertificateAuthority(std::move(keys)));
  out->certificate_file_ = certificate_file;
  out->pem_ = pem_of(out->keys_->certificate.get());
  out->fingerprint_ = fingerprint_of(out->keys_->certificate.get());
  return out;
}

Result<IssuedCertificate> CertificateAuthority::sign_agent(std::string_view request_pem, std::string_view agent_id, std::chrono::seconds validity) const {
  const auto request = TRY(read_request(request_pem));
  auto made = TRY(keys_->begin(X509_REQ_get0_pubkey(request.get()), validity));
  const std::string serial = serial_hex(made.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  // The serial is in the name as well, where a TLS server that only hands on the subject can read it.
  if (!add_name(name, "O", "yagura-agent") || !add_name(name, "serialNumber", serial) || !add_name(name, "CN", agent_id) ||
      !add_extension(made.get(), keys_->certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_ext_key_usage, "clientAuth"))
    return fail_openssl(ErrorKind::internal, "making an agent's certificate");
  TRY(keys_->sign(made.get()));
  return IssuedCertificate{pem_of(made.get()) + pem_, serial, ticks_of(X509_get0_notAfter(made.get()))};
}

Result<IssuedCertificate> CertificateAuthority::sign_host(std::string_view request_pem, std::string_view host, const std::vector<std::string>& names,
                                                          std::chrono::seconds validity) const {
  const auto request = TRY(read_request(request_pem));
  const std::string alternatives = TRY(alternative_names(names));
  auto made = TRY(keys_->begin(X509_REQ_get0_pubkey(request.get()), validity));
  const std::string serial = serial_hex(made.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  if (!add_name(name, "O", "yagura-host") || !add_name(name, "serialNumber", serial) || !add_name(name, "CN", host) ||
      !add_extension(made.get(), keys_->certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      (!alternatives.empty() && !add_extension(made.get(), keys_->certificate.get(), NID_subject_alt_name, alternatives)))
    return fail_openssl(ErrorKind::invalid_input, fmt::format("making the certificate of the host {}", host));
  TRY(keys_->sign(made.get()));
  return IssuedCertificate{pem_of(made.get()) + pem_, serial, ticks_of(X509_get0_notAfter(made.get()))};
}

Result<bool> CertificateAuthority::ensure_server_certificate(const std::filesystem::path& certificate, const std::filesystem::path& private_key,
                                                             const std::vector<std::string>& names, std::chrono::hours validity) const {
  const std::string alternatives = TRY(alternative_names(names));
  const std::string wanted_note = to_hex(as_text(sha256(alternatives))).substr(0, 16);
  const auto good = [&] {
    const auto text = read_file(certificate, 64_KiB);
    const auto key_text = read_file(private_key, 64_KiB);
    if (!text || !key_text) return false;
    const auto read = read_certificate(*text);
    const auto key = read_private_key(*key_text);
    if (!read || !key || X509_check_private_key(read.get(), key.get()) != 1 || X509_verify(read.get(), keys_->key.get()) != 1) return false;
    char note[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(read.get()), NID_serialNumber, note, sizeof note);
    const auto left = ticks_of(X509_get0_notAfter(read.get())) - ReceiveClock::now().time_since_epoch().count();
    return wanted_note == note && left > std::chrono::duration_cast<Ticks>(validity).count() / 3;
  };
  if (good()) return false;
  ERR_clear_error();
  const auto key = TRY(make_key());
  auto made = TRY(keys_->begin(key.get(), validity));
  X509_NAME* name = X509_get_subject_name(made.get());
  if (!add_name(name, "O", "yagura-server") || !add_name(name, "serialNumber", wanted_note) || !add_name(name, "CN", "yagura server") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(made.get(), keys_->certificate.get(), NID_ext_key_usage, "serverAuth") ||
      (!alternatives.empty() && !add_extension(made.get(), keys_->certificate.get(), NID_subject_alt_name, alternatives)))
    return fail_openssl(ErrorKind::invalid_input, fmt::format("making the certificate of the agents' listener for {}", alternatives));
  TRY(keys_->sign(made.get()));
  TRY(write_file_atomically(private_key, private_pem(key.get()), 0600), "keeping the key of the agents' listener");
  TRY(write_file_atomically(certificate, pem_of(made.get()) + pem_, 0644), "keeping the certificate of the agents' listener");
  return true;
}

Result<std::string> certificate_fingerprint(std::string_view pem) {
  const auto certificate = read_certificate(pem);
  if (!certificate) return fail(ErrorKind::invalid_input, "this is no certificate in PEM");
  return fingerprint_of(certificate.get());
}

Result<std::string> request_key_hash(std::string_view request_pem) {
  const auto request = TRY(read_request(request_pem));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_REQ_get0_pubkey(request.get()), &der);
  if (size <= 0) return fail_openssl(ErrorKind::invalid_input, "reading the certificate request's key");
  const auto digest = sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return std::string(as_text(digest));
}

}  // namespace yagura::fleet
