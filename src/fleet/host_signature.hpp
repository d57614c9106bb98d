// Signatures of a cluster's hosts: by the key of a host's identity, good for everybody who knows the cluster's authority.
//
// The certificate travels with the signature: its length (four bytes, big-endian), its DER, then the signature of its key.
// That the certificate has run out since does not spoil what was signed before. Values; any thread.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::fleet {

// `identity` holds certificate and key in PEM.
Result<std::string> sign_as_host(const std::filesystem::path& identity, std::string_view bytes);
// Signed by a key that the authority has vouched for as a host's.
bool check_host_signature(std::string_view authority_pem, std::string_view bytes, std::string_view signature);

}  // namespace yagura::fleet
