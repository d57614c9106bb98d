// Java key stores in the old format JKS (keytool before Java 9; magic 0xFEEDFEED, versions 1 and 2).
//
// Layout (sun.security.provider.JavaKeyStore): big-endian integers, texts as Java's modified UTF-8 with a 2-byte
// length; entries of private keys (tag 1) and of trusted certificates (tag 2); a SHA-1 over password, "Mighty
// Aphrodite" and all bytes before it. Stateless, any thread. Errors: corrupt (cut short, wrong lengths), invalid_input
// (a wrong password).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::forward {

struct JavaKeyStoreEntry {
  std::string alias;
  std::string private_key;                // PKCS#8 DER, decrypted; "" for a trusted certificate
  std::vector<std::string> certificates;  // DER; of a key: its chain, its own first
};

bool is_java_key_store(std::string_view bytes);
// Without a password the integrity is not checked and private keys are left out, as keytool does.
Result<std::vector<JavaKeyStoreEntry>> read_java_key_store(std::string_view bytes, std::string_view password);

}  // namespace yagura::forward
