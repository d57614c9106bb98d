// linux: lines of Linux services. Three sub-suites:
//   linux.fail2ban  the fields of `expect`: who it was and when, by the rules of the devices suite
//   linux.loghub    host, program, process id and text of each line of the syslog files, against the _structured.csv
//   beside them linux.wazuh     whether we know the program that wrote the line (AppName or the pack's name)
#include <zlib.h>

#include <fstream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "devices_suites.hpp"
#include "formats/registry.hpp"

namespace yagura::conformance {

namespace json = boost::json;
using event::RecordBatch;

namespace {

struct Tally {
  std::size_t passed = 0, total = 0;
};

std::string gunzip(const std::filesystem::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return out;
  char buffer[65536];
  for (int size = gzread(file, buffer, sizeof buffer); size > 0; size = gzread(file, buffer, sizeof buffer))
    out.append(buffer, static_cast<std::size_t>(size));
  gzclose(file);
  return out;
}

// RFC 4180.
std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"')
        cell += text[++i];
      else if (c == '"')
        quoted = false;
      else
        cell += c;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      row.push_back(std::exchange(cell, {}));
    } else if (c == '\n') {
      row.push_back(std::exchange(cell, {}));
      rows.push_back(std::exchange(row, {}));
    } else if (c != '\r') {
      cell += c;
    }
  }
  return rows;
}

// The cases write the digits of the line; where the line has a zone, ours are in UTC, some quarter hours away.
bool equal_but_for_the_zone(const json::value& expected, const Found& found) {
  const auto ours = found.find("@timestamp");
  if (ours == found.end() || !expected.is_string()) return false;
  const auto a = parse_iso8601(std::string_view(expected.as_string()));
  const auto b = parse_iso8601(std::string_view(ours->second.as_string()));
  if (!a || !b) return false;
  const std::int64_t apart = std::abs(*a - *b / kTicksPerSecond * kTicksPerSecond);
  return apart <= 14 * 3600 * kTicksPerSecond && apart % (900 * kTicksPerSecond) == 0;
}

Found decode_line(const std::string& raw, const normalise::PackSet& packs, RecordBatch& batch) {
  formats::decode(
      "auto",
      {.raw = raw, .received_at = receive_time(*parse_iso8601("2026-05-10T00:00:00Z")), .position = Position(1)}, {},
      batch);
  packs.apply(batch, normalise::PackSet::Use::all);
  return fields_of(batch[0]);
}

Tally run_fail2ban(const std::filesystem::path& file, std::ofstream& failures, const normalise::PackSet& packs) {
  Tally tally;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const json::object c = json::parse(line).as_object();
    const auto& expect = c.at("expect").as_object();
    if (expect.empty()) continue;
    const std::string raw(c.at("raw").as_string());
    RecordBatch batch;
    const Found found = decode_line(raw, packs, batch);
    std::vector<std::string> differences;
    for (const auto& member : expect) {
      const std::string_view name = member.key();
      const bool good = name == "@timestamp#local" ? equal_but_for_the_zone(member.value(), found)
                                                   : equal_field(name, member.value(), found, true);
      if (!good) differences.push_back(describe_difference(name, member.value(), found));
    }
    ++tally.total;
    if (differences.empty()) {
      ++tally.passed;
      continue;
    }
    failures << std::string_view(c.at("id").as_string()) << '\n';
    for (const auto& difference : differences) failures << difference << '\n';
    failures << "  raw: " << raw << "\n\n";
  }
  return tally;
}

struct LoghubFile {
  const char* name;
  const char* host;  // columns of the structured file
  const char* program;
  const char* process_id;
};

Tally run_loghub(const std::filesystem::path& folder, std::ofstream& failures) {
  Tally tally;
  for (const LoghubFile& file : {LoghubFile{"Linux", "Level", "Component", "PID"},
                                 {"OpenSSH", "Component", "", "Pid"},
                                 {"Mac", "User", "Component", "PID"}}) {
    const std::string text = gunzip(folder / fmt::format("{}_2k.log.gz", file.name));
    const auto rows = read_csv(gunzip(folder / fmt::format("{}_2k.log_structured.csv.gz", file.name)));
    if (rows.empty()) continue;
    const auto column = [&](std::string_view name) {
      for (std::size_t i = 0; i < rows[0].size(); ++i)
        if (rows[0][i] == name) return i;
      return rows[0].size();
    };
    std::size_t row = 0;
    for (const auto line : split(text, '\n')) {
      if (trim(line).empty() || ++row >= rows.size()) continue;
      RecordBatch batch;
      formats::decode(
          "syslog",
          {.raw = line, .received_at = receive_time(*parse_iso8601("2017-08-01T00:00:00Z")), .position = Position(1)},
          {}, batch);
      const Found found = fields_of(batch[0]);
      const auto is = [&](const char* name, std::string_view column_name) {
        if (column_name.empty()) return true;
        const std::string& expected = rows[row][column(column_name)];
        const auto ours = found.find(std::string_view(name));
        return ours == found.end()
                   ? expected.empty()
                   : ours->second.is_string() && trim(std::string_view(ours->second.as_string())) == trim(expected);
      };
      ++tally.total;
      const bool good = is("log.syslog.hostname", file.host) && is("log.syslog.appname", file.program) &&
                        is("log.syslog.procid", file.process_id) && is("message", "Content");
      tally.passed += good;
      if (!good) failures << "loghub/" << file.name << '/' << row << "\n  raw: " << line << "\n\n";
    }
  }
  return tally;
}

Tally run_wazuh(const std::filesystem::path& file, std::ofstream& failures, const normalise::PackSet& packs) {
  // What Wazuh calls a decoder and what we call the program or the pack, where they differ.
  static const std::map<std::string_view, std::string_view> names{{"cisco-asa", "cisco_asa"},
                                                                  {"cisco-ios", "cisco_ios"},
                                                                  {"web-accesslog", "apache"},
                                                                  {"apache-errorlog", "apache"},
                                                                  {"nginx-errorlog", "nginx_text"},
                                                                  {"checkpoint-smart1", "checkpoint"},
                                                                  {"sonicwall", "sonicwall_fw"},
                                                                  {"macos-date-format-sshd", "openssh"},
                                                                  {"sshd", "openssh"},
                                                                  {"named", "bind"},
                                                                  {"postfix-reject", "postfix"},
                                                                  {"squid-accesslog", "squid"},
                                                                  {"paloalto_traffic", "panw_csv"},
                                                                  {"junos-rt-flow", "juniper_ngfw"},
                                                                  {"junos-ids", "juniper_ngfw"},
                                                                  {"openvpn", "openvpn"},
                                                                  {"web-accesslog-iis-default", "iis_w3c"},
                                                                  {"web-accesslog-iis6", "iis_w3c"},
                                                                  {"dovecot-info", "dovecot"},
                                                                  {"netscreenfw", "netscreen"}};
  Tally tally;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const json::object c = json::parse(line).as_object();
    const std::string decoder(c.at("decoder").as_string());
    if (decoder.empty() || decoder == "json" || decoder.starts_with("windows")) continue;
    const std::string raw(c.at("raw").as_string());
    RecordBatch batch;
    const Found found = decode_line(raw, packs, batch);
    const auto alias = names.find(decoder);
    const std::string_view wanted = alias == names.end() ? std::string_view(decoder) : alias->second;
    const auto text = [&](std::string_view name) {
      const auto ours = found.find(name);
      return ours == found.end() || !ours->second.is_string() ? std::string_view()
                                                              : std::string_view(ours->second.as_string());
    };
    ++tally.total;
    const bool good = text("pack.name") == wanted || text("log.syslog.appname") == wanted;
    tally.passed += good;
    if (!good)
      failures << std::string_view(c.at("id").as_string()) << "\n  expected " << wanted << ", found pack '"
               << text("pack.name") << "', program '" << text("log.syslog.appname") << "'\n  raw: " << raw << "\n\n";
  }
  return tally;
}

}  // namespace

int run_linux(const std::filesystem::path& cases, const std::filesystem::path& failures_file, std::string_view,
              const normalise::PackSet& packs) {
  std::ofstream failures(failures_file);
  const auto folder = cases / "linux";
  const Tally fail2ban = run_fail2ban(folder / "fail2ban.jsonl", failures, packs);
  const Tally loghub = run_loghub(folder / "loghub", failures);
  const Tally wazuh = run_wazuh(folder / "wazuh_tests.jsonl", failures, packs);
  fmt::print("linux {}/{}\n", fail2ban.passed + loghub.passed + wazuh.passed,
             fail2ban.total + loghub.total + wazuh.total);
  fmt::print("linux.fail2ban {}/{}\n", fail2ban.passed, fail2ban.total);
  fmt::print("linux.loghub {}/{}\n", loghub.passed, loghub.total);
  fmt::print("linux.wazuh {}/{}\n", wazuh.passed, wazuh.total);
  return 0;
}

}  // namespace yagura::conformance
