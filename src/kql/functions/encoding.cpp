// Base64, URLs, code points. https://learn.microsoft.com/kusto/query/scalar-functions#string-functions
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// Text that is no base64, or whose bytes are no UTF-8, gives the empty string.
Sql emit_base64_text(SqlCall& call) {
  const std::string bytes = call.name("tryBase64Decode(" + call.arg(0) + ")");
  return call.value(fmt::format("if(isValidUTF8({0}), {0}, '')", bytes));
}
Sql emit_base64_array(SqlCall& call) {
  const std::string bytes = call.name("tryBase64Decode(" + call.arg(0) + ")");
  const std::string i = call.fresh();
  return call.value(fmt::format("if(empty({0}), NULL, concat('[', arrayStringConcat(arrayMap({1} -> toString(reinterpretAsUInt8(substring({0}, {1} + 1, 1))), range(length({0}))), ','), ']'))",
                                bytes, i), true);
}
// A guid's first three groups lie little-endian in its 16 bytes.
Sql emit_base64_guid(SqlCall& call) {
  const std::string h = call.name("lower(hex(tryBase64Decode(" + call.arg(0) + ")))");
  const auto bytes = [&](std::initializer_list<int> order) {
    std::string out;
    for (const int i : order) out += fmt::format("{}substring({}, {}, 2)", out.empty() ? "" : ", ", h, i * 2 + 1);
    return out;
  };
  return call.value(fmt::format("toUUIDOrNull(if(length({0}) = 32, concat({1}, '-', {2}, '-', {3}, '-', substring({0}, 17, 4), '-', substring({0}, 21, 12)), ''))", h,
                                bytes({3, 2, 1, 0}), bytes({5, 4}), bytes({7, 6})), true);
}
Sql emit_base64_of_guid(SqlCall& call) {
  const std::string h = call.name("replaceAll(toString(" + call.arg(0) + "), '-', '')");
  std::string order;
  for (const int i : {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}) order += fmt::format("{}substring({}, {}, 2)", order.empty() ? "" : ", ", h, i * 2 + 1);
  return call.value(fmt::format("base64Encode(unhex(concat({})))", order));
}
// Elements that are no bytes make the whole no array of bytes.
Sql emit_base64_of_array(SqlCall& call) {
  const std::string items = call.name(fmt::format("arrayMap(j -> toInt64OrNull(j), {})", sql::array_of(call.shared(0))));
  return call.value(fmt::format("if(arrayExists(b -> b IS NULL OR b < 0 OR b > 255, {0}), '', base64Encode(arrayStringConcat(arrayMap(b -> char(assumeNotNull(b)), {0}))))", items));
}

// As .NET writes it: '+' for a blank, lower-case hexadecimal; ClickHouse's own would be in upper case.
Sql url_encoded(SqlCall& call, std::string_view blank) {
  return call.value(fmt::format("arrayStringConcat(arrayMap(c -> multiIf(match(c, '^[A-Za-z0-9_.!*()-]$'), c, c = ' ', '{1}', "
                                "replaceRegexpAll(lower(hex(c)), '(..)', '%\\\\1')), extractAll({0}, '(?s).')))", call.arg(0), blank));
}

// Numbers and arrays of numbers, in order, as characters. ClickHouse's char() makes bytes, so UTF-8 is put together here.
std::string utf8_of(std::string_view c) {
  return fmt::format(
      "multiIf({0} < 0 OR {0} > 1114111, '', {0} < 128, char({0}), {0} < 2048, char(192 + intDiv({0}, 64), 128 + {0} % 64), "
      "{0} < 65536, char(224 + intDiv({0}, 4096), 128 + intDiv({0}, 64) % 64, 128 + {0} % 64), "
      "char(240 + intDiv({0}, 262144), 128 + intDiv({0}, 4096) % 64, 128 + intDiv({0}, 64) % 64, 128 + {0} % 64))", c);
}

constexpr Function kFunctions[] = {
    {.name = "base64_encode_tostring", .aliases = "base64_encodestring", .summary = "A text's bytes in base64.", .signatures = "base64_encode_tostring(string:string) -> string",
     .sql = "base64Encode({0})", .examples = {{{"base64_encode_tostring('Kusto')", "S3VzdG8="}}}},
    {.name = "base64_decode_tostring", .aliases = "base64_decodestring", .summary = "The text that base64 stands for; empty when it is no text.",
     .signatures = "base64_decode_tostring(base64_string:string) -> string", .emit = emit_base64_text, .examples = {{{"base64_decode_tostring('S3VzdG8=')", "Kusto"}, {"base64_decode_tostring('/w==')", ""}}}},
    {.name = "base64_decode_toarray", .summary = "The bytes that base64 stands for, as an array of numbers.", .signatures = "base64_decode_toarray(base64_string:string) -> dynamic",
     .may_be_null = true, .emit = emit_base64_array, .examples = {{{"base64_decode_toarray('S3VzdG8=')", "[75,117,115,116,111]"}}}},
    {.name = "base64_decode_toguid", .summary = "The guid that base64 stands for.", .signatures = "base64_decode_toguid(base64_string:string) -> guid", .may_be_null = true,
     .emit = emit_base64_guid, .examples = {{{"base64_decode_toguid('JpbpECu8dUy7Pv5gbeJXAA==')", "10e99626-bc2b-4c75-bb3e-fe606de25700"}}}},
    {.name = "base64_encode_fromguid", .summary = "A guid's bytes in base64.", .signatures = "base64_encode_fromguid(guid:guid) -> string", .emit = emit_base64_of_guid,
     .examples = {{{"base64_encode_fromguid(guid(10e99626-bc2b-4c75-bb3e-fe606de25700))", "JpbpECu8dUy7Pv5gbeJXAA=="}}}},
    {.name = "base64_encode_fromarray", .summary = "An array of bytes in base64.", .signatures = "base64_encode_fromarray(base64_string_decoded_as_array:array) -> string",
     .takes_null = true, .emit = emit_base64_of_array, .examples = {{{"base64_encode_fromarray(dynamic([75,117,115,116,111]))", "S3VzdG8="}}}},
    {.name = "url_encode", .summary = "Text as it stands in a URL's query, blanks as +.", .signatures = "url_encode(url:string) -> string", .emit = [](SqlCall& c) { return url_encoded(c, "+"); },
     .examples = {{{"url_encode('a b&c')", "a+b%26c"}}}},
    {.name = "url_encode_component", .summary = "Text as it stands in a URL, blanks as %20.", .signatures = "url_encode_component(url:string) -> string",
     .emit = [](SqlCall& c) { return url_encoded(c, "%20"); }, .examples = {{{"url_encode_component('a b/')", "a%20b%2f"}}}},
    {.name = "url_decode", .summary = "The reverse of url_encode.", .signatures = "url_decode(encoded_url:string) -> string", .sql = "decodeURLFormComponent({0})",
     .examples = {{{"url_decode('hello%20world')", "hello world"}}}},
};

}  // namespace

std::span<const Function> encoding_functions() { return kFunctions; }

}  // namespace yagura::kql
