// RFC 5848, signed syslog messages: so that a receiver can tell which messages are missing, changed or out of order.
//
//   auto signer = TRY(MessageSigner::create(std::move(key), {.host = "node1", .reboot_session = seconds_since_1970}));
//   signer.sent(message, now, also_send);   // for every message, its exact bytes without framing
//   signer.flush(now, also_send);           // when idle for a while, and at the end
//
// What is to be sent besides are messages of their own: certificate blocks ([ssign-cert ...]) before the first
// signature block and again later, and signature blocks ([ssign ...]) with SHA-256 digests of messages. VER is 0121 for
// DSA keys, which is what the RFC defines; other keys (ECDSA, RSA, Ed25519) sign as VER 0122, which is Yagura's own.
// docs/formats/forwarding.md.
//
// One thread at a time each. Errors: a key that cannot sign.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::forward {

// A private key, and the certificate for it when there is one. Movable; the key is wiped with the last of them.
class SyslogSigningKey {
 public:
  // PEM: a private key, and a certificate anywhere in it (key blob type C) or none (type K, the public key).
  static Result<SyslogSigningKey> from_pem(std::string_view pem);
  // A new DSA key of 2048 bits (VER 0121), which takes some seconds, or an EC key on P-256 (VER 0122).
  enum class Kind : std::uint8_t { dsa, ec };
  static Result<SyslogSigningKey> generate(Kind kind);
  Result<std::string> private_pem() const;  // without a passphrase: keep it in a file of mode 0600
  std::string public_pem() const;
  std::string thumbprint() const;  // SHA-256 of the public key (SubjectPublicKeyInfo), 64 hexadecimal digits

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit SyslogSigningKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

struct SigningOptions {
  std::string host = "-";
  std::string app = "yagura";
  std::string process_id = "-";
  // RSID: has to grow with every start; seconds since 1970 do. 0: this sender cannot say.
  std::uint64_t reboot_session = 0;
  unsigned messages_per_block = 12;  // new digests in a signature block, at most 36
  unsigned repeats = 3;  // in how many signature blocks each digest is, 1..3: over a lossless transport 1 will do
  unsigned certificate_repeats = 3;  // how often the certificate blocks are sent at the start
  std::chrono::seconds certificate_interval{3'600};
};

class MessageSigner {
 public:
  static Result<MessageSigner> create(SyslogSigningKey key, SigningOptions options);
  MessageSigner(MessageSigner&&) noexcept;
  ~MessageSigner();

  // Appends what is due to be sent now, before or behind the message as one likes. Order does not matter to receivers.
  void sent(std::string_view message, ReceiveTime now, std::vector<std::string>& also_send);
  void flush(ReceiveTime now, std::vector<std::string>& also_send);
  std::uint64_t messages() const { return next_number_ - 1; }

 private:
  MessageSigner(SyslogSigningKey key, SigningOptions options);
  void send_certificates(ReceiveTime now, std::vector<std::string>& out);
  void send_block(ReceiveTime now, std::vector<std::string>& out);
  std::string signed_message(ReceiveTime now, std::string element) const;

  struct Digest {
    std::uint64_t number;
    std::string text;  // base64
    unsigned sent = 0;
  };
  SyslogSigningKey key_;
  SigningOptions options_;
  std::deque<Digest> digests_;
  std::uint64_t next_number_ = 1;
  std::uint64_t blocks_ = 0;
  unsigned fresh_ = 0;
  unsigned certificates_sent_ = 0;
  ReceiveTime last_certificates_{};
};

enum class SignatureFindingKind : std::uint8_t {
  missing,        // signed, and never came
  changed,        // came with other bytes than were signed
  out_of_order,   // came behind one that was sent later
  duplicate,      // came more often than it was sent
  unsigned_,      // nobody signed it: inserted on the way, or its signature block is lost
  bad_signature,  // a block whose signature is wrong
  no_key,         // a block whose certificate blocks did not come
  untrusted_key,
  malformed,  // a block that is none
};
std::string_view to_string(SignatureFindingKind kind);

struct SignatureFinding {
  SignatureFindingKind kind;
  std::string sender;         // "node1 1764000000": host and reboot session
  std::uint64_t number = 0;   // of the message by the sender's count; 0: has none
  std::uint64_t arrival = 0;  // 1 for the first message that was added; 0: did not come
  std::string detail;
};

struct SignatureReport {
  std::uint64_t messages = 0;  // without blocks
  std::uint64_t blocks = 0;
  std::uint64_t verified = 0;
  std::vector<SignatureFinding> findings;  // at most 10,000
  std::uint64_t more_findings = 0;
  bool is_clean() const { return findings.empty() && more_findings == 0; }
};

// Reads messages in the order in which they came. Bounded: it remembers a million messages at most.
class SignatureVerifier {
 public:
  struct Options {
    // Thumbprints of keys that are known to be the sender's. Empty: any key, as said in the report by nothing.
    std::vector<std::string> trusted;
  };
  explicit SignatureVerifier(Options options);
  ~SignatureVerifier();
  // Exact bytes without framing; certificate and signature blocks as well.
  void add(std::string_view message);
  SignatureReport report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yagura::forward
