// IPv4 and IPv6 addresses, prefixes and ranges. https://learn.microsoft.com/kusto/query/scalar-functions#ipv4ipv6-functions
//
// An address text is "a.b.c.d" or "a.b.c.d/prefix". Texts that are none give null. Both families are compared as numbers
// under a mask: UInt32 for IPv4, UInt128 for IPv6, where an IPv4 address stands as ::ffff:a.b.c.d.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// Each `x` is a name (or another expression that may stand several times).
std::string v4_address(std::string_view x) { return fmt::format("toUInt32(toIPv4OrNull(splitByChar('/', {})[1]))", x); }
std::string v4_prefix(std::string_view x) {
  return fmt::format("if(position({0}, '/') = 0, toUInt8(32), if(toUInt8OrNull(splitByChar('/', {0})[2]) <= 32, toUInt8OrNull(splitByChar('/', {0})[2]), NULL))", x);
}
std::string v4_masked(std::string_view address, std::string_view prefix) {
  return fmt::format("bitAnd(toUInt64({}), bitAnd(bitShiftLeft(toUInt64(4294967295), 32 - {}), toUInt64(4294967295)))", address, prefix);
}
// IPv4 in its own notation within IPv6 (::a.b.c.d) counts as marked so (::ffff:a.b.c.d).
std::string v6_address(std::string_view x) {
  return fmt::format("arrayMap(a -> if(position({0}, '.') > 0 AND a <= 4294967295, bitOr(a, toUInt128(281470681743360)), a), [toUInt128(toIPv6OrNull(splitByChar('/', {0})[1]))])[1]", x);
}
// The prefix counts from the front of the 128 bits: an IPv4 prefix of 24 is 120, in IPv4's notation within IPv6 as well.
std::string v6_prefix(std::string_view x) {
  return fmt::format(
      "if(position({0}, '/') = 0, toUInt8(128), if(position({0}, ':') > 0, if(toUInt8OrNull(splitByChar('/', {0})[2]) <= 128, "
      "toUInt8OrNull(splitByChar('/', {0})[2]) + if(position({0}, '.') > 0 AND toUInt8OrNull(splitByChar('/', {0})[2]) <= 32, 96, 0), NULL), if(toUInt8OrNull(splitByChar('/', {0})[2]) <= 32, toUInt8OrNull(splitByChar('/', {0})[2]) + 96, NULL)))",
      x);
}
std::string v6_masked(std::string_view address, std::string_view prefix) {
  // Without a bit of the prefix an address is still one.
  return fmt::format("if({1} = 0, if(isNull({0}), NULL, toUInt128(0)), toUInt128(bitAnd({0}, bitShiftLeft(bitNot(toUInt128(0)), 128 - {1}))))", address, prefix);
}

struct Version {
  std::string (*address)(std::string_view);
  std::string (*prefix)(std::string_view);
  std::string (*masked)(std::string_view, std::string_view);
  int bits;
};
constexpr Version kV4{v4_address, v4_prefix, v4_masked, 32};
constexpr Version kV6{v6_address, v6_prefix, v6_masked, 128};

// The two addresses under the shortest of the prefixes given.
std::pair<std::string, std::string> masked_pair(SqlCall& call, const Version& version) {
  const std::string a = call.shared(0), b = call.shared(1);
  std::string prefix = fmt::format("least({}, {})", version.prefix(a), version.prefix(b));
  if (call.size() == 3) prefix = fmt::format("if({0} >= 0 AND {0} <= {1}, least({2}, toUInt8({0})), NULL)", call.shared(2), version.bits, prefix);
  const std::string p = call.name(prefix);
  return {call.name(version.masked(version.address(a), p)), call.name(version.masked(version.address(b), p))};
}

template <const Version& version>
Sql emit_compare(SqlCall& call) {
  const auto [a, b] = masked_pair(call, version);
  return call.value(fmt::format("toInt64(multiIf({0} IS NULL OR {1} IS NULL, NULL, {0} < {1}, -1, {0} > {1}, 1, 0))", a, b), true);
}
template <const Version& version>
Sql emit_match(SqlCall& call) {
  const auto [a, b] = masked_pair(call, version);
  return call.value(fmt::format("{} = {}", a, b), true);
}

// Under the prefix of the range alone.
std::string in_range(const Version& version, std::string_view ip, std::string_view range) {
  const std::string prefix = version.prefix(range);
  return fmt::format("({} = {})", version.masked(version.address(ip), prefix), version.masked(version.address(range), prefix));
}
template <const Version& version>
Sql emit_in_range(SqlCall& call) {
  return call.value(in_range(version, call.shared(0), call.shared(1)), true);
}

// The texts of the arguments from `first` on: separate strings, or one dynamic array.
std::string texts_from(SqlCall& call, std::size_t first) {
  if (call.type(first) == Type::dynamic) return fmt::format("arrayMap(j -> JSONExtractString(j), {})", sql::array_of(call.shared(first)));
  std::string items;
  for (std::size_t i = first; i < call.size(); ++i) items += (i > first ? ", " : "") + call.arg(i);
  return "[" + items + "]";
}
std::string plain_text(SqlCall& call, std::size_t i) {
  return call.type(i) == Type::dynamic ? call.name("ifNull(" + sql::dynamic_text(call.shared(i)) + ", '')") : call.shared(i);
}

template <const Version& version>
Sql emit_in_any_range(SqlCall& call) {
  const std::string ip = plain_text(call, 0);
  const std::string range = call.fresh();
  // No array of ranges is no answer.
  const std::string none = call.type(1) == Type::dynamic ? fmt::format(" OR NOT startsWith(ifNull({}, ''), '[')", call.shared(1)) : "";
  return call.value(fmt::format("if({} IS NULL{}, NULL, arrayExists({} -> ifNull({}, 0), {}))", version.address(ip), none, range,
                                in_range(version, ip, range), texts_from(call, 1)), true);
}

Sql emit_is_private(SqlCall& call) {
  const std::string ip = call.shared(0);
  const std::string masked = call.name(v4_masked(v4_address(ip), v4_prefix(ip)));
  return call.value(fmt::format("(intDiv({0}, 16777216) = 10 OR intDiv({0}, 1048576) = 2753 OR intDiv({0}, 65536) = 49320)", masked), true);
}

Sql emit_parse_v4(SqlCall& call) {
  const std::string ip = call.shared(0);
  std::string prefix = v4_prefix(ip);
  if (call.size() == 2) prefix = fmt::format("if({0} >= 0 AND {0} <= 32, least({1}, toUInt8({0})), NULL)", call.shared(1), prefix);
  return call.value(fmt::format("toInt64({})", v4_masked(v4_address(ip), call.name(prefix))), true);
}

Sql emit_netmask_suffix(SqlCall& call) {
  const std::string ip = call.shared(0);
  return call.value(fmt::format("if({} IS NULL, NULL, toInt64({}))", v4_address(ip), v4_prefix(ip)), true);
}

// A number stands for itself, a text for what it says; dynamic for either.
Sql format_v4(SqlCall& call, bool with_mask) {
  std::string address, prefix = "toUInt8(32)";
  if (is_number(call.type(0))) {
    const std::string n = call.name(is_integer(call.type(0)) ? "toInt64(" + call.arg(0) + ")" : fmt::format("accurateCastOrNull(toFloat64({}), 'Int64')", call.arg(0)));
    address = fmt::format("if({0} >= 0 AND {0} <= 4294967295, toUInt32({0}), NULL)", n);
  } else {
    const std::string ip = call.type(0) == Type::string ? call.shared(0) : call.name("ifNull(" + sql::to_text(call.type(0), call.shared(0)) + ", '')");
    // A dynamic (or a text) may hold the number.
    address = fmt::format("coalesce({}, toUInt32OrNull({}))", v4_address(ip), ip);
    prefix = v4_prefix(ip);
  }
  if (call.size() == 2) prefix = fmt::format("if({0} >= 0 AND {0} <= 32, least({1}, toUInt8({0})), NULL)", call.shared(1), prefix);
  const std::string p = call.name(prefix);
  std::string text = fmt::format("IPv4NumToString(toUInt32({}))", v4_masked(address, p));
  if (with_mask) text = fmt::format("concat({}, '/', toString({}))", text, p);
  return call.value(text, true);
}

Sql v6_text(SqlCall& call, const std::string& number) {
  const std::string hex = call.name(fmt::format("lower(leftPad(hex({}), 32, '0'))", number));
  const std::string i = call.fresh();
  return call.value(fmt::format("if({0} IS NULL, '', arrayStringConcat(arrayMap({1} -> substring(ifNull({0}, ''), toInt64({1} * 4 + 1), 4), range(8)), ':'))", hex, i));
}
Sql emit_parse_v6(SqlCall& call) {
  const std::string ip = call.shared(0);
  std::string prefix = v6_prefix(ip);
  if (call.size() == 2) prefix = fmt::format("if({0} >= 0 AND {0} <= 128, least({1}, toUInt8({0})), NULL)", call.shared(1), prefix);
  return v6_text(call, v6_masked(v6_address(ip), call.name(prefix)));
}

// Every IPv4 address of a text that is delimited by characters other than letters and digits.
std::string addresses_in(SqlCall& call) {
  return fmt::format("arrayFilter(a -> toIPv4OrNull(a) IS NOT NULL, extractAll(replaceAll({}, '_', ' '), '\\\\b\\\\d{{1,3}}(?:\\\\.\\\\d{{1,3}}){{3}}\\\\b'))", plain_text(call, 0));
}
Sql emit_has_any(SqlCall& call) {
  const std::string found = call.name(addresses_in(call));
  const std::string ip = call.fresh();
  return call.value(fmt::format("arrayExists({0} -> (toIPv4OrNull({0}) IS NOT NULL AND has({1}, {0})), {2})", ip, found, texts_from(call, 1)));
}
// A prefix ends with a dot, or is a whole address.
Sql emit_has_any_prefix(SqlCall& call) {
  const std::string found = call.name(addresses_in(call));
  const std::string prefix = call.fresh(), ip = call.fresh();
  return call.value(fmt::format("arrayExists({0} -> if(endsWith({0}, '.'), arrayExists({1} -> startsWith({1}, {0}), {2}), toIPv4OrNull({0}) IS NOT NULL AND has({2}, {0})), {3})",
                                prefix, ip, found, texts_from(call, 1)));
}

// The fewest prefixes that cover start..end: at each step the largest block that begins here and does not pass the end.
Sql emit_range_to_cidr(SqlCall& call) {
  const std::string start = call.name(fmt::format("toUInt64({})", v4_address(call.shared(0))));
  const std::string end = call.name(fmt::format("toUInt64({})", v4_address(call.shared(1))));
  const std::string a = call.fresh(), i = call.fresh();
  const std::string bits = fmt::format("toUInt8(least(if({0}.2 = 0, 32, bitCount(bitXor({0}.2, toUInt64({0}.2 - 1))) - 1), toUInt8(floor(log2(assumeNotNull({1}) - {0}.2 + 1)))))", a, end);
  return call.value(
      fmt::format("if({0} IS NULL OR {1} IS NULL, NULL, concat('[', arrayStringConcat(arrayMap(c -> concat('\"', c, '\"'), "
                  "arrayFold(({2}, {3}) -> if({2}.2 > assumeNotNull({1}), {2}, tuple(arrayPushBack({2}.1, concat(IPv4NumToString(toUInt32({2}.2)), '/', toString(32 - {4}))), "
                  "{2}.2 + bitShiftLeft(toUInt64(1), {4}))), range(64), tuple(CAST([], 'Array(String)'), assumeNotNull({0}))).1), ','), ']'))",
                  start, end, a, i, bits),
      true);
}

constexpr Function kFunctions[] = {
    {.name = "parse_ipv4", .summary = "An IPv4 address as a number, masked by its prefix.", .signatures = "parse_ipv4(ip:string) -> long", .may_be_null = true,
     .emit = emit_parse_v4, .examples = {{{"parse_ipv4('127.0.0.1')", "2130706433"}, {"parse_ipv4('192.168.1.1/24')", "3232235776"}, {"parse_ipv4('1.2.3')", ""}}}},
    {.name = "parse_ipv4_mask", .summary = "Likewise, masked by the shorter prefix.", .signatures = "parse_ipv4_mask(ip:string, prefix:long) -> long", .may_be_null = true,
     .emit = emit_parse_v4, .examples = {{{"parse_ipv4_mask('192.168.1.1', 24)", "3232235776"}}}},
    {.name = "parse_ipv6", .summary = "An address in the full form of IPv6.", .signatures = "parse_ipv6(ip:string) -> string", .emit = emit_parse_v6,
     .examples = {{{"parse_ipv6('127.0.0.1')", "0000:0000:0000:0000:0000:ffff:7f00:0001"}, {"parse_ipv6('fe80::1')", "fe80:0000:0000:0000:0000:0000:0000:0001"}}}},
    {.name = "parse_ipv6_mask", .summary = "Likewise, masked by the shorter prefix.", .signatures = "parse_ipv6_mask(ip:string, prefix:long) -> string", .emit = emit_parse_v6,
     .examples = {{{"parse_ipv6_mask('::192.168.255.255/24', 128)", "0000:0000:0000:0000:0000:ffff:c0a8:ff00"}, {"parse_ipv6_mask('127.0.0.1', 120)", "0000:0000:0000:0000:0000:ffff:7f00:0000"}}}},
    {.name = "ipv4_compare", .summary = "0 when equal under the prefixes, else -1 or 1.", .signatures = "ipv4_compare(ip1:string, ip2:string, prefix:long?) -> long",
     .may_be_null = true, .emit = emit_compare<kV4>, .examples = {{{"ipv4_compare('192.168.1.1/24', '192.168.1.255')", "0"}, {"ipv4_compare('1.1.1.1', '1.1.1.2')", "-1"}}}},
    {.name = "ipv6_compare", .summary = "0 when equal under the prefixes, else -1 or 1.", .signatures = "ipv6_compare(ip1:string, ip2:string, prefix:long?) -> long",
     .may_be_null = true, .emit = emit_compare<kV6>, .examples = {{{"ipv6_compare('fe80::1/120', 'fe80::ff')", "0"}}}},
    {.name = "ipv4_is_match", .summary = "Whether two addresses are equal under the prefixes.", .signatures = "ipv4_is_match(ip1:string, ip2:string, prefix:long?) -> bool",
     .may_be_null = true, .emit = emit_match<kV4>, .examples = {{{"ipv4_is_match('10.1.1.1', '10.1.2.3', 16)", "true"}}}},
    {.name = "ipv6_is_match", .summary = "Whether two addresses are equal under the prefixes.", .signatures = "ipv6_is_match(ip1:string, ip2:string, prefix:long?) -> bool",
     .may_be_null = true, .emit = emit_match<kV6>, .examples = {{{"ipv6_is_match('192.168.1.1/24', '192.168.1.255')", "true"}}}},
    {.name = "ipv4_is_in_range", .summary = "Whether the address is in the range.", .signatures = "ipv4_is_in_range(ip:string, ip_range:string) -> bool",
     .may_be_null = true, .emit = emit_in_range<kV4>, .examples = {{{"ipv4_is_in_range('192.168.1.6', '192.168.1.1/24')", "true"}}}},
    {.name = "ipv6_is_in_range", .summary = "Whether the address is in the range.", .signatures = "ipv6_is_in_range(ip:string, ip_range:string) -> bool",
     .may_be_null = true, .emit = emit_in_range<kV6>, .examples = {{{"ipv6_is_in_range('fe80::1', 'fe80::/10')", "true"}}}},
    {.name = "ipv4_is_in_any_range", .summary = "Whether the address is in one of the ranges.",
     .signatures = "ipv4_is_in_any_range(ip:string_or_dynamic, ranges:string+) -> bool; ipv4_is_in_any_range(ip:string_or_dynamic, ranges:array) -> bool",
     .may_be_null = true, .emit = emit_in_any_range<kV4>, .examples = {{{"ipv4_is_in_any_range('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8')", "true"}}}},
    {.name = "ipv6_is_in_any_range", .summary = "Whether the address is in one of the ranges.",
     .signatures = "ipv6_is_in_any_range(ip:string_or_dynamic, ranges:string+) -> bool; ipv6_is_in_any_range(ip:string_or_dynamic, ranges:array) -> bool",
     .may_be_null = true, .emit = emit_in_any_range<kV6>, .examples = {{{"ipv6_is_in_any_range('fe80::1', dynamic(['fe80::/10']))", "true"}}}},
    {.name = "ipv4_is_private", .summary = "Whether the address is of RFC 1918.", .signatures = "ipv4_is_private(ip:string) -> bool", .may_be_null = true, .emit = emit_is_private,
     .examples = {{{"ipv4_is_private('192.168.1.1/24')", "true"}, {"ipv4_is_private('8.8.8.8')", "false"}, {"ipv4_is_private('x')", ""}}}},
    {.name = "ipv4_netmask_suffix", .summary = "The prefix of an address; 32 without one.", .signatures = "ipv4_netmask_suffix(ip:string) -> long", .may_be_null = true,
     .emit = emit_netmask_suffix, .examples = {{{"ipv4_netmask_suffix('127.0.0.1/16')", "16"}}}},
    {.name = "format_ipv4", .summary = "The address under a prefix, as text; empty when it is none.", .signatures = "format_ipv4(ip:scalar, prefix:long?) -> string",
     .emit = [](SqlCall& call) { return format_v4(call, false); }, .examples = {{{"format_ipv4('192.168.1.1', 24)", "192.168.1.0"}, {"format_ipv4(2130706433)", "127.0.0.1"}}}},
    {.name = "format_ipv4_mask", .summary = "Likewise, in CIDR notation.", .signatures = "format_ipv4_mask(ip:scalar, prefix:long) -> string; format_ipv4_mask(ip:scalar) -> string",
     .emit = [](SqlCall& call) { return format_v4(call, true); }, .examples = {{{"format_ipv4_mask('192.168.1.1', 24)", "192.168.1.0/24"}}}},
    {.name = "has_ipv4", .summary = "Whether the text holds the address, delimited.", .signatures = "has_ipv4(source:string_or_dynamic, ip:string) -> bool", .emit = emit_has_any,
     .examples = {{{"has_ipv4('from 127.0.0.1:80', '127.0.0.1')", "true"}, {"has_ipv4('x127.0.0.1', '127.0.0.1')", "false"}}}},
    {.name = "has_any_ipv4", .summary = "Whether the text holds one of the addresses, delimited.",
     .signatures = "has_any_ipv4(source:string_or_dynamic, ips:string+) -> bool; has_any_ipv4(source:string_or_dynamic, ips:array) -> bool", .emit = emit_has_any,
     .examples = {{{"has_any_ipv4('from 127.0.0.1:80', '10.0.0.1', '127.0.0.1')", "true"}}}},
    {.name = "has_ipv4_prefix", .summary = "Whether the text holds an address that begins so.", .signatures = "has_ipv4_prefix(source:string_or_dynamic, ip_prefix:string) -> bool",
     .emit = emit_has_any_prefix, .examples = {{{"has_ipv4_prefix('from 127.0.0.1:80', '127.0.')", "true"}, {"has_ipv4_prefix('from 127.0.0.1:80', '127.0')", "false"}}}},
    {.name = "has_any_ipv4_prefix", .summary = "Whether the text holds an address that begins with one of the prefixes.",
     .signatures = "has_any_ipv4_prefix(source:string_or_dynamic, ip_prefixes:string+) -> bool; has_any_ipv4_prefix(source:string_or_dynamic, ip_prefixes:array) -> bool",
     .emit = emit_has_any_prefix, .examples = {{{"has_any_ipv4_prefix('from 127.0.0.1:80', dynamic(['10.', '127.']))", "true"}}}},
    {.name = "ipv4_range_to_cidr_list", .summary = "The prefixes that cover the addresses from one to another.", .signatures = "ipv4_range_to_cidr_list(start_ip:string, end_ip:string) -> dynamic",
     .may_be_null = true, .emit = emit_range_to_cidr, .examples = {{{"ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255')", R"(["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"])"}}}},
};

}  // namespace

std::span<const Function> ip_functions() { return kFunctions; }

}  // namespace yagura::kql
