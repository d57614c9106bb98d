// What an agent is known by: its key, made on the host and never leaving it, and the certificate that the server gave.
//
// Both stand in one file (identity.pem, mode 0600), so that a renewal is one rename: old or new, never half. Values; any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace yagura::fleet {

// Clocks of hosts differ a little: a certificate made now must be good there at once, so it begins earlier by this.
inline constexpr std::chrono::seconds kCertificateBackdate{300};

struct KeyRequest {
  std::string private_key_pem;
  std::string request_pem;  // PKCS #10, signed by the key
};
// A new P-256 key. `host` is for people who look at the request.
Result<KeyRequest> make_key_request(const std::string& host);

struct Identity {
  std::string agent_id;
  std::string serial;
  std::int64_t made_ticks = 0;
  std::int64_t expires_ticks = 0;

  // Two thirds of its time have passed.
  bool wants_renewal(std::int64_t now_ticks) const { return now_ticks > made_ticks + (expires_ticks - made_ticks) / 3 * 2; }
};
// Of a file, or of a text that holds the certificate first.
Result<Identity> read_identity(const std::filesystem::path& file);
Result<Identity> parse_identity(std::string_view pem);
// Checks that key and certificate belong together.
Result<> write_identity(const std::filesystem::path& file, const std::string& certificate_pem, const std::string& private_key_pem);

}  // namespace yagura::fleet
