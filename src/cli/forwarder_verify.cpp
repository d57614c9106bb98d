// yagura forwarder verify FILE: what became on the way of messages that a forwarder signed (RFC 5848).
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <istream>
#include <ostream>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/forwarder.hpp"
#include "forward/signed_syslog.hpp"

namespace yagura::cli {

namespace {

struct VerifyOptions {
  std::string file;
  std::vector<std::string> trusted;
  bool json = false;
};

constexpr std::size_t kLongestLine = 1 << 20;

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// One message a line. False: the file ends. A line longer than any syslog message is cut, and so counts as changed.
bool read_message(std::istream& in, std::string& line) {
  line.clear();
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') return true;
    if (line.size() < kLongestLine) line += static_cast<char>(c);
  }
  return !line.empty();
}

void print_json(const forward::SignatureReport& report, Console& console) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("clean").boolean(report.is_clean());
  json.key("messages").number(report.messages).key("blocks").number(report.blocks);
  json.key("verified").number(report.verified).key("findings").begin_array();
  for (const auto& finding : report.findings)
    json.begin_object()
        .key("kind")
        .text(to_string(finding.kind))
        .key("sender")
        .text(utf8::repaired(finding.sender))
        .key("number")
        .number(finding.number)
        .key("arrival")
        .number(finding.arrival)
        .key("detail")
        .text(utf8::repaired(finding.detail))
        .end_object();
  json.end_array().key("moreFindings").number(report.more_findings).end_object();
  console.out << out << '\n';
}

Result<ExitCode> verify(const VerifyOptions& options, Console& console) {
  for (const auto& one : options.trusted)
    if (one.size() != 64 || !std::ranges::all_of(one, is_hexadecimal))
      return fail(ErrorKind::invalid_input,
                  "--trust '{}': the SHA-256 of a public key is expected, 64 hexadecimal digits; the status of the "
                  "forwarder names it, and 'openssl pkey -in KEY -pubout -outform DER | sha256sum' prints it",
                  one);
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) return fail_errno(errno, "opening " + options.file);
  }
  std::istream& in = options.file == "-" ? console.in : file;
  forward::SignatureVerifier verifier({.trusted = options.trusted});
  for (std::string line; read_message(in, line);)
    if (!line.empty()) verifier.add(line);
  const auto report = verifier.report();
  // Nothing that is signed proves nothing.
  const bool good = report.is_clean() && (report.verified > 0 || report.messages == 0);
  if (options.json) {
    print_json(report, console);
    return good ? ExitCode::done : ExitCode::findings;
  }
  // What befell one message after the other is one line.
  for (std::size_t i = 0; i < report.findings.size();) {
    const auto& finding = report.findings[i];
    std::size_t end = i + 1;
    for (; end < report.findings.size(); ++end) {
      const auto &before = report.findings[end - 1], &next = report.findings[end];
      if (next.kind != finding.kind || next.sender != finding.sender || next.detail != finding.detail) break;
      const bool follows = next.number != 0 ? next.number == before.number + 1 : next.arrival == before.arrival + 1;
      if (!follows || (next.arrival != 0) != (finding.arrival != 0)) break;
    }
    const auto& last = report.findings[end - 1];
    console.out << fmt::format("{:14} {}", to_string(finding.kind), utf8::repaired(finding.sender));
    if (finding.number != 0)
      console.out << (end == i + 1 ? fmt::format(", its message {}", finding.number)
                                   : fmt::format(", its messages {} to {}", finding.number, last.number));
    if (finding.arrival != 0)
      console.out << (end == i + 1 ? fmt::format(", came as message {}", finding.arrival)
                                   : fmt::format(", came as messages {} to {}", finding.arrival, last.arrival));
    console.out << fmt::format(": {}\n", utf8::repaired(finding.detail));
    i = end;
  }
  if (report.more_findings > 0) console.out << fmt::format("... and {} findings more\n", report.more_findings);
  console.out << fmt::format("{} messages, {} verified, {} blocks of signatures, {} findings\n", report.messages,
                             report.verified, report.blocks, report.findings.size() + report.more_findings);
  if (report.blocks == 0 && report.messages > 0)
    console.err << "No message of the file is a signature: did the forwarder sign (-SignKey), and does the receiver "
                   "keep messages as they came (rsyslog: template %rawmsg%)?\n";
  return good ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_forwarder_verify(CLI::App& group, Action& chosen) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command = group.add_subcommand(
      "verify", "Check signed messages as a receiver has kept them: names what is missing, changed or out of order");
  command->footer(
      "One message a line, byte for byte as it came, the signatures' own messages among them.\n"
      "Exit code 1: something was found.");
  command->add_option("file", options->file, "The receiver's file; - reads standard input")->required();
  command->add_option("--trust", options->trusted,
                      "SHA-256 of a public key that is the sender's (again for each); without, any key is taken");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &chosen] { chosen = [options](Console& console) { return verify(*options, console); }; });
}

}  // namespace yagura::cli
