// Files elsewhere, for externaldata: from a mirror folder, or from addresses that an administrator allowed.
//
// Nothing is fetched unless it is allowed: a query must not make the server call whom it likes. Any thread.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::query {

struct ExternalDataOptions {
  // https://host/a/b.csv is the file host/a/b.csv in it, whatever the allow-list says; empty: none.
  std::filesystem::path mirror;
  // Hosts ("raw.githubusercontent.com", "*.example.net") or beginnings of addresses ("https://host/lists/").
  std::vector<std::string> allowed;
  // Fetches an http or https address that is allowed; may be absent.
  std::function<Result<std::string>(const std::string& address, Bytes most, Deadline deadline)> get;

  bool any() const { return !mirror.empty() || (!allowed.empty() && get); }
};

Result<std::string> fetch_external(const ExternalDataOptions& options, const std::string& address, Bytes most, Deadline deadline);
// The scheme, host and path of an address without its secrets; nothing when it is no http(s) address.
struct ExternalAddress {
  bool tls = false;
  std::string host;  // in lower case
  std::uint16_t port = 0;
  std::string path;    // from the first /, decoded no further
  std::string target;  // with the query
};
std::optional<ExternalAddress> parse_external(std::string_view address);
bool is_allowed(const std::vector<std::string>& allowed, const ExternalAddress& address);

}  // namespace yagura::query
