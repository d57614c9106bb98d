#include "forward/certificate_store.hpp"

#include <boost/json.hpp>
#include <openssl/x509v3.h>

#include <sys/stat.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "forward/openssl_pointers.hpp"

namespace yagura::forward {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 10'000;

bool issued(const CertificateFacts& issuer, const CertificateFacts& subject) {
  const auto one = certificate_of(issuer.der), other = certificate_of(subject.der);
  const bool yes = one && other && X509_check_issued(one.get(), other.get()) == X509_V_OK &&
                   X509_verify(other.get(), X509_get0_pubkey(one.get())) == 1;
  ERR_clear_error();
  return yes;
}

// Whether the system's CAs know who issued it.
bool system_knows_issuer(const CertificateFacts& facts) {
  const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  const auto certificate = certificate_of(facts.der);
  X509_STORE_set_default_paths(store.get());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  X509* issuer = nullptr;
  const bool known = X509_STORE_CTX_get1_issuer(&issuer, context.get(), certificate.get()) == 1;
  X509_free(issuer);
  ERR_clear_error();
  return known;
}

CertificateKind kind_of(std::string_view word, bool has_key) {
  if (has_key) return CertificateKind::identity;
  return word == "chain" ? CertificateKind::chain : CertificateKind::trusted;
}

}  // namespace

std::string_view to_string(CertificateKind kind) {
  switch (kind) {
    case CertificateKind::identity: return "identity";
    case CertificateKind::trusted: return "trusted";
    case CertificateKind::chain: return "chain";
  }
  return "";
}

Result<StoredCertificate> CertificateStore::load(const fs::path& certificate_file) const {
  StoredCertificate found;
  found.certificate_file = certificate_file;
  const auto text = TRY(read_file(certificate_file, 1_MiB));
  const auto bundle =
      TRY(read_certificate_bundle(text, {.format = BundleFormat::pem}), "reading {}", certificate_file.string());
  if (bundle.items.empty()) return fail(ErrorKind::invalid_input, "{} holds no certificate", certificate_file.string());
  found.facts = bundle.items.front().certificate;
  fs::path key = certificate_file;
  key.replace_extension(".key");
  std::error_code ignored;
  if (fs::exists(key, ignored)) found.key_file = key;
  std::string kind;
  fs::path notes = certificate_file;
  notes.replace_extension(".json");
  if (const auto json = read_file(notes, 64_KiB)) {
    boost::system::error_code error;
    if (const auto value = boost::json::parse(*json, error); !error && value.is_object()) {
      const auto& object = value.as_object();
      if (const auto* alias = object.if_contains("alias"); alias != nullptr && alias->is_string())
        found.alias = std::string(alias->as_string());
      if (const auto* word = object.if_contains("kind"); word != nullptr && word->is_string())
        kind = std::string(word->as_string());
      if (const auto* at = object.if_contains("importedAt"); at != nullptr && at->is_int64())
        found.imported_at = at->as_int64();
    }
  }
  found.kind = kind_of(kind, !found.key_file.empty());
  return found;
}

Result<std::vector<StoredCertificate>> CertificateStore::list() const {
  std::vector<StoredCertificate> all;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".crt") continue;
    if (all.size() == kMostFiles)
      return fail(ErrorKind::exhausted, "more than {} certificates in {}", kMostFiles, folder_.string());
    all.push_back(TRY(load(at->path())));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail_errno(error.value(), "reading the folder " + folder_.string());
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(a.alias, a.facts.sha1) < std::tie(b.alias, b.facts.sha1);
  });
  return all;
}

std::vector<fs::path> CertificateStore::revocation_files() const {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder_ / "crl", error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".crl" && files.size() < kMostFiles) files.push_back(at->path());
  std::ranges::sort(files);
  return files;
}

Result<StoredCertificate> CertificateStore::find(std::string_view name) const {
  const auto all = TRY(list());
  const auto thumbprint = normal_thumbprint(name);
  for (const auto& one : all)
    if ((thumbprint && (one.facts.sha1 == *thumbprint || one.facts.sha256 == *thumbprint)) ||
        (!one.alias.empty() && equal_ignoring_ascii_case(one.alias, name)))
      return one;
  if (!thumbprint && name.find_first_not_of("0123456789abcdefABCDEF :-") == std::string_view::npos)
    return std::unexpected(thumbprint.error());
  std::vector<std::string_view> aliases;
  for (const auto& one : all) aliases.push_back(one.alias);
  return fail(
      ErrorKind::not_found,
      "there is no certificate '{}' in {}{}; 'yagura cert list' shows what is there, 'yagura cert import' brings one",
      name, folder_.string(), did_you_mean(name, aliases));
}

Result<> CertificateStore::save(const StoredCertificate& certificate, const std::string& key_pem) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail_errno(error.value(), "making the folder " + folder_.string());
  // The key first: a certificate is only seen once it is whole.
  if (!key_pem.empty()) TRY(write_file_atomically(folder_ / (certificate.facts.sha1 + ".key"), key_pem, 0600));
  std::string notes;
  JsonWriter json(notes);
  json.begin_object()
      .key("alias")
      .text(certificate.alias)
      .key("kind")
      .text(to_string(certificate.kind))
      .key("sha256")
      .text(certificate.facts.sha256);
  json.key("importedAt").number(certificate.imported_at).end_object();
  TRY(write_file_atomically(folder_ / (certificate.facts.sha1 + ".json"), notes + "\n", 0644));
  return write_file_atomically(certificate.certificate_file, to_pem(certificate.facts), 0644);
}

Result<ImportReport> CertificateStore::import(const CertificateBundle& bundle, const ImportOptions& options) const {
  ImportReport report;
  const auto before = TRY(list());
  for (std::size_t i = 0; i < bundle.items.size(); ++i) {
    const auto& item = bundle.items[i];
    const auto found = std::ranges::find(before, item.certificate.sha1, [](const auto& one) { return one.facts.sha1; });
    const bool known = found != before.end();
    StoredCertificate kept = known ? *found : StoredCertificate{.facts = item.certificate, .imported_at = options.now};
    const std::string alias = i == 0 && !options.alias.empty() ? options.alias : item.alias;
    if (!alias.empty() && (kept.alias.empty() || (i == 0 && !options.alias.empty()))) {
      if (alias.size() > 200)
        return fail(ErrorKind::invalid_input, "an alias has at most 200 bytes; this one has {}", alias.size());
      const auto other = std::ranges::find_if(before, [&](const auto& one) {
        return one.facts.sha1 != kept.facts.sha1 && equal_ignoring_ascii_case(one.alias, alias);
      });
      if (other != before.end() && i == 0 && !options.alias.empty())
        return fail(ErrorKind::conflict,
                    "the alias '{}' is that of another certificate, {} ({}); remove it first, or take another alias",
                    alias, other->facts.sha1, other->facts.subject);
      if (other == before.end()) kept.alias = alias;
    }
    kept.certificate_file = folder_ / (kept.facts.sha1 + ".crt");
    const bool has_key = !item.key_pem.empty() || !kept.key_file.empty();
    if (has_key) {
      kept.kind = CertificateKind::identity;
      kept.key_file = folder_ / (kept.facts.sha1 + ".key");
    } else if (!item.of_chain || options.trust_chain) {
      kept.kind = CertificateKind::trusted;
    } else if (!known) {
      kept.kind = CertificateKind::chain;
    }
    TRY(save(kept, item.key_pem));
    (known ? report.known : report.added).push_back(std::move(kept));
  }
  for (const auto& list : bundle.revocation_lists) {
    std::error_code error;
    fs::create_directories(folder_ / "crl", error);
    if (error) return fail_errno(error.value(), "making the folder " + (folder_ / "crl").string());
    const auto digest = sha256(list);
    TRY(write_file_atomically(
        folder_ / "crl" / (to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()}) + ".crl"), list,
        0644));
    ++report.revocation_lists;
  }
  return report;
}

Result<StoredCertificate> CertificateStore::remove(std::string_view name) const {
  auto found = TRY(find(name));
  std::error_code error;
  // The certificate first: without it nobody sees the rest.
  fs::remove(found.certificate_file, error);
  if (error) return fail_errno(error.value(), "removing " + found.certificate_file.string());
  for (const char* rest : {".key", ".json"}) fs::remove(folder_ / (found.facts.sha1 + rest), error);
  fs::remove(folder_ / "chains" / (found.facts.sha1 + ".pem"), error);
  return found;
}

Result<StoredCertificate> CertificateStore::client_identity(std::string_view thumbprint) const {
  TRY(normal_thumbprint(thumbprint));
  auto identity = TRY(find(thumbprint));
  if (identity.key_file.empty())
    return fail(
        ErrorKind::invalid_input,
        "the certificate {} ({}) has no private key, so it cannot be shown to a server; import it with its key: "
        "yagura cert import --pfx FILE, or --pem FILE --key FILE",
        identity.facts.sha1, identity.facts.subject);
  struct stat status{};
  if (::stat(identity.key_file.c_str(), &status) != 0)
    return fail_errno(errno, "looking at " + identity.key_file.string());
  if ((status.st_mode & 077) != 0)
    return fail(ErrorKind::permission_denied, "the private key {} can be read by others (mode {:04o}); chmod 600 it",
                identity.key_file.string(), status.st_mode & 07777);
  // Up to a root that somebody vouches for: without it a server that asks for the whole chain refuses us, and nobody
  // knows why.
  const auto all = TRY(list());
  const CertificateFacts* at = &identity.facts;
  for (int depth = 0; depth < 20 && !at->self_signed; ++depth) {
    const auto issuer = std::ranges::find_if(all, [&](const auto& one) {
      return one.facts.sha1 != at->sha1 && one.facts.subject == at->issuer && issued(one.facts, *at);
    });
    if (issuer == all.end()) {
      if (system_knows_issuer(*at)) return identity;
      std::string hint;
      for (const auto& url : at->issuer_urls) hint += fmt::format("; it may be fetched from {}", url);
      return fail(ErrorKind::invalid_input,
                  "the certificate {} ({}) was issued by '{}', which is neither in {} nor among the system's CAs: "
                  "import that one too, "
                  "up to the self-signed root: yagura cert import --file ROOT.pem{}",
                  at->sha1, at->subject, at->issuer, folder_.string(), hint);
    }
    at = &issuer->facts;
  }
  return identity;
}

Result<fs::path> CertificateStore::chain_file(const StoredCertificate& identity) const {
  const auto all = TRY(list());
  std::string pem = to_pem(identity.facts);
  const CertificateFacts* at = &identity.facts;
  for (int depth = 0; depth < 20 && !at->self_signed; ++depth) {
    const auto issuer = std::ranges::find_if(all, [&](const auto& one) {
      return one.facts.sha1 != at->sha1 && one.facts.subject == at->issuer && issued(one.facts, *at);
    });
    if (issuer == all.end() || issuer->facts.self_signed) break;
    at = &issuer->facts;
    pem += to_pem(*at);
  }
  const auto file = folder_ / "chains" / (identity.facts.sha1 + ".pem");
  if (const auto now = read_file(file, 16_MiB); now && *now == pem) return file;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  TRY(write_file_atomically(file, pem, 0644));
  return file;
}

Result<net::TlsClientOptions> CertificateStore::tls_options(const Use& use) const {
  net::TlsClientOptions options{.verify = use.verify, .verify_name = use.verify_name};
  if (use.verify) {
    for (const auto& one : TRY(list()))
      if (one.kind == CertificateKind::trusted) options.more_ca.push_back(one.certificate_file);
    options.crls = revocation_files();
    options.check_stapled_status = true;
  }
  if (!use.thumbprint.empty()) {
    const auto identity = TRY(client_identity(use.thumbprint));
    options.certificate = TRY(chain_file(identity));
    options.private_key = identity.key_file;
  }
  return options;
}

}  // namespace yagura::forward
