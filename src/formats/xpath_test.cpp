// Cases below tests/cases/formats/xpath: a query (section xpath, channel_query or query_list), and what comes of it:
// prints, ids, error; with an event (XML or JSON): matches. `now` is 2026-11-22T08:00:00Z.
#include "base/text.hpp"
#include "formats/registry.hpp"
#include "formats/xpath_filter.hpp"
#include "testing/case_files.hpp"

namespace yagura::formats {
namespace {

using testing::Case;

const EventTime kNow = event_time(*parse_iso8601("2026-11-22T08:00:00Z"));

std::string ids_text(const XPathFilter& filter) {
  const auto ids = filter.event_ids();
  if (!ids) return "any";
  std::string out;
  for (const auto& [first, last] : *ids) {
    if (!out.empty()) out += ' ';
    out += first < -1'000'000'000 ? "" : std::to_string(first);
    if (first != last) out += "-" + (last > 1'000'000'000'000 ? "" : std::to_string(last));
  }
  return out;
}

class XPathCases : public ::testing::TestWithParam<Case> {};

TEST_P(XPathCases, DoAsWritten) {
  const Case& c = GetParam();
  event::RecordBatch batch;
  WindowsEventView view;
  if (c.has("event")) {
    decode("auto", {.raw = c["event"]}, {}, batch);
    ASSERT_EQ(batch.size(), 1u) << c.where;
    ASSERT_TRUE(WindowsEventView::is_windows(batch[0])) << c.where << "\n" << to_text(batch[0]);
    view.look(batch[0]);
  }
  std::string error = "none", prints, ids, matches;
  const auto take = [&](const XPathFilter& filter, std::string_view channel) {
    prints = filter.text();
    ids = ids_text(filter);
    matches = (channel.empty() || is_channel(channel, view)) && filter.matches(view, kNow) ? "true" : "false";
    const auto again = XPathFilter::parse(prints);
    ASSERT_TRUE(again) << prints;
    EXPECT_EQ(again->text(), prints);
  };
  if (c.has("xpath")) {
    if (auto filter = XPathFilter::parse(c["xpath"]))
      take(*filter, "");
    else
      error = filter.error().message();
  } else if (c.has("channel_query")) {
    if (auto query = parse_channel_query(c["channel_query"])) {
      take(query->filter, query->channel);
      prints = query->text();
    } else {
      error = query.error().message();
    }
  } else if (auto list = parse_query_list(c["query_list"])) {
    matches = list->matches(view, kNow) ? "true" : "false";
    for (const auto& query : list->queries) {
      for (const auto& one : query.select) prints += "select " + one.text() + "\n";
      for (const auto& one : query.suppress) prints += "suppress " + one.text() + "\n";
    }
    if (!prints.empty()) prints.pop_back();
  } else {
    error = list.error().message();
  }
  for (const auto& [section, text] :
       std::map<std::string, std::string>{{"error", error}, {"prints", prints}, {"ids", ids}, {"matches", matches}})
    if (c.has(section)) expect_section(c, section, text);
  if (!c.has("error")) EXPECT_EQ(error, "none") << c.where;
}
INSTANTIATE_TEST_SUITE_P(Files, XPathCases, ::testing::ValuesIn(testing::read_cases("formats/xpath")),
                         testing::case_name);

TEST(XPath, BoundsDepthAndSize) {
  std::string deep = "*";
  for (int i = 0; i < 500; ++i) deep += "[System";
  XPathFault fault;
  EXPECT_FALSE(XPathFilter::parse(deep, &fault));
  EXPECT_NE(fault.what.find("64 levels"), std::string::npos) << fault.what;
  std::string wide = "*[System[EventID=1";
  for (int i = 0; i < 5'000; ++i) wide += " or EventID=1";
  EXPECT_FALSE(XPathFilter::parse(wide + "]]", &fault));
  EXPECT_NE(fault.what.find("4,096 terms"), std::string::npos) << fault.what;
  EXPECT_FALSE(XPathFilter::parse("*[" + std::string(70'000, ' ') + "]"));
  std::string parentheses = "*[System[" + std::string(400, '(') + "EventID=1";
  EXPECT_FALSE(XPathFilter::parse(parentheses));
}

}  // namespace
}  // namespace yagura::formats
