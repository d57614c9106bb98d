// Laws: any bytes give frames, a wish for more, or an Error; a frame written again reads as the same frame; nothing is
// read beyond the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "forward/relp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace relp = yagura::forward::relp;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  while (true) {
    const std::size_t before = input.size();
    const auto frame = relp::next_frame(input);
    if (!frame || !*frame) break;
    if (input.size() >= before) std::abort();
    std::string again;
    relp::append_frame(again, (*frame)->transaction, (*frame)->command, (*frame)->data);
    std::string_view rest = again;
    const auto second = relp::next_frame(rest);
    if (!second || !*second || !rest.empty() || (*second)->transaction != (*frame)->transaction ||
        (*second)->command != (*frame)->command || (*second)->data != (*frame)->data)
      std::abort();
    (void)relp::read_response((*frame)->data);
  }
  return 0;
}
