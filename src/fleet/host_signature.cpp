#include "fleet/host_signature.hpp"

#include "base/file.hpp"
#include "fleet/openssl.hpp"

namespace yagura::fleet {

namespace {

constexpr std::size_t kMostCertificate = 16 << 10;
using Digesting = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<std::string> sign_as_host(const std::filesystem::path& identity, std::string_view bytes) {
  const std::string pem = TRY(read_file(identity, 256_KiB), "signing as this host");
  const auto certificate = read_certificate(pem);
  const auto key = read_private_key(pem);
  if (!certificate || !key) return fail(ErrorKind::corrupt, "{} does not hold a certificate and its key", identity.string());
  ERR_clear_error();
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return fail_openssl(ErrorKind::internal, "writing this host's certificate");
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((static_cast<unsigned>(size) >> shift) & 0xFF);
  out.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  const Digesting context(EVP_MD_CTX_new());
  std::size_t length = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, raw(bytes), bytes.size()) != 1)
    return fail_openssl(ErrorKind::internal, "signing as this host");
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, raw(bytes), bytes.size()) != 1)
    return fail_openssl(ErrorKind::internal, "signing as this host");
  signature.resize(length);
  return out + signature;
}

bool check_host_signature(std::string_view authority_pem, std::string_view bytes, std::string_view signature) {
  if (signature.size() < 4) return false;
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(signature[static_cast<std::size_t>(i)]);
  if (size == 0 || size > kMostCertificate || size >= signature.size() - 4) return false;
  const auto* at = raw(signature) + 4;
  const Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(size)));
  const auto authority = read_certificate(authority_pem);
  EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  char kind[64] = "";
  if (certificate) X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_organizationName, kind, sizeof kind);
  const Digesting context(EVP_MD_CTX_new());
  const auto rest = signature.substr(4 + size);
  const bool good = authority && key != nullptr && context && std::string_view(kind) == "yagura-host" &&
                    X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1 &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), raw(rest), rest.size(), raw(bytes), bytes.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace yagura::fleet
