#include "roles/server_settings.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::roles {

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_uint64(text.substr(colon + 1));
  auto address = text.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
  else if (address.find(':') != std::string_view::npos) return std::nullopt;
  if (!port || *port > 65535) return std::nullopt;
  return ListenAddress{std::string(address.empty() ? "0.0.0.0" : address), static_cast<std::uint16_t>(*port)};
}

namespace {

std::optional<ListenAddress> read_listen(const SettingsNode& node, std::string_view key, std::optional<ListenAddress> fallback) {
  const auto child = node.child(key);
  if (!child.exists()) return fallback;
  const std::string text = child.text();
  if (text == "off" || text == "false" || text == "no") return std::nullopt;
  auto address = parse_listen_address(text);
  if (!address) child.error(fmt::format("'{}' is no address to listen on; expected ADDRESS:PORT such as 0.0.0.0:8443, or off", text));
  return address;
}

JournalSettings read_journal(const SettingsNode& node) {
  JournalSettings out;
  out.segment_size = node.get("segment_size", out.segment_size);
  out.max_age = node.get("max_age", out.max_age);
  out.max_size = node.get("max_size", out.max_size);
  out.min_free = node.get("min_free", out.min_free);
  if (out.segment_size < 1_MiB) node.error("'journal.segment_size' must be at least 1MiB");
  return out;
}

StoreSettings read_store(const SettingsNode& node) {
  StoreSettings out;
  out.kind = node.get_choice("kind", out.kind, {"embedded", "clickhouse"});
  out.retention = node.get("retention", out.retention);
  const auto engine = node.child("engine");
  out.engine.library = engine.get("library", "");
  out.engine.memory = engine.get("memory", out.engine.memory);
  out.engine.listen = read_listen(engine, "listen", std::nullopt);
  out.engine.user = engine.get("user", out.engine.user);
  out.engine.password = engine.get("password", "");
  if (out.engine.listen && out.engine.password.empty())
    engine.error("'store.engine.listen' needs 'store.engine.password': set it, for instance to ${YAGURA_ENGINE_PASSWORD}");
  const auto cluster = node.child("clickhouse");
  out.cluster.host = cluster.get("host", "");
  out.cluster.port = static_cast<std::uint16_t>(cluster.get("port", 8443, {.min = 1, .max = 65535}));
  out.cluster.tls = cluster.get("tls", true);
  out.cluster.ca = cluster.get("ca", "");
  out.cluster.user = cluster.get("user", out.cluster.user);
  out.cluster.password = cluster.get("password", "");
  out.cluster.password_file = cluster.get("password_file", "");
  out.cluster.certificate = cluster.get("certificate", "");
  out.cluster.private_key = cluster.get("private_key", "");
  out.cluster.cluster = cluster.get("cluster", "");
  out.cluster.path = cluster.get("path", out.cluster.path);
  out.cluster.replica = cluster.get("replica", out.cluster.replica);
  out.cluster.insert_quorum = cluster.get("insert_quorum", out.cluster.insert_quorum);
  const auto& quorum = out.cluster.insert_quorum;
  if (quorum != "auto" && parse_uint64(quorum).value_or(1000) > 100)
    cluster.child("insert_quorum").error(fmt::format("'store.clickhouse.insert_quorum' must be auto or a number of replicas, not '{}'", quorum));
  if (!out.cluster.password.empty() && !out.cluster.password_file.empty())
    cluster.error("'store.clickhouse' has both 'password' and 'password_file'; give one");
  if (out.cluster.certificate.empty() != out.cluster.private_key.empty())
    cluster.error("'store.clickhouse.certificate' and 'store.clickhouse.private_key' go together: set both or neither");
  if (!out.cluster.tls && out.kind == "clickhouse" && out.cluster.host != "localhost" && !out.cluster.host.starts_with("127.") && out.cluster.host != "::1")
    cluster.child("tls").error("'store.clickhouse.tls: false' sends the password and all rows unencrypted, so it is for localhost only");
  if (out.kind == "clickhouse" && out.cluster.host.empty()) node.error("'store.kind: clickhouse' needs 'store.clickhouse.host'");
  return out;
}

ApiSettings read_api(const SettingsNode& node) {
  ApiSettings out;
  out.http = read_listen(node, "http", out.http);
  out.https = read_listen(node, "https", out.https);
  out.certificate = node.get("certificate", "");
  out.private_key = node.get("private_key", "");
  out.names = node.get_list("names");
  if (out.certificate.empty() != out.private_key.empty()) node.error("'api.certificate' and 'api.private_key' go together: set both or neither");
  if (out.http && out.http->address != "127.0.0.1" && out.http->address != "::1")
    node.child("http").error("'api.http' sends passwords unencrypted, so it may listen on 127.0.0.1 or ::1 only; use 'api.https' for other addresses");
  return out;
}

AgentListenerSettings read_agents(const SettingsNode& node) {
  AgentListenerSettings out;
  out.listen = read_listen(node, "listen", out.listen);
  out.certificate_validity = node.get("certificate_validity", out.certificate_validity);
  if (out.certificate_validity < 10s || out.certificate_validity > std::chrono::days(825))
    node.child("certificate_validity").error("'agents.certificate_validity' must be between 10s and 825d");
  out.heartbeat = node.get("heartbeat", out.heartbeat);
  if (out.heartbeat < 1s || out.heartbeat > 1h) node.child("heartbeat").error("'agents.heartbeat' must be between 1s and 1h");
  out.minimum_version = node.get("minimum_version", "");
  return out;
}

bool is_timezone(std::string_view text) {
  if (text == "UTC" || text == "local") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' && is_ascii_digit(text[1]) && is_ascii_digit(text[2]) &&
         is_ascii_digit(text[4]) && is_ascii_digit(text[5]);
}

}  // namespace

ServerSettings read_server_settings(const SettingsNode& file) {
  ServerSettings out;
  out.data = file.get("data", out.data.string());
  out.keys = file.get("keys", "");
  out.content = file.get("content", "");
  out.workspace = file.get("workspace", out.workspace);
  if (out.workspace.empty() || !std::ranges::all_of(out.workspace, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }))
    file.child("workspace").error(fmt::format("'workspace' must be a name of letters, digits and _, not '{}'", out.workspace));
  out.timezone = file.get("timezone", out.timezone);
  if (!is_timezone(out.timezone))
    file.child("timezone").error(fmt::format("'timezone' must be UTC, local, or an offset such as +09:00, not '{}'", out.timezone));
  const auto log = file.child("log");
  const std::string level = log.get_choice("level", "info", {"debug", "info", "warning", "error"});
  out.log_level = level == "debug" ? LogLevel::debug : level == "warning" ? LogLevel::warning : level == "error" ? LogLevel::error : LogLevel::info;
  const std::string format = log.get_choice("format", "automatic", {"automatic", "text", "json"});
  out.log_format = format == "text" ? LogFormat::text : format == "json" ? LogFormat::json : LogFormat::automatic;
  out.journal = read_journal(file.child("journal"));
  out.store = read_store(file.child("store"));
  out.api = read_api(file.child("api"));
  out.agents = read_agents(file.child("agents"));
  const auto pipeline = file.child("pipeline");
  out.pipeline.workers = static_cast<std::size_t>(pipeline.get("workers", 0, {.min = 0, .max = 256}));
  out.pipeline.flush = pipeline.get("flush", out.pipeline.flush);
  const auto query = file.child("query");
  out.query.timeout = query.get("timeout", out.query.timeout);
  out.query.max_rows = query.get("max_rows", out.query.max_rows, {.min = 1, .max = 100'000'000});
  out.query.max_memory = query.get("max_memory", out.query.max_memory);
  out.query.max_concurrent = query.get("max_concurrent", out.query.max_concurrent, {.min = 1, .max = 1000});
  for (const auto& folder : query.get_list("functions")) out.query.functions.emplace_back(folder);
  out.query.external_mirror = query.child("external_data").get("mirror", "");
  out.query.external_allow = query.child("external_data").get_list("allow");
  const auto detection = file.child("detection");
  for (const auto& folder : detection.get_list("rules")) out.rules.emplace_back(folder);
  for (const auto& folder : detection.get_list("pipelines")) out.detection.pipelines.emplace_back(folder);
  out.detection.lateness = detection.get("lateness", out.detection.lateness);
  if (out.detection.lateness > std::chrono::minutes(10)) detection.child("lateness").error("'detection.lateness' must be at most 10m: alerts of correlations come that late");
  out.detection.alerts_per_minute = detection.get("alerts_per_minute", out.detection.alerts_per_minute, {.min = 0, .max = 1'000'000});
  out.follow_local_logs = file.get("follow_local_logs", out.follow_local_logs);
  return out;
}

}  // namespace yagura::roles
