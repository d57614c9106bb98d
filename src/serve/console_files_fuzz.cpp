// The pack is our own, but a damaged program file must not read beyond it.
#include <cstdlib>

#include "serve/console_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace yagura;
  const auto files = serve::ConsoleFiles::parse({reinterpret_cast<const char*>(data), size});
  if (!files) return 0;
  for (const char* encoding : {"br", "gzip", ""}) {
    const auto response = files->answer({.target = "/", .headers = {{"Accept-Encoding", encoding}}});
    if (response.status != 200 && response.status != 404) std::abort();
  }
  return 0;
}
