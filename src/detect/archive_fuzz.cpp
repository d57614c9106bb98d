// Archives are foreign bytes: whatever they say, what comes out stays within the limits, and equals itself.
#include <cstdlib>

#include "detect/archive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const detect::ArchiveLimits limits{.max_files = 50, .max_file = 64_KiB, .max_total = 1_MiB};
  const auto wanted = [](std::string_view name) { return !name.ends_with(".txt"); };
  const auto files = detect::read_archive(bytes, wanted, limits);
  if (!files) return 0;
  if (files->size() > limits.max_files) std::abort();
  for (const auto& file : *files)
    if (file.content.size() > limits.max_file.count() || !wanted(file.name)) std::abort();
  const auto again = detect::read_archive(bytes, wanted, limits);
  if (!again || again->size() != files->size()) std::abort();
  return 0;
}
