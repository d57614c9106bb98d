// syslog_load: a seeded generator and sender of realistic syslog lines, for benchmarks and system tests.
//
//   syslog_load --lines 2000000 --seed 1 --file lines.txt            write them, newline framed
//   syslog_load --lines 2000000 --tcp 127.0.0.1:5514 [--octet-counting]
//   syslog_load --lines 2000000 --udp 127.0.0.1:5514 --rate 200000
//
// About 180 bytes a line; RFC 3164 and 5424 mixed; sshd, sudo, cron, kernel and ASA. The same seed gives the same lines. Lines
// are made before the clock starts; prints one JSON line: lines, bytes, seconds, lines per second, CPU seconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  void append_line(std::string& out) {
    // A new second every 2000 lines or so, as a busy site has it.
    if (++made_ % 2000 == 0) ++second_;
    switch (pick(20)) {
      case 0: case 1: case 2: case 3: case 4: return sshd(out);
      case 5: case 6: return sudo(out);
      case 7: case 8: return cron(out);
      case 9: case 10: case 11: return kernel(out);
      case 12: case 13: case 14: case 15: return asa(out);
      default: return structured(out);
    }
  }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string ip() { return std::to_string(10 + pick(3)) + "." + std::to_string(pick(32)) + "." + std::to_string(pick(256)) + "." + std::to_string(1 + pick(254)); }
  std::string host() { return "srv-" + std::to_string(pick(200)) + ".example.net"; }
  std::string_view user() {
    static constexpr std::string_view users[] = {"root", "alice", "bob", "deploy", "postgres", "www-data", "backup", "jenkins", "ansible", "yuki"};
    return users[pick(10)];
  }
  std::string clock3164() {
    char text[32];
    const unsigned s = second_ % 86400;
    std::snprintf(text, sizeof text, "Nov %2u %02u:%02u:%02u", 1 + second_ / 86400 % 28, s / 3600, s / 60 % 60, s % 60);
    return text;
  }
  std::string clock5424() {
    char text[48];
    const unsigned s = second_ % 86400;
    std::snprintf(text, sizeof text, "2026-11-%02uT%02u:%02u:%02u.%06uZ", 1 + second_ / 86400 % 28, s / 3600, s / 60 % 60, s % 60, pick(1000000));
    return text;
  }
  void sshd(std::string& out) {
    const bool failed = pick(3) != 0;
    out += "<38>" + clock3164() + " " + host() + " sshd[" + std::to_string(1000 + pick(30000)) + "]: " +
           (failed ? "Failed password for " : "Accepted publickey for ") + (failed && pick(2) ? "invalid user " : "") + std::string(user()) +
           " from " + ip() + " port " + std::to_string(1024 + pick(64000)) + " ssh2" +
           (failed ? "" : ": ED25519 SHA256:kV5o1QbPzq0fW1x9e7Hn" + std::to_string(pick(1000000)) + "tJ8mYr2sLcDgA") + "\n";
  }
  void sudo(std::string& out) {
    static constexpr std::string_view commands[] = {"/usr/bin/systemctl restart nginx", "/usr/bin/apt-get update", "/usr/bin/journalctl -u postgresql -n 100", "/bin/cat /var/log/auth.log", "/usr/sbin/iptables -L -n -v"};
    const auto who = user();
    out += "<85>" + clock3164() + " " + host() + " sudo[" + std::to_string(1000 + pick(30000)) + "]:   " + std::string(who) +
           " : TTY=pts/" + std::to_string(pick(8)) + " ; PWD=/home/" + std::string(who) + "/project-" + std::to_string(pick(100)) +
           " ; USER=root ; COMMAND=" + std::string(commands[pick(5)]) + "\n";
  }
  void cron(std::string& out) {
    out += "<78>" + clock3164() + " " + host() + " CRON[" + std::to_string(1000 + pick(30000)) + "]: (" + std::string(user()) +
           ") CMD (   test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.hourly ) # job " + std::to_string(pick(100000)) + ")\n";
  }
  void kernel(std::string& out) {
    out += "<4>" + clock3164() + " " + host() + " kernel: [" + std::to_string(10000 + pick(900000)) + "." + std::to_string(100000 + pick(899999)) +
           "] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=" + ip() + " DST=" + ip() + " LEN=" + std::to_string(40 + pick(1460)) +
           " TOS=0x00 PREC=0x00 TTL=" + std::to_string(30 + pick(90)) + " ID=" + std::to_string(pick(65536)) + " PROTO=TCP SPT=" +
           std::to_string(1024 + pick(64000)) + " DPT=" + std::to_string(pick(10000)) + " WINDOW=1024 SYN URGP=0\n";
  }
  void asa(std::string& out) {
    out += "<166>" + clock3164() + " fw-" + std::to_string(pick(8)) + " : %ASA-6-30201" + std::to_string(3 + pick(2)) + ": Built outbound TCP connection " +
           std::to_string(100000000 + pick(900000000)) + " for outside:" + ip() + "/443 (" + ip() + "/443) to inside:" + ip() + "/" +
           std::to_string(1024 + pick(64000)) + " (" + ip() + "/" + std::to_string(1024 + pick(64000)) + ")\n";
  }
  void structured(std::string& out) {
    out += "<134>1 " + clock5424() + " " + host() + " payments " + std::to_string(1000 + pick(30000)) + " REQ" + std::to_string(pick(40)) +
           " [request@32473 id=\"" + std::to_string(random_()) + "\" client=\"" + ip() + "\" status=\"" + std::to_string(200 + pick(4) * 100) +
           "\"] completed in " + std::to_string(pick(2000)) + " ms for account " + std::to_string(pick(1000000)) + "\n";
  }

  std::mt19937_64 random_;
  std::uint64_t made_ = 0;
  unsigned second_ = 36000;
};

bool send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int connect_to(std::string_view target, int type) {
  const auto colon = target.rfind(':');
  const std::string host(target.substr(0, colon));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::string(target.substr(colon + 1)).c_str())));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return -1;
  const int fd = ::socket(AF_INET, type, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return fd;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int die(const char* what) {
  std::fprintf(stderr, "syslog_load: %s\n", what);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t lines = 100'000, seed = 1, rate = 0;
  std::string tcp, udp, file, prefix;
  bool octet_counting = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--lines") lines = std::strtoull(value().c_str(), nullptr, 10);
    else if (word == "--seed") seed = std::strtoull(value().c_str(), nullptr, 10);
    else if (word == "--rate") rate = std::strtoull(value().c_str(), nullptr, 10);
    else if (word == "--tcp") tcp = value();
    else if (word == "--udp") udp = value();
    else if (word == "--file") file = value();
    else if (word == "--octet-counting") octet_counting = true;
    else return die("unknown option; see the head of bench/syslog_load.cpp");
  }
  Generator generator(seed);
  std::string text;
  text.reserve(lines * 190);
  std::vector<std::size_t> starts;
  for (std::uint64_t i = 0; i < lines; ++i) {
    starts.push_back(text.size());
    generator.append_line(text);
  }
  starts.push_back(text.size());
  if (octet_counting) {
    std::string framed;
    framed.reserve(text.size() + lines * 4);
    for (std::uint64_t i = 0; i < lines; ++i) {
      const auto line = std::string_view(text).substr(starts[i], starts[i + 1] - starts[i] - 1);
      framed += std::to_string(line.size()) + " ";
      framed += line;
    }
    text = std::move(framed);
  }
  const double cpu_before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  if (!file.empty()) {
    std::FILE* out = std::fopen(file.c_str(), "wb");
    if (out == nullptr || std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fclose(out) != 0) return die("cannot write the file");
  }
  if (!tcp.empty()) {
    const int fd = connect_to(tcp, SOCK_STREAM);
    if (fd < 0) return die("cannot connect");
    const std::size_t piece = rate != 0 ? 32'768 : 262'144;
    const double bytes_per_second = static_cast<double>(rate) * static_cast<double>(text.size()) / static_cast<double>(lines);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      if (!send_all(fd, std::string_view(text).substr(at, piece))) return die("the server closed the connection");
      if (rate == 0) continue;
      const auto due = begin + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(at + piece) / bytes_per_second));
      while (std::chrono::steady_clock::now() < due) ::usleep(50);
    }
    ::shutdown(fd, SHUT_WR);
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
    ::close(fd);
  }
  if (!udp.empty()) {
    const int fd = connect_to(udp, SOCK_DGRAM);
    if (fd < 0) return die("cannot connect");
    constexpr std::size_t batch = 64;
    for (std::uint64_t i = 0; i < lines; i += batch) {
      mmsghdr messages[batch] = {};
      iovec parts[batch];
      const std::size_t count = std::min<std::uint64_t>(batch, lines - i);
      for (std::size_t k = 0; k < count; ++k) {
        parts[k] = {text.data() + starts[i + k], starts[i + k + 1] - starts[i + k] - 1};
        messages[k].msg_hdr.msg_iov = &parts[k];
        messages[k].msg_hdr.msg_iovlen = 1;
      }
      for (std::size_t sent = 0; sent < count;) {
        const int n = ::sendmmsg(fd, messages + sent, static_cast<unsigned>(count - sent), 0);
        if (n < 0) return die("sending failed");
        sent += static_cast<std::size_t>(n);
      }
      if (rate != 0) {
        const auto due = begin + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(i + count) / static_cast<double>(rate)));
        while (std::chrono::steady_clock::now() < due) ::usleep(50);
      }
    }
    ::close(fd);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"lines\":%llu,\"bytes\":%zu,\"seconds\":%.3f,\"lines_per_second\":%.0f,\"cpu_seconds\":%.3f}\n", static_cast<unsigned long long>(lines),
              text.size(), seconds, static_cast<double>(lines) / seconds, cpu_seconds() - cpu_before);
  return 0;
}
