// What other hosts of a cluster say, in whatever shape: never a crash, and what was understood is said and understood the same.
#include <cstdlib>

#include "cluster/host_folder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace yagura::cluster;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto members = Members::from_json(text)) {
    const auto again = Members::from_json(members->to_json());
    if (!again || again->to_json() != members->to_json()) std::abort();
  }
  if (const auto summary = summary_from_json(text)) {
    const std::string said = to_json(*summary);
    const auto again = summary_from_json(said);
    if (!again || to_json(*again) != said) std::abort();
  }
  if (const auto endpoint = parse_endpoint(text))
    if (!parse_endpoint(to_text(*endpoint))) std::abort();
  return 0;
}
