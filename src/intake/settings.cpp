#include "intake/settings.hpp"

#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "net/address.hpp"

namespace yagura::intake {

namespace {

constexpr std::int64_t kMostInt = std::numeric_limits<std::int64_t>::max();

// "0.0.0.0:5514", "[::]:5514".
void read_listen(const SettingsNode& node, std::string& address, std::uint16_t& port) {
  const auto child = node.child("listen");
  if (!child.exists()) return;
  const std::string text = child.text();
  const auto colon = text.rfind(':');
  const auto number =
      colon == std::string::npos ? std::nullopt : parse_uint64(std::string_view(text).substr(colon + 1));
  std::string ip = text.substr(0, colon);
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  const bool good_ip =
      net::SocketAddress::numeric(ip, 0).has_value() && bracketed == (ip.find(':') != std::string::npos);
  if (!number || *number > 65'535 || !good_ip) {
    child.error(fmt::format(
        "'listen' must be a numeric address and a port, such as 0.0.0.0:5514 or [::]:5514, not '{}'", text));
    return;
  }
  address = ip;
  port = static_cast<std::uint16_t>(*number);
}

std::string read_format(const SettingsNode& node, std::string fallback, const SettingsContext& context) {
  if (context.formats.empty()) return node.get("format", fallback);
  return node.get_choice("format", fallback,
                         std::vector<std::string_view>(context.formats.begin(), context.formats.end()));
}

void at_least(const SettingsNode& node, std::string_view key, Bytes value, Bytes least, Bytes most) {
  if (value < least || value > most)
    node.child(key).error(
        fmt::format("'{}' must be between {} and {}", key, yagura::to_string(least), yagura::to_string(most)));
}

void at_least(const SettingsNode& node, std::string_view key, std::chrono::milliseconds value,
              std::chrono::milliseconds least) {
  if (value < least) node.child(key).error(fmt::format("'{}' must be at least {}", key, format_duration(least)));
}

void read_tls(const SettingsNode& node, net::TlsServerOptions& tls, const SettingsContext& context) {
  tls.certificate = node.get("certificate", "");
  tls.private_key = node.get("private_key", "");
  tls.client_ca = node.get("client_ca", "");
  if (tls.certificate.empty() != tls.private_key.empty())
    node.error("'certificate' and 'private_key' go together: name both, or neither to use the server's own");
  if (tls.certificate.empty()) {
    tls.certificate = context.certificate;
    tls.private_key = context.private_key;
  }
}

void read_connections(const SettingsNode& node, std::size_t& all, std::size_t& per_peer) {
  all = static_cast<std::size_t>(
      node.get("max_connections", static_cast<std::int64_t>(all), {.min = 1, .max = 1'000'000}));
  per_peer = static_cast<std::size_t>(
      node.get("max_connections_per_peer", static_cast<std::int64_t>(per_peer), {.min = 1, .max = 1'000'000}));
}

SyslogSettings read_syslog(const SettingsNode& node, const SettingsContext& context) {
  SyslogSettings s;
  const std::string transport = node.get_choice("transport", "udp", {"udp", "tcp", "tls"});
  s.transport = transport == "udp"   ? SyslogTransport::udp
                : transport == "tcp" ? SyslogTransport::tcp
                                     : SyslogTransport::tls;
  s.name = "syslog-" + transport;
  s.port = s.transport == SyslogTransport::tls ? 6514 : 5514;
  read_listen(node, s.address, s.port);
  s.format = read_format(node, s.format, context);
  s.max_message = node.get("max_message", s.max_message);
  at_least(node, "max_message", s.max_message, 480_B, 8_MiB);  // RFC 5424 section 6.1: every receiver takes 480
  s.rate_per_peer = static_cast<std::uint64_t>(node.get("rate_per_peer", 0, {.min = 0, .max = kMostInt}));
  if (s.transport == SyslogTransport::udp) {
    s.receive_buffer = node.get("receive_buffer", s.receive_buffer);
    at_least(node, "receive_buffer", s.receive_buffer, 64_KiB, 1_GiB);
    return s;
  }
  read_connections(node, s.max_connections, s.max_connections_per_peer);
  s.partial_timeout = node.get("partial_timeout", s.partial_timeout);
  at_least(node, "partial_timeout", s.partial_timeout, 100ms);
  s.idle_timeout = node.get("idle_timeout", s.idle_timeout);
  at_least(node, "idle_timeout", s.idle_timeout, 1s);
  s.max_waiting = node.get("max_waiting", s.max_waiting);
  at_least(node, "max_waiting", s.max_waiting, s.max_message, 64_GiB);
  if (s.transport == SyslogTransport::tls) {
    s.handshake_timeout = node.get("handshake_timeout", s.handshake_timeout);
    at_least(node, "handshake_timeout", s.handshake_timeout, 100ms);
    read_tls(node.child("tls"), s.tls, context);
  }
  return s;
}

std::vector<HecToken> read_tokens(const SettingsNode& list) {
  std::vector<HecToken> tokens;
  for (const auto& item : list.items()) {
    HecToken token;
    token.name = item.get("name", fmt::format("token{}", tokens.size() + 1));
    const std::string plain = item.get("token", "");
    const std::string hashed = item.get("token_sha256", "");
    token.enabled = item.get("enabled", true);
    token.acks = item.get("acks", false);
    token.indexes = item.get_list("indexes");
    if (plain.empty() == hashed.empty()) {
      item.error("a token needs 'token' (best as ${NAME} from the environment) or 'token_sha256', one of them");
      continue;
    }
    if (!plain.empty()) {
      token.sha256 = sha256(plain);
    } else {
      const auto bytes = from_hex(to_lower_ascii(hashed));
      if (!bytes || bytes->size() != token.sha256.size()) {
        item.child("token_sha256").error("'token_sha256' must be the SHA-256 of the token in hex, 64 digits");
        continue;
      }
      std::copy(bytes->begin(), bytes->end(), token.sha256.begin());
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

HecSettings read_hec(const SettingsNode& node, const SettingsContext& context) {
  HecSettings s;
  read_listen(node, s.address, s.port);
  const auto tls = node.child("tls");
  s.tls_enabled = tls.get("enabled", true);
  read_tls(tls, s.tls, context);
  const auto tokens = node.child("tokens");
  s.tokens = read_tokens(tokens);
  if (!tokens.exists()) node.error("a 'hec' source needs 'tokens'");
  s.query_token = node.get("query_token", false);
  s.max_body = node.get("max_body", s.max_body);
  at_least(node, "max_body", s.max_body, 1_KiB, 1_GiB);
  s.max_message = node.get("max_message", s.max_message);
  at_least(node, "max_message", s.max_message, 1_KiB, 8_MiB);
  s.max_waiting = node.get("max_waiting", s.max_waiting);
  at_least(node, "max_waiting", s.max_waiting, s.max_body, 64_GiB);
  s.rate_per_peer = static_cast<std::uint64_t>(node.get("rate_per_peer", 0, {.min = 0, .max = kMostInt}));
  s.durable_timeout = node.get("durable_timeout", s.durable_timeout);
  at_least(node, "durable_timeout", s.durable_timeout, 100ms);
  read_connections(node, s.max_connections, s.max_connections_per_peer);
  return s;
}

FileTailSettings read_file(const SettingsNode& node, const SettingsContext& context) {
  FileTailSettings s;
  s.paths = node.get_list("paths");
  if (s.paths.empty()) node.error("a 'file' source needs 'paths'");
  for (const auto& path : s.paths)
    if (!path.starts_with('/'))
      node.child("paths").error(fmt::format("'{}' must be an absolute path; wildcards * ? [] are allowed", path));
  s.exclude = node.get_list("exclude");
  s.format = read_format(node, s.format, context);
  s.from_beginning = node.get_choice("start", "beginning", {"beginning", "end"}) == "beginning";
  s.max_message = node.get("max_message", s.max_message);
  at_least(node, "max_message", s.max_message, 480_B, 8_MiB);
  s.max_files =
      static_cast<std::size_t>(node.get("max_files", static_cast<std::int64_t>(s.max_files), {.min = 1, .max = 5'000}));
  s.poll_interval = node.get("poll_interval", s.poll_interval);
  at_least(node, "poll_interval", s.poll_interval, 10ms);
  s.rescan_interval = node.get("rescan_interval", s.rescan_interval);
  at_least(node, "rescan_interval", s.rescan_interval, 10ms);
  return s;
}

// The log of the Linux audit system: a file that auditd turns over by renaming. The records of one event stand in lines of
// their own with one serial; whoever reads the rows puts them together by it.
FileTailSettings read_auditd(const SettingsNode& node) {
  FileTailSettings s;
  s.name = "auditd";
  s.paths = node.get_list("paths", {"/var/log/audit/audit.log"});
  for (const auto& path : s.paths)
    if (!path.starts_with('/'))
      node.child("paths").error(fmt::format("'{}' must be an absolute path; wildcards * ? [] are allowed", path));
  s.format = "auditd";
  s.from_beginning = node.get_choice("start", "beginning", {"beginning", "end"}) == "beginning";
  return s;
}

JournaldSettings read_journald(const SettingsNode& node) {
  JournaldSettings s;
  s.directory = node.get("directory", "");
  s.from_beginning = node.get_choice("start", "beginning", {"beginning", "end"}) == "beginning";
  s.max_field = node.get("max_field", s.max_field);
  at_least(node, "max_field", s.max_field, 1_KiB, 8_MiB);
  return s;
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

const std::string& name_of(const SourceSettings& settings) {
  return std::visit([](const auto& s) -> const std::string& { return s.name; }, settings);
}

std::vector<SourceSettings> read_settings(const SettingsNode& list, const SettingsContext& context) {
  if (!list.exists()) return default_sources(context);
  std::vector<SourceSettings> sources;
  std::set<std::string> names;
  for (const auto& node : list.items()) {
    if (!node.is_map()) {
      node.error("a source is a map: kind: syslog, listen: ...");
      continue;
    }
    std::vector<std::string_view> kinds{"syslog", "hec", "file", "journald", "auditd"};
    kinds.insert(kinds.end(), context.other_kinds.begin(), context.other_kinds.end());
    const std::string kind = node.get_choice("kind", "", kinds);
    if (!node.child("kind").exists()) node.error(fmt::format("a source needs 'kind': {}", fmt::join(kinds, ", ")));
    if (std::ranges::find(context.other_kinds, kind) != context.other_kinds.end()) {
      const auto name = node.get("name", kind);
      if (!good_name(name)) node.child("name").error("'name' must have 1 to 64 letters, digits, '-', '_' or '.'");
      else if (!names.insert(name).second) node.error(fmt::format("two sources are called '{}': give each its own 'name'", name));
      continue;
    }
    const auto add = [&](auto settings) {
      settings.name = node.get("name", settings.name);
      if (!good_name(settings.name))
        node.child("name").error("'name' must have 1 to 64 letters, digits, '-', '_' or '.'");
      else if (!names.insert(settings.name).second)
        node.error(fmt::format("two sources are called '{}': give each its own 'name'", settings.name));
      const bool enabled = node.get("enabled", true);
      if (enabled) sources.emplace_back(std::move(settings));
    };
    if (kind == "syslog")
      add(read_syslog(node, context));
    else if (kind == "hec")
      add(read_hec(node, context));
    else if (kind == "file")
      add(read_file(node, context));
    else if (kind == "journald")
      add(read_journald(node));
    else if (kind == "auditd")
      add(read_auditd(node));
    else
      (void)node.entries();  // not known what its keys should be: one mistake is enough
  }
  return sources;
}

std::vector<SourceSettings> default_sources(const SettingsContext& context) {
  SyslogSettings udp;
  udp.name = "syslog-udp";
  SyslogSettings tcp;
  tcp.name = "syslog-tcp";
  tcp.transport = SyslogTransport::tcp;
  SyslogSettings tls;
  tls.name = "syslog-tls";
  tls.transport = SyslogTransport::tls;
  tls.port = 6514;
  tls.tls.certificate = context.certificate;
  tls.tls.private_key = context.private_key;
  return {udp, tcp, tls};
}

std::unique_ptr<Source> make_source(const SourceSettings& settings, EntrySink& sink, CheckpointStore& checkpoints) {
  struct Maker {
    EntrySink& sink;
    CheckpointStore& checkpoints;
    std::unique_ptr<Source> operator()(const SyslogSettings& s) const { return SyslogSource::create(s, sink); }
    std::unique_ptr<Source> operator()(const HecSettings& s) const { return HecSource::create(s, sink); }
    std::unique_ptr<Source> operator()(const FileTailSettings& s) const {
      return FileTail::create(s, sink, checkpoints);
    }
    std::unique_ptr<Source> operator()(const JournaldSettings& s) const {
      return JournaldSource::create(s, sink, checkpoints);
    }
  };
  return std::visit(Maker{sink, checkpoints}, settings);
}

}  // namespace yagura::intake
