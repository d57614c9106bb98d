// Law: what parses prints to text that parses to the same.
#include <cstdlib>

#include "fleet/ledger.hpp"

using namespace yagura;
using namespace yagura::fleet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto heartbeat = parse_heartbeat(text)) {
    const auto again = parse_heartbeat(to_json(*heartbeat));
    if (!again || to_json(*again) != to_json(*heartbeat)) std::abort();
    (void)balance(*heartbeat, {}, heartbeat->through);
  }
  if (const auto answer = parse_heartbeat_answer(text))
    if (const auto again = parse_heartbeat_answer(to_json(*answer)); !again) std::abort();
  (void)parse_enrol_request(text);
  (void)parse_enrol_answer(text);
  return 0;
}
