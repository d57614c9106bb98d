// What this room's tests share: certificates made on the spot, and a syslog receiver in a thread.
#pragma once
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "forward/certificate.hpp"
#include "forward/openssl_pointers.hpp"
#include "net/byte_stream.hpp"
#include "net/socket.hpp"

namespace yagura::forward {

struct TestCertificate {
  OwnedCertificate certificate;
  OwnedKey key;
  std::string pem() const {
    return written_text([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); });
  }
  std::string key_pem() const {
    return written_text(
        [&](BIO* out) { PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  std::string sha1() const { return read_certificate(der_of(certificate.get()))->sha1; }
};

struct CertificateWish {
  std::string name = "localhost";
  const TestCertificate* issuer = nullptr;  // null: self-signed
  std::string alternatives = "DNS:localhost,IP:127.0.0.1";
  bool is_ca = false;
  int from_days = -1, until_days = 30;
  bool must_staple = false;
};

inline TestCertificate make_certificate(const CertificateWish& wish) {
  static int serial = 1000;
  TestCertificate made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* x = made.certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_time_adj_ex(X509_getm_notBefore(x), wish.from_days, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(x), wish.until_days, 0, nullptr);
  X509_set_pubkey(x, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1, 0);
  X509* issuer = wish.issuer != nullptr ? wish.issuer->certificate.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(issuer));
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  const auto add = [&](int id, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    EXPECT_NE(extension, nullptr) << value;
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (wish.is_ca) add(NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!wish.alternatives.empty() && !wish.is_ca) add(NID_subject_alt_name, wish.alternatives.c_str());
  if (wish.must_staple) add(NID_tlsfeature, "status_request");
  X509_sign(x, (wish.issuer != nullptr ? wish.issuer->key : made.key).get(), EVP_sha256());
  return made;
}

// A list of `ca` with these certificates on it, PEM.
inline std::string revocation_list(const TestCertificate& ca, std::initializer_list<const TestCertificate*> revoked,
                                   int until_days = 7) {
  const OwnedRevocationList list(X509_CRL_new());
  X509_CRL_set_version(list.get(), 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(ca.certificate.get()));
  const Owned<ASN1_TIME, ASN1_TIME_free> last(X509_time_adj_ex(nullptr, -10, 0, nullptr)),
      next(X509_time_adj_ex(nullptr, until_days, 0, nullptr));
  X509_CRL_set1_lastUpdate(list.get(), last.get());
  X509_CRL_set1_nextUpdate(list.get(), next.get());
  for (const auto* one : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, last.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  X509_CRL_sign(list.get(), ca.key.get(), EVP_sha256());
  return written_text([&](BIO* out) { PEM_write_bio_X509_CRL(out, list.get()); });
}

// Takes connections one after the other and keeps what they say.
class TestReceiver {
 public:
  using Behaviour = std::function<bool(TestReceiver&, net::ByteStream&)>;  // false: end this connection now

  explicit TestReceiver(std::shared_ptr<const net::TlsContext> tls = nullptr, Behaviour after_read = {},
                        std::uint16_t port = 0)
      : tls_(std::move(tls)), after_read_(std::move(after_read)) {
    auto listening = net::listen_tcp(*net::SocketAddress::numeric("127.0.0.1", port));
    EXPECT_TRUE(listening) << listening.error().message();
    listener_ = std::move(*listening);
    port_ = net::local_address(listener_.get()).port();
    thread_ = std::thread([this] { run(); });
  }
  ~TestReceiver() { stop(); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    listener_.reset();
  }

  std::uint16_t port() const { return port_; }
  std::string received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  int connections() const { return connections_; }
  int handshakes() const { return handshakes_; }
  bool wait_for(const std::function<bool(const std::string&)>& enough,
                std::chrono::seconds most = std::chrono::seconds(15)) const {
    const auto until = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < until) {
      if (enough(received())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return enough(received());
  }

 private:
  void run() {
    while (!stopping_) {
      if (!net::wait_ready(listener_.get(), POLLIN, Deadline::in(50ms))) continue;
      net::SocketAddress peer;
      auto fd = net::accept_connection(listener_.get(), peer);
      if (!fd) continue;
      ++connections_;
      auto made = tls_ ? net::ByteStream::tls_server(std::move(fd), *tls_)
                       : Result<net::ByteStream>(net::ByteStream(std::move(fd)));
      if (!made) continue;
      net::ByteStream stream = std::move(*made);
      if (tls_) {
        if (!stream.handshake(Deadline::in(5s))) continue;
        ++handshakes_;
      }
      while (!stopping_) {
        char buffer[16 * 1024];
        const auto got = stream.read_some(buffer, sizeof(buffer), Deadline::in(50ms));
        if (!got && got.error().kind() == ErrorKind::timeout) continue;
        if (!got || *got == 0) break;
        {
          const std::lock_guard lock(mutex_);
          received_.append(buffer, *got);
        }
        if (after_read_ && !after_read_(*this, stream)) break;
      }
    }
  }

  const std::shared_ptr<const net::TlsContext> tls_;
  const Behaviour after_read_;
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0}, handshakes_{0};
  mutable std::mutex mutex_;
  std::string received_;
  std::thread thread_;
};

}  // namespace yagura::forward
