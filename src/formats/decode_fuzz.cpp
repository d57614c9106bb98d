// Every decoder by its name: total, and offsets lie within the line.
#include <cstdio>
#include <cstdlib>

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
  if (size == 0) return 0;
  const auto formats = all_formats();
  const auto& format = formats[data[0] % formats.size()];
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  event::RecordBatch batch;
  format.decode({.raw = line, .position = Position(1)}, {.columns = "ts\tid.orig_h\tnote"}, batch);
  // A document of CloudWatch holds any number of events.
  const bool is_document = format.name == "aws-cloudwatch";
  CHECK(batch.size() >= 1 || is_document);
  CHECK(batch.size() == 1 || format.name == "hec-raw" || is_document);
  for (std::size_t i = 0; i < batch.size(); ++i) CHECK(batch[i].header().malformed_at <= size);
  return 0;
}
