#include "net/byte_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/address.hpp"
#include "net/socket.hpp"
#include "net/tls_verify.hpp"

namespace yagura::net {

namespace {

SSL* ssl(void* p) { return static_cast<SSL*>(p); }

// OpenSSL's own socket BIO uses write(2), which raises SIGPIPE when the peer is gone. This one uses send(2).
int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), data,
                           static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), data,
                          static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "yagura socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

std::string openssl_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += ", ";
    text += reason != nullptr ? reason : fmt::format("error {:#x}", code);
  }
  return text.empty() ? "connection broken off" : text;
}

}  // namespace

void ByteStream::FreeTls::operator()(void* p) const { SSL_free(ssl(p)); }

Result<ByteStream> ByteStream::with_tls(FileDescriptor fd, const TlsContext& context) {
  ByteStream stream(std::move(fd));
  stream.tls_.reset(SSL_new(static_cast<SSL_CTX*>(context.native())));
  BIO* bio = BIO_new(socket_method());
  if (!stream.tls_ || bio == nullptr) return fail(ErrorKind::exhausted, "no memory for a TLS connection");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(stream.fd())));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl(stream.tls_.get()), bio, bio);
  return stream;
}

Result<ByteStream> ByteStream::tls_server(FileDescriptor fd, const TlsContext& context) {
  auto stream = TRY(with_tls(std::move(fd), context));
  SSL_set_accept_state(ssl(stream.tls_.get()));
  return stream;
}

Result<ByteStream> ByteStream::tls_client(FileDescriptor fd, const TlsContext& context, const std::string& host) {
  auto stream = TRY(with_tls(std::move(fd), context));
  SSL* tls = ssl(stream.tls_.get());
  SSL_set_connect_state(tls);
  if (context.checks_stapled_status()) SSL_set_tlsext_status_type(tls, TLSEXT_STATUSTYPE_ocsp);
  const bool numeric = SocketAddress::numeric(host, 0).has_value();
  if (!numeric && !host.empty()) SSL_set_tlsext_host_name(tls, host.c_str());
  if (context.verifies_peer() && context.verifies_name()) {
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set =
        numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) : SSL_set1_host(tls, host.c_str());
    if (host.empty() || set != 1)
      return fail(ErrorKind::invalid_input, "no host name to check the server's certificate against: '{}'", host);
  }
  return stream;
}

IoStatus ByteStream::tls_status(int result, const char* doing) {
  const int system_error = errno;
  switch (SSL_get_error(ssl(tls_.get()), result)) {
    case SSL_ERROR_WANT_READ: return IoStatus::want_read;
    case SSL_ERROR_WANT_WRITE: return IoStatus::want_write;
    case SSL_ERROR_ZERO_RETURN: return IoStatus::closed;
    case SSL_ERROR_SYSCALL:
      error_ =
          fmt::format("{}: {}", doing,
                      ERR_peek_error() == 0 && system_error != 0 ? ::strerrordesc_np(system_error) : openssl_error());
      ERR_clear_error();
      return IoStatus::failed;
    default: break;
  }
  if (const long verdict = SSL_get_verify_result(ssl(tls_.get()));
      verdict != X509_V_OK && !SSL_is_init_finished(ssl(tls_.get()))) {
    error_ = fmt::format("{}: the peer's certificate is refused: {}", doing, X509_verify_cert_error_string(verdict));
    if (const auto& detail = verdict_of(tls_.get()); !detail.empty()) error_ += " (" + detail + ")";
    ERR_clear_error();
  } else if (const auto& detail = verdict_of(tls_.get()); !detail.empty() && !SSL_is_init_finished(ssl(tls_.get()))) {
    error_ = fmt::format("{}: the peer's certificate is refused: {}", doing, detail);
    ERR_clear_error();
  } else {
    error_ = fmt::format("{}: {}", doing, openssl_error());
  }
  return IoStatus::failed;
}

IoStatus ByteStream::handshake() {
  if (!tls_) return IoStatus::done;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl(tls_.get()));
  return result == 1 ? IoStatus::done : tls_status(result, "TLS handshake");
}

IoStatus ByteStream::read(char* to, std::size_t size, std::size_t& got) {
  got = 0;
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    // One record (16 KiB) at a time is all that SSL_read gives; fill the buffer as far as it goes without waiting.
    while (got < size) {
      std::size_t piece = 0;
      const int result = SSL_read_ex(ssl(tls_.get()), to + got, size - got, &piece);
      if (result != 1) {
        if (got > 0) {
          ERR_clear_error();
          return IoStatus::done;  // what ended it comes back with the next call
        }
        return tls_status(result, "TLS read");
      }
      got += piece;
    }
    return IoStatus::done;
  }
  while (true) {
    const auto result = ::recv(fd_.get(), to, size, 0);
    if (result > 0) {
      got = static_cast<std::size_t>(result);
      return IoStatus::done;
    }
    if (result == 0) return IoStatus::closed;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return IoStatus::want_read;
    error_ = fmt::format("read: {}", ::strerrordesc_np(errno));
    return IoStatus::failed;
  }
}

IoStatus ByteStream::write(const char* from, std::size_t size, std::size_t& put) {
  put = 0;
  if (size == 0) return IoStatus::done;
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(ssl(tls_.get()), from, size, &put);
    return result == 1 ? IoStatus::done : tls_status(result, "TLS write");
  }
  while (true) {
    const auto result = ::send(fd_.get(), from, size, MSG_NOSIGNAL);
    if (result >= 0) {
      put = static_cast<std::size_t>(result);
      written_ += put;
      return IoStatus::done;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return IoStatus::want_write;
    error_ = fmt::format("write: {}", ::strerrordesc_np(errno));
    return IoStatus::failed;
  }
}

bool ByteStream::has_buffered() const { return tls_ && SSL_has_pending(ssl(tls_.get())) != 0; }

Result<> ByteStream::handshake(Deadline deadline) {
  while (true) {
    const IoStatus status = handshake();
    switch (status) {
      case IoStatus::done: return {};
      case IoStatus::closed: return fail(ErrorKind::unavailable, "TLS handshake: the peer closed the connection");
      case IoStatus::failed: return fail(ErrorKind::unavailable, "{}", error_);
      default:
        if (!wait_ready(fd(), status == IoStatus::want_read ? POLLIN : POLLOUT, deadline))
          return fail(ErrorKind::timeout, "TLS handshake: no answer in time");
    }
  }
}

Result<std::size_t> ByteStream::read_some(char* to, std::size_t size, Deadline deadline) {
  while (true) {
    std::size_t got = 0;
    const IoStatus status = read(to, size, got);
    switch (status) {
      case IoStatus::done: return got;
      case IoStatus::closed: return std::size_t{0};
      case IoStatus::failed: return fail(ErrorKind::unavailable, "{}", error_);
      default:
        if (!wait_ready(fd(), status == IoStatus::want_read ? POLLIN : POLLOUT, deadline))
          return fail(ErrorKind::timeout, "read: nothing came in time");
    }
  }
}

Result<> ByteStream::write_all(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    std::size_t put = 0;
    const IoStatus status = write(bytes.data(), bytes.size(), put);
    switch (status) {
      case IoStatus::done: bytes.remove_prefix(put); break;
      case IoStatus::closed: return fail(ErrorKind::unavailable, "write: the peer closed the connection");
      case IoStatus::failed: return fail(ErrorKind::unavailable, "{}", error_);
      default:
        if (!wait_ready(fd(), status == IoStatus::want_read ? POLLIN : POLLOUT, deadline))
          return fail(ErrorKind::timeout, "write: the peer took nothing in time");
    }
  }
  return {};
}

std::string ByteStream::peer_subject() const {
  if (!tls_ || SSL_get_verify_result(ssl(tls_.get())) != X509_V_OK) return {};
  if ((SSL_get_verify_mode(ssl(tls_.get())) & SSL_VERIFY_PEER) == 0) return {};
  X509* certificate = SSL_get1_peer_certificate(ssl(tls_.get()));
  if (certificate == nullptr) return {};
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string subject(text, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(certificate);
  return subject;
}

std::string ByteStream::tls_version() const { return tls_ ? SSL_get_version(ssl(tls_.get())) : ""; }

std::string ByteStream::tls_cipher() const {
  const char* name = tls_ ? SSL_get_cipher_name(ssl(tls_.get())) : nullptr;
  return name != nullptr ? name : "";
}

std::vector<std::string> ByteStream::peer_certificates() const {
  std::vector<std::string> all;
  if (!tls_) return all;
  // At a client the peer's own certificate is the first of the chain, at a server it stands apart.
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl(tls_.get()));
  const auto add = [&](X509* certificate) {
    unsigned char* der = nullptr;
    if (const int size = i2d_X509(certificate, &der); size > 0) {
      all.emplace_back(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
      OPENSSL_free(der);
    }
  };
  if (SSL_is_server(ssl(tls_.get())) == 1) {
    if (X509* own = SSL_get1_peer_certificate(ssl(tls_.get()))) {
      add(own);
      X509_free(own);
    }
  }
  for (int i = 0; i < sk_X509_num(chain); ++i) add(sk_X509_value(chain, i));
  return all;
}

std::uint64_t ByteStream::bytes_written() const {
  return tls_ ? BIO_number_written(SSL_get_wbio(ssl(tls_.get()))) : written_;
}

void ByteStream::shutdown_write() {
  if (tls_ && SSL_is_init_finished(ssl(tls_.get()))) {
    ERR_clear_error();
    SSL_shutdown(ssl(tls_.get()));
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace yagura::net
