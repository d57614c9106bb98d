// Any text gives a range in order, or an error; never a crash or an overflow.
#include <cstdlib>

#include "base/time.hpp"
#include "serve/timespan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace yagura;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto range = serve::parse_timespan(text, 17'000'000'000'000'000);
  if (range && range->from_ticks.has_value() != range->to_ticks.has_value()) std::abort();
  if (range && range->from_ticks && *range->from_ticks > *range->to_ticks) std::abort();
  return 0;
}
