#include "agent/self_report.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::agent {

SelfUse SelfReport::use() {
  SelfUse out;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  const auto now = std::chrono::steady_clock::now();
  const double passed = std::chrono::duration<double>(now - at_).count();
  if (passed > 0.001) out.cpu_percent = 100 * (out.cpu_seconds - seconds_) / passed;
  at_ = now;
  seconds_ = out.cpu_seconds;
  // Pages: total, resident, ...
  if (const auto text = read_file("/proc/self/statm", 4_KiB)) {
    const auto words = split(*text, ' ');
    if (words.size() > 1) out.resident_bytes = parse_uint64(words[1]).value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return out;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string system_name() {
  utsname names{};
  ::uname(&names);
  std::string out = fmt::format("{} {}", names.sysname, names.release);
  if (const auto text = read_file("/etc/os-release", 64_KiB))
    for (auto line : split(*text, '\n'))
      if (line.starts_with("PRETTY_NAME=")) {
        line.remove_prefix(12);
        if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
        out += ", " + std::string(line.substr(0, 128));
      }
  return out;
}

}  // namespace yagura::agent
