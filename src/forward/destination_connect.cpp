#include "forward/destination_connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "net/socket.hpp"

namespace yagura::forward {

Result<std::shared_ptr<Wakeup>> Wakeup::create() {
  auto made = std::make_shared<Wakeup>();
  made->fd_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->fd_) return fail_errno(errno, "making an eventfd");
  return made;
}

void Wakeup::wake() {
  const std::uint64_t one = 1;
  (void)!::write(fd_.get(), &one, sizeof(one));
}

void Wakeup::clear() {
  std::uint64_t count = 0;
  (void)!::read(fd_.get(), &count, sizeof(count));
}

WaitEnd wait_for(int fd, short events, const Wakeup& wakeup, Deadline deadline) {
  while (true) {
    pollfd entries[2] = {{wakeup.fd(), POLLIN, 0}, {fd, events, 0}};
    const int wait =
        deadline.is_never() ? -1 : static_cast<int>(std::min<std::int64_t>(deadline.left().count() + 1, 3'600'000));
    const int ready = ::poll(entries, fd >= 0 ? 2 : 1, wait);
    if (ready > 0) return entries[0].revents != 0 ? WaitEnd::woken : WaitEnd::ready;
    if (ready < 0 && errno != EINTR) return WaitEnd::ready;  // the next read or write tells
    if (deadline.passed()) return WaitEnd::timeout;
  }
}

Result<std::vector<net::SocketAddress>> resolve_cancellable(const std::string& host, std::uint16_t port,
                                                            const Wakeup& wakeup, Deadline deadline) {
  if (const auto numeric = net::SocketAddress::numeric(host, port)) return std::vector{*numeric};
  struct Answer {
    std::mutex mutex;
    std::optional<Result<std::vector<net::SocketAddress>>> result GUARDED_BY(mutex);
    std::shared_ptr<Wakeup> done;
  };
  const auto answer = std::make_shared<Answer>();
  answer->done = TRY(Wakeup::create());
  std::thread([answer, host, port] {
    auto result = net::SocketAddress::resolve(host, port);
    const std::lock_guard lock(answer->mutex);
    answer->result.emplace(std::move(result));
    answer->done->wake();
  }).detach();
  switch (wait_for(answer->done->fd(), POLLIN, wakeup, deadline)) {
    case WaitEnd::woken: return fail(ErrorKind::cancelled, "stopped while looking up '{}'", host);
    case WaitEnd::timeout: return fail(ErrorKind::timeout, "looking up '{}': no answer in time", host);
    case WaitEnd::ready: break;
  }
  const std::lock_guard lock(answer->mutex);
  return std::move(*answer->result);
}

namespace {

Result<FileDescriptor> connect_address(const net::SocketAddress& address, const Wakeup& wakeup,
                                       std::chrono::milliseconds timeout) {
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "opening a TCP socket");
  const auto option = [&](int level, int name, int value) {
    ::setsockopt(fd.get(), level, name, &value, sizeof(value));
  };
  option(IPPROTO_TCP, TCP_NODELAY, 1);
  // A receiver that vanished without a word: nothing would ever come back.
  option(SOL_SOCKET, SO_KEEPALIVE, 1);
  option(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  option(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  option(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
  if (::connect(fd.get(), address.data(), address.size()) != 0) {
    if (errno != EINPROGRESS) return fail_errno(errno, "connecting to " + address.to_string());
    switch (wait_for(fd.get(), POLLOUT, wakeup, Deadline::in(timeout))) {
      case WaitEnd::woken: return fail(ErrorKind::cancelled, "stopped while connecting to {}", address.to_string());
      case WaitEnd::timeout:
        return fail(ErrorKind::timeout, "connecting to {}: no answer within {}", address.to_string(),
                    format_duration(timeout));
      case WaitEnd::ready: break;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail_errno(error, "connecting to " + address.to_string());
  }
  return fd;
}

Result<> handshake(net::ByteStream& stream, const Wakeup& wakeup, Deadline deadline, bool mutual) {
  while (true) {
    const auto status = stream.handshake();
    if (status == net::IoStatus::done) return {};
    if (status == net::IoStatus::closed)
      return fail(ErrorKind::unavailable,
                  "TLS handshake: the server closed the connection; does it speak TLS at this port?");
    if (status == net::IoStatus::failed)
      return fail(ErrorKind::unavailable, "{}", explain_tls_error(stream.error(), mutual));
    switch (wait_for(stream.fd(), status == net::IoStatus::want_read ? POLLIN : POLLOUT, wakeup, deadline)) {
      case WaitEnd::woken: return fail(ErrorKind::cancelled, "stopped during the TLS handshake");
      case WaitEnd::timeout:
        return fail(ErrorKind::timeout, "TLS handshake: no answer in time; does the server speak TLS at this port?");
      case WaitEnd::ready: break;
    }
  }
}

// TLS 1.3: the server judges our certificate after we are done. Wait a moment for its verdict, rather than writing into
// a connection that is about to be cut.
Result<> await_verdict(net::ByteStream& stream, const Wakeup& wakeup) {
  if (stream.tls_version() != "TLSv1.3") return {};
  if (wait_for(stream.fd(), POLLIN, wakeup, Deadline::in(150ms)) != WaitEnd::ready) return {};
  char scratch[4096];
  std::size_t got = 0;
  const auto status = stream.read(scratch, sizeof(scratch), got);
  if (status == net::IoStatus::failed)
    return fail(ErrorKind::unavailable, "{}", explain_tls_error(stream.error(), true));
  if (status == net::IoStatus::closed)
    return fail(ErrorKind::unavailable,
                "the server closed the connection right after the handshake; it may not accept our certificate");
  return {};
}

}  // namespace

std::string explain_tls_error(const std::string& message, bool mutual) {
  const auto has = [&](std::string_view text) { return message.find(text) != std::string::npos; };
  if (has("alert")) {
    if (has("certificate required") || has("handshake failure"))
      return message + (mutual ? " (the server found no common ground; ask its log)"
                               : " (the server may want a certificate of ours: -ClientCertificateThumbprint)");
    if (has("unknown ca") || has("bad certificate") || has("certificate unknown") || has("certificate revoked") ||
        has("certificate expired") || has("access denied"))
      return message + " (the server refuses the certificate that we show)";
    if (has("protocol version")) return message + " (the server speaks neither TLS 1.2 nor 1.3)";
  }
  if (has("unsupported protocol") || has("wrong version number") || has("version too low"))
    return message + " (the server speaks neither TLS 1.2 nor 1.3, or no TLS at this port)";
  if (has("self-signed") || has("unable to get local issuer") || has("unable to get issuer"))
    return message +
           " (import the CA that signed it: yagura cert import --file CA.pem; yagura cert doctor tells which)";
  if (has("IP address mismatch") || has("hostname mismatch") || has("Hostname mismatch"))
    return message + " (-ServerName must be a name in the certificate; -SkipServerCNCheck skips this check)";
  return message;
}

Result<Connected> connect_stream(const DestinationSettings& settings, const Wakeup& wakeup) {
  // Before anything is opened: a certificate that is missing here needs no connection to be found out.
  std::shared_ptr<const net::TlsContext> context;
  bool mutual = false;
  if (settings.use_tls) {
    const auto options = TRY(settings.tls_options());
    mutual = !options.certificate.empty();
    context = TRY(net::TlsContext::client(options));
  }
  const auto addresses =
      TRY(resolve_cancellable(settings.host, settings.port, wakeup, Deadline::in(settings.attempt_timeout)));
  std::string tried;
  constexpr std::size_t kMostAddresses = 16;
  for (std::size_t i = 0; i < addresses.size() && i < kMostAddresses; ++i) {
    auto fd = connect_address(addresses[i], wakeup, settings.attempt_timeout);
    if (!fd && fd.error().kind() == ErrorKind::cancelled) return std::unexpected(std::move(fd).error());
    if (!fd) {
      tried += (tried.empty() ? "" : "; ") + fd.error().message();
      continue;
    }
    Connected connected;
    connected.facts.address = addresses[i].to_string();
    if (!settings.use_tls) {
      connected.stream = net::ByteStream(std::move(*fd));
      return connected;
    }
    connected.stream = TRY(net::ByteStream::tls_client(std::move(*fd), *context, settings.host));
    auto done = handshake(connected.stream, wakeup, Deadline::in(settings.handshake_timeout), mutual);
    if (done && mutual) done = await_verdict(connected.stream, wakeup);
    if (!done && done.error().kind() == ErrorKind::cancelled) return std::unexpected(std::move(done).error());
    if (!done) {
      // Another address may be another machine, with a certificate in order.
      tried += (tried.empty() ? "" : "; ") + addresses[i].to_string() + ": " + done.error().message();
      continue;
    }
    connected.facts.tls_version = connected.stream.tls_version();
    connected.facts.tls_cipher = connected.stream.tls_cipher();
    connected.facts.certificates = connected.stream.peer_certificates();
    return connected;
  }
  return fail(ErrorKind::unavailable, "{}", tried.empty() ? fmt::format("'{}' has no address", settings.host) : tried);
}

}  // namespace yagura::forward
