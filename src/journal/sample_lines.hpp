// Syslog lines as a mixed fleet sends them, the same for the same seed: for tests and benches of this room.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

namespace yagura::journal {

class SampleLines {
 public:
  explicit SampleLines(std::uint64_t seed) : state_(seed * 2 + 1) {}

  std::uint64_t number(std::uint64_t below) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33) % below;
  }
  std::string next() {
    const auto host = fmt::format("{}-{:02}", pick({"web", "db", "app", "bastion"}), number(40));
    const auto address = fmt::format("{}.{}.{}.{}", 10 + number(180), number(256), number(256), 1 + number(254));
    const auto user = pick({"root", "admin", "deploy", "jenkins", "alice", "bob", "carol", "oracle"});
    second_ += number(3) == 0;
    const auto clock = fmt::format("{:02}:{:02}:{:02}", 9 + second_ / 3600 % 12, second_ / 60 % 60, second_ % 60);
    switch (number(6)) {
      case 0:
        return fmt::format(
            "<38>Oct 11 {} {} sshd[{}]: Failed password for {} from {} port {} ssh2: RSA SHA256:{:016x}{:016x}{:011x}",
            clock, host, number(65536), user, address, 1024 + number(64000), number(1ULL << 31), number(1ULL << 31),
            number(1ULL << 31));
      case 1:
        return fmt::format(
            "<86>1 2026-10-11T{}.{:06}Z {} sudo {} - [origin ip=\"{}\"] pam_unix(sudo:session): session opened for "
            "user root(uid=0) by {}(uid={}) on pts/{} in /home/{}/work",
            clock, number(1000000), host, number(65536), address, user, 1000 + number(50), number(12), user);
      case 2:
        return fmt::format(
            "<78>Oct 11 {} {} CRON[{}]: ({}) CMD (cd /srv/{} && ./bin/rotate --keep {} --older-than {}h "
            ">> /var/log/rotate.log 2>&1 && systemctl reload {})",
            clock, host, number(65536), user, pick({"shop", "billing", "search"}), number(30), number(72),
            pick({"nginx", "haproxy", "rsyslog"}));
      case 3:
        return fmt::format(
            "<4>Oct 11 {} {} kernel: [{}.{:06}] IN=eth0 OUT= MAC=52:54:00:{:02x}:{:02x}:{:02x} SRC={} "
            "DST=10.1.{}.{} LEN={} TOS=0x00 TTL={} ID={} PROTO=TCP SPT={} DPT={} WINDOW=1024 SYN URGP=0",
            clock, host, number(999999), number(1000000), number(256), number(256), number(256), address, number(256),
            number(256), 40 + number(1400), 32 + number(96), number(65536), number(65536), number(1024));
      case 4:
        return fmt::format(
            "<166>Oct 11 {} fw-{:02} : %ASA-6-302013: Built outbound TCP connection {} for outside:{}/{} ({}/{}) "
            "to inside:10.2.{}.{}/{} (198.51.100.{}/{})",
            clock, number(8), 100000 + number(9000000), address, number(1024), address, number(1024), number(256),
            number(256), 1024 + number(64000), number(256), 1024 + number(64000));
      default:
        return fmt::format(
            "<30>1 2026-10-11T{}.{:06}Z {} nginx {} access - {} - {} \"GET /{}/{:x}?page={} HTTP/1.1\" {} {} "
            "\"https://www.example.org/{}\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
            clock, number(1000000), host, number(65536), address, user, pick({"cart", "item", "login", "api/v2"}),
            number(1ULL << 30), number(40), pick({"200", "200", "304", "404", "500"}), number(90000),
            pick({"", "shop", "news"}));
    }
  }

 private:
  std::string_view pick(std::initializer_list<std::string_view> words) { return words.begin()[number(words.size())]; }
  std::uint64_t state_;
  std::uint64_t second_ = 0;
};

}  // namespace yagura::journal
