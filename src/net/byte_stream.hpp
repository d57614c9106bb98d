// One connected, non-blocking socket, plain or with TLS: the same calls for both.
//
// The step calls (handshake, read, write) never wait: they say what they wait for, for an event loop. The calls
// that take a Deadline wait in poll(2). One thread at a time; moving it between threads needs a happens-before.
// Closes the socket when destroyed.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/tls.hpp"

namespace yagura::net {

enum class IoStatus : std::uint8_t {
  done,
  want_read,   // call again when the socket is readable
  want_write,  // ... writable (TLS may want to write in order to read)
  closed,      // the peer ended its side
  failed,      // see error()
};

class ByteStream {
 public:
  ByteStream() = default;
  explicit ByteStream(FileDescriptor fd) : fd_(std::move(fd)) {}
  static Result<ByteStream> tls_server(FileDescriptor fd, const TlsContext& context);
  // `host`: name or numeric address that the certificate must carry; also sent as SNI when it is a name.
  static Result<ByteStream> tls_client(FileDescriptor fd, const TlsContext& context, const std::string& host);
  ByteStream(ByteStream&&) noexcept = default;
  ByteStream& operator=(ByteStream&&) noexcept = default;

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  bool is_tls() const { return tls_ != nullptr; }

  IoStatus handshake();  // plain: done at once
  // `got` is above 0 when done.
  IoStatus read(char* to, std::size_t size, std::size_t& got);
  // `put` may be less than `size` when done. After want_*, call again with the same bytes.
  IoStatus write(const char* from, std::size_t size, std::size_t& put);
  // Bytes that TLS has decrypted already: the socket will not become readable for them.
  bool has_buffered() const;
  // Of the last `failed`.
  const std::string& error() const { return error_; }

  Result<> handshake(Deadline deadline);
  // 0 at the end of the stream.
  Result<std::size_t> read_some(char* to, std::size_t size, Deadline deadline);
  Result<> write_all(std::string_view bytes, Deadline deadline);

  // Subject of the verified peer certificate (RFC 4514); "" when there is none.
  std::string peer_subject() const;
  // "TLSv1.3", or "".
  std::string tls_version() const;
  // "TLS_AES_256_GCM_SHA384", or "".
  std::string tls_cipher() const;
  // What the peer has shown, its own certificate first, as DER; whether or not anybody verified it.
  std::vector<std::string> peer_certificates() const;
  // Bytes given to the kernel so far, with TLS its records: what the peer's kernel has acknowledged is this less SIOCOUTQ.
  std::uint64_t bytes_written() const;
  // Tells the peer that no more will come (close_notify for TLS), without waiting.
  void shutdown_write();

 private:
  struct FreeTls {
    void operator()(void* ssl) const;
  };
  static Result<ByteStream> with_tls(FileDescriptor fd, const TlsContext& context);
  IoStatus tls_status(int result, const char* doing);

  FileDescriptor fd_;
  std::unique_ptr<void, FreeTls> tls_;  // SSL*; destroyed before the descriptor
  std::string error_;
  std::uint64_t written_ = 0;  // without TLS
};

}  // namespace yagura::net
