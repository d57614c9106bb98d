// yagura support bundle: one archive for whoever helps: versions, configuration without secrets, health, logs.
#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ostream>
#include <regex>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "net/content_encoding.hpp"
#include "net/http_client.hpp"

namespace yagura::cli {

namespace {

struct SupportOptions {
  ServerChoice server;
  std::string output;
  std::string config;
  std::vector<std::string> logs{"logs"};
};

constexpr std::uintmax_t kMostLog = 4UL << 20U;  // the end of each log
constexpr std::size_t kMostLogs = 20;

// A tar archive (POSIX ustar), held in memory.
class Archive {
 public:
  void add(std::string_view name, std::string_view content) {
    std::array<char, 512> header{};
    const auto put = [&](std::size_t at, std::string_view text) { std::ranges::copy(text, header.begin() + static_cast<std::ptrdiff_t>(at)); };
    put(0, name.substr(0, 99));
    put(100, "0000600");
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", content.size()));
    put(136, fmt::format("{:011o}", std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count()));
    put(148, "        ");
    header[156] = '0';
    put(257, "ustar");
    put(263, "00");
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum));
    header[154] = 0;
    text_.append(header.data(), header.size());
    text_ += content;
    text_.append((512 - content.size() % 512) % 512, '\0');
  }
  std::string finish() {
    text_.append(1024, '\0');
    return std::move(text_);
  }

 private:
  std::string text_;
};

// Values of settings that hold secrets, our tokens wherever they stand, and private keys.
std::string without_secrets(const std::string& text) {
  static const std::regex setting(R"(((?:password|secret|token|key|passphrase|credential)[\w-]*\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s#,}]+))", std::regex::icase | std::regex::optimize);
  static const std::regex token(R"(\b(ygr|ysa|yjt)_[A-Za-z0-9_-]{8,})", std::regex::optimize);
  std::string out, line;
  bool in_key = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    line = text.substr(at, std::min<std::size_t>(end - at, 8192));
    at = end + 1;
    if (line.find("-----BEGIN") != std::string::npos && line.find("PRIVATE KEY") != std::string::npos) in_key = true;
    if (!in_key) {
      line = std::regex_replace(line, token, "$1_***");
      out += std::regex_replace(line, setting, "$1***");
      out += '\n';
    }
    if (line.find("-----END") != std::string::npos) in_key = false;
  }
  return out;
}

std::string end_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error || size > (1UL << 30U)) return "(too large to read)\n";
  auto text = read_file(file, Bytes(static_cast<std::int64_t>(size) + 4096));
  if (!text) return text.error().message() + "\n";
  return text->size() > kMostLog ? text->substr(text->size() - kMostLog) : *text;
}

std::string system_facts() {
  utsname name{};
  ::uname(&name);
  std::string out = fmt::format("yagura {}\nmade {}\nsystem {} {} {}\n", kVersion, format_datetime(ReceiveClock::now().time_since_epoch().count()), name.sysname, name.release, name.machine);
  for (const char* file : {"/etc/os-release", "/proc/meminfo", "/proc/loadavg"})
    if (const auto text = read_file(file, 64_KiB)) out += fmt::format("\n== {}\n{}", file, text->substr(0, 4096));
  return out;
}

std::string folder_sizes(const std::filesystem::path& folder) {
  std::string out;
  std::error_code error;
  for (const auto& part : std::filesystem::directory_iterator(folder, error)) {
    std::uintmax_t bytes = 0, files = 0;
    if (part.is_directory(error)) {
      for (auto it = std::filesystem::recursive_directory_iterator(part.path(), std::filesystem::directory_options::skip_permission_denied, error);
           it != std::filesystem::recursive_directory_iterator() && files < 200'000; it.increment(error)) {
        if (error) break;
        if (!it->is_regular_file(error)) continue;
        bytes += it->file_size(error);
        ++files;
      }
    } else {
      bytes = part.file_size(error);
      files = 1;
    }
    out += fmt::format("{:>14} bytes {:>7} files  {}\n", bytes, files, part.path().filename().string());
  }
  return out;
}

void add_logs(Archive& archive, const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.is_regular_file(error) && entry.path().extension() == ".log") files.push_back(entry.path());
  std::ranges::sort(files, std::greater());
  if (files.size() > kMostLogs) files.resize(kMostLogs);
  for (const auto& file : files) archive.add("yagura-support/logs/" + file.filename().string(), without_secrets(end_of(file)));
}

Result<ExitCode> bundle(const SupportOptions& options, Console& console) {
  Archive archive;
  archive.add("yagura-support/system.txt", system_facts());
  if (!options.config.empty()) archive.add("yagura-support/configuration.yaml", without_secrets(TRY(read_file(options.config, 4_MiB), "reading the configuration")));
  std::error_code ignored;
  if (std::filesystem::exists(options.server.data, ignored)) archive.add("yagura-support/data-folder.txt", folder_sizes(options.server.data));
  for (const auto& folder : options.logs) add_logs(archive, folder);
  if (const auto server = chosen_server(options.server)) {
    for (const auto& [name, path] : {std::pair{"health.json", "/health?details=true"}, {"sources.json", "/api/v1/sources"}, {"siem-agents.json", "/api/v1/siem-agents"}, {"agents.json", "/api/v1/agents"}}) {
      const auto answer = call_api(*server, "GET", path);
      archive.add(std::string("yagura-support/") + name, answer ? without_secrets(boost::json::serialize(*answer)) : answer.error().message());
    }
    const auto client = net::HttpClient::create({.host = server->host, .port = server->port, .tls = server->tls});
    net::HttpRequest request;
    request.method = "GET";
    request.target = "/metrics";
    request.headers.push_back({"Authorization", "Bearer " + server->token});
    if (const auto answer = client->send(request, Deadline::in(30s), 64_MiB)) archive.add("yagura-support/metrics.txt", answer->body);
  } else {
    archive.add("yagura-support/health.txt", "the server was not asked: " + server.error().message() + "\n");
    console.err << "note: no server was asked (" << server.error().message() << ")\n";
  }
  std::string path = options.output;
  if (path.empty()) {
    auto time = format_datetime(ReceiveClock::now().time_since_epoch().count()).substr(0, 19);
    std::ranges::replace(time, ':', '-');
    path = fmt::format("yagura-support-{}.tar.gz", time);
  }
  TRY(write_file_atomically(path, TRY(net::encode_gzip(archive.finish(), 6)), 0600), "writing {}", path);
  console.out << path << '\n';
  console.err << "Secrets are masked, host names and addresses are not: look before you send it.\n";
  return ExitCode::done;
}

}  // namespace

void add_support(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<SupportOptions>();
  auto* group = app.add_subcommand("support", "Help for whoever helps");
  group->require_subcommand(1);
  auto* command = group->add_subcommand("bundle", "One archive: versions, configuration without secrets, health, logs");
  add_server_options(*command, options->server);
  command->add_option("--output,-o", options->output, "The file; default: yagura-support-<time>.tar.gz here");
  command->add_option("--config", options->config, "Configuration file to put in, secrets masked");
  command->add_option("--logs", options->logs, "Folders of trace logs (again for more)")->capture_default_str();
  command->footer("Example:\n  yagura support bundle --data /var/lib/yagura --config /etc/yagura/yagura.yaml");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return bundle(*options, console); }; });
}

}  // namespace yagura::cli
