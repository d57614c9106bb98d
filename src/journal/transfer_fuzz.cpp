// Laws: a batch that decodes is written back to one that decodes to the same entries; a statement that parses prints to
// text that parses to the same statement.
#include <cstdlib>

#include "journal/transfer.hpp"

using namespace yagura;
using namespace yagura::journal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto runs = decode_transfer(bytes)) {
    TransferBuilder again;
    for (const auto& run : *runs)
      for (const auto& entry : run->entries()) again.add(entry);
    const auto written = again.finish();
    const auto second = decode_transfer(written);
    if (!second) std::abort();
    std::vector<const Entry*> a, b;
    for (const auto& run : *runs)
      for (const auto& entry : run->entries()) a.push_back(&entry);
    for (const auto& run : *second)
      for (const auto& entry : run->entries()) b.push_back(&entry);
    if (a.size() != b.size()) std::abort();
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i]->payload != b[i]->payload || a[i]->position != b[i]->position || a[i]->item_id != b[i]->item_id ||
          a[i]->source() != b[i]->source() || a[i]->hint() != b[i]->hint())
        std::abort();
  }
  if (const auto statement = parse_transfer_statement(bytes))
    if (const auto again = parse_transfer_statement(to_text(*statement)); !again || *again != *statement) std::abort();
  return 0;
}
