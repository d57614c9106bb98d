// Law: any bytes give entries or an Error; no entry's bytes are more than what came in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "forward/certificate.hpp"
#include "forward/jks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view password : {"", "changeit"}) {
    const auto entries = yagura::forward::read_java_key_store(bytes, password);
    if (!entries) continue;
    std::size_t total = 0;
    for (const auto& entry : *entries) {
      total += entry.private_key.size();
      for (const auto& certificate : entry.certificates) total += certificate.size();
    }
    if (total > size) std::abort();
  }
  // Not PKCS#12: whoever writes the file says how long deriving its key takes.
  for (const auto format :
       {yagura::forward::BundleFormat::jks, yagura::forward::BundleFormat::pem, yagura::forward::BundleFormat::der})
    (void)yagura::forward::read_certificate_bundle(bytes, {.format = format, .password = "changeit"});
  return 0;
}
