// The XPath 1.0 of the Windows Event Log: which events a subscription or a query list chooses.
//
//   const auto filter = TRY(XPathFilter::parse("*[System[(EventID=4624)] and
//   EventData[Data[@Name='LogonType']!='3']]")); if (filter.matches(view, now)) ...
//
// Microsoft's subset ("Consuming Events", XPath 1.0 limitations): paths begin with * or Event and go by children and
// attributes; predicates hold and, or, = != < <= > >=, parentheses, a position on a leaf, band(), timediff(),
// position(). A comparison with several nodes is true when it is true for one of them, != as well: Data[@Name='X']!='3'
// wants an X that is not 3. Operators may be written as in XML (&lt;, &gt;=). Texts are compared exactly, names of
// channels and GUIDs in any letter case; numbers as numbers; < and its like also compare times. What Windows refuses is
// refused here.
//
// Immutable; any thread. A query has at most 64 KiB, 4,096 terms and 64 levels; looking at an event costs at most terms
// times data. Errors name the column and what was expected.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "formats/windows_view.hpp"

namespace yagura::formats {

// Where and why a query is none.
struct XPathFault {
  std::size_t offset = 0;  // in bytes, of the text that was given
  std::string what;        // "expected ']' ..., found ..."
};

namespace xpath {
struct Step;
}

struct ChannelQuery;

class XPathFilter {
 public:
  // invalid_input, with line and column. `fault`, when given, says the same for programs.
  static Result<XPathFilter> parse(std::string_view text, XPathFault* fault = nullptr);

  bool matches(const WindowsEventView& event, EventTime now) const;

  // The query again, in one spelling: parse(text()).text() == text().
  std::string text() const;

  // When the query can only be true for some event ids: those, as ascending ranges with both ends. nullopt: any.
  using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;
  std::optional<Ranges> event_ids() const;

 private:
  friend Result<ChannelQuery> parse_channel_query(std::string_view text, XPathFault* fault);
  explicit XPathFilter(std::shared_ptr<const xpath::Step> root) : root_(std::move(root)) {}
  std::shared_ptr<const xpath::Step> root_;
};

// "Security!*[System[(EventID=4697)]]": a channel and what of it. Double quotes around all of it are taken off.
struct ChannelQuery {
  std::string channel;
  XPathFilter filter;
  std::string text() const { return channel + "!" + filter.text(); }
};
Result<ChannelQuery> parse_channel_query(std::string_view text, XPathFault* fault = nullptr);

// A structured query, as the Event Viewer exports a filter:
//   <QueryList><Query Id="0" Path="Security"><Select Path="Security">*[...]</Select><Suppress
//   ...>...</Suppress></Query></QueryList>
// An event is chosen by a Query when one of its Selects has it and none of its Suppresses, and by the list when one of
// its queries does.
struct QueryList {
  struct Query {
    std::string id;
    std::vector<ChannelQuery> select;
    std::vector<ChannelQuery> suppress;
  };
  std::vector<Query> queries;
  bool matches(const WindowsEventView& event, EventTime now) const;
};
// At most 1 MiB and 1,024 selectors; errors name the line and column within the XML.
Result<QueryList> parse_query_list(std::string_view xml);

// "Path" of a selector against an event's channel: in any letter case.
bool is_channel(std::string_view path, const WindowsEventView& event);

}  // namespace yagura::formats
