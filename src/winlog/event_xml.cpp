// read_system(): four values out of <System>, without a tree. The XML is what Windows or our own writer made; of anything
// else it finds nothing.
#include "winlog/event_source.hpp"

namespace yagura::winlog {

namespace {

void unescape(std::string& text) {
  static constexpr std::pair<std::string_view, char> kNames[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  for (std::size_t at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1))
    for (const auto& [name, c] : kNames)
      if (text.compare(at, name.size(), name) == 0) {
        text.replace(at, name.size(), 1, c);
        break;
      }
}

// The text of the first <name ...>text</name>.
std::string element(std::string_view xml, std::string_view name) {
  for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    if (xml.substr(at + 1, name.size()) != name) continue;
    const auto behind = at + 1 + name.size();
    if (behind >= xml.size() || (xml[behind] != '>' && xml[behind] != ' ')) continue;
    const auto open = xml.find('>', behind);
    if (open == std::string_view::npos || xml[open - 1] == '/') return {};
    const auto end = xml.find('<', open);
    std::string text(xml.substr(open + 1, end == std::string_view::npos ? end : end - open - 1));
    unescape(text);
    return text;
  }
  return {};
}

}  // namespace

SystemFields read_system(std::string_view xml) {
  const auto end = xml.find("</System>");
  const auto system = xml.substr(0, end);
  SystemFields out{.channel = element(system, "Channel"), .computer = element(system, "Computer")};
  for (const char c : element(system, "EventRecordID")) {
    if (c < '0' || c > '9' || out.record > (~std::uint64_t{0} - 9) / 10) break;
    out.record = out.record * 10 + static_cast<std::uint64_t>(c - '0');
  }
  constexpr std::string_view kTime = "SystemTime=";
  if (const auto at = system.find(kTime); at != std::string_view::npos && at + kTime.size() < system.size()) {
    const char quote = system[at + kTime.size()];
    const auto begin = at + kTime.size() + 1;
    const auto close = system.find(quote, begin);
    if (close != std::string_view::npos) out.time = system.substr(begin, close - begin);
  }
  return out;
}

}  // namespace yagura::winlog
