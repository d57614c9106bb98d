#include "forward/certificate_doctor.hpp"

#include <openssl/x509v3.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

#include "base/file.hpp"
#include "forward/openssl_pointers.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"

namespace yagura::forward {

namespace {

struct Probe {
  std::vector<std::string> chain;  // DER
  std::string version, error, address;
  bool asked_for_certificate = false;
};

int note_request(SSL* ssl, X509**, EVP_PKEY**) {
  static_cast<Probe*>(SSL_get_app_data(ssl))->asked_for_certificate = true;
  return 0;  // none
}

// One handshake with exactly this version (0: any), then the end.
Result<Probe> handshake(const std::string& host, std::uint16_t port, int version, Deadline deadline) {
  const FileDescriptor fd = TRY(net::connect_tcp(host, port, deadline));
  // OpenSSL waits by itself here: with a limit.
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  const auto left = std::clamp<std::int64_t>(deadline.left().count(), 100, 10'000);
  const timeval limit{.tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  // A question, not an offer: what the server would speak to others is worth knowing, also when nobody should.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_client_cert_cb(context.get(), note_request);
  SSL_CTX_set_min_proto_version(context.get(), version == 0 ? TLS1_2_VERSION : version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  const Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
  Probe probe{.address = net::peer_address(fd.get()).to_string()};
  SSL_set_app_data(ssl.get(), &probe);
  if (!net::SocketAddress::numeric(host, 0)) SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  SSL_set_fd(ssl.get(), fd.get());
  ERR_clear_error();
  if (SSL_connect(ssl.get()) != 1) {
    probe.error = openssl_reasons();
    if (probe.error.empty()) probe.error = "the server closed the connection, or did not answer";
  } else {
    probe.version = SSL_get_version(ssl.get());
  }
  if (const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get()))
    for (int i = 0; i < sk_X509_num(chain) && i < 50; ++i) probe.chain.push_back(der_of(sk_X509_value(chain, i)));
  ERR_clear_error();
  return probe;
}

struct Verdicts {
  std::vector<std::tuple<int, int, std::string>> faults;  // error, depth, subject
};

int collect(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  if (error == X509_V_ERR_UNABLE_TO_GET_CRL) return 1;
  auto* verdicts = static_cast<Verdicts*>(X509_STORE_CTX_get_app_data(context));
  X509* at = X509_STORE_CTX_get_current_cert(context);
  std::string subject;
  if (at != nullptr)
    if (const auto facts = read_certificate(der_of(at))) subject = facts->subject;
  verdicts->faults.emplace_back(error, X509_STORE_CTX_get_error_depth(context), subject);
  return 1;  // the next fault is worth knowing too
}

// Whom a forwarder trusts, as an OpenSSL store.
Result<Owned<X509_STORE, X509_STORE_free>> trust_of(const CertificateStore& certificates) {
  Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_set_default_paths(store.get());
  for (const auto& one : TRY(certificates.list()))
    if (one.kind == CertificateKind::trusted)
      if (const auto certificate = certificate_of(one.facts.der)) X509_STORE_add_cert(store.get(), certificate.get());
  bool lists = false;
  for (const auto& file : certificates.revocation_files()) {
    const std::string text = TRY(read_file(file, 64_MiB));
    const auto in = bio_of(text);
    while (X509_CRL* list = PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)) {
      const OwnedRevocationList owned(list);
      X509_STORE_add_crl(store.get(), list);
      lists = true;
    }
  }
  X509_STORE_set_flags(store.get(),
                       X509_V_FLAG_PARTIAL_CHAIN | (lists ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0));
  ERR_clear_error();
  return store;
}

DoctorFinding finding_of(int error, int depth, const std::string& subject, const DoctorReport& report) {
  const auto place = std::min<std::size_t>(static_cast<std::size_t>(std::max(depth, 0)), report.chain.size() - 1);
  const auto found = std::ranges::find(report.chain, subject, &CertificateFacts::subject);
  const auto& facts = found != report.chain.end() ? *found : report.chain[place];
  DoctorFinding finding;
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {.code = "expired",
              .text = fmt::format("the certificate of {} expired on {}", facts.subject, time_text(facts.not_after)),
              .remedy = "the server needs a new certificate"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {.code = "not-yet-valid",
              .text = fmt::format("the certificate of {} is valid from {} only", facts.subject,
                                  time_text(facts.not_before)),
              .remedy = "look at this machine's clock, then at the certificate"};
    case X509_V_ERR_CERT_REVOKED:
      return {.code = "revoked",
              .text = fmt::format("the certificate of {} is revoked by a list in this store", facts.subject),
              .remedy = "the server needs a new certificate"};
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return {.code = "revocation-list-expired",
              .text = fmt::format("the revocation list of {} has run out", facts.issuer),
              .remedy = "import a new one: yagura cert import --file NEW.crl"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {.code = "self-signed",
              .text = fmt::format("the server's certificate {} is self-signed, and is not trusted", facts.sha1),
              .remedy =
                  "if it is the right one (compare the thumbprint at the server): save it as server.pem and run yagura "
                  "cert import --file server.pem"};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {
          .code = "untrusted-root",
          .text = fmt::format("the chain ends in the root {}, which is not trusted", report.chain.back().subject),
          .remedy = "get that root from its owner, not from the server, and run yagura cert import --file ROOT.pem"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      const auto& last = report.chain.back();
      finding = {.code = "missing-issuer",
                 .text = fmt::format("the issuer '{}' of the certificate {} is neither sent by the server, nor among "
                                     "the system's CAs, nor in {}",
                                     last.issuer, last.subject, "the certificate store")};
      finding.remedy = "yagura cert import --file ISSUER.crt";
      if (!last.issuer_urls.empty())
        finding.remedy =
            fmt::format("wget -O issuer.crt '{}' && yagura cert import --file issuer.crt", last.issuer_urls.front());
      return finding;
    }
    default:
      return {.code = "not-valid", .text = fmt::format("{}: {}", facts.subject, X509_verify_cert_error_string(error))};
  }
}

}  // namespace

bool DoctorReport::good() const {
  return std::ranges::none_of(findings, [](const auto& finding) { return finding.fault; });
}

Result<DoctorReport> examine_server(const std::string& host, std::uint16_t port, const std::string& name,
                                    const CertificateStore& certificates, Deadline deadline) {
  DoctorReport report;
  auto probe = TRY(handshake(host, port, 0, deadline));
  report.address = probe.address;
  constexpr std::pair<int, std::string_view> kVersions[] = {
      {TLS1_VERSION, "TLS 1.0"}, {TLS1_1_VERSION, "TLS 1.1"}, {TLS1_2_VERSION, "TLS 1.2"}, {TLS1_3_VERSION, "TLS 1.3"}};
  for (const auto& [version, text] : kVersions) {
    auto one = handshake(host, port, version, deadline);
    const bool spoken = one && !one->version.empty();
    (spoken ? report.versions : report.refused_versions).emplace_back(text);
    if (spoken && probe.chain.empty()) probe = std::move(*one);
    if (spoken && one) report.asks_for_certificate = report.asks_for_certificate || one->asked_for_certificate;
  }
  report.asks_for_certificate = report.asks_for_certificate || probe.asked_for_certificate;
  if (probe.chain.empty() && report.versions.empty())
    return fail(ErrorKind::unavailable, "{} answers, but no TLS handshake succeeds: {}", report.address, probe.error);
  const auto speaks = [&](std::string_view version) {
    return std::ranges::find(report.versions, version) != report.versions.end();
  };
  if (!speaks("TLS 1.2") && !speaks("TLS 1.3"))
    report.findings.push_back({.code = "old-protocol",
                               .text = "the server speaks neither TLS 1.2 nor TLS 1.3",
                               .remedy = "switch one of them on at the server"});
  for (const auto& der : probe.chain) report.chain.push_back(TRY(read_certificate(der)));
  if (report.chain.empty()) return report;

  const auto store = TRY(trust_of(certificates));
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  STACK_OF(X509)* others = sk_X509_new_null();
  std::vector<OwnedCertificate> owned;
  for (const auto& der : probe.chain) {
    owned.push_back(certificate_of(der));
    sk_X509_push(others, owned.back().get());
  }
  X509_STORE_CTX_init(context.get(), store.get(), owned.front().get(), others);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  Verdicts verdicts;
  X509_STORE_CTX_set_app_data(context.get(), &verdicts);
  X509_STORE_CTX_set_verify_cb(context.get(), collect);
  X509_verify_cert(context.get());
  sk_X509_free(others);
  ERR_clear_error();
  for (const auto& [error, depth, subject] : verdicts.faults) {
    auto finding = finding_of(error, depth, subject, report);
    if (std::ranges::none_of(report.findings, [&](const auto& one) { return one.code == finding.code; }))
      report.findings.push_back(std::move(finding));
  }
  const std::string& wanted = name.empty() ? host : name;
  const bool numeric = net::SocketAddress::numeric(wanted, 0).has_value();
  const bool fits = numeric ? X509_check_ip_asc(owned.front().get(), wanted.c_str(), 0) == 1
                            : X509_check_host(owned.front().get(), wanted.data(), wanted.size(),
                                              X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
  ERR_clear_error();
  if (!fits) {
    std::string names;
    for (const auto& one : report.chain.front().names) names += (names.empty() ? "" : ", ") + one;
    report.findings.push_back({.code = "name-mismatch",
                               .text = fmt::format("the certificate is not for '{}'; it is for {}", wanted,
                                                   names.empty() ? report.chain.front().subject : names),
                               .remedy = "give -ServerName one of these names, or -SkipServerCNCheck"});
  }
  constexpr std::int64_t kSoon = 30 * 86'400;
  const auto now = static_cast<std::int64_t>(::time(nullptr));
  for (const auto& one : report.chain)
    if (one.not_after > now && one.not_after - now < kSoon)
      report.findings.push_back(
          {.fault = false,
           .code = "expires-soon",
           .text = fmt::format("the certificate of {} expires on {}", one.subject, time_text(one.not_after)),
           .remedy = "renew it"});
  if (report.asks_for_certificate)
    report.findings.push_back({.fault = false,
                               .code = "asks-for-certificate",
                               .text = "the server asks for a client certificate",
                               .remedy = "Set-AzSSyslogForwarder -ClientCertificateThumbprint"});
  return report;
}

}  // namespace yagura::forward
