// For files of net only: how a client judges a server's certificate beyond what OpenSSL does by itself.
//
// Revocation lists that speak only of their own issuers, stapled OCSP answers, and a text for people of what was wrong
// with which certificate. The void pointers are SSL_CTX* and SSL*.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace yagura::net {

// Nothing when there are none. The error names the file.
Result<> load_revocation_lists(void* context, const std::vector<std::filesystem::path>& files);
// Verification on, and the story of the first fault kept for verdict_of().
void remember_verdicts(void* context);
// Each connection must also ask: SSL_set_tlsext_status_type().
void check_stapled_status(void* context);

// "CN=old.example, issued by CN=Example CA, ended 2026-01-01 00:00:00"; "" when nothing was wrong.
const std::string& verdict_of(void* connection);

}  // namespace yagura::net
