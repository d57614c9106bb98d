// RFC 5848 beside one connection's events: which signature messages are to be offered, and which events they vouch for.
//
//   session.sent(message, now);                     // an event was offered under some number
//   while (const auto* block = session.next()) destination->offer(number, *block), session.offered(number++);
//   if (session.is_due(now)) session.flush(now);    // nobody should wait for a block to fill
//   bookmark = position_of(session.covered(destination->taken()));
//
// An event is done with only when its signature is taken too: a connection that breaks in between sends it again and
// signs it again, under the next session. Bounded by the destination's own bound of untaken messages. One thread.
#pragma once
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "forward/signed_syslog.hpp"

namespace yagura::forward {

class SigningSession {
 public:
  // `first`: the number of the connection's first message. Messages may get lost when not `lossless`: then digests and
  // certificate blocks are sent three times.
  static Result<SigningSession> create(SyslogSigningKey key, std::string host, std::uint64_t reboot_session,
                                       std::uint64_t first, bool lossless);

  void sent(std::string_view message, ReceiveTime now);
  void flush(ReceiveTime now);
  // The oldest event without a signature has waited for a second, or digests that are to be sent again have.
  bool is_due(ReceiveTime now) const;

  // The next message to be offered before any event; null: none.
  const std::string* next() const { return waiting_.empty() ? nullptr : &waiting_.front(); }
  void offered(std::uint64_t number);
  // The last number of which everything up to it is taken and signed by what is taken. Call with rising values.
  std::uint64_t covered(std::uint64_t taken);
  // Of the numbers behind the last covered() up to `last`: signature messages.
  std::uint64_t own_messages() const { return own_.size(); }

 private:
  SigningSession(MessageSigner signer, std::uint64_t first) : signer_(std::move(signer)), covered_(first - 1) {}
  MessageSigner signer_;
  std::deque<std::string> waiting_;
  std::vector<std::string> made_;
  std::deque<std::uint64_t> covers_;  // numbers of signature messages behind which nothing was unsigned
  std::deque<std::uint64_t> own_;     // numbers of signature messages behind covered_
  std::uint64_t covered_;
  std::uint64_t unsigned_ = 0;
  bool flushed_ = true;
  ReceiveTime unsigned_since_{}, last_sent_{};
};

// The key for signing on this host. Refused when others can read it.
Result<SyslogSigningKey> load_signing_key(const std::filesystem::path& file);

}  // namespace yagura::forward
