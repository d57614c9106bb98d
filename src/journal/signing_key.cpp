#include "journal/signing_key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/encoding.hpp"
#include "base/file.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// A key file is never protected by a passphrase: without this OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<> make_key_file(const fs::path& path) {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  Bio bio(BIO_new(BIO_s_mem()));
  if (!key || !bio || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail(ErrorKind::internal, "cannot make an Ed25519 key");
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) return fail_errno(error.value(), "making folder " + path.parent_path().string());
  std::string pem = text_of(bio.get());
  auto written = write_file_atomically(path, pem, 0600);
  OPENSSL_cleanse(pem.data(), pem.size());
  return written;
}

}  // namespace

SigningKey::SigningKey(SigningKey&& other) noexcept
    : key_(std::exchange(other.key_, nullptr)), created_(other.created_) {}
SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  std::swap(key_, other.key_);
  created_ = other.created_;
  return *this;
}
SigningKey::~SigningKey() { EVP_PKEY_free(static_cast<EVP_PKEY*>(key_)); }

Result<SigningKey> SigningKey::load_or_create(const fs::path& path) {
  std::error_code error;
  const bool missing = !fs::exists(path, error) && !error;
  if (missing) TRY(make_key_file(path), "making the journal's signing key {}", path.string());

  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fail_errno(errno, "reading the journal's signing key " + path.string());
  if ((info.st_mode & 077) != 0)
    return fail(ErrorKind::permission_denied,
                "the journal's signing key {} can be read by others (mode {:o}); set it with chmod 600", path.string(),
                info.st_mode & 0777);
  std::string pem = TRY(read_file(path, 64_KiB), "reading the journal's signing key");
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  bio.reset();
  OPENSSL_cleanse(pem.data(), pem.size());
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
    return fail(ErrorKind::invalid_input, "{} is not an Ed25519 private key in PEM (PKCS#8, without passphrase)",
                path.string());
  SigningKey result(key.release());
  result.created_ = missing;
  return result;
}

std::string SigningKey::sign(std::string_view message) const {
  DigestContext context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, static_cast<EVP_PKEY*>(key_)) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
    std::abort();  // a loaded Ed25519 key can always sign
  return signature;
}

std::string SigningKey::public_pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), static_cast<EVP_PKEY*>(key_)) != 1) std::abort();
  return text_of(bio.get());
}

std::string SigningKey::public_raw() const {
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(key_), reinterpret_cast<unsigned char*>(raw.data()), &size) !=
      1)
    std::abort();
  return raw;
}

Sha256Digest SigningKey::fingerprint() const { return sha256(public_raw()); }

Result<PublicKeys> PublicKeys::parse(std::string_view pem) {
  PublicKeys keys;
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), 1 << 20))));
  while (bio) {
    Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) break;
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) != 1)
      return fail(ErrorKind::invalid_input, "public key {} is not an Ed25519 key", keys.raw_.size() + 1);
    keys.raw_.push_back(std::move(raw));
  }
  ERR_clear_error();
  if (keys.empty()) return fail(ErrorKind::invalid_input, "there is no public key in PEM (BEGIN PUBLIC KEY)");
  return keys;
}

Result<PublicKeys> PublicKeys::load(const fs::path& path) {
  const std::string pem = TRY(read_file(path, 1_MiB));
  return TRY(parse(pem), "reading {}", path.string());
}

bool PublicKeys::check(std::string_view message, std::string_view signature) const {
  if (signature.size() != 64) return false;
  for (const std::string& raw : raw_) {
    Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(raw.data()),
                                        raw.size()));
    DigestContext context(EVP_MD_CTX_new());
    if (!key || !context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) continue;
    if (EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1)
      return true;
  }
  ERR_clear_error();
  return false;
}

bool PublicKeys::holds(const Sha256Digest& fingerprint) const {
  for (const std::string& raw : raw_)
    if (sha256(raw) == fingerprint) return true;
  return false;
}

std::vector<std::string> PublicKeys::fingerprints() const {
  std::vector<std::string> texts;
  for (const std::string& raw : raw_) texts.push_back(to_hex(as_text(sha256(raw))));
  return texts;
}

}  // namespace yagura::journal
