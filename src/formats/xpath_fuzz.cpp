// Laws: what parses prints to something that parses to the same; a fault lies within the text; events are looked at
// within bounds.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "formats/registry.hpp"
#include "formats/xpath_filter.hpp"

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
  static event::RecordBatch batch;
  static WindowsEventView view = [] {
    static constexpr std::string_view kEvent =
        "<Event><System><Provider Name='P' Guid='{54849625-5478-4994-A5BA-3E3B0328C30D}'/><EventID>4624</EventID>"
        "<Level>0</Level><Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-11-22T07:00:00Z'/>"
        "<Channel>Security</Channel><Computer>c</Computer><Security UserID='S-1-5-18'/></System>"
        "<EventData><Data Name='A'>1</Data><Data Name='B'></Data><Data>x</Data></EventData></Event>";
    decode("auto", {.raw = kEvent}, {}, batch);
    WindowsEventView made;
    made.look(batch[0]);
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  XPathFault fault;
  if (const auto query = parse_channel_query(text, &fault)) {
    const auto again = parse_channel_query(query->text());
    CHECK(again && again->text() == query->text());
  } else {
    CHECK(fault.offset <= text.size() && !fault.what.empty());
  }
  if (const auto filter = XPathFilter::parse(text, &fault)) {
    const auto printed = filter->text();
    const auto again = XPathFilter::parse(printed);
    CHECK(again && again->text() == printed);
    const bool chosen = filter->matches(view, event_time(17'000'000'000'000'000));
    CHECK(chosen == again->matches(view, event_time(17'000'000'000'000'000)));
    // An event outside of the ids that are possible is not chosen.
    if (const auto ids = filter->event_ids(); ids && chosen) {
      bool inside = false;
      for (const auto& [first, last] : *ids) inside |= first <= 4624 && 4624 <= last;
      CHECK(inside);
    }
  } else {
    CHECK(fault.offset <= text.size() && !fault.what.empty());
  }
  (void)parse_query_list(text);
  return 0;
}
