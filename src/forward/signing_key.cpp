#include "forward/signing_key.hpp"

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/encoding.hpp"
#include "base/hash.hpp"

namespace yagura::forward {

namespace {

using OwnedDigest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedDsaSignature = Owned<DSA_SIG, DSA_SIG_free>;

std::string openssl_error() {
  char text[256] = "no reason given";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

std::string certificate_der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  std::string out =
      size > 0 ? std::string(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)) : std::string();
  OPENSSL_free(bytes);
  return out;
}

// RFC 4880 section 3.2: two octets with the number of bits, then the number.
void append_mpi(std::string& out, const BIGNUM* number) {
  const int bits = BN_num_bits(number);
  out += static_cast<char>(bits >> 8);
  out += static_cast<char>(bits & 0xFF);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  out += bytes;
}

BIGNUM* read_mpi(std::string_view& in) {
  if (in.size() < 2) return nullptr;
  const std::size_t bits = static_cast<unsigned char>(in[0]) << 8 | static_cast<unsigned char>(in[1]);
  const std::size_t size = (bits + 7) / 8;
  if (bits == 0 || bits > 4'096 || in.size() < 2 + size) return nullptr;
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(in.data()) + 2, static_cast<int>(size), nullptr);
  in.remove_prefix(2 + size);
  return number;
}

Result<SyslogSigningKey::State> complete(SyslogSigningKey::State state) {
  state.is_dsa = signing::is_dsa(state.key.get());
  state.public_der = signing::public_der_of(state.key.get());
  if (state.public_der.empty())
    return fail(ErrorKind::invalid_input, "a key without a public part: {}", openssl_error());
  if (state.blob.empty()) state.blob = state.public_der;
  // A key that cannot sign is better known now.
  const auto probe = TRY(signing::sign(state.key.get(), "probe"), "signing with the key of signed syslog");
  if (!signing::verify(state.key.get(), signing::version_of(state.is_dsa), "probe", probe))
    return fail(ErrorKind::invalid_input, "the key of signed syslog does not verify its own signature");
  return state;
}

}  // namespace

namespace signing {

std::string_view version_of(bool is_dsa) { return is_dsa ? "0121" : "0122"; }
bool is_dsa(const EVP_PKEY* key) { return EVP_PKEY_get_base_id(key) == EVP_PKEY_DSA; }

std::string public_der_of(const EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  std::string out =
      size > 0 ? std::string(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)) : std::string();
  OPENSSL_free(bytes);
  return out;
}

Result<std::string> sign(EVP_PKEY* key, std::string_view text) {
  const OwnedDigest context(EVP_MD_CTX_new());
  const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return fail(ErrorKind::invalid_input, "the key cannot sign: {}", openssl_error());
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) != 1)
    return fail(ErrorKind::internal, "signing failed: {}", openssl_error());
  signature.resize(size);
  if (!is_dsa(key)) return signature;
  const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
  const OwnedDsaSignature parts(d2i_DSA_SIG(nullptr, &der, static_cast<long>(signature.size())));
  if (!parts) return fail(ErrorKind::internal, "a DSA signature that is none: {}", openssl_error());
  const BIGNUM *r = nullptr, *s = nullptr;
  DSA_SIG_get0(parts.get(), &r, &s);
  std::string out;
  append_mpi(out, r);
  append_mpi(out, s);
  return out;
}

bool verify(EVP_PKEY* key, std::string_view version, std::string_view text, std::string_view signature) {
  if (version.size() != 4 || !version.starts_with("01")) return false;
  std::string der(signature);
  if (is_dsa(key) != (version[3] == '1')) return false;
  if (is_dsa(key) && !signature.empty() && signature[0] != 0x30) {  // some senders write DER in its place
    std::string_view rest = signature;
    const OwnedDsaSignature parts(DSA_SIG_new());
    BIGNUM* r = read_mpi(rest);
    BIGNUM* s = read_mpi(rest);
    if (r == nullptr || s == nullptr || DSA_SIG_set0(parts.get(), r, s) != 1) {
      BN_free(r);
      BN_free(s);
      return false;
    }
    unsigned char* bytes = nullptr;
    const int size = i2d_DSA_SIG(parts.get(), &bytes);
    if (size <= 0) return false;
    der.assign(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
  }
  const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr
                         : version[2] == '1'                           ? EVP_sha1()
                                                                       : EVP_sha256();
  const OwnedDigest context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  ERR_clear_error();
  return good;
}

OwnedKey key_of_blob(char type, std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  OwnedKey key;
  if (type == 'C') {
    const OwnedCertificate certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else if (type == 'K') {
    key.reset(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size())));
  }
  ERR_clear_error();
  return key;
}

}  // namespace signing

Result<SyslogSigningKey> SyslogSigningKey::from_pem(std::string_view pem) {
  State state;
  const auto no_passphrase = +[](char*, int, int, void*) { return 0; };
  state.key.reset(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr));
  if (!state.key)
    return fail(ErrorKind::invalid_input, "expected a private key without passphrase as PEM: {}", openssl_error());
  const OwnedCertificate certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (certificate) {
    if (X509_check_private_key(certificate.get(), state.key.get()) != 1)
      return fail(ErrorKind::invalid_input, "the certificate does not belong to the private key beside it");
    state.blob_type = 'C';
    state.blob = certificate_der(certificate.get());
  }
  return SyslogSigningKey(std::make_shared<const State>(TRY(complete(std::move(state)))));
}

Result<SyslogSigningKey> SyslogSigningKey::generate(Kind kind) {
  State state;
  if (kind == Kind::ec) {
    state.key.reset(EVP_EC_gen("P-256"));
  } else {
    EVP_PKEY* parameters = nullptr;
    const OwnedKeyContext making(EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr));
    if (EVP_PKEY_paramgen_init(making.get()) != 1 || EVP_PKEY_CTX_set_dsa_paramgen_bits(making.get(), 2'048) != 1 ||
        EVP_PKEY_CTX_set_dsa_paramgen_q_bits(making.get(), 256) != 1 ||
        EVP_PKEY_paramgen(making.get(), &parameters) != 1)
      return fail(ErrorKind::internal, "making DSA parameters: {}", openssl_error());
    const OwnedKey kept(parameters);
    const OwnedKeyContext key_making(EVP_PKEY_CTX_new(parameters, nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_keygen_init(key_making.get()) != 1 || EVP_PKEY_keygen(key_making.get(), &key) != 1)
      return fail(ErrorKind::internal, "making a DSA key: {}", openssl_error());
    state.key.reset(key);
  }
  if (!state.key) return fail(ErrorKind::internal, "making a key: {}", openssl_error());
  return SyslogSigningKey(std::make_shared<const State>(TRY(complete(std::move(state)))));
}

Result<std::string> SyslogSigningKey::private_pem() const {
  int good = 0;
  auto text = written_text([&](BIO* out) {
    good = PEM_write_bio_PrivateKey(out, state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (good != 1) return fail(ErrorKind::internal, "writing a key: {}", openssl_error());
  return text;
}

std::string SyslogSigningKey::public_pem() const {
  return written_text([&](BIO* out) { PEM_write_bio_PUBKEY(out, state_->key.get()); });
}

std::string SyslogSigningKey::thumbprint() const { return to_hex(as_text(sha256(state_->public_der))); }

}  // namespace yagura::forward
