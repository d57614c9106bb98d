// Laws: one record for each text; the fields of a well-formed one are valid JSON again and decode to as many fields.
#include <cstdio>
#include <cstdlib>

#include "formats/json.hpp"
#include "formats/registry.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::formats;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  event::RecordBatch hec;
  decode("hec-event", {.raw = text}, {}, hec);
  CHECK(hec.size() == 1);
  event::RecordBatch first;
  decode("json", {.raw = text}, {}, first);
  CHECK(first.size() == 1);
  if (!first[0].header().malformed.empty()) return 0;
  std::string written;
  append_json(written, first[0]);
  event::RecordBatch second;
  decode("json", {.raw = written}, {}, second);
  CHECK(second.size() == 1);
  CHECK(second[0].header().malformed.empty());
  CHECK(second[0].fields().size() >= first[0].fields().size());
  return 0;
}
