#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>

#include "net/tls_verify.hpp"

namespace yagura::net {

namespace {

SSL_CTX* context_of(void* p) { return static_cast<SSL_CTX*>(p); }

std::unexpected<Error> fail_openssl(std::string_view doing) {
  std::string reasons;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!reasons.empty()) reasons += ", ";
    reasons += reason != nullptr ? reason : fmt::format("error {:#x}", code);
  }
  return fail(ErrorKind::invalid_input, "{}: {}", doing, reasons.empty() ? "unknown error" : reasons);
}

// A key that asks for a passphrase must fail, not wait on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

// RFC 7301: only http/1.1 is spoken. Peers that offer something else get no ALPN answer and may go on without.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void*) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp, sizeof(kHttp) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<> load_identity(SSL_CTX* context, const std::filesystem::path& certificate, const std::filesystem::path& key) {
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return fail_openssl(fmt::format("reading the certificate {}", certificate.string()));
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail_openssl(
        fmt::format("reading the private key {} of the certificate {}", key.string(), certificate.string()));
  if (SSL_CTX_check_private_key(context) != 1)
    return fail_openssl(
        fmt::format("the private key {} does not belong to the certificate {}", key.string(), certificate.string()));
  return {};
}

Result<SSL_CTX*> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(method);
  if (context == nullptr) return fail_openssl("making a TLS context");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // TLS 1.2: forward secrecy and authenticated encryption only.
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

namespace {

// The servers' contexts that reload_server_certificates() goes through.
struct LiveContexts {
  std::mutex mutex;
  std::vector<std::weak_ptr<const TlsContext>> all;
};
LiveContexts& live_contexts() {
  static LiveContexts live;
  return live;
}

}  // namespace

TlsContext::~TlsContext() {
  SSL_CTX_free(context_of(context_));
  for (void* context : retired_) SSL_CTX_free(context_of(context));
}

Result<> TlsContext::reload() const {
  if (server_options_.certificate.empty()) return {};
  const auto fresh = TRY(make_server(server_options_));
  const std::lock_guard lock(reload_mutex_);
  constexpr std::size_t kKept = 4;
  if (retired_.size() == kKept) {
    SSL_CTX_free(context_of(retired_.front()));
    retired_.erase(retired_.begin());
  }
  retired_.push_back(context_.exchange(fresh->context_.exchange(nullptr)));
  return {};
}

std::vector<std::string> reload_server_certificates() {
  std::vector<std::shared_ptr<const TlsContext>> contexts;
  {
    const std::lock_guard lock(live_contexts().mutex);
    std::erase_if(live_contexts().all, [](const auto& context) { return context.expired(); });
    for (const auto& context : live_contexts().all)
      if (auto one = context.lock()) contexts.push_back(std::move(one));
  }
  std::vector<std::string> mistakes;
  for (const auto& context : contexts)
    if (auto done = context->reload(); !done && std::ranges::find(mistakes, done.error().message()) == mistakes.end())
      mistakes.push_back(done.error().message());
  return mistakes;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  auto made = TRY(make_server(options));
  const std::lock_guard lock(live_contexts().mutex);
  live_contexts().all.emplace_back(made);
  return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make_server(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->server_options_ = options;
  SSL_CTX* context = TRY(make_context(TLS_server_method()));
  made->context_ = context;
  TRY(load_identity(context, options.certificate, options.private_key));
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  static constexpr unsigned char kSession[] = "yagura";
  SSL_CTX_set_session_id_context(context, kSession, sizeof(kSession) - 1);
  if (!options.session_tickets) {
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // TLS 1.3 tickets need no memory of ours
  if (!options.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(context, options.client_ca.c_str(), nullptr) != 1)
      return fail_openssl(fmt::format("reading the CA certificates {}", options.client_ca.string()));
    if (auto* names = SSL_load_client_CA_file(options.client_ca.c_str())) SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (options.client_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                       nullptr);
    made->verifies_ = true;
  }
  ERR_clear_error();
  return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = TRY(make_context(TLS_client_method()));
  made->context_ = context;
  if (!options.certificate.empty()) TRY(load_identity(context, options.certificate, options.private_key));
  if (options.verify) {
    if (options.ca.empty() ? options.system_ca && SSL_CTX_set_default_verify_paths(context) != 1
                           : SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1)
      return fail_openssl(
          fmt::format("reading the CA certificates {}", options.ca.empty() ? "of the system" : options.ca.string()));
    for (const auto& file : options.more_ca)
      if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1)
        return fail_openssl(fmt::format("reading the CA certificates {}", file.string()));
    if (!options.more_ca.empty()) X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    TRY(load_revocation_lists(context, options.crls));
    remember_verdicts(context);
    if (options.check_stapled_status) check_stapled_status(context);
    made->verifies_ = true;
    made->verifies_name_ = options.verify_name;
    made->checks_stapled_status_ = options.check_stapled_status;
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  }
  ERR_clear_error();
  return made;
}

}  // namespace yagura::net
