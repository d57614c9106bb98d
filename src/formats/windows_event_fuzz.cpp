// Laws: one record for each input, in XML and JSON; completing it twice changes nothing; event elements lie in the
// text, one behind the other, and each begins and ends as one.
#include <cstdio>
#include <cstdlib>

#include "formats/registry.hpp"
#include "formats/windows_event.hpp"

using namespace yagura;
using namespace yagura::formats;

namespace {

void check(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "law broken: %s\n", law);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view format : {"windows-xml", "json"}) {
    event::RecordBatch batch;
    decode(format, {.raw = text, .position = Position(1)}, {}, batch);
    check(batch.size() == 1, "one record");
    if (!batch[0].header().malformed.empty() || batch[0].header().log_source.product != "windows") continue;
    const std::string once = to_text(batch[0]);
    complete_windows_event(batch);
    batch.end_record();
    check(to_text(batch[0]) == once, "complete once is complete");
  }
  std::size_t at = 0, before = 0;
  for (;;) {
    const auto element = next_event_element(text, at);
    check(at >= before && at <= text.size(), "reading goes on");
    if (element.empty()) break;
    check(element.starts_with("<Event") && element.ends_with("</Event>"), "an element");
    check(element.data() >= text.data() + before && element.data() + element.size() == text.data() + at,
          "in its place");
    before = at;
  }
  return 0;
}
