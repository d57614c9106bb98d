// Laws: one record for each line, whatever is in it; what RFC 5424 text we write, we read back.
#include <cstdio>
#include <cstdlib>

#include "formats/fields.hpp"
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
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto received = receive_time(*parse_iso8601("2026-11-22T08:00:00Z"));
  event::RecordBatch first;
  const auto copy = first.arena().copy(line);
  decode("syslog", {.raw = copy, .received_at = received, .position = Position(1)}, {}, first);
  CHECK(first.size() == 1);
  CHECK(first[0].header().malformed_at <= size);
  if (!first[0].header().malformed.empty() || first[0].header().format != "rfc5424") return 0;

  const std::string written = encode_syslog(first[0]);
  event::RecordBatch second;
  const auto again = second.arena().copy(written);
  decode("syslog", {.raw = again, .received_at = received, .position = Position(1)}, {}, second);
  CHECK(second.size() == 1);
  CHECK(second[0].header().malformed.empty());
  CHECK(second[0].header().format == "rfc5424");
  CHECK(second[0].text(field::facility) ==
        (first[0].text(field::facility).empty() ? "user" : first[0].text(field::facility)));
  // What is written is a fixed point: read and written again, it is the same.
  CHECK(encode_syslog(second[0]) == written);
  return 0;
}
