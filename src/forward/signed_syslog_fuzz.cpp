// Law: whatever comes, the verifier ends, counts every message or block once, and verifies nothing that nobody signed.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "forward/signed_syslog.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::forward;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  // The input's lines come among those of an honest sender, and some replace a part of them.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SignatureVerifier verifier({.trusted = {key.thumbprint()}});
  auto signer = *MessageSigner::create(key, {.host = "h", .reboot_session = 5, .messages_per_block = 2, .repeats = 1});
  std::vector<std::string> sent;
  for (int i = 0; i < 4; ++i) {
    sent.push_back("<13>1 - h a - - - message " + std::to_string(i));
    signer.sent(sent.back(), {}, sent);
  }
  signer.flush({}, sent);
  std::uint64_t added = 0;
  std::size_t at = 0;
  for (auto line : sent) {
    if (at < text.size()) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto foreign = text.substr(at, end - at);
      at = end + 1;
      if (!foreign.empty() && foreign[0] == '!' && line.size() > 60)
        line.replace(50, std::min(foreign.size(), line.size() - 50), foreign.substr(1));
      else
        verifier.add(foreign), ++added;
    }
    verifier.add(line);
    ++added;
  }
  const auto report = verifier.report();
  CHECK(report.messages + report.blocks == added);
  CHECK(report.verified <= 4);
  return 0;
}
