#include "normalise/ecs.hpp"

#include <arpa/inet.h>

#include "base/text.hpp"

namespace yagura::normalise {

using event::Value;

EcsType ecs_type(std::string_view name) {
  if (name == "@timestamp" || name == "event.start" || name == "event.end" || name == "event.created")
    return EcsType::time;
  const auto dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (last == "ip") return EcsType::address;
  if (last == "port") return EcsType::port;
  if (last == "mac") return EcsType::mac;
  if (name == "network.transport") return EcsType::transport;
  if (name == "source.domain" || name == "destination.domain" || name == "client.domain" || name == "server.domain")
    return EcsType::domain;
  if (last == "bytes" || last == "packets" || last == "pid" || last == "status_code" || last == "count" ||
      last == "iana_number" || last == "size" || last == "priority" || name == "event.severity" ||
      name == "event.duration")
    return EcsType::number;
  return EcsType::text;
}

bool is_ip_address(std::string_view text) {
  if (text.size() < 2 || text.size() > 45) return false;
  char buffer[48];
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  in6_addr bytes;
  return inet_pton(text.find(':') == std::string_view::npos ? AF_INET : AF_INET6, buffer, &bytes) == 1;
}

namespace {

bool says_nothing(std::string_view text) {
  switch (text.size()) {
    case 0: return true;
    case 1: return text == "-" || text == "?";
    case 2: return text == "--";
    case 3: return equal_ignoring_ascii_case(text, "n/a");
    case 4: return text == "null" || text == "(null)" || text == "NULL";
    case 6: return text == "(null)" || text == "(none)";
    default: return false;
  }
}

std::optional<Value> address(std::string_view text) {
  if (const auto zone = text.find('%'); zone != std::string_view::npos) text = text.substr(0, zone);
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (text.ends_with("/32")) text.remove_suffix(3);
  if (!is_ip_address(text) || text == "0.0.0.0" || text == "::" || text == "0:0:0:0:0:0:0:0") return std::nullopt;
  return Value::string(text);
}

// https://www.iana.org/assignments/protocol-numbers, those that firewalls see; names as ECS writes them.
struct Transport {
  int number;
  std::string_view name;
  std::string_view also;
};
constexpr std::array<Transport, 19> kTransports{{
    {0, "hopopt", ""}, {1, "icmp", "icmpv4"},      {2, "igmp", ""},   {4, "ipip", "ip-in-ip"}, {6, "tcp", ""},
    {17, "udp", ""},   {41, "ipv6", ""},           {46, "rsvp", ""},  {47, "gre", ""},         {50, "esp", ""},
    {51, "ah", ""},    {58, "ipv6-icmp", "icmp6"}, {88, "eigrp", ""}, {89, "ospf", "ospfigp"}, {94, "ipip", ""},
    {103, "pim", ""},  {112, "vrrp", "carp"},      {115, "l2tp", ""}, {132, "sctp", ""},
}};

std::optional<Value> transport(std::string_view text) {
  const auto number = parse_int64(text);
  for (const auto& known : kTransports) {
    if (number ? *number == known.number : equal_ignoring_ascii_case(text, known.name))
      return Value::string(known.name);
    if (!number && !known.also.empty() && equal_ignoring_ascii_case(text, known.also))
      return Value::string(known.also == "carp" ? known.also : known.name);
  }
  if (equal_ignoring_ascii_case(text, "icmpv6") || equal_ignoring_ascii_case(text, "icmp-v6"))
    return Value::string("ipv6-icmp");
  return std::nullopt;
}

}  // namespace

std::optional<Value> ecs_value(EcsType type, const Value& value, Arena& arena) {
  if (value.is_null()) return std::nullopt;
  if (value.kind() == Value::Kind::list) {
    // One of several: the first that says something.
    if (type == EcsType::text) {
      const auto items = value.as_list();
      if (items.empty()) return std::nullopt;
      return items.size() == 1 ? ecs_value(type, items[0], arena) : value;
    }
    for (const Value& item : value.as_list())
      if (item.kind() != Value::Kind::list)
        if (auto good = ecs_value(type, item, arena)) return good;
    return std::nullopt;
  }
  if (value.kind() == Value::Kind::object)
    return value.as_object().empty() || type != EcsType::text ? std::nullopt : std::optional(value);
  if (!value.is_string()) {
    switch (type) {
      case EcsType::text:
      case EcsType::number: return value;
      case EcsType::transport:
        return value.kind() == Value::Kind::int64 ? transport(fmt::format_int(value.as_int64()).c_str()) : std::nullopt;
      case EcsType::port:
        return value.kind() == Value::Kind::int64 && value.as_int64() >= 0 && value.as_int64() <= 65535
                   ? std::optional(value)
                   : std::nullopt;
      default: return std::nullopt;
    }
  }
  const std::string_view text = trim(value.as_string());
  if (says_nothing(text)) return std::nullopt;
  switch (type) {
    case EcsType::text: return value;  // as it was written: a command line may end with a blank
    case EcsType::transport: return transport(text);
    case EcsType::address: return address(text);
    case EcsType::port: {
      const auto number = parse_int64(text);
      if (!number || *number < 0 || *number > 65535) return std::nullopt;
      return Value::int64(*number);
    }
    case EcsType::number: {
      if (const auto number = parse_int64(text)) return Value::int64(*number);
      if (const auto number = parse_double(text)) return Value::real(*number);
      return std::nullopt;
    }
    case EcsType::mac: {
      std::size_t digits = 0;
      for (const char c : text) {
        const char lower = ascii_lower(c);
        if (is_ascii_digit(c) || (lower >= 'a' && lower <= 'f'))
          ++digits;
        else if (c != ':' && c != '-' && c != '.')
          return std::nullopt;
      }
      if (digits != 12) return std::nullopt;
      return Value::string(text);
    }
    case EcsType::domain: return is_ip_address(text) ? std::nullopt : std::optional(Value::string(text));
    case EcsType::time: return std::nullopt;  // made by the pack, which knows the zone
  }
  return std::nullopt;
}

}  // namespace yagura::normalise
