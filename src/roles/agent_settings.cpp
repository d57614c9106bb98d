#include "roles/agent_settings.hpp"

#include "base/text.hpp"
#include "forward/agent_files.hpp"
#include "formats/registry.hpp"

namespace yagura::roles {

namespace {

AgentSources local_logs() {
  AgentSources out;
  std::error_code error;
  if (std::filesystem::exists("/var/log/journal", error) || std::filesystem::exists("/run/log/journal", error)) {
    out.plain.emplace_back(intake::JournaldSettings{});
  } else {
    intake::FileTailSettings files;
    files.paths = {"/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure"};
    out.plain.emplace_back(std::move(files));
  }
  intake::FileTailSettings audit;
  audit.name = "auditd";
  audit.paths = {"/var/log/audit/audit.log"};
  audit.format = "auditd";
  out.plain.emplace_back(std::move(audit));
  return out;
}

}  // namespace

AgentSettings read_agent_settings(const SettingsNode& file) {
  AgentSettings out;
  out.data = file.get("data", forward::default_agent_folder().string());
  if (!out.data.is_absolute()) file.child("data").error(fmt::format("'data' must be an absolute path, not '{}'", out.data.string()));
  out.host = file.get("host", "");
  const auto log = file.child("log");
  const std::string level = log.get_choice("level", "info", {"debug", "info", "warning", "error"});
  out.log_level = level == "debug" ? LogLevel::debug : level == "warning" ? LogLevel::warning : level == "error" ? LogLevel::error : LogLevel::info;
  const std::string format = log.get_choice("format", "automatic", {"automatic", "text", "json"});
  out.log_format = format == "text" ? LogFormat::text : format == "json" ? LogFormat::json : LogFormat::automatic;
  const auto spool = file.child("spool");
  out.spool_max_size = spool.get("max_size", out.spool_max_size);
  out.spool_min_free = spool.get("min_free", out.spool_min_free);
  out.spool_keep_sent = spool.get("keep_sent", out.spool_keep_sent);
  if (out.spool_max_size < 4_MiB) spool.child("max_size").error("'spool.max_size' must be at least 4MiB");
  if (out.spool_keep_sent > out.spool_max_size) spool.child("keep_sent").error("'spool.keep_sent' must not be more than 'spool.max_size'");
  out.events_per_second = static_cast<std::uint64_t>(file.child("limits").get("events_per_second", 0, {.min = 0, .max = 10'000'000}));
  const auto send = file.child("send");
  out.max_batch = send.get("max_batch", out.max_batch);
  if (out.max_batch < 4_KiB || out.max_batch > 8_MiB) send.child("max_batch").error("'send.max_batch' must be between 4KiB and 8MiB");
  out.flush = send.get("flush", out.flush);
  if (out.flush < 10ms || out.flush > std::chrono::minutes(1)) send.child("flush").error("'send.flush' must be between 10ms and 1m");
  out.remote_configuration = file.get("remote_configuration", out.remote_configuration);
  return out;
}

AgentSources read_agent_sources(const SettingsNode& file) {
  const auto list = file.child("sources");
  if (!list.exists()) return local_logs();
  static const std::vector<std::string_view> formats = [] {
    std::vector<std::string_view> out;
    for (const auto& format : formats::all_formats()) out.push_back(format.name);
    return out;
  }();
  intake::SettingsContext context;
  context.formats = formats;
  context.other_kinds = winlog::kinds();
  return {intake::read_settings(list, context), winlog::read_settings(list)};
}

}  // namespace yagura::roles
