// Kernels of IP addresses.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/ip_address.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

using Maybe = std::optional<std::int64_t>;

std::optional<int> shortest(int a, int b, Maybe given, int most) {
  if (given && (*given < 0 || *given > most)) return std::nullopt;
  return std::min({a, b, given ? static_cast<int>(*given) : most});
}

template <class Ip, std::optional<Ip> (*parse)(std::string_view), int bits>
Maybe compare(std::string_view a, std::string_view b, Maybe given) {
  const auto x = parse(a), y = parse(b);
  if (!x || !y) return std::nullopt;
  const auto prefix = shortest(x->prefix, y->prefix, given, bits);
  if (!prefix) return std::nullopt;
  const auto p = x->masked(*prefix), q = y->masked(*prefix);
  return p < q ? -1 : q < p ? 1 : 0;
}
std::optional<bool> is_zero(Maybe value) { return value ? std::optional(*value == 0) : std::nullopt; }

template <class Ip, std::optional<Ip> (*parse)(std::string_view)>
std::optional<bool> in_range(std::string_view ip, std::string_view range) {
  const auto x = parse(ip), y = parse(range);
  if (!x || !y) return std::nullopt;
  return x->masked(y->prefix) == y->masked(y->prefix);
}

// Texts of the arguments from `first` on: separate ones, or of an array.
template <class Call>
void for_each_text(const KernelCall& call, std::size_t first, std::size_t row, Call&& use) {
  for (std::size_t i = first; i < call.size(); ++i) {
    if (call[i].type() == Type::dynamic && !call[i].is_null(row) && json::is_array(call[i].text(row))) {
      json::for_each_element(call[i].text(row), [&](std::string_view item) { use(text_of_json(item, call.arena)); });
    } else {
      use(text_of(call[i], row, call.arena));
    }
  }
}

template <class Ip, std::optional<Ip> (*parse)(std::string_view)>
void in_any_range(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto ip = text_of(call[0], row, call.arena);
    const bool no_ranges = call[1].type() == Type::dynamic && !call.any_null(row) && !json::is_array(call[1].text(row));
    if (call.any_null(row) || no_ranges || !parse(ip)) {
      call.put_null();
      continue;
    }
    bool found = false;
    for_each_text(call, 1, row,
                  [&](std::string_view range) { found = found || in_range<Ip, parse>(ip, range).value_or(false); });
    call.put(found);
  }
}

Maybe parse_number(std::string_view text, Maybe given) {
  const auto ip = parse_ip4(text);
  const auto prefix = ip ? shortest(ip->prefix, 32, given, 32) : std::nullopt;
  return prefix ? Maybe(ip->masked(*prefix)) : std::nullopt;
}
std::string parse_full(std::string_view text, Maybe given) {
  const auto ip = parse_ip6(text);
  const auto prefix = ip ? shortest(ip->prefix, 128, given, 128) : std::nullopt;
  return prefix ? to_full_text(ip->masked(*prefix)) : std::string();
}

std::optional<bool> is_private(std::string_view text) {
  const auto ip = parse_ip4(text);
  if (!ip) return std::nullopt;
  const auto n = ip->masked(ip->prefix);
  return n >> 24 == 10 || n >> 20 == 2753 || n >> 16 == 49320;
}

// A number stands for itself, a text for what it says.
template <bool with_mask>
void format_v4(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::optional<Ip4> ip;
    if (!call.any_null(row)) {
      const Operand& value = call[0];
      Maybe number;
      if (value.type() == Type::int32 || value.type() == Type::int64) {
        number = value.integer(row);
      } else if (value.type() == Type::real || value.type() == Type::decimal) {
        const double whole = value.real(row);
        if (whole == std::trunc(whole) && whole >= 0 && whole <= 4294967295.0) number = static_cast<std::int64_t>(whole);
      } else {
        const auto text = text_of(value, row, call.arena);
        ip = parse_ip4(text);
        if (!ip) number = parse_int64(text);
      }
      if (number && *number >= 0 && *number <= 0xFFFFFFFFLL)
        ip = Ip4{.address = static_cast<std::uint32_t>(*number), .prefix = 32};
    }
    const auto given = call.size() > 1 && !call[1].is_null(row) ? Maybe(call[1].integer(row)) : std::nullopt;
    const auto prefix = ip ? shortest(ip->prefix, 32, given, 32) : std::nullopt;
    if (!prefix) {
      call.put(std::string_view());
      continue;
    }
    auto text = to_text(ip->masked(*prefix));
    if (with_mask) text += '/' + std::to_string(*prefix);
    call.put(text);
  }
}

// Every IPv4 address of a text that is delimited by characters other than letters and digits.
std::vector<std::string_view> addresses_in(std::string_view text) {
  std::vector<std::string_view> found;
  const auto word = [&](std::size_t i) {
    return i < text.size() && (is_ascii_digit(text[i]) || is_ascii_alpha(text[i]));
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_ascii_digit(text[at]) || (at > 0 && word(at - 1))) continue;
    std::size_t end = at;
    int groups = 0;
    for (; groups < 4; ++groups) {
      if (groups > 0) {
        if (end >= text.size() || text[end] != '.') break;
        ++end;
      }
      std::size_t digits = 0;
      while (digits < 3 && end < text.size() && is_ascii_digit(text[end])) ++digits, ++end;
      if (digits == 0) break;
    }
    if (groups == 4 && !word(end)) {
      found.push_back(text.substr(at, end - at));
      at = end - 1;
    }
  }
  return found;
}

void has_address(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto found = addresses_in(text_of(call[0], row, call.arena));
    bool has = false;
    for_each_text(call, 1, row, [&](std::string_view ip) {
      has = has || (parse_ip4(ip) && ip.find('/') == ip.npos && std::ranges::find(found, ip) != found.end());
    });
    call.put(has);
  }
}
// A prefix ends with a dot, or is a whole address.
void has_prefix(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto found = addresses_in(text_of(call[0], row, call.arena));
    bool has = false;
    for_each_text(call, 1, row, [&](std::string_view prefix) {
      has = has || std::ranges::any_of(found, [&](std::string_view ip) {
              return prefix.ends_with('.') ? ip.starts_with(prefix) && parse_ip4(ip) : parse_ip4(prefix) && ip == prefix;
            });
    });
    call.put(has);
  }
}

// The fewest prefixes that cover start..end: each step the largest block that begins here and does not pass the end.
std::optional<Json> range_to_prefixes(Arena& arena, std::string_view from, std::string_view to) {
  const auto a = parse_ip4(from), b = parse_ip4(to);
  if (!a || !b) return std::nullopt;
  std::string out = "[";
  std::uint64_t at = a->address;
  const std::uint64_t end = b->address;
  while (at <= end) {
    int bits = at == 0 ? 32 : std::countr_zero(at);
    while (bits > 0 && (bits > 32 || at + (1ULL << bits) - 1 > end)) --bits;
    if (out.size() > 1) out += ',';
    out += '"' + to_text(static_cast<std::uint32_t>(at)) + '/' + std::to_string(32 - bits) + '"';
    at += 1ULL << bits;
  }
  return Json{arena.copy(out + ']')};
}

constexpr Kernel kKernels[] = {
    {"parse_ipv4", kernel_rows<[](std::string_view ip) { return parse_number(ip, std::nullopt); }>},
    {"parse_ipv4_mask", kernel_rows<[](std::string_view ip, std::int64_t prefix) { return parse_number(ip, prefix); }>},
    {"parse_ipv6", kernel_rows<[](std::string_view ip) { return parse_full(ip, std::nullopt); }>},
    {"parse_ipv6_mask", kernel_rows<[](std::string_view ip, std::int64_t prefix) { return parse_full(ip, prefix); }>},
    {"ipv4_compare",
     kernel_rows<[](std::string_view a, std::string_view b, Maybe p) { return compare<Ip4, parse_ip4, 32>(a, b, p); }>},
    {"ipv6_compare", kernel_rows<[](std::string_view a, std::string_view b, Maybe p) {
       return compare<Ip6, parse_ip6, 128>(a, b, p);
     }>},
    {"ipv4_is_match", kernel_rows<[](std::string_view a, std::string_view b, Maybe p) {
       return is_zero(compare<Ip4, parse_ip4, 32>(a, b, p));
     }>},
    {"ipv6_is_match", kernel_rows<[](std::string_view a, std::string_view b, Maybe p) {
       return is_zero(compare<Ip6, parse_ip6, 128>(a, b, p));
     }>},
    {"ipv4_is_in_range",
     kernel_rows<[](std::string_view ip, std::string_view range) { return in_range<Ip4, parse_ip4>(ip, range); }>},
    {"ipv6_is_in_range",
     kernel_rows<[](std::string_view ip, std::string_view range) { return in_range<Ip6, parse_ip6>(ip, range); }>},
    {"ipv4_is_in_any_range", in_any_range<Ip4, parse_ip4>},
    {"ipv6_is_in_any_range", in_any_range<Ip6, parse_ip6>},
    {"ipv4_is_private", kernel_rows<[](std::string_view ip) { return is_private(ip); }>},
    {"ipv4_netmask_suffix", kernel_rows<[](std::string_view ip) {
       const auto read = parse_ip4(ip);
       return read ? Maybe(read->prefix) : std::nullopt;
     }>},
    {"format_ipv4", format_v4<false>},
    {"format_ipv4_mask", format_v4<true>},
    {"has_ipv4", has_address},
    {"has_any_ipv4", has_address},
    {"has_ipv4_prefix", has_prefix},
    {"has_any_ipv4_prefix", has_prefix},
    {"ipv4_range_to_cidr_list",
     kernel_rows<[](Arena& arena, std::string_view a, std::string_view b) { return range_to_prefixes(arena, a, b); }>},
};

}  // namespace

std::span<const Kernel> ip_kernels() { return kKernels; }

}  // namespace yagura::kql
