#include "forward/administrator.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "forward/agent_files.hpp"

namespace yagura::forward {

namespace {

std::string name_of_user(unsigned id) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return fmt::format("uid {}", id);
}

std::string hex_of(std::string_view line) {
  const auto digest = sha256(line);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// The last whole line of an open file; lines are far shorter than what is read.
Result<std::string> last_line(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size <= 0) return std::string();
  constexpr off_t kMost = 64 * 1024;
  const off_t begin = std::max<off_t>(0, size - kMost);
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  if (::pread(fd, text.data(), text.size(), begin) != static_cast<ssize_t>(text.size()))
    return fail_errno(errno, "reading the audit file");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace

std::filesystem::path default_agent_folder() {
  const char* given = std::getenv("YAGURA_AGENT_DATA");
  return given != nullptr && *given != '\0' ? given : "/var/lib/yagura-agent";
}

Requester Requester::current() {
  Requester who{.user_id = ::geteuid(), .name = name_of_user(::geteuid())};
  // Who it was before sudo: for the record only, a right never hangs on it.
  if (const char* before = std::getenv("SUDO_USER"); before != nullptr && who.user_id == 0)
    who.name += fmt::format(" (sudo by {})", before);
  return who;
}

Result<> check_administrator(const std::filesystem::path& agent_folder, const Requester& who,
                             std::string_view command) {
  if (who.user_id == 0) return {};
  struct stat folder{};
  if (::stat(agent_folder.c_str(), &folder) != 0) {
    if (errno != ENOENT) return fail_errno(errno, "looking at " + agent_folder.string());
    // Whoever may make the folder will own it.
    if (::access(agent_folder.parent_path().empty() ? "." : agent_folder.parent_path().c_str(), W_OK) == 0) return {};
    return fail(ErrorKind::permission_denied,
                "{}: administrative rights are needed: run it as root (sudo); there is no agent's data folder {} yet",
                command, agent_folder.string());
  }
  if (folder.st_uid == who.user_id) return {};
  if ((folder.st_mode & S_IWGRP) != 0) {
    std::vector<gid_t> groups(64);
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    if (::getegid() == folder.st_gid || std::ranges::find(groups, folder.st_gid) != groups.end()) return {};
  }
  return fail(ErrorKind::permission_denied,
              "{}: administrative rights are needed: you are {}, and only root, {} (the owner of {}) and its group, "
              "where it may write, can change the forwarder",
              command, who.name, name_of_user(folder.st_uid), agent_folder.string());
}

Result<> append_audit(const std::filesystem::path& file, const Requester& who, std::string_view command,
                      std::string_view detail, std::string_view outcome) {
  ::openlog("yagura", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
  ::syslog(LOG_NOTICE, "forwarder: %s by %s: %s", std::string(command).c_str(), who.name.c_str(),
           std::string(outcome).c_str());
  ::closelog();
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  auto opened = open_file(file, O_RDWR | O_CREAT | O_APPEND, 0640);
  // Who may not write here has been recorded by the system's log.
  if (!opened && outcome == "refused") return {};
  const FileDescriptor fd = TRY(std::move(opened), "keeping the audit file");
  if (::flock(fd.get(), LOCK_EX) != 0) return fail_errno(errno, "locking the audit file " + file.string());
  const std::string previous = TRY(last_line(fd.get()));
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.key("time").text(format_datetime(ReceiveClock::now().time_since_epoch().count()));
  json.key("user").text(who.name).key("uid").number(static_cast<std::int64_t>(who.user_id));
  json.key("command").text(command).key("detail").text(detail).key("outcome").text(outcome);
  json.key("previous").text(previous.empty() ? "" : hex_of(previous));
  json.end_object();
  TRY(write_all(fd.get(), line + "\n"));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "keeping the audit file " + file.string());
  return {};
}

Result<std::size_t> check_audit(const std::filesystem::path& file) {
  const std::string text = TRY(read_file(file, 256_MiB));
  std::string previous;
  std::size_t count = 0;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    ++count;
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error);
    const auto* chain = !error && value.is_object() ? value.as_object().if_contains("previous") : nullptr;
    if (chain == nullptr || !chain->is_string())
      return fail(ErrorKind::corrupt, "{}:{}: not a line of an audit file", file.string(), count);
    if (chain->as_string() != (previous.empty() ? "" : hex_of(previous)))
      return fail(ErrorKind::corrupt, "{}:{}: the line before was changed or taken out", file.string(), count);
    previous = line;
  }
  return count;
}

}  // namespace yagura::forward
