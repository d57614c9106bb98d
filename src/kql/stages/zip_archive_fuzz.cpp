// Any bytes as a ZIP archive: read or refused, and what is read keeps the bounds.
#include <cstdint>
#include <cstdlib>

#include "kql/stages/zip_archive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura;
  const auto files = kql::read_zip({reinterpret_cast<const char*>(data), size}, 1_MiB);
  if (!files) return 0;
  std::size_t all = 0;
  for (const auto& file : *files) all += file.content.size();
  if (files->size() > kql::kMostZipFiles || all > (1_MiB).count()) std::abort();
  return 0;
}
