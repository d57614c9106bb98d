// Laws: one record for each line; decode(encode(r)) has the fields of r.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "formats/cef.hpp"
#include "formats/fields.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::formats;

namespace {
std::span<const event::Field> cef_fields(const event::Record& record) {
  const auto all = record.fields();
  const auto start = std::ranges::find_if(all, [](const event::Field& f) { return f.id == field::cef_version; });
  return all.subspan(static_cast<std::size_t>(start - all.begin()));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  // A line break in the header is written as a blank, so such lines do not come back as they were.
  std::string line = "CEF:" + std::string(reinterpret_cast<const char*>(data), size);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  event::RecordBatch first;
  event::RecordBatch second;
  first.begin_record({.raw = line});
  const bool good = decode_cef_payload(line, first);
  first.end_record();
  CHECK(first.size() == 1);
  CHECK(good == first[0].header().malformed.empty());
  if (!good) return 0;
  const std::string written = encode_cef(first[0]);
  second.begin_record({.raw = written});
  CHECK(decode_cef_payload(written, second));
  second.end_record();
  const auto a = cef_fields(first[0]);
  const auto b = cef_fields(second[0]);
  CHECK(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].name == b[i].name);
    CHECK(a[i].value == b[i].value);
  }
  return 0;
}
