#include "forward/signed_syslog.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "formats/syslog.hpp"

namespace yagura::forward {
namespace {

const ReceiveTime kNow = receive_time(*parse_iso8601("2026-11-22T08:00:00Z"));

const SyslogSigningKey& ec_key() {
  static const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  return key;
}
// Takes seconds to make, so once.
const SyslogSigningKey& dsa_key() {
  static const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::dsa);
  return key;
}

// Messages and blocks as they are sent.
std::vector<std::string> stream(const SyslogSigningKey& key, int count, SigningOptions options,
                                std::string_view host = "node1") {
  options.host = host;
  options.reboot_session = 1'764'000'000;
  auto signer = *MessageSigner::create(key, options);
  std::vector<std::string> out;
  for (int i = 1; i <= count; ++i) {
    const std::string message = fmt::format("<84>Nov 22 08:00:00 {} CEF: 0.0|m|p|1|s|n|5|n={}", host, i);
    out.push_back(message);
    signer.sent(message, kNow, out);
  }
  signer.flush(kNow, out);
  EXPECT_EQ(signer.messages(), static_cast<std::uint64_t>(count));
  return out;
}

std::string told(const std::vector<std::string>& messages, SignatureVerifier::Options options = {}) {
  SignatureVerifier verifier(std::move(options));
  for (const auto& message : messages) verifier.add(message);
  const auto report = verifier.report();
  std::string out = fmt::format("{} messages, {} verified", report.messages, report.verified);
  for (const auto& finding : report.findings)
    out += fmt::format("; {} {} number {} arrival {}", to_string(finding.kind), finding.sender, finding.number,
                       finding.arrival);
  return out;
}

std::size_t index_of(const std::vector<std::string>& messages, int number) {
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (messages[i].ends_with(fmt::format("|n={}", number))) return i;
  ADD_FAILURE();
  return 0;
}

TEST(SignedSyslog, VerifiesWhatWasSent) {
  for (const unsigned repeats : {1U, 2U, 3U})
    EXPECT_EQ(told(stream(ec_key(), 50, {.repeats = repeats})), "50 messages, 50 verified");
}

TEST(SignedSyslog, SignsAsTheRfcSaysWithDsa) {
  const auto messages = stream(dsa_key(), 3, {});
  EXPECT_EQ(told(messages, {.trusted = {dsa_key().thumbprint()}}), "3 messages, 3 verified");
  const auto& block = messages.back();
  EXPECT_TRUE(
      block.starts_with("<110>1 2026-11-22T08:00:00.000000Z node1 yagura - - [ssign VER=\"0121\" RSID=\"1764000000\" "
                        "SG=\"0\" SPRI=\"0\" GBC=\""))
      << block;
  const auto header = formats::parse_syslog_header(block, kNow, {});
  EXPECT_EQ(header.malformed, "");
  EXPECT_EQ(header.message, "");
  // Two multiprecision integers: number of bits, octets.
  const auto at = block.find("SIGN=\"") + 6;
  const auto signature = from_base64(std::string_view(block).substr(at, block.find('"', at) - at));
  ASSERT_TRUE(signature);
  const auto bits = static_cast<unsigned char>((*signature)[0]) * 256 + static_cast<unsigned char>((*signature)[1]);
  EXPECT_GT(bits, 200);
  EXPECT_LE(bits, 256);
  for (const auto& message : messages) EXPECT_LE(message.size(), 2'048u);
}

TEST(SignedSyslog, NamesTheMissingOne) {
  auto messages = stream(ec_key(), 40, {});
  messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(index_of(messages, 17)));
  EXPECT_EQ(told(messages), "39 messages, 39 verified; missing node1 1764000000 number 17 arrival 0");
}

TEST(SignedSyslog, NamesTheChangedOne) {
  auto messages = stream(ec_key(), 40, {});
  messages[index_of(messages, 17)] += "0";
  EXPECT_EQ(told(messages), "40 messages, 39 verified; changed node1 1764000000 number 17 arrival 17");
}

TEST(SignedSyslog, NamesTheInsertedAndTheDoubled) {
  auto messages = stream(ec_key(), 20, {});
  messages.insert(messages.begin() + static_cast<std::ptrdiff_t>(index_of(messages, 5)),
                  "<84>Nov 22 08:00:00 node1 forged");
  messages.push_back(messages[index_of(messages, 7)]);
  EXPECT_EQ(told(messages),
            "22 messages, 20 verified; unsigned node1 number 0 arrival 5; duplicate node1 number 0 arrival 22");
}

TEST(SignedSyslog, NamesTheOneThatOvertook) {
  auto messages = stream(ec_key(), 20, {});
  std::swap(messages[index_of(messages, 5)], messages[index_of(messages, 6)]);
  EXPECT_EQ(told(messages), "20 messages, 20 verified; out-of-order node1 1764000000 number 6 arrival 5");
}

TEST(SignedSyslog, BearsLostBlocksWhenDigestsAreRepeated) {
  auto messages = stream(ec_key(), 60, {.repeats = 3});
  // Every third block is lost.
  std::vector<std::string> came;
  int blocks = 0;
  for (const auto& message : messages)
    if (message.find("[ssign ") == std::string::npos || ++blocks % 3 != 0) came.push_back(message);
  EXPECT_EQ(told(came), "60 messages, 60 verified");
}

TEST(SignedSyslog, SaysWhichBlocksAreGone) {
  auto messages = stream(ec_key(), 30, {.messages_per_block = 10, .repeats = 1});
  int blocks = 0;
  std::vector<std::string> came;
  for (const auto& message : messages)
    if (message.find("[ssign ") == std::string::npos || ++blocks != 2) came.push_back(message);
  const auto text = told(came);
  EXPECT_TRUE(text.starts_with("30 messages, 20 verified; missing node1 1764000000 number 11 arrival 0; unsigned"))
      << text;
}

TEST(SignedSyslog, RefusesAForgedBlock) {
  auto messages = stream(ec_key(), 12, {.repeats = 1});
  auto& block = messages.back();
  ASSERT_NE(block.find("[ssign "), std::string::npos);
  const auto at = block.find("FMN=\"1\"");
  ASSERT_NE(at, std::string::npos);
  block.replace(at, 7, "FMN=\"2\"");
  EXPECT_TRUE(told(messages).starts_with("12 messages, 0 verified; bad-signature node1 1764000000 number 2"))
      << told(messages);
}

TEST(SignedSyslog, TrustsOnlyKnownKeysWhenTold) {
  const auto messages = stream(ec_key(), 3, {});
  EXPECT_EQ(told(messages, {.trusted = {ec_key().thumbprint()}}), "3 messages, 3 verified");
  EXPECT_TRUE(told(messages, {.trusted = {std::string(64, 'a')}}).starts_with("3 messages, 0 verified; untrusted-key"))
      << told(messages);
}

TEST(SignedSyslog, TellsTwoSendersApart) {
  auto a = stream(ec_key(), 15, {}), b = stream(ec_key(), 15, {}, "node2");
  std::vector<std::string> both;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size()) both.push_back(a[i]);
    if (i < b.size() && !b[i].ends_with("|n=9")) both.push_back(b[i]);
  }
  EXPECT_EQ(told(both), "29 messages, 29 verified; missing node2 1764000000 number 9 arrival 0");
}

TEST(SignedSyslog, WaitsForTheKey) {
  auto messages = stream(ec_key(), 12, {.repeats = 1, .certificate_repeats = 1});
  std::vector<std::string> certificates;
  std::erase_if(messages, [&](const std::string& one) {
    if (one.find("[ssign-cert ") == std::string::npos) return false;
    certificates.push_back(one);
    return true;
  });
  ASSERT_FALSE(certificates.empty());
  EXPECT_EQ(told(messages), "12 messages, 0 verified; no-key node1 1764000000 number 0 arrival 0");
  messages.insert(messages.end(), certificates.begin(), certificates.end());
  EXPECT_EQ(told(messages), "12 messages, 12 verified");
}

TEST(SignedSyslog, KeepsKeysAsPem) {
  const auto again = SyslogSigningKey::from_pem(*ec_key().private_pem());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->thumbprint(), ec_key().thumbprint());
  EXPECT_FALSE(SyslogSigningKey::from_pem("nothing"));
}

}  // namespace
}  // namespace yagura::forward
