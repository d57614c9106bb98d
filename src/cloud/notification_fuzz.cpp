// Whatever a queue holds: an error, or objects that all have a bucket and a key.
#include <cstdlib>

#include "cloud/notification.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto found = yagura::cloud::parse_notification({reinterpret_cast<const char*>(data), size});
  if (!found) return 0;
  if (found->kind == yagura::cloud::Notification::Kind::objects && found->objects.empty()) std::abort();
  for (const auto& one : found->objects)
    if (one.key.empty()) std::abort();
  return 0;
}
