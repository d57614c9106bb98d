// The report as one HTML file. Its data are blocks of zlib and Base64 that the page's script opens when it needs them,
// so that 100,000 findings make a file of some megabytes and the raw events cost nothing until one is clicked. Nothing
// of the evidence stands in the markup itself; a policy in the page allows its own script and style by their hashes,
// and nothing else.
#include <zlib.h>

#include <map>
#include <ostream>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "hunt/report_writer.hpp"
#include "hunt/timeline_page.hpp"

namespace yagura::hunt {

namespace {

constexpr std::size_t kEventsInBlock = 256;  // raw events
constexpr std::size_t kDetailsInBlock = 16'384;

Result<std::string> packed(std::string_view text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size(),
                6) != Z_OK)
    return fail(ErrorKind::exhausted, "the report cannot be compressed");
  out.resize(size);
  return to_base64(out);
}

Result<> write_block(std::ostream& out, std::string_view id, std::string_view text) {
  out << "<script type=\"text/plain\" id=\"" << id << "\">" << TRY(packed(text)) << "</script>\n";
  return {};
}

std::string policy_hash(std::string_view text) {
  const auto digest = sha256(text);
  return "'sha256-" + to_base64(as_text(digest)) + "'";
}

// Old number -> new number, in the order of first use.
class Renumber {
 public:
  std::uint32_t operator()(std::uint32_t old) {
    const auto [place, fresh] = numbers_.try_emplace(old, static_cast<std::uint32_t>(order_.size()));
    if (fresh) order_.push_back(old);
    return place->second;
  }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  std::map<std::uint32_t, std::uint32_t> numbers_;
  std::vector<std::uint32_t> order_;
};

void text_list(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const auto& text : texts) json.text(text);
  json.end_array();
}

void write_rule(JsonWriter& json, const ReportRule& rule) {
  const auto& about = rule.about;
  json.begin_object().key("id").text(about.id).key("title").text(about.title).key("level").text(level_name(rule.level));
  json.key("description").text(about.description).key("author").text(about.author).key("license").text(about.license);
  json.key("file").text(rule.file).key("check").boolean(rule.is_check).key("kind").text(about.kind);
  text_list(json, "tactics", about.tactics);
  text_list(json, "techniques", about.sub_techniques.empty() ? about.techniques : about.sub_techniques);
  text_list(json, "references", about.references);
  text_list(json, "false_positives", about.false_positives);
  json.end_object();
}

}  // namespace

Result<> write_html(const Report& report, const ReportStyle& style, std::ostream& out) {
  Renumber rules, events, strings;
  std::string main;
  JsonWriter json(main);
  const auto micros = [](EventTime time) { return time.time_since_epoch().count() / 10; };
  json.begin_object();
  json.key("version").text(style.version).key("title").text(style.title).key("language").text(style.language);
  json.key("made").number(ReceiveClock::now().time_since_epoch().count() / 10);
  json.key("events").number(report.event_count).key("bytes").number(report.bytes).key("seconds").number(report.seconds);
  json.key("malformed").number(report.malformed).key("rulesLoaded").number(std::uint64_t{report.rules_loaded});
  json.key("leftOut").number(report.findings_left_out);
  if (report.first <= report.last)
    json.key("first").number(micros(report.first)).key("last").number(micros(report.last));
  // Findings column by column; times as differences, which compress well.
  const auto column = [&](std::string_view name, auto value) {
    json.key(name).begin_array();
    for (const auto& finding : report.findings) json.number(static_cast<std::int64_t>(value(finding)));
    json.end_array();
  };
  json.key("findings").begin_object();
  std::int64_t before = 0;
  column("time", [&](const Finding& f) { return micros(f.time) - std::exchange(before, micros(f.time)); });
  column("rule", [&](const Finding& f) { return rules(f.rule); });
  column("event", [&](const Finding& f) { return events(f.event); });
  json.key("many").begin_array();  // [finding, count, start]
  for (std::size_t i = 0; i < report.findings.size(); ++i)
    if (report.findings[i].count > 1) {
      json.begin_array()
          .number(std::uint64_t{i})
          .number(std::uint64_t{report.findings[i].count})
          .number(micros(report.findings[i].start))
          .end_array();
    }
  json.end_array().end_object();
  const auto event_column = [&](std::string_view name, auto value) {
    json.key(name).begin_array();
    for (const auto number : events.order()) json.number(static_cast<std::int64_t>(value(report.events[number])));
    json.end_array();
  };
  json.key("eventColumns").begin_object();
  event_column("host", [&](const ReportEvent& e) { return strings(e.host); });
  event_column("channel", [&](const ReportEvent& e) { return strings(e.channel); });
  event_column("provider", [&](const ReportEvent& e) { return strings(e.provider); });
  event_column("id", [&](const ReportEvent& e) { return e.event_id; });
  event_column("record", [&](const ReportEvent& e) { return e.record_id; });
  event_column("file", [&](const ReportEvent& e) { return e.file; });
  json.end_object();
  json.key("rules").begin_array();
  for (const auto number : rules.order()) write_rule(json, report.rules[number]);
  json.end_array().key("strings").begin_array();
  for (const auto number : strings.order()) json.text(report.strings[number]);
  json.end_array().key("files").begin_array();
  for (const auto& file : report.files)
    json.begin_array()
        .text(file.name)
        .text(to_string(file.kind))
        .number(file.size)
        .number(file.events)
        .number(file.malformed)
        .number(file.findings)
        .number(file.problems)
        .end_array();
  json.end_array().key("problemCount").number(report.problem_count).key("problems").begin_array();
  for (const auto& problem : report.problems) {
    json.begin_array().text(problem.file).text(problem.what);
    if (problem.offset) json.number(*problem.offset);
    json.end_array();
  }
  json.end_array()
      .key("eventsInBlock")
      .number(std::uint64_t{kEventsInBlock})
      .key("detailsInBlock")
      .number(std::uint64_t{kDetailsInBlock})
      .end_object();

  const auto page = timeline_html();
  const auto policy = "default-src 'none'; script-src " + policy_hash(timeline_script()) + "; style-src " +
                      policy_hash(timeline_style()) + "; img-src data:; base-uri 'none'; form-action 'none'";
  for (std::size_t at = 0;;) {
    const auto open = page.find("{{", at);
    out << page.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const auto close = page.find("}}", open);
    const auto name = page.substr(open + 2, close - open - 2);
    at = close + 2;
    if (name == "style") {
      out << timeline_style();
    } else if (name == "script") {
      out << timeline_script();
    } else if (name == "policy") {
      out << policy;
    } else if (name == "data") {
      TRY(write_block(out, "main", main));
      std::string block;
      const auto& order = events.order();
      const auto blocks = [&](std::string_view prefix, std::size_t in_block, auto text_of) -> Result<> {
        for (std::size_t first = 0; first < order.size(); first += in_block) {
          block = "[";
          for (std::size_t i = first; i < std::min(order.size(), first + in_block); ++i) {
            if (i != first) block += ',';
            TRY(text_of(report.events[order[i]], block));
          }
          block += ']';
          TRY(write_block(out, fmt::format("{}{}", prefix, first / in_block), block));
        }
        return {};
      };
      TRY(blocks("details", kDetailsInBlock, [&](const ReportEvent& event, std::string& to) -> Result<> {
        append_json_string(to, TRY(report.details_of(event)));
        return {};
      }));
      TRY(blocks("raw", kEventsInBlock, [&](const ReportEvent& event, std::string& to) -> Result<> {
        to += TRY(report.json_of(event));
        return {};
      }));
    }
  }
  return {};
}

}  // namespace yagura::hunt
