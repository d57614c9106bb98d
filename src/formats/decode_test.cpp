// Cases below tests/cases/formats/<hint>/: an input and what it decodes to. Sections: input, expected; optional
// received_at (default 2026-11-22T08:00:00Z) and utc_offset (minutes).
#include "base/text.hpp"
#include "formats/cef.hpp"
#include "formats/registry.hpp"
#include "testing/case_files.hpp"

namespace yagura::formats {
namespace {

using testing::Case;
using testing::read_cases;

constexpr std::string_view kReceived = "2026-11-22T08:00:00Z";

std::string decoded(std::string_view hint, const Case& c) {
  event::RecordBatch batch;
  const auto received = parse_iso8601(c.has("received_at") ? trim(c["received_at"]) : kReceived);
  EXPECT_TRUE(received) << c.where;
  SyslogContext context;
  if (c.has("utc_offset")) context.utc_offset = std::chrono::minutes(parse_int64(trim(c["utc_offset"])).value_or(0));
  context.columns = c["columns"];
  decode(hint,
         {.raw = c["input"],
          .peer = "192.0.2.1",
          .received_at = receive_time(received.value_or(0)),
          .position = Position(7)},
         context, batch);
  std::string out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (i > 0) out += "\n-- next\n";
    out += to_text(batch[i]);
  }
  return out;
}

#define YAGURA_DECODER_CASES(suite, hint, folder)                                                        \
  class suite : public ::testing::TestWithParam<Case> {};                                                \
  TEST_P(suite, DecodesAsWritten) { expect_section(GetParam(), "expected", decoded(hint, GetParam())); } \
  INSTANTIATE_TEST_SUITE_P(Files, suite, ::testing::ValuesIn(read_cases("formats/" folder)), testing::case_name)

YAGURA_DECODER_CASES(SyslogCases, "syslog", "syslog");
YAGURA_DECODER_CASES(CefCases, "cef", "cef");
YAGURA_DECODER_CASES(LeefCases, "leef", "leef");
YAGURA_DECODER_CASES(JsonCases, "json", "json");
YAGURA_DECODER_CASES(AuditdCases, "auto", "auditd");
YAGURA_DECODER_CASES(JournaldCases, "journald", "journald");
YAGURA_DECODER_CASES(TabSeparatedCases, "tsv", "tsv");
YAGURA_DECODER_CASES(AwsS3AccessCases, "aws-s3-access", "aws-s3-access");
YAGURA_DECODER_CASES(AwsElbCases, "aws-elb", "aws-elb");
YAGURA_DECODER_CASES(HecEventCases, "hec-event", "hec");
YAGURA_DECODER_CASES(WindowsCases, "auto", "windows");

TEST(Decode, GivesOneRecordForEachLineOfARawBody) {
  event::RecordBatch batch;
  decode("hec-raw", {.raw = "first\r\n\n{\"a\":1}\nlast", .position = Position(9)}, {}, batch);
  ASSERT_EQ(batch.size(), 3u);
  EXPECT_EQ(batch[0].header().origin.raw, "first");
  EXPECT_EQ(batch[1].header().format, "json");
  EXPECT_EQ(batch[2].header().origin.index_in_entry, 2u);
}

TEST(Decode, KeepsWhatTheSourceKnows) {
  event::RecordBatch batch;
  decode("hec-raw?host=web%201&index=App_CL&time=1763798400&pack=openssh", {.raw = "one line"}, {}, batch);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch[0].text(event::intern_field("hec.host")), "web 1");
  EXPECT_EQ(batch[0].text(event::intern_field("hec.index")), "App_CL");
  EXPECT_EQ(batch[0].text(event::intern_field("pack.use")), "openssh");
  EXPECT_EQ(format_datetime(batch[0].header().time.time_since_epoch().count()), "2025-11-22T08:00:00.0000000Z");
}

TEST(Decode, GivesARecordForNothing) {
  for (const auto& format : all_formats()) {
    event::RecordBatch batch;
    decode(format.name, {.raw = "", .position = Position(1)}, {}, batch);
    EXPECT_EQ(batch.size(), 1u) << format.name;
  }
}

TEST(Decode, TakesAnUnknownHintAsAuto) {
  event::RecordBatch batch;
  decode("nonsense", {.raw = R"({"a":"b"})"}, {}, batch);
  EXPECT_EQ(batch[0].header().format, "json");
}

TEST(Json, BoundsDepthAndFields) {
  event::RecordBatch batch;
  std::string deep;
  for (int i = 0; i < 900; ++i) deep += "{\"a\":";
  deep += "1" + std::string(900, '}');
  decode("json", {.raw = deep}, {}, batch);
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch[0].fields().size(), 1u);

  std::string wide = "{";
  for (int i = 0; i < 5000; ++i) wide += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  wide += "}";
  batch.clear();
  decode("json", {.raw = wide}, {}, batch);
  EXPECT_EQ(batch[0].header().malformed, "more than 4,096 fields in a JSON object");
}

TEST(Syslog, EncodesWhatItDecodes) {
  event::RecordBatch batch;
  const std::string_view line =
      R"(<165>1 2026-10-11T22:14:15.003000Z host app 12 ID7 [x@1 a="quo\"te" b="back\\slash" c="brack\]et"][y@2] the text)";
  decode("syslog", {.raw = line}, {}, batch);
  EXPECT_EQ(encode_syslog(batch[0]), line);
}

TEST(Cef, EncodesWhatItDecodes) {
  event::RecordBatch batch;
  const std::string_view line = R"(CEF:0|a\|b|c\\d|1|2|na=me|3|path=C:\\x\\y msg=one\ntwo k\=v cs1= last=x\\n)";
  decode("cef", {.raw = line}, {}, batch);
  ASSERT_EQ(batch[0].header().malformed, "");
  const std::string encoded = encode_cef(batch[0]);
  event::RecordBatch again;
  decode("cef", {.raw = encoded}, {}, again);
  EXPECT_EQ(to_text(again[0]).substr(to_text(again[0]).find("CEFVersion")),
            to_text(batch[0]).substr(to_text(batch[0]).find("CEFVersion")));
}

}  // namespace
}  // namespace yagura::formats
