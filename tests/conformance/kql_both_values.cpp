#include "kql_both_values.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "base/text.hpp"
#include "kql/literal_text.hpp"

namespace yagura::conformance {
namespace {

using kql::Type;
using Texts = std::span<const std::string_view>;

// What functions of text look for.
constexpr std::string_view kTexts[] = {
    "", "a", "A", " ", "abc", "Hello World", "hello world", "a,b;c", "\xC3\x84\xC3\x96 \xC3\xBC", "\xE6\xAB\x93 \xF0\x9F\x8F\xAF x",
    "123", "-4.5", "1e3", "0x1F", "+7", " 42 ", "9223372036854775807", "9223372036854775808", "NaN", "true", "TRUE", "False", "null",
    "10.1.2.3", "10.1.2.3/24", "192.168.0.1", "fe80::1", "2001:db8::/32", "256.1.1.1", "2020-02-29", "2020-02-29 12:34:56", "2020-02-29T12:34:56.1234567Z",
    "01.02:03:04.5", "1.5h", "https://user:pw@host.com:80/path/x?a=1&b=%20#frag", "a%20b+c", "aGVsbG8=", "68656c6c6f", "{\"a\":[1,\"x\",null],\"b\":{\"c\":1.5}}",
    "[1,2,3]", "[]", "{}", "x=1 y=2", "k1:v1,k2:v2", "a.b", "a|b", "(x)", "[a-z]+", "^a.*c$", "\\d+", "a\tb\nc", "O'Brien \"quoted\" \\ back", "74be27de-1e4e-49d9-b579-fe0b331d3642",
    "C:\\Windows\\System32\\cmd.exe", "/usr/bin/env", "1.2.3.4", "v1.10", "SecurityEvent", "north-america", "_under_score_", "aaa", "aXbXc", "%41", "a\xE2\x80\x99s"};
constexpr std::string_view kPieces[] = {"a", "B", "1", "0", " ", "-", "_", ".", ",", ":", "/", "\\", "\"", "'", "\xC3\xA9", "\xE6\xAB\x93", "\xF0\x9F\x8F\xAF", "\n", "%", "*", "(", "]", "=", "&", "x", "9"};
constexpr std::string_view kLongs[] = {"0", "1", "2", "3", "5", "7", "10", "63", "64", "65", "100", "-1", "-2", "-5", "1000", "2147483647", "-2147483648", "2147483648", "4294967296",
                                       "9007199254740993", "1234567890123", "-1234567890123", "9223372036854775807", "-9223372036854775807", "1580517296", "637134336000000000"};
constexpr std::string_view kInts[] = {"0", "1", "2", "3", "5", "7", "31", "32", "100", "-1", "-2", "-5", "1000", "2147483647", "-2147483647"};
constexpr std::string_view kReals[] = {"0.0", "1.0", "1.5", "-2.25", "0.1", "0.5", "-0.5", "2.0", "3.14159", "100.25", "1e10", "-1e10", "1e15", "1e16", "123456789.125", "1e-5",
                                       "0.0001", "1e300", "-1e300", "nan", "+inf", "-inf", "9.2233720368547758e18"};
constexpr std::string_view kDecimals[] = {"0", "1", "1.5", "-2.25", "0.1", "100", "123456789.123456789", "-0.001", "99999.99"};
constexpr std::string_view kTimes[] = {"2020-02-29 12:34:56.789", "1999-12-31 23:59:59.9999999", "2021-01-01", "1970-01-01", "1969-12-31 23:59:59.9999999", "2017-03-26 02:30:00",
                                       "2017-10-29 02:30:00", "0001-01-02", "9999-12-31 23:59:59.9999999", "1600-03-01 00:00:00.0000001", "2024-12-30 08:00:00", "1900-02-28", "2038-01-19 03:14:08"};
constexpr std::string_view kSpans[] = {"0s", "1h", "-1d", "1.02:03:04.5", "15m", "1s", "7d", "30d", "365d", "1tick", "-1tick", "10ms", "-00:00:01.5", "23:59:59.9999999", "10000d"};
constexpr std::string_view kGuids[] = {"74be27de-1e4e-49d9-b579-fe0b331d3642", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"};
constexpr std::string_view kDynamics[] = {"[1,2,3]", "[]", "{}", "[\"b\",\"a\",null]", "{\"a\":1,\"b\":{\"c\":[1]}}", "\"text\"", "5", "1.5", "true", "[3,1.5,2]", "[[1,2],[3]]",
                                          "[\"a\",\"b\",\"c\"]", "[true,false]", "{\"x\":null,\"y\":\"\"}", "[1,\"1\",1.25]", "\"2020-01-01\"", "[{\"k\":\"v\"},{\"k\":2}]", "[\"10.0.0.0/8\",\"192.168.0.0/16\"]",
                                          "[5,4,3,2,1,0]", "[0.5,1.5,2.5,3.5]", "\"123\"", "[null,1,null]", "[\"\"]", "{\"a\":\"x\",\"A\":\"y\"}", "[-1,0,1]"};

std::string_view one_of(Texts texts, std::size_t at) { return texts[at % texts.size()]; }

}  // namespace

std::string RandomValues::text() {
  if (chance(70)) return std::string(one_of(kTexts, below(1000)));
  std::string out;
  for (std::size_t i = below(12); i > 0; --i) out += one_of(kPieces, below(1000));
  return out;
}

std::string RandomValues::json(int depth) {
  switch (below(depth > 2 ? 5 : 8)) {
    case 0: return std::string(one_of(kLongs, below(1000)));
    case 1: return std::string(one_of(kDecimals, below(1000)));
    case 2: return "null";
    case 3: return chance(50) ? "true" : "false";
    case 5:
    case 6: {
      std::string out = "[";
      for (std::size_t i = below(4); i > 0; --i) out += (out.size() > 1 ? "," : "") + json(depth + 1);
      return out + "]";
    }
    case 7: {
      std::string out = "{";
      const std::size_t members = below(3);
      for (std::size_t i = 0; i < members; ++i) out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", "abk"[i], json(depth + 1));
      return out + "}";
    }
    default: {
      std::string out = kql::encode_string_literal(std::string(one_of(kPieces, below(1000))) + "z");
      return out.find('\\') == std::string::npos ? out : "\"q\"";
    }
  }
}

std::string RandomValues::literal(Type type, const std::map<Type, std::vector<std::string>>& known) {
  const std::string name(event::to_string(type));
  if (type != Type::string && chance(8)) return name + "(null)";
  if (const auto found = known.find(type); found != known.end() && !found->second.empty() && chance(50))
    return found->second[below(found->second.size())];
  switch (type) {
    case Type::boolean: return chance(50) ? "true" : "false";
    case Type::int32: return fmt::format("int({})", one_of(kInts, below(1000)));
    case Type::int64: return fmt::format("long({})", chance(80) ? std::string(one_of(kLongs, below(1000))) : std::to_string(static_cast<std::int64_t>(random_()) >> below(63)));
    case Type::real: return fmt::format("real({})", chance(80) ? std::string(one_of(kReals, below(1000))) : fmt::format("{}", static_cast<double>(static_cast<std::int64_t>(random_()) >> 20) / 1024));
    case Type::decimal: return fmt::format("decimal({})", one_of(kDecimals, below(1000)));
    case Type::string: return kql::encode_string_literal(text());
    case Type::datetime: return fmt::format("datetime({})", one_of(kTimes, below(1000)));
    case Type::timespan: return fmt::format("timespan({})", one_of(kSpans, below(1000)));
    case Type::guid: return fmt::format("guid({})", one_of(kGuids, below(1000)));
    case Type::dynamic: return fmt::format("dynamic({})", chance(70) ? std::string(one_of(kDynamics, below(1000))) : json(0));
  }
  return "0";
}

}  // namespace yagura::conformance
