// Cases below tests/cases/forward/encode: an input (section input, decoded as `hint`, default auto), `settings` (kind
// and options, one "key value" a line), and what is written. Zone +60 minutes, host "node1", now 2026-11-22T08:00:00Z.
#include "forward/encoder.hpp"

#include "base/text.hpp"
#include "formats/registry.hpp"
#include "formats/windows_view.hpp"
#include "testing/case_files.hpp"

namespace yagura::forward {
namespace {

using testing::Case;

const ReceiveTime kNow = receive_time(*parse_iso8601("2026-11-22T08:00:00Z"));

struct Options {
  EncoderSettings settings;
  std::size_t most = 0;
};

Options options_of(std::string_view text) {
  Options options;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line.empty()) continue;
    const auto blank = line.find(' ');
    const auto key = line.substr(0, blank);
    const std::string value(blank == std::string_view::npos ? "" : trim(line.substr(blank)));
    if (key == "kind")
      options.settings.kind = value;
    else if (key == "vendor")
      options.settings.vendor = value;
    else if (key == "product")
      options.settings.product = value;
    else if (key == "version")
      options.settings.version = value;
    else if (key == "header")
      options.settings.header = value;
    else if (key == "short_host")
      options.settings.short_host = true;
    else if (key == "restorable")
      options.settings.restorable = true;
    else if (key == "most")
      options.most = static_cast<std::size_t>(*parse_uint64(value));
    else
      ADD_FAILURE() << "unknown setting " << key;
  }
  return options;
}

std::string encoded(const event::Record& record, const Options& options) {
  auto encoder = make_encoder(options.settings);
  EXPECT_TRUE(encoder) << encoder.error().message();
  std::string out = "before";
  (*encoder)->encode(
      record, {.host = "node1", .now = kNow, .utc_offset = std::chrono::minutes(60), .most_bytes = options.most}, out);
  EXPECT_TRUE(out.starts_with("before"));
  return out.substr(6);
}

class EncodeCases : public ::testing::TestWithParam<Case> {};

TEST_P(EncodeCases, WriteAsWritten) {
  const Case& c = GetParam();
  event::RecordBatch batch;
  formats::decode(c.has("hint") ? trim(c["hint"]) : "auto", {.raw = c["input"], .received_at = kNow}, {}, batch);
  ASSERT_EQ(batch.size(), 1u);
  const auto options = options_of(c["settings"]);
  const std::string out = encoded(batch[0], options);
  EXPECT_EQ(out.find('\n'), std::string::npos) << "can be framed by a line feed";
  if (options.most != 0) EXPECT_LE(out.size(), options.most);
  expect_section(c, "expected", out);
}
INSTANTIATE_TEST_SUITE_P(Files, EncodeCases, ::testing::ValuesIn(testing::read_cases("forward/encode")),
                         testing::case_name);

// What a Windows event says, as text: for comparing the one that was sent with the one that came.
std::string essence(const event::Record& record, bool with_time) {
  formats::WindowsEventView view;
  view.look(record);
  std::string out;
  for (std::size_t i = 0; i < formats::kWindowsSystemCount; ++i) {
    const auto which = static_cast<formats::WindowsSystem>(i);
    if (which == formats::WindowsSystem::event_id_qualifiers ||
        (which == formats::WindowsSystem::system_time && !with_time))
      continue;
    const auto* value = view.system(which);
    if (value == nullptr || (value->is_string() && value->as_string().empty())) continue;
    std::string json;
    event::append_json(json, *value);
    if (json.starts_with("\"{")) json = to_lower_ascii(json);  // GUIDs travel in upper case
    out += std::string(event::name_of(formats::field_of(which))) + ": " + json + "\n";
  }
  out += view.body() == formats::WindowsEventView::Body::user_data
             ? "UserData " + std::string(view.user_element()) + "\n"
             : "";
  for (const auto& data : view.data()) {
    out += "  " + std::string(data.name) + ": ";
    event::append_json(out, data.value);
    out += '\n';
  }
  return out;
}

TEST_P(EncodeCases, WindowsEventsComeBackWhole) {
  const Case& c = GetParam();
  event::RecordBatch batch;
  formats::decode(c.has("hint") ? trim(c["hint"]) : "auto", {.raw = c["input"], .received_at = kNow}, {}, batch);
  if (!formats::WindowsEventView::is_windows(batch[0])) GTEST_SKIP();
  for (const std::string_view kind : {"cef-azure-local", "json"}) {
    Options options;
    options.settings.kind = kind;
    options.settings.restorable = true;
    const std::string line = encoded(batch[0], options);
    event::RecordBatch again;
    formats::decode("auto", {.raw = line, .received_at = kNow}, {.utc_offset = std::chrono::minutes(60)}, again);
    ASSERT_TRUE(formats::WindowsEventView::is_windows(again[0])) << line;
    const bool has_time = batch[0].header().has_own_time;
    EXPECT_EQ(essence(again[0], has_time), essence(batch[0], has_time)) << line;
    if (has_time) EXPECT_EQ(again[0].header().time, batch[0].header().time);
  }
  if (c.has("plain")) {
    // Without our own two extensions: names come from the table, the time is known to the second.
    Options options;
    const std::string line = encoded(batch[0], options);
    event::RecordBatch again;
    formats::decode("auto", {.raw = line, .received_at = kNow}, {.utc_offset = std::chrono::minutes(60)}, again);
    EXPECT_EQ(essence(again[0], false), essence(batch[0], false)) << line;
  }
}

TEST(Encoder, RefusesWhatItDoesNotKnow) {
  const auto wrong = make_encoder({.kind = "ceff"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(),
            "unknown encoding 'ceff': it is one of cef-azure-local, cef-restorable, cef, rfc5424, json, leef, did you "
            "mean 'cef'?");
  EXPECT_FALSE(make_encoder({.kind = "cef", .vendor = "a\nb"}));
  EXPECT_FALSE(make_encoder({.kind = "cef", .header = "rfc3163"}));
  for (const auto kind : encoder_kinds()) {
    const auto encoder = make_encoder({.kind = std::string(kind)});
    ASSERT_TRUE(encoder);
    EXPECT_EQ((*encoder)->kind(), kind);
  }
}

// The reference's table of levels, row by row.
struct LevelCase {
  int level, pri, cef;
};
class Levels : public ::testing::TestWithParam<LevelCase> {};
TEST_P(Levels, AreAsTheReferenceSays) {
  const auto& [level, pri, cef] = GetParam();
  const std::string xml = fmt::format(
      "<Event><System><Provider Name='P'/><EventID>7</EventID><Level>{}</Level><Channel>System</Channel>"
      "<Computer>c</Computer></System></Event>",
      level);
  event::RecordBatch batch;
  formats::decode("auto", {.raw = xml, .received_at = kNow}, {}, batch);
  const auto line = encoded(batch[0], {});
  EXPECT_TRUE(line.starts_with(
      fmt::format("<{}>Nov 22 09:00:00 c CEF: 0.0|Microsoft|Microsoft Azure Stack HCI|1.0|P:7|None|{}|", pri, cef)))
      << line;
  EXPECT_NE(line.find(fmt::format(" MasLevel={} ", level)), std::string::npos);
  EXPECT_EQ(priority_of(batch[0]).facility, 10);
  event::RecordBatch again;
  formats::decode("syslog", {.raw = line, .received_at = kNow}, {}, again);
  EXPECT_EQ(again[0].find("Level")->as_int64(), level) << "undefined and verbose are told apart by MasLevel";
}
INSTANTIATE_TEST_SUITE_P(Reference, Levels,
                         ::testing::Values(LevelCase{0, 87, 0}, LevelCase{1, 82, 10}, LevelCase{2, 83, 8},
                                           LevelCase{3, 84, 5}, LevelCase{4, 86, 2}, LevelCase{5, 87, 0}));

}  // namespace
}  // namespace yagura::forward
