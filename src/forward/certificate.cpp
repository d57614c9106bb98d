#include "forward/certificate.hpp"

#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "forward/jks.hpp"
#include "forward/openssl_pointers.hpp"

namespace yagura::forward {

std::string openssl_reasons() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += ", ";
    text += reason != nullptr ? reason : fmt::format("error {:#x}", code);
  }
  return text;
}

namespace {

constexpr std::size_t kMostCertificates = 10'000;

// What stands in a certificate was written by strangers: nothing of it may act on a terminal.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return utf8::repaired(text);
}

std::string name_text(const X509_NAME* name) {
  return printable(
      written_text([&](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB); }));
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm broken{};
  return ASN1_TIME_to_tm(time, &broken) == 1 ? static_cast<std::int64_t>(::timegm(&broken)) : 0;
}

std::string digest_of(const X509* certificate, const EVP_MD* kind) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, kind, bytes, &size) != 1) return {};
  return to_hex({reinterpret_cast<const char*>(bytes), size});
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()) && names.size() < 100; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) {
      names.push_back("DNS:" + printable(std::string(text_of(name->d.dNSName))));
    } else if (name->type == GEN_IPADD) {
      const auto bytes = text_of(name->d.iPAddress);
      char text[INET6_ADDRSTRLEN] = "";
      if (bytes.size() == 4 || bytes.size() == 16)
        names.push_back(std::string("IP:") +
                        ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text)));
    }
  }
  return names;
}

std::vector<std::string> issuer_urls_of(X509* certificate) {
  std::vector<std::string> urls;
  const Owned<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free> all(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(all.get()) && urls.size() < 10; ++i) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(all.get(), i);
    if (OBJ_obj2nid(one->method) == NID_ad_ca_issuers && one->location->type == GEN_URI)
      urls.push_back(printable(std::string(text_of(one->location->d.uniformResourceIdentifier))));
  }
  return urls;
}

std::string key_text(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "unknown";
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    char group[64] = "";
    EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr);
    return std::string("EC ") + (std::string_view(group) == "prime256v1" ? "P-256" : group);
  }
  const char* name = EVP_PKEY_get0_type_name(key);
  return fmt::format("{} {}", name != nullptr ? name : "unknown", EVP_PKEY_get_bits(key));
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  facts.der = der_of(certificate);
  facts.sha1 = digest_of(certificate, EVP_sha1());
  facts.sha256 = digest_of(certificate, EVP_sha256());
  facts.subject = name_text(X509_get_subject_name(certificate));
  facts.issuer = name_text(X509_get_issuer_name(certificate));
  if (const Owned<BIGNUM, BN_free> serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)); serial) {
    char* hex = BN_bn2hex(serial.get());
    facts.serial = to_lower_ascii(hex);
    OPENSSL_free(hex);
  }
  facts.not_before = seconds_of(X509_get0_notBefore(certificate));
  facts.not_after = seconds_of(X509_get0_notAfter(certificate));
  facts.names = names_of(certificate);
  facts.issuer_urls = issuer_urls_of(certificate);
  facts.key = key_text(certificate);
  facts.is_ca = X509_check_ca(certificate) > 0;
  facts.self_signed = X509_check_issued(certificate, certificate) == X509_V_OK;
  ERR_clear_error();
  return facts;
}

std::string pem_of_key(EVP_PKEY* key) {
  return written_text(
      [&](BIO* out) { PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

int give_password(char* buffer, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (static_cast<int>(text.size()) > size) return 0;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

Result<OwnedKey> read_key(std::string_view text, const std::string& password) {
  const auto in = bio_of(text);
  OwnedKey key;
  if (text.find("-----BEGIN") != std::string_view::npos)
    key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, give_password, const_cast<std::string*>(&password)));
  else
    key.reset(d2i_PrivateKey_bio(in.get(), nullptr));
  const std::string why = openssl_reasons();
  if (!key)
    return fail(ErrorKind::invalid_input, "the private key cannot be read{} ({})",
                password.empty() && text.find("ENCRYPTED") != std::string_view::npos
                    ? ": it is encrypted, give its password"
                    : "",
                why);
  return key;
}

// Gives each key to the certificate that it belongs to; certificates after one with a key are its chain.
Result<> assign_keys(CertificateBundle& bundle, const std::vector<OwnedKey>& keys) {
  for (const auto& key : keys) {
    bool used = false;
    for (auto& item : bundle.items) {
      const auto certificate = certificate_of(item.certificate.der);
      if (certificate && X509_check_private_key(certificate.get(), key.get()) == 1) {
        item.key_pem = pem_of_key(key.get());
        used = true;
      }
      ERR_clear_error();
    }
    if (!used) return fail(ErrorKind::invalid_input, "there is a private key that belongs to none of the certificates");
  }
  if (!keys.empty())
    for (auto& item : bundle.items) item.of_chain = item.key_pem.empty();
  return {};
}

Result<> add(CertificateBundle& bundle, X509* certificate, std::string alias) {
  if (bundle.items.size() >= kMostCertificates)
    return fail(ErrorKind::exhausted, "more than {} certificates in one file", kMostCertificates);
  bundle.items.push_back({.certificate = facts_of(certificate), .alias = printable(std::move(alias))});
  return {};
}

Result<CertificateBundle> read_pem(std::string_view text, const BundleOptions& options) {
  CertificateBundle bundle;
  std::vector<OwnedKey> keys;
  // One block after another, as people put them together in any order.
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    const auto label_end = text.find("-----", at + kBegin.size());
    const auto end = text.find(kEnd, at);
    if (label_end == std::string_view::npos || end == std::string_view::npos)
      return fail(ErrorKind::invalid_input, "a PEM block begins at byte {} and has no end", at);
    const auto label = text.substr(at + kBegin.size(), label_end - at - kBegin.size());
    const auto block_end =
        std::min(text.size(), text.find('\n', end) == std::string_view::npos ? text.size() : text.find('\n', end) + 1);
    const auto block = text.substr(at, block_end - at);
    const auto in = bio_of(block);
    if (label == "CERTIFICATE" || label == "TRUSTED CERTIFICATE" || label == "X509 CERTIFICATE") {
      const OwnedCertificate certificate(PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr));
      if (!certificate)
        return fail(ErrorKind::invalid_input, "the certificate at byte {} cannot be read ({})", at, openssl_reasons());
      TRY(add(bundle, certificate.get(), {}));
    } else if (label == "X509 CRL") {
      bundle.revocation_lists.emplace_back(block);
    } else if (label.ends_with("PRIVATE KEY")) {
      keys.push_back(TRY(read_key(block, options.password)));
    } else if (label == "PKCS7") {
      const Owned<PKCS7, PKCS7_free> all(PEM_read_bio_PKCS7(in.get(), nullptr, nullptr, nullptr));
      const STACK_OF(X509)* certificates =
          all && PKCS7_type_is_signed(all.get()) && all->d.sign != nullptr ? all->d.sign->cert : nullptr;
      for (int i = 0; i < sk_X509_num(certificates); ++i) TRY(add(bundle, sk_X509_value(certificates, i), {}));
    }
    at = block_end;
  }
  if (!options.key_file_text.empty()) keys.push_back(TRY(read_key(options.key_file_text, options.password)));
  TRY(assign_keys(bundle, keys));
  if (bundle.items.empty() && bundle.revocation_lists.empty())
    return fail(ErrorKind::invalid_input, "no certificate and no revocation list in this PEM text");
  return bundle;
}

// Old PFX files are encrypted with RC2 or single keys that OpenSSL 3 keeps in its legacy provider.
Result<CertificateBundle> read_pkcs12(std::string_view bytes, const BundleOptions& options) {
  using Context = Owned<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
  std::string why;
  for (const bool legacy : {false, true}) {
    const Context context(OSSL_LIB_CTX_new());
    using Provider = Owned<OSSL_PROVIDER, OSSL_PROVIDER_unload>;
    const Provider usual(OSSL_PROVIDER_load(context.get(), "default"));
    const Provider old(legacy ? OSSL_PROVIDER_load(context.get(), "legacy") : nullptr);
    if (legacy && !old) break;
    PKCS12* made = PKCS12_init_ex(NID_pkcs7_data, context.get(), nullptr);
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    if (d2i_PKCS12(&made, &at, static_cast<long>(bytes.size())) == nullptr) {
      ERR_clear_error();
      return fail(ErrorKind::invalid_input, "not a PKCS#12 (PFX) file");
    }
    const Owned<PKCS12, PKCS12_free> container(made);
    EVP_PKEY* key = nullptr;
    X509* own = nullptr;
    STACK_OF(X509)* others = nullptr;
    const bool parsed = PKCS12_parse(container.get(), options.password.c_str(), &key, &own, &others) == 1;
    why = openssl_reasons();
    const OwnedKey owned_key(key);
    const OwnedCertificate owned_certificate(own);
    const struct FreeAll {
      STACK_OF(X509) * all;
      ~FreeAll() { sk_X509_pop_free(all, X509_free); }
    } free_all{others};
    if (!parsed) {
      if (why.find("mac verify failure") != std::string::npos || why.find("invalid password") != std::string::npos)
        return fail(ErrorKind::invalid_input, "the password does not open the PKCS#12 file");
      continue;
    }
    CertificateBundle bundle;
    const auto alias_of = [](X509* certificate) {
      int size = 0;
      const unsigned char* alias = X509_alias_get0(certificate, &size);
      return alias != nullptr ? std::string(reinterpret_cast<const char*>(alias), static_cast<std::size_t>(size))
                              : std::string();
    };
    if (own != nullptr) {
      TRY(add(bundle, own, alias_of(own)));
      if (key != nullptr) bundle.items.back().key_pem = pem_of_key(key);
    }
    for (int i = 0; i < sk_X509_num(others); ++i) {
      TRY(add(bundle, sk_X509_value(others, i), alias_of(sk_X509_value(others, i))));
      bundle.items.back().of_chain = key != nullptr;
    }
    if (bundle.items.empty()) return fail(ErrorKind::invalid_input, "the PKCS#12 file holds no certificate");
    return bundle;
  }
  return fail(ErrorKind::not_supported,
              "the PKCS#12 file is encrypted in a way that this machine's OpenSSL does not know ({}); "
              "export it again with AES-256 (Windows: Export-PfxCertificate -CryptoAlgorithmOption AES256_SHA256)",
              why);
}

Result<CertificateBundle> read_jks(std::string_view bytes, const BundleOptions& options) {
  CertificateBundle bundle;
  for (const auto& entry : TRY(read_java_key_store(bytes, options.password))) {
    for (std::size_t i = 0; i < entry.certificates.size(); ++i) {
      const auto certificate = certificate_of(entry.certificates[i]);
      if (!certificate)
        return fail(ErrorKind::corrupt, "certificate {} of the entry '{}' cannot be read", i + 1, entry.alias);
      TRY(add(bundle, certificate.get(), i == 0 ? entry.alias : std::string()));
      bundle.items.back().of_chain = i > 0;
      if (i > 0 || entry.private_key.empty()) continue;
      const auto* at = reinterpret_cast<const unsigned char*>(entry.private_key.data());
      const OwnedKey key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(entry.private_key.size())));
      ERR_clear_error();
      if (!key || X509_check_private_key(certificate.get(), key.get()) != 1)
        return fail(ErrorKind::corrupt, "the private key of the entry '{}' does not belong to its certificate",
                    entry.alias);
      bundle.items.back().key_pem = pem_of_key(key.get());
    }
  }
  if (bundle.items.empty()) return fail(ErrorKind::invalid_input, "the Java key store holds no certificate");
  return bundle;
}

Result<CertificateBundle> read_der(std::string_view bytes, const BundleOptions& options) {
  CertificateBundle bundle;
  if (const auto certificate = certificate_of(bytes)) {
    TRY(add(bundle, certificate.get(), {}));
    std::vector<OwnedKey> keys;
    if (!options.key_file_text.empty()) keys.push_back(TRY(read_key(options.key_file_text, options.password)));
    TRY(assign_keys(bundle, keys));
    return bundle;
  }
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  if (const OwnedRevocationList list(d2i_X509_CRL(nullptr, &at, static_cast<long>(bytes.size()))); list) {
    bundle.revocation_lists.push_back(written_text([&](BIO* out) { PEM_write_bio_X509_CRL(out, list.get()); }));
    return bundle;
  }
  at = reinterpret_cast<const unsigned char*>(bytes.data());
  if (const Owned<PKCS7, PKCS7_free> all(d2i_PKCS7(nullptr, &at, static_cast<long>(bytes.size())));
      all && PKCS7_type_is_signed(all.get()) && all->d.sign != nullptr) {
    for (int i = 0; i < sk_X509_num(all->d.sign->cert); ++i) TRY(add(bundle, sk_X509_value(all->d.sign->cert, i), {}));
    if (!bundle.items.empty()) return bundle;
  }
  ERR_clear_error();
  return fail(ErrorKind::invalid_input, "not a certificate, revocation list or PKCS#7 bundle in DER form");
}

}  // namespace

Result<CertificateFacts> read_certificate(std::string_view der) {
  const auto certificate = certificate_of(der);
  if (!certificate) return fail(ErrorKind::invalid_input, "not an X.509 certificate");
  return facts_of(certificate.get());
}

std::string to_pem(const CertificateFacts& certificate) {
  const auto read = certificate_of(certificate.der);
  return read ? written_text([&](BIO* out) { PEM_write_bio_X509(out, read.get()); }) : std::string();
}

std::string time_text(std::int64_t seconds_since_1970) {
  return format_datetime(seconds_since_1970 * kTicksPerSecond).substr(0, 19) + "Z";
}

Result<CertificateBundle> read_certificate_bundle(std::string_view bytes, const BundleOptions& options) {
  ERR_clear_error();
  if (bytes.empty()) return fail(ErrorKind::invalid_input, "the file is empty");
  if (bytes.size() > 64U << 20) return fail(ErrorKind::exhausted, "the file is larger than 64 MiB");
  switch (options.format) {
    case BundleFormat::pem: return read_pem(bytes, options);
    case BundleFormat::der: return read_der(bytes, options);
    case BundleFormat::pkcs12: return read_pkcs12(bytes, options);
    case BundleFormat::jks: return read_jks(bytes, options);
    case BundleFormat::any: break;
  }
  if (is_java_key_store(bytes)) return read_jks(bytes, options);
  if (bytes.find("-----BEGIN ") != std::string_view::npos) return read_pem(bytes, options);
  if (auto der = read_der(bytes, options)) return der;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const Owned<PKCS12, PKCS12_free> container(d2i_PKCS12(nullptr, &at, static_cast<long>(bytes.size())));
  ERR_clear_error();
  if (container) return read_pkcs12(bytes, options);
  return fail(ErrorKind::invalid_input, "neither PEM, DER, PKCS#7, PKCS#12 (PFX) nor a Java key store");
}

Result<std::string> normal_thumbprint(std::string_view text) {
  std::string hex;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = utf8::next(text, at);
    // U+200E and U+200F: Windows' certificate dialog puts one in front of what it lets one copy.
    if (c == ' ' || c == '\t' || c == ':' || c == '-' || c == 0x200E || c == 0x200F || c == 0xFEFF) continue;
    if (c >= 0x80)
      return fail(ErrorKind::invalid_input,
                  "'{}' is no thumbprint: 40 hexadecimal digits (SHA-1) or 64 (SHA-256) are expected", text);
    hex += ascii_lower(static_cast<char>(c));
  }
  const bool all_hex = hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!all_hex || (hex.size() != 40 && hex.size() != 64))
    return fail(
        ErrorKind::invalid_input,
        "'{}' is no thumbprint: 40 hexadecimal digits (SHA-1) or 64 (SHA-256) are expected, {}", text,
        all_hex ? fmt::format("these are {}", hex.size()) : std::string("and nothing but blanks and colons between"));
  return hex;
}

}  // namespace yagura::forward
