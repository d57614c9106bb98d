#include "query/external_data.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::query {

namespace {

// The file of an address within the mirror; nothing when its path would lead elsewhere.
std::optional<std::filesystem::path> mirrored(const std::filesystem::path& mirror, const ExternalAddress& address) {
  std::filesystem::path file = mirror / address.host;
  for (const auto part : split(std::string_view(address.path).substr(1), '/')) {
    if (part.empty()) continue;
    if (part == "." || part == ".." || part.find('\\') != std::string_view::npos || part.find('\0') != std::string_view::npos) return std::nullopt;
    file /= std::string(part);
  }
  return file;
}

}  // namespace

std::optional<ExternalAddress> parse_external(std::string_view address) {
  ExternalAddress out;
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const std::string name = to_lower_ascii(address.substr(0, scheme));
  if (name != "http" && name != "https") return std::nullopt;
  out.tls = name == "https";
  address.remove_prefix(scheme + 3);
  address = address.substr(0, address.find(';'));  // ;key of Azure's connection strings
  const auto slash = address.find_first_of("/?#");
  std::string_view host = address.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? std::string_view() : address.substr(slash);
  if (host.empty() || host.find('@') != std::string_view::npos || host.front() == '[') return std::nullopt;
  out.port = out.tls ? 443 : 80;
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (problem != std::errc() || end != digits.data() + digits.size() || out.port == 0) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (!std::ranges::all_of(host, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_'; }) || host.starts_with('.')) return std::nullopt;
  out.host = to_lower_ascii(host);
  out.target = std::string(rest.substr(0, rest.find('#')));
  if (!out.target.starts_with('/')) out.target.insert(0, "/");
  if (std::ranges::any_of(out.target, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) return std::nullopt;
  out.path = out.target.substr(0, out.target.find('?'));
  return out;
}

bool is_allowed(const std::vector<std::string>& allowed, const ExternalAddress& address) {
  return std::ranges::any_of(allowed, [&](const std::string& entry) {
    if (entry.find("://") != std::string::npos) {
      const auto wanted = parse_external(entry);
      if (!wanted || wanted->tls != address.tls || wanted->host != address.host || wanted->port != address.port) return false;
      // A whole step of the path, and none that leads out of it again.
      if (address.path.find("/../") != std::string::npos || address.path.ends_with("/..") || to_lower_ascii(address.path).find("%2e") != std::string::npos) return false;
      return address.path == wanted->path || address.path.starts_with(wanted->path.ends_with('/') ? wanted->path : wanted->path + "/");
    }
    const std::string host = to_lower_ascii(entry);
    if (host.starts_with("*.")) return address.host.ends_with(std::string_view(host).substr(1));
    return address.host == host;
  });
}

Result<std::string> fetch_external(const ExternalDataOptions& options, const std::string& address, Bytes most, Deadline deadline) {
  const auto parsed = parse_external(address);
  if (!parsed) return fail(ErrorKind::invalid_input, "only http and https addresses can be read, as in https://host/path/file.csv");
  if (!options.mirror.empty()) {
    const auto file = mirrored(options.mirror, *parsed);
    std::error_code error;
    if (file && std::filesystem::is_regular_file(*file, error)) return read_file(*file, most);
    if (!options.get || !is_allowed(options.allowed, *parsed))
      return fail(ErrorKind::not_found, "it is not in the mirror folder; put the file there as {}{}", parsed->host, parsed->path);
  }
  if (!options.get || !is_allowed(options.allowed, *parsed))
    return fail(ErrorKind::permission_denied, "the host {} is not among those that queries may read (query.external_data.allow)", parsed->host);
  return options.get(address, most, deadline);
}

}  // namespace yagura::query
