// Any bytes: read without a crash and within bounds; what was read can be written and reads back the same.
#include <cstdint>
#include <cstdlib>

#include "store/native_block.hpp"

namespace {

yagura::store::ByteSource in_pieces(std::string_view bytes, std::size_t size) {
  return [=, at = std::size_t{0}](std::string& buffer) mutable -> yagura::Result<bool> {
    if (at >= bytes.size()) return false;
    buffer += bytes.substr(at, size);
    at += size;
    return true;
  };
}

std::string text_of(const yagura::event::TableBatch& batch) {
  std::string out;
  for (std::size_t c = 0; c < batch.column_count(); ++c) {
    if (batch.column(c).size() != batch.row_count()) std::abort();
    for (std::size_t row = 0; row < batch.row_count(); ++row) {
      out += batch.column(c).is_null(row) ? 'n' : 'v';
      yagura::event::append_cell_text(out, batch.column(c), row);
      out += '\n';
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::store;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  NativeReader reader(in_pieces(bytes, 1 + data[0]), {});
  while (true) {
    auto batch = reader.next();
    if (!batch || !*batch) return 0;
    std::vector<SentColumn> sent;
    for (std::size_t c = 0; c < (*batch)->column_count(); ++c) sent.push_back({c, (*batch)->schema()[c].name, true});
    std::string written;
    write_native_block(written, **batch, sent);
    NativeReader again(in_pieces(written, 4096), (*batch)->schema());
    auto second = again.next();
    if (!second || !*second || (*second)->row_count() != (*batch)->row_count()) std::abort();
    // Twice through the writer: decimals beyond the store's scale are cut the first time.
    std::string twice;
    write_native_block(twice, **second, sent);
    NativeReader third(in_pieces(twice, 4096), (*batch)->schema());
    auto last = third.next();
    if (!last || !*last || text_of(**last) != text_of(**second)) std::abort();
  }
}
