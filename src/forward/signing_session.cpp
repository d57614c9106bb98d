#include "forward/signing_session.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/file.hpp"

namespace yagura::forward {

namespace {
constexpr auto kLongestWait = 1s;
}

Result<SigningSession> SigningSession::create(SyslogSigningKey key, std::string host, std::uint64_t reboot_session,
                                              std::uint64_t first, bool lossless) {
  SigningOptions options{.host = std::move(host), .reboot_session = reboot_session};
  if (lossless) options.messages_per_block = 36, options.repeats = 1, options.certificate_repeats = 1;
  return SigningSession(TRY(MessageSigner::create(std::move(key), std::move(options))), first);
}

void SigningSession::sent(std::string_view message, ReceiveTime now) {
  if (unsigned_++ == 0) unsigned_since_ = now;
  flushed_ = false;
  last_sent_ = now;
  signer_.sent(message, now, made_);
  if (made_.empty()) return;
  unsigned_ = 0;
  for (auto& one : made_) waiting_.push_back(std::move(one));
  made_.clear();
}

void SigningSession::flush(ReceiveTime now) {
  if (flushed_) return;
  signer_.flush(now, made_);
  flushed_ = true;
  unsigned_ = 0;
  for (auto& one : made_) waiting_.push_back(std::move(one));
  made_.clear();
}

bool SigningSession::is_due(ReceiveTime now) const {
  if (flushed_) return false;
  return now - (unsigned_ > 0 ? unsigned_since_ : last_sent_) >= std::chrono::duration_cast<Ticks>(kLongestWait);
}

void SigningSession::offered(std::uint64_t number) {
  own_.push_back(number);
  waiting_.pop_front();
  if (waiting_.empty() && unsigned_ == 0) covers_.push_back(number);
}

std::uint64_t SigningSession::covered(std::uint64_t taken) {
  while (!covers_.empty() && covers_.front() <= taken) {
    covered_ = covers_.front();
    covers_.pop_front();
  }
  while (!own_.empty() && own_.front() <= covered_) own_.pop_front();
  return covered_;
}

Result<SyslogSigningKey> load_signing_key(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return fail_errno(errno, "opening the key for signing, " + file.string());
  if ((status.st_mode & 077) != 0)
    return fail(ErrorKind::permission_denied, "the key for signing {} can be read by others (mode {:04o}); chmod 600 it",
                file.string(), static_cast<unsigned>(status.st_mode & 07777));
  const std::string pem = TRY(read_file(file, 1_MiB), "reading the key for signing, {}", file.string());
  return TRY(SyslogSigningKey::from_pem(pem), "reading the key for signing, {}", file.string());
}

}  // namespace yagura::forward
