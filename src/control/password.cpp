#include "control/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <semaphore>

#include "base/random.hpp"
#include "base/text.hpp"

namespace yagura::control {

namespace {

std::counting_semaphore<2>& hashing_slots() {
  static std::counting_semaphore<2> slots(2);
  return slots;
}

class Slot {
 public:
  Slot() { hashing_slots().acquire(); }
  ~Slot() { hashing_slots().release(); }
};

bool sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  return ready;
}

// The head of every published list, and what people make of it to reach twelve characters.
constexpr std::array<std::string_view, 24> kCommon{
    "password", "123456789", "qwertyuiop", "letmein",   "administrator", "iloveyou", "welcome",  "changeme",
    "passw0rd", "p@ssw0rd",  "monkey",     "dragon",    "sunshine",      "princess", "football", "baseball",
    "superman", "trustno1",  "abc123",     "qwerty123", "1q2w3e4r",      "zaq12wsx", "yagura",   "siem",
};

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  if (!sodium_ready()) return fail(ErrorKind::internal, "libsodium does not start");
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  const Slot slot;
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), cost.operations, cost.memory.count(),
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorKind::exhausted, "not enough memory to hash a password ({})", to_string(cost.memory));
  hash.resize(hash.find('\0'));
  return hash;
}

bool verify_password(const std::string& hash, std::string_view password) {
  if (!sodium_ready()) return false;
  const Slot slot;
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(const std::string& hash, const PasswordCost& cost) {
  return sodium_ready() && crypto_pwhash_str_needs_rehash(hash.c_str(), cost.operations, cost.memory.count()) != 0;
}

Result<> check_password_rules(std::string_view password, std::string_view user_name) {
  constexpr std::size_t kLeast = 12, kMost = 256;
  if (!utf8::valid(password)) return fail(ErrorKind::invalid_input, "the password is not valid UTF-8");
  if (utf8::code_points(password) < kLeast)
    return fail(ErrorKind::invalid_input, "the password must have at least {} characters", kLeast);
  if (password.size() > kMost) return fail(ErrorKind::invalid_input, "the password must have at most {} bytes", kMost);
  const std::string lower = to_lower_ascii(password);
  if (user_name.size() >= 3 && lower.find(to_lower_ascii(user_name)) != std::string::npos)
    return fail(ErrorKind::invalid_input, "the password must not contain the user name");
  if (lower.find_first_not_of(lower.front()) == std::string::npos)
    return fail(ErrorKind::invalid_input, "the password must not be one character repeated");
  for (const std::string_view common : kCommon) {
    // "password2024!" is "password" with less than eight characters of its own.
    if (lower.find(common) != std::string::npos && utf8::code_points(lower) < common.size() + 8)
      return fail(ErrorKind::invalid_input, "the password is too close to '{}', one of the commonest", common);
  }
  return {};
}

std::string generate_password() {
  // No 0 O 1 l I: people copy it from a terminal by hand.
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(kAlphabet.size() == 32);
  const std::string bytes = random_bytes(20);
  std::string password;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0 && i % 5 == 0) password += '-';
    password += kAlphabet[static_cast<unsigned char>(bytes[i]) % kAlphabet.size()];
  }
  return password;
}

}  // namespace yagura::control
