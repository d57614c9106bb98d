// yagura cert import | list | remove | doctor: the certificates that a forwarder shows and trusts.
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <ostream>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "forward/administrator.hpp"
#include "forward/agent_files.hpp"
#include "forward/certificate_doctor.hpp"
#include "forward/certificate_store.hpp"

namespace yagura::cli {

namespace {

struct CertOptions {
  std::optional<std::filesystem::path> data, folder;
  std::string file, pfx, pem, der, jks, key, alias, password_file, password_variable;
  bool trust_chain = false, json = false;
  std::string name;    // of remove
  std::string server;  // of doctor
  int timeout = 15;

  std::filesystem::path data_folder() const { return data.value_or(forward::default_agent_folder()); }
  forward::CertificateStore store() const {
    return forward::CertificateStore(folder.value_or(forward::AgentFiles{data_folder()}.certificates()));
  }
};

// Never from the command line: everybody on the machine can read that.
Result<std::optional<std::string>> given_password(const CertOptions& options) {
  if (!options.password_file.empty()) {
    std::string text = TRY(read_file(options.password_file, 64_KiB), "reading the password");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return std::optional(std::move(text));
  }
  if (!options.password_variable.empty()) {
    const char* value = std::getenv(options.password_variable.c_str());
    if (value == nullptr)
      return fail(ErrorKind::invalid_input, "the environment has no variable {}", options.password_variable);
    return std::optional<std::string>(value);
  }
  return std::optional<std::string>();
}

std::optional<std::string> asked_password(Console& console) {
  if (!console.err_is_terminal || ::isatty(STDIN_FILENO) != 1) return std::nullopt;
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) return std::nullopt;
  termios quiet = before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  console.err << "Password: " << std::flush;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  std::string line;
  const bool read = static_cast<bool>(std::getline(console.in, line));
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  console.err << '\n';
  return read ? std::optional(line) : std::nullopt;
}

Result<> audited(const CertOptions& options, std::string_view command, std::string_view detail,
                 const std::function<Result<>()>& action) {
  const auto who = forward::Requester::current();
  const forward::AgentFiles files{options.data_folder()};
  // A folder of the caller's own needs no right but the file system's.
  if (options.folder) return action();
  if (auto right = forward::check_administrator(files.data, who, command); !right) {
    (void)forward::append_audit(files.audit(), who, command, detail, "refused");
    return right;
  }
  auto done = action();
  TRY(forward::append_audit(files.audit(), who, command, detail,
                            done ? std::string("done") : "failed: " + done.error().message()));
  return done;
}

void append_json(JsonWriter& json, const forward::StoredCertificate& one) {
  json.begin_object();
  json.key("thumbprint")
      .text(one.facts.sha1)
      .key("sha256")
      .text(one.facts.sha256)
      .key("alias")
      .text(one.alias)
      .key("kind")
      .text(to_string(one.kind));
  json.key("hasPrivateKey")
      .boolean(!one.key_file.empty())
      .key("subject")
      .text(one.facts.subject)
      .key("issuer")
      .text(one.facts.issuer);
  json.key("notBefore")
      .text(forward::time_text(one.facts.not_before))
      .key("notAfter")
      .text(forward::time_text(one.facts.not_after));
  json.key("names").begin_array();
  for (const auto& name : one.facts.names) json.text(name);
  json.end_array()
      .key("isCa")
      .boolean(one.facts.is_ca)
      .key("selfSigned")
      .boolean(one.facts.self_signed)
      .key("key")
      .text(one.facts.key);
  json.end_object();
}

void print_line(Console& console, const forward::StoredCertificate& one) {
  console.out << fmt::format("{}  {:8}  {:20}  {}  {}\n", one.facts.sha1, to_string(one.kind),
                             one.alias.empty() ? "-" : one.alias, forward::time_text(one.facts.not_after).substr(0, 10),
                             one.facts.subject);
}

Result<ExitCode> import(const CertOptions& options, Console& console) {
  const std::pair<const std::string*, forward::BundleFormat> ways[] = {{&options.file, forward::BundleFormat::any},
                                                                       {&options.pfx, forward::BundleFormat::pkcs12},
                                                                       {&options.pem, forward::BundleFormat::pem},
                                                                       {&options.der, forward::BundleFormat::der},
                                                                       {&options.jks, forward::BundleFormat::jks}};
  const std::string* file = nullptr;
  forward::BundleOptions how;
  for (const auto& [name, format] : ways) {
    if (name->empty()) continue;
    if (file != nullptr)
      return fail(ErrorKind::invalid_input, "one file at a time: --file, --pfx, --pem, --der or --jks");
    file = name;
    how.format = format;
  }
  if (file == nullptr)
    return fail(ErrorKind::invalid_input, "which file? give --file (any format), --pfx, --pem, --der or --jks");
  const std::string bytes = TRY(read_file(*file, 64_MiB), "reading {}", *file);
  if (!options.key.empty()) how.key_file_text = TRY(read_file(options.key, 1_MiB), "reading {}", options.key);
  const auto password = TRY(given_password(options));
  how.password = password.value_or("");
  auto bundle = forward::read_certificate_bundle(bytes, how);
  if (!bundle && !password && bundle.error().message().find("password") != std::string::npos)
    if (auto asked = asked_password(console)) {
      how.password = std::move(*asked);
      bundle = forward::read_certificate_bundle(bytes, how);
    }
  if (!bundle) {
    auto error = std::move(bundle).error();
    error.add_context("reading " + *file);
    if (!password && error.message().find("password") != std::string::npos)
      error.add_context("importing without a password (--password-file, --password-env, or a terminal to ask on)");
    return std::unexpected(std::move(error));
  }
  const auto store = options.store();
  forward::ImportReport report;
  TRY(audited(options, "cert import", *file, [&]() -> Result<> {
    report = TRY(store.import(*bundle, {.alias = options.alias,
                                        .trust_chain = options.trust_chain,
                                        .now = static_cast<std::int64_t>(::time(nullptr))}));
    return {};
  }));
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("added").begin_array();
    for (const auto& one : report.added) append_json(json, one);
    json.end_array().key("known").begin_array();
    for (const auto& one : report.known) append_json(json, one);
    json.end_array().key("revocationLists").number(static_cast<std::uint64_t>(report.revocation_lists)).end_object();
    console.out << out << '\n';
  } else {
    for (const auto& one : report.added) print_line(console, one);
    for (const auto& one : report.known) print_line(console, one);
    console.err << fmt::format(
        "{} imported, {} known before{}\n", report.added.size(), report.known.size(),
        report.revocation_lists > 0 ? fmt::format(", {} revocation list(s)", report.revocation_lists) : std::string());
  }
  for (const auto* list : {&report.added, &report.known})
    for (const auto& one : *list) {
      if (one.kind != forward::CertificateKind::identity) continue;
      if (const auto usable = store.client_identity(one.facts.sha1); !usable)
        console.err << "note: " << usable.error().message() << '\n';
    }
  return ExitCode::done;
}

Result<ExitCode> list(const CertOptions& options, Console& console) {
  const auto store = options.store();
  const auto all = TRY(store.list());
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& one : all) append_json(json, one);
    json.end_array();
    console.out << out << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format("{:40}  {:8}  {:20}  {:10}  {}\n", "THUMBPRINT", "KIND", "ALIAS", "EXPIRES", "SUBJECT");
  for (const auto& one : all) print_line(console, one);
  if (const auto lists = store.revocation_files().size(); lists > 0) console.err << lists << " revocation list(s)\n";
  return ExitCode::done;
}

Result<ExitCode> remove(const CertOptions& options, Console& console) {
  TRY(audited(options, "cert remove", options.name, [&]() -> Result<> {
    const auto gone = TRY(options.store().remove(options.name));
    console.err << fmt::format("removed {} ({}){}\n", gone.facts.sha1, gone.facts.subject,
                               gone.key_file.empty() ? "" : " and its private key");
    return {};
  }));
  return ExitCode::done;
}

Result<ExitCode> doctor(const CertOptions& options, Console& console) {
  const auto colon = options.server.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_uint64(std::string_view(options.server).substr(colon + 1));
  if (!port || *port == 0 || *port > 65535 || colon == 0)
    return fail(ErrorKind::invalid_input, "'{}' is not host:port, as logs.example.net:6514 or [2001:db8::1]:6514",
                options.server);
  std::string host = options.server.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto report =
      TRY(forward::examine_server(host, static_cast<std::uint16_t>(*port), options.name, options.store(),
                                  Deadline::in(std::chrono::seconds(options.timeout))));
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("good").boolean(report.good()).key("address").text(report.address);
    json.key("versions").begin_array();
    for (const auto& version : report.versions) json.text(version);
    json.end_array().key("asksForCertificate").boolean(report.asks_for_certificate).key("chain").begin_array();
    for (const auto& one : report.chain) append_json(json, {.facts = one});
    json.end_array().key("findings").begin_array();
    for (const auto& finding : report.findings)
      json.begin_object()
          .key("fault")
          .boolean(finding.fault)
          .key("code")
          .text(finding.code)
          .key("text")
          .text(finding.text)
          .key("remedy")
          .text(finding.remedy)
          .end_object();
    json.end_array().end_object();
    console.out << out << '\n';
    return report.good() ? ExitCode::done : ExitCode::findings;
  }
  console.out << fmt::format("{}\n  speaks {}; refuses {}\n", report.address, fmt::join(report.versions, ", "),
                             report.refused_versions.empty()
                                 ? std::string("none")
                                 : fmt::format("{}", fmt::join(report.refused_versions, ", ")));
  for (std::size_t i = 0; i < report.chain.size(); ++i) {
    const auto& one = report.chain[i];
    console.out << fmt::format("  {} {}\n      issued by {}\n      thumbprint {}, {}, {} to {}\n", i, one.subject,
                               one.issuer, one.sha1, one.key, forward::time_text(one.not_before),
                               forward::time_text(one.not_after));
    if (!one.names.empty()) console.out << fmt::format("      for {}\n", fmt::join(one.names, ", "));
  }
  for (const auto& finding : report.findings) {
    console.out << fmt::format("  {} {}: {}\n", finding.fault ? "FAULT" : "note ", finding.code, finding.text);
    if (!finding.remedy.empty()) console.out << fmt::format("        -> {}\n", finding.remedy);
  }
  if (report.good()) console.out << "  a forwarder would send there\n";
  return report.good() ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_cert(CLI::App& app, Action& chosen) {
  auto* group = app.add_subcommand("cert", "Certificates that the forwarder shows and trusts");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  yagura cert import --pfx client.pfx --password-file pw      (a client certificate with its key)\n"
      "  yagura cert import --file azuretls01.crt --alias azuretls01crt\n  yagura cert list\n  yagura cert doctor "
      "logs.example.net:6514");
  const auto options = std::make_shared<CertOptions>();
  const auto add = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", options->data,
                        "The agent's data folder (default: $YAGURA_AGENT_DATA, else /var/lib/yagura-agent)");
    command->add_option("--store", options->folder, "A certificate folder of its own, in place of the agent's");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  auto* imports = add("import", "Bring certificates, private keys and revocation lists in", import);
  imports->add_option("--file", options->file, "PEM, DER, PKCS#7, PKCS#12 (PFX), Java key store or CRL");
  imports->add_option("--pfx", options->pfx, "PKCS#12");
  imports->add_option("--pem", options->pem, "PEM: certificates and, together or by --key, a private key");
  imports->add_option("--der", options->der, "DER");
  imports->add_option("--jks", options->jks, "A Java key store (JKS)");
  imports->add_option("--key", options->key, "The private key's file");
  imports->add_option("--alias", options->alias, "A name for the first certificate");
  imports->add_option("--password-file", options->password_file, "File that holds the password");
  imports->add_option("--password-env", options->password_variable, "Environment variable that holds it");
  imports->add_flag("--trust-chain", options->trust_chain,
                    "Trust servers also by the issuers that come with a private key");
  imports->add_flag("--json", options->json, "Print one JSON object");
  add("list", "All certificates", list)->add_flag("--json", options->json, "Print a JSON array");
  add("remove", "Remove one, with its key", remove)
      ->add_option("name", options->name, "Thumbprint (SHA-1 or SHA-256) or alias")
      ->required();
  auto* examine = add("doctor", "Look at a TLS server as the forwarder would, and say all that is wrong", doctor);
  examine->add_option("server", options->server, "host:port")->required();
  examine->add_option("--name", options->name, "The name that the certificate must carry; default: the host");
  examine->add_option("--timeout", options->timeout, "Seconds")->check(CLI::Range(1, 600))->capture_default_str();
  examine->add_flag("--json", options->json, "Print one JSON object");
}

}  // namespace yagura::cli
