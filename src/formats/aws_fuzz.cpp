// The decoders of AWS's lines and documents: total, and what stopped them lies within the input. The first byte chooses.
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
  constexpr std::string_view kHints[] = {"aws-flow?table=AWSVPCFlow", "aws-flow?table=AWSVPCFlow&fields=start%20srcaddr%20account-id%20end", "aws-cloudwatch?table=AWSCloudWatch",
                                         "aws-s3-access", "aws-elb"};
  const auto hint = kHints[data[0] % std::size(kHints)];
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  event::RecordBatch batch;
  decode(hint, {.raw = line, .position = Position(1)}, {}, batch);
  CHECK(batch.size() == 1 || hint.starts_with("aws-cloudwatch"));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(batch[i].header().malformed_at <= size);
    CHECK(batch[i].header().origin.index_in_entry == i);
  }
  return 0;
}
