// Punycode (RFC 3492) of texts and of the labels of domain names.
// https://learn.microsoft.com/kusto/query/punycode-from-string-function
//
// Case is kept and nothing is normalised, as in the documentation's examples. What cannot be coded gives the empty text.
#include <string>
#include <vector>

#include "base/text.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

constexpr std::uint32_t kBase = 36, kLeast = 1, kMost = 26, kSkew = 38, kDamp = 700, kFirstBias = 72, kFirst = 128;
constexpr std::size_t kMaxLength = 4096;  // of a text; coding is quadratic in what is not ASCII

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kLeast) * kMost / 2; k += kBase) delta /= kBase - kLeast;
  return k + (kBase - kLeast + 1) * delta / (delta + kSkew);
}
std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) { return k <= bias ? kLeast : k >= bias + kMost ? kMost : k - bias; }
char digit(std::uint32_t d) { return static_cast<char>(d < 26 ? 'a' + d : '0' + d - 26); }

std::vector<char32_t> points_of(std::string_view text) {
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < text.size();) out.push_back(utf8::next(text, i));
  return out;
}

std::optional<std::string> encode(std::string_view text) {
  if (text.size() > kMaxLength || !utf8::valid(text)) return std::nullopt;
  const auto points = points_of(text);
  std::string out;
  for (const char32_t c : points) {
    if (c < kFirst) out += static_cast<char>(c);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out += '-';
  std::uint32_t n = kFirst, delta = 0, bias = kFirstBias, handled = basic;
  while (handled < points.size()) {
    std::uint32_t next = 0x7FFFFFFF;
    for (const char32_t c : points) {
      if (c >= n && c < next) next = c;
    }
    const std::uint64_t grown = delta + static_cast<std::uint64_t>(next - n) * (handled + 1);
    if (grown > 0x7FFFFFFF) return std::nullopt;
    delta = static_cast<std::uint32_t>(grown);
    n = next;
    for (const char32_t c : points) {
      if (c < n) ++delta;
      if (c != n) continue;
      std::uint32_t q = delta;
      for (std::uint32_t k = kBase;; k += kBase) {
        const auto t = threshold(k, bias);
        if (q < t) break;
        out += digit(t + (q - t) % (kBase - t));
        q = (q - t) / (kBase - t);
      }
      out += digit(q);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  if (text.size() > kMaxLength) return std::nullopt;
  std::vector<char32_t> points;
  const auto last = text.rfind('-');
  std::size_t at = last == std::string_view::npos ? 0 : last + 1;
  for (std::size_t i = 0; i + 1 < at; ++i) {
    if (static_cast<unsigned char>(text[i]) >= kFirst) return std::nullopt;
    points.push_back(static_cast<char32_t>(text[i]));
  }
  std::uint64_t n = kFirst, i = 0;
  std::uint32_t bias = kFirstBias;
  while (at < text.size()) {
    const auto before = i;
    std::uint64_t weight = 1;
    for (std::uint32_t k = kBase;; k += kBase) {
      if (at >= text.size()) return std::nullopt;
      const char c = text[at++];
      const std::uint32_t d = c >= 'a' && c <= 'z' ? static_cast<std::uint32_t>(c - 'a') : c >= 'A' && c <= 'Z' ? static_cast<std::uint32_t>(c - 'A') : c >= '0' && c <= '9' ? static_cast<std::uint32_t>(c - '0' + 26) : kBase;
      if (d >= kBase) return std::nullopt;
      i += d * weight;
      if (i > 0x7FFFFFFF) return std::nullopt;
      const auto t = threshold(k, bias);
      if (d < t) break;
      weight *= kBase - t;
      if (weight > 0x7FFFFFFF) return std::nullopt;
    }
    const auto count = static_cast<std::uint32_t>(points.size() + 1);
    bias = adapt(static_cast<std::uint32_t>(i - before), count, before == 0);
    n += i / count;
    i %= count;
    if (n > 0x10FFFF || (n >= 0xD800 && n < 0xE000)) return std::nullopt;
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(i), static_cast<char32_t>(n));
    ++i;
  }
  std::string out;
  for (const char32_t c : points) utf8::append(out, c);
  return out;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 128) return false;
  }
  return true;
}

// Labels of a domain name; the full stops of East Asia part them as well (RFC 3490, 3.1).
template <class Label>
std::optional<std::string> each_label(std::string_view domain, Label label) {
  std::string name(domain);
  for (const std::string_view stop : {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"}) {
    for (auto at = name.find(stop); at != std::string::npos; at = name.find(stop, at + 1)) name.replace(at, stop.size(), ".");
  }
  std::string out;
  bool first = true;
  for (const auto part : split(name, '.')) {
    const auto coded = label(part);
    if (!coded) return std::nullopt;
    if (!first) out += '.';
    first = false;
    out += *coded;
  }
  return out;
}

constexpr std::string_view kPrefix = "xn--";

constexpr auto from_string = [](std::string_view text) { return encode(text).value_or(""); };
constexpr auto to_string = [](std::string_view text) { return decode(text).value_or(""); };
constexpr auto domain_to_string = [](std::string_view domain) {
  return each_label(domain, [](std::string_view label) -> std::optional<std::string> {
           if (is_ascii(label)) return std::string(label);
           const auto coded = encode(label);
           return coded ? std::optional(std::string(kPrefix) + *coded) : std::nullopt;
         })
      .value_or("");
};
constexpr auto domain_from_string = [](std::string_view domain) {
  return each_label(domain, [](std::string_view label) -> std::optional<std::string> {
           return label.size() > 4 && to_lower_ascii(label.substr(0, 4)) == kPrefix ? decode(label.substr(4)) : std::string(label);
         })
      .value_or("");
};

constexpr Kernel kKernels[] = {
    {"punycode_from_string", kernel_rows<from_string>},
    {"punycode_to_string", kernel_rows<to_string>},
    {"punycode_domain_to_string", kernel_rows<domain_to_string>},
    {"punycode_domain_from_string", kernel_rows<domain_from_string>},
};

}  // namespace

std::span<const Kernel> punycode_kernels() { return kKernels; }

}  // namespace yagura::kql
