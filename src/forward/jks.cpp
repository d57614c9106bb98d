#include "forward/jks.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "forward/openssl_pointers.hpp"

namespace yagura::forward {

namespace {

constexpr std::uint32_t kMagic = 0xFEEDFEED;
constexpr std::size_t kDigest = 20;
constexpr std::uint32_t kMostEntries = 10'000, kMostChain = 100;

struct Cursor {
  std::string_view bytes;
  std::size_t at = 0;
  bool good = true;

  std::string_view take(std::size_t count) {
    if (!good || count > bytes.size() - at) {
      good = false;
      return {};
    }
    at += count;
    return bytes.substr(at - count, count);
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view text() { return take(number(2)); }
  std::string_view block() { return take(number(4)); }
};

// Java hashes a password as UTF-16, big-endian.
std::string utf16_of(std::string_view password) {
  std::string out;
  const auto put = [&](std::uint32_t unit) {
    out += static_cast<char>(unit >> 8);
    out += static_cast<char>(unit & 0xFF);
  };
  for (std::size_t at = 0; at < password.size();) {
    const auto c = static_cast<std::uint32_t>(utf8::next(password, at));
    if (c < 0x10000) {
      put(c);
    } else {
      put(0xD800 + ((c - 0x10000) >> 10));
      put(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

std::array<unsigned char, kDigest> sha1(std::initializer_list<std::string_view> parts) {
  std::array<unsigned char, kDigest> digest{};
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr);
  for (const auto part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return digest;
}
std::string_view view(const std::array<unsigned char, kDigest>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// sun.security.provider.KeyProtector: salt, key XOR a chain of SHA-1, and a digest of the plain key.
Result<std::string> decrypted(std::string_view protected_key, std::string_view password16, std::string_view alias) {
  const auto* at = reinterpret_cast<const unsigned char*>(protected_key.data());
  const Owned<X509_SIG, X509_SIG_free> wrapped(d2i_X509_SIG(nullptr, &at, static_cast<long>(protected_key.size())));
  ERR_clear_error();
  if (!wrapped)
    return fail(ErrorKind::corrupt, "the private key '{}' is not wrapped as a Java key store does it", alias);
  const ASN1_OCTET_STRING* sealed = nullptr;
  X509_SIG_get0(wrapped.get(), nullptr, &sealed);
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(sealed)),
                               static_cast<std::size_t>(ASN1_STRING_length(sealed)));
  if (bytes.size() < 2 * kDigest) return fail(ErrorKind::corrupt, "the private key '{}' is cut short", alias);
  std::string key(bytes.substr(kDigest, bytes.size() - 2 * kDigest));
  auto stream = sha1({password16, bytes.substr(0, kDigest)});
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i > 0 && i % kDigest == 0) stream = sha1({password16, view(stream)});
    key[i] = static_cast<char>(static_cast<unsigned char>(key[i]) ^ stream[i % kDigest]);
  }
  if (!equal_constant_time(view(sha1({password16, key})), bytes.substr(bytes.size() - kDigest)))
    return fail(ErrorKind::invalid_input, "the password does not open the private key '{}'", alias);
  return key;
}

}  // namespace

bool is_java_key_store(std::string_view bytes) { return bytes.starts_with("\xFE\xED\xFE\xED"); }

Result<std::vector<JavaKeyStoreEntry>> read_java_key_store(std::string_view bytes, std::string_view password) {
  if (bytes.size() < 12 + kDigest || !is_java_key_store(bytes))
    return fail(ErrorKind::corrupt, "not a Java key store, or cut short");
  const std::string password16 = utf16_of(password);
  Cursor cursor{.bytes = bytes.substr(0, bytes.size() - kDigest)};
  if (!password.empty() && !equal_constant_time(view(sha1({password16, "Mighty Aphrodite", cursor.bytes})),
                                                bytes.substr(bytes.size() - kDigest)))
    return fail(ErrorKind::invalid_input, "the password is wrong, or the key store was changed");
  cursor.take(4);
  const auto version = cursor.number(4);
  if (version != 1 && version != 2)
    return fail(ErrorKind::not_supported, "a Java key store of version {}; 1 and 2 are known", version);
  const auto count = cursor.number(4);
  if (count > kMostEntries)
    return fail(ErrorKind::corrupt, "a Java key store of {} entries; at most {} are read", count, kMostEntries);
  std::vector<JavaKeyStoreEntry> entries;
  const auto take_certificate = [&] {
    if (version == 2) cursor.text();  // "X.509"
    return std::string(cursor.block());
  };
  for (std::uint64_t i = 0; i < count && cursor.good; ++i) {
    const auto tag = cursor.number(4);
    JavaKeyStoreEntry entry;
    entry.alias = utf8::repaired(cursor.text());
    cursor.number(8);  // when it was put in
    if (tag == 1) {
      const auto sealed = cursor.block();
      const auto chain = cursor.number(4);
      if (chain > kMostChain)
        return fail(ErrorKind::corrupt, "entry '{}' has a chain of {} certificates; at most {} are read", entry.alias,
                    chain, kMostChain);
      for (std::uint64_t k = 0; k < chain && cursor.good; ++k) entry.certificates.push_back(take_certificate());
      if (!cursor.good) break;
      if (!password.empty()) entry.private_key = TRY(decrypted(sealed, password16, entry.alias));
    } else if (tag == 2) {
      entry.certificates.push_back(take_certificate());
    } else {
      return fail(cursor.good ? ErrorKind::not_supported : ErrorKind::corrupt,
                  "entry {} of the Java key store has the unknown tag {}", i + 1, tag);
    }
    if (cursor.good) entries.push_back(std::move(entry));
  }
  if (!cursor.good) return fail(ErrorKind::corrupt, "the Java key store is cut short");
  return entries;
}

}  // namespace yagura::forward
