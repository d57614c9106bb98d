// The journal's Ed25519 key pair (RFC 8032) in PEM files (PKCS#8 and SubjectPublicKeyInfo, RFC 8410).
//
// The private key lies outside the data folder, mode 0600; whoever can change the journal but not read the key
// cannot make a chain that verifies. Key objects are immutable; any thread may sign and check.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/result.hpp"

namespace yagura::journal {

class SigningKey {
 public:
  // Reads the key file, or makes a new key there (folders too) when there is no such file.
  // Error: unreadable, not an Ed25519 key, or readable by others (mode bits 077).
  static Result<SigningKey> load_or_create(const std::filesystem::path& path);

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  std::string sign(std::string_view message) const;  // 64 bytes
  std::string public_pem() const;
  std::string public_raw() const;    // 32 bytes
  Sha256Digest fingerprint() const;  // SHA-256 of public_raw()
  bool created() const { return created_; }

 private:
  explicit SigningKey(void* key) : key_(key) {}
  void* key_ = nullptr;
  bool created_ = false;
};

// One or more public keys: a journal whose key was replaced has parts signed by each.
class PublicKeys {
 public:
  PublicKeys() = default;
  // All PEM blocks in the text.
  static Result<PublicKeys> parse(std::string_view pem);
  static Result<PublicKeys> load(const std::filesystem::path& path);

  bool empty() const { return raw_.empty(); }
  // Whether one of the keys made this signature.
  bool check(std::string_view message, std::string_view signature) const;
  bool holds(const Sha256Digest& fingerprint) const;
  std::vector<std::string> fingerprints() const;  // hex, for people to compare
  void add(std::string raw) { raw_.push_back(std::move(raw)); }

 private:
  std::vector<std::string> raw_;
};

}  // namespace yagura::journal
