// The sending half: blocks of digests and of the certificate.
#include "forward/signed_syslog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "forward/signing_key.hpp"

namespace yagura::forward {

namespace {

constexpr unsigned kMostDigests = 36;                // of 44 characters each; a block stays below 2,048 octets
constexpr std::size_t kFragment = 1'024;             // of the payload block, for the same reason
constexpr std::uint64_t kMostCount = 9'999'999'999;  // sections 4.2.2 to 4.2.5: ten digits

std::string timestamp(ReceiveTime now) {
  std::string time = format_datetime(now.time_since_epoch().count());
  if (time.size() > 26) time.erase(26, 1);
  return time;
}

std::string header_word(std::string_view word, std::size_t most) {
  std::string out;
  for (const char c : word.substr(0, most)) out += c > 32 && c < 127 ? c : '?';
  return out.empty() ? "-" : out;
}

}  // namespace

MessageSigner::MessageSigner(SyslogSigningKey key, SigningOptions options)
    : key_(std::move(key)), options_(std::move(options)) {}
MessageSigner::MessageSigner(MessageSigner&&) noexcept = default;
MessageSigner::~MessageSigner() = default;

Result<MessageSigner> MessageSigner::create(SyslogSigningKey key, SigningOptions options) {
  if (options.reboot_session > kMostCount)
    return fail(ErrorKind::invalid_input, "a reboot session of more than ten digits");
  options.repeats = std::clamp(options.repeats, 1U, 3U);
  options.messages_per_block = std::clamp(options.messages_per_block, 1U, kMostDigests / options.repeats);
  options.certificate_repeats = std::clamp(options.certificate_repeats, 1U, 10U);
  return MessageSigner(std::move(key), std::move(options));
}

// Section 4.2.8: signed is the message as it is sent, but without SIGN and its value. PRI 110 is log audit,
// informational.
std::string MessageSigner::signed_message(ReceiveTime now, std::string element) const {
  const std::string head = fmt::format("<110>1 {} {} {} {} - ", timestamp(now), header_word(options_.host, 255),
                                       header_word(options_.app, 48), header_word(options_.process_id, 128));
  const auto signature = signing::sign(key_.state().key.get(), head + element + "]");
  // A key that signed its probe does not fail later; if it does, the block says so by an empty signature.
  return head + element + fmt::format(" SIGN=\"{}\"]", signature ? to_base64(*signature) : std::string());
}

// Section 5: payload is a time, the key blob's type and the blob, in as many fragments as it takes.
void MessageSigner::send_certificates(ReceiveTime now, std::vector<std::string>& out) {
  const auto& key = key_.state();
  const std::string payload = fmt::format("{} {} {}", timestamp(now), key.blob_type, to_base64(key.blob));
  for (std::size_t at = 0; at < payload.size(); at += kFragment) {
    const auto fragment = std::string_view(payload).substr(at, kFragment);
    out.push_back(signed_message(
        now,
        fmt::format(
            "[ssign-cert VER=\"{}\" RSID=\"{}\" SG=\"0\" SPRI=\"0\" TBPL=\"{}\" INDEX=\"{}\" FLEN=\"{}\" FRAG=\"{}\"",
            signing::version_of(key.is_dsa), options_.reboot_session, payload.size(), at + 1, fragment.size(),
            fragment)));
  }
  ++certificates_sent_;
  last_certificates_ = now;
}

void MessageSigner::send_block(ReceiveTime now, std::vector<std::string>& out) {
  if (digests_.empty()) return;
  const auto interval = std::chrono::duration_cast<Ticks>(options_.certificate_interval);
  if (certificates_sent_ < options_.certificate_repeats || now - last_certificates_ >= interval)
    send_certificates(now, out);
  std::string block;
  const std::size_t count = std::min<std::size_t>(digests_.size(), kMostDigests);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) block += ' ';
    block += digests_[i].text;
    ++digests_[i].sent;
  }
  out.push_back(signed_message(
      now, fmt::format("[ssign VER=\"{}\" RSID=\"{}\" SG=\"0\" SPRI=\"0\" GBC=\"{}\" FMN=\"{}\" CNT=\"{}\" HB=\"{}\"",
                       signing::version_of(key_.state().is_dsa), options_.reboot_session, blocks_++,
                       digests_.front().number, count, block)));
  while (!digests_.empty() && digests_.front().sent >= options_.repeats) digests_.pop_front();
  fresh_ = 0;
  // Section 4.2.4: when a count would not fit, a new session begins.
  if (blocks_ > kMostCount || next_number_ > kMostCount) {
    ++options_.reboot_session;
    blocks_ = 0;
    next_number_ = 1;
    certificates_sent_ = 0;
    digests_.clear();
  }
}

void MessageSigner::sent(std::string_view message, ReceiveTime now, std::vector<std::string>& also_send) {
  digests_.push_back({next_number_++, to_base64(as_text(sha256(message))), 0});
  if (++fresh_ >= options_.messages_per_block) send_block(now, also_send);
}

void MessageSigner::flush(ReceiveTime now, std::vector<std::string>& also_send) {
  while (!digests_.empty()) send_block(now, also_send);
}

}  // namespace yagura::forward
