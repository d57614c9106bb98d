// Passwords: argon2id hashes by libsodium, and what a password must be like.
//
// Hashing is slow and takes memory on purpose: never call it while holding a lock. At most two run at a time in the
// process, so a flood of sign-ins cannot take gigabytes. Any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura::control {

struct PasswordCost {
  unsigned long long operations = 2;  // RFC 9106 section 4, second choice, scaled to libsodium's "interactive"
  Bytes memory = 64_MiB;
};

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost = {});
// Also false for a hash that is none. Takes as long for a wrong password as for the right one.
bool verify_password(const std::string& hash, std::string_view password);
// True when `hash` was made with another cost: hash again at the next sign-in.
bool needs_rehash(const std::string& hash, const PasswordCost& cost);

// At least 12 characters, at most 256 bytes, UTF-8, not the user's name inside, not one of the commonest, not one
// character repeated (NIST SP 800-63B section 5.1.1.2: length and a block list, no composition rules).
Result<> check_password_rules(std::string_view password, std::string_view user_name);

// For the first administrator: 20 characters that are read aloud without mistakes, about 97 bits.
std::string generate_password();

}  // namespace yagura::control
