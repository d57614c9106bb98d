#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/random.hpp"

namespace yagura {
namespace {

TEST(Text, TheNearestWordIsOneThatCouldBeMeant) {
  const std::vector<std::string_view> words{"EventID", "EventData", "Computer"};
  EXPECT_EQ(did_you_mean("EventIDD", words), ", did you mean 'EventID'?");
  EXPECT_EQ(did_you_mean("eventid", words), ", did you mean 'EventID'?");
  EXPECT_EQ(did_you_mean("Compuetr", words), ", did you mean 'Computer'?");
  EXPECT_EQ(did_you_mean("zzzz", words), "");
}

TEST(Utf8, RefusesWhatUnicodeRefuses) {
  EXPECT_TRUE(utf8::valid("櫓 watchtower é 🏯"));
  for (const std::string_view bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE6\xAB", "\x80", "\xFF"}) {
    EXPECT_FALSE(utf8::valid(bad));
    EXPECT_TRUE(utf8::valid(utf8::repaired(bad)));
  }
  EXPECT_EQ(utf8::code_points("櫓ab"), 3U);
  EXPECT_EQ(utf8::repaired("a\xFF"
                           "b"), "a\uFFFDb");
}

TEST(Json, StringsAreAlwaysValidJson) {
  std::string out;
  append_json_string(out, "a\"\\\n\t\x01\x7F 櫓 \xFF end");
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\t\\u0001\x7F 櫓 \uFFFD end\"");
}

TEST(Json, WriterPutsTheCommas) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("a").begin_array().number(1).text("x").null().end_array().key("b").boolean(true);
  json.key("c").begin_object().end_object().key("d").number(0.5).end_object();
  EXPECT_EQ(out, R"({"a":[1,"x",null],"b":true,"c":{},"d":0.5})");
}

TEST(Encoding, RoundTripsAndRefuses) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string bytes = random_bytes(size);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_FALSE(from_base64("Zm8*"));
  EXPECT_FALSE(from_base64("Z"));
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_EQ(percent_decode("a+b%2", true), "a b%2");
}

TEST(Guid, TextForms) {
  const auto guid = Guid::parse("6F9619FF-8B86-D011-B42D-00C04FC964FF");
  ASSERT_TRUE(guid);
  EXPECT_EQ(to_string(*guid), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
  EXPECT_EQ(Guid::parse("{6f9619ff-8b86-d011-b42d-00c04fc964ff}"), guid);
  EXPECT_EQ(Guid::parse("6f9619ff8b86d011b42d00c04fc964ff"), guid);
  EXPECT_FALSE(Guid::parse("6f9619ff-8b86-d011-b42d-00c04fc964f"));
  EXPECT_FALSE(Guid::parse("6f9619ff-8b86-d011-b42d-00c04fc964fg"));
  EXPECT_NE(Guid::random(), Guid::random());
}

TEST(Hash, KnownVectors) {
  EXPECT_EQ(to_hex(as_text(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  // RFC 4231, test case 2.
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secre"));
}

TEST(Bytes, ReadsUnitsAndRefusesOthers) {
  EXPECT_EQ(*Bytes::parse("64KiB"), 64_KiB);
  EXPECT_EQ(*Bytes::parse("1.5 GiB"), Bytes(1'610'612'736));
  EXPECT_EQ(*Bytes::parse("10MB"), Bytes(10'000'000));
  EXPECT_FALSE(Bytes::parse("10XB"));
  EXPECT_FALSE(Bytes::parse("-1"));
  EXPECT_FALSE(Bytes::parse("99999999999TiB"));
  EXPECT_EQ(to_string(64_KiB), "64.0 KiB");
}

}  // namespace
}  // namespace yagura
