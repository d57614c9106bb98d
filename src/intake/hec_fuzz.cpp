// Laws: events are views of the body, in order, without overlap; each alone is a body that is taken again as that one
// event; raw lines are the body without its line ends.
#include <cstdlib>
#include <string>

#include "intake/hec_protocol.hpp"

using namespace yagura::intake;

namespace {
void require(bool truth) {
  if (!truth) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static HecParser parser;
  const std::string body(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> events;
  const auto answer = parser.parse_events(body, {}, events);
  (void)hec_response(answer);
  (void)parser.parse_acks(body, 100);
  const char* at = body.data();
  if (answer.code == HecCode::success) {
    require(!events.empty());
    for (const auto event : std::vector<std::string_view>(events)) {
      require(event.data() >= at && event.data() + event.size() <= body.data() + body.size());
      at = event.data() + event.size();
      std::vector<std::string_view> again;
      require(parser.parse_events(event, {}, again).code == HecCode::success && again.size() == 1 && again[0] == event);
    }
  }
  std::vector<std::string_view> lines;
  split_raw(body, 50, lines);
  for (const auto line : lines)
    require(!line.empty() && line.size() <= 50 && line.find('\n') == std::string_view::npos);
  return 0;
}
