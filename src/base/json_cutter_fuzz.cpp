// Laws: values lie in the text, one behind the other; cut at any place, the same values come out, as long as each piece
// that is given again begins where the last one's consumed bytes ended; the cutter always comes to the end.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/json_cutter.hpp"

using namespace yagura;

namespace {

void check(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "law broken: %s\n", law);
  std::abort();
}

std::vector<std::string> cut(std::string_view text, std::size_t piece) {
  JsonCutter cutter;
  std::vector<std::string> out;
  std::size_t done = 0, end = 0;
  while (done < text.size()) {
    end = std::min(text.size(), std::max(end, done) + piece);
    std::vector<JsonPiece> values;
    std::size_t consumed = 0;
    cutter.cut(text.substr(done, end - done), end == text.size(), values, consumed);
    std::size_t before = 0;
    for (const auto& value : values) {
      check(value.at >= before && value.at + value.size <= end - done, "values in their order");
      before = value.at + value.size;
      out.emplace_back(text.substr(done + value.at, value.size));
    }
    check(consumed <= end - done && consumed >= before, "consumed is behind the values");
    done += consumed;
    if (end == text.size() && consumed == 0) break;
  }
  check(done == text.size(), "comes to the end");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 1 || size > 4'096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check(cut(text, 1 + data[0] % 64) == cut(text, text.size() + 1), "cut anywhere, the same values");
  return 0;
}
