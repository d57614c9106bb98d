// Well-known text (OGC 06-103r4, section 7) as GeoJSON. https://learn.microsoft.com/kusto/query/geo-from-wkt-function
//
// Two dimensions; words in any case. What is no well-known text gives null. Bounded: collections in collections to a depth.
#include <charconv>

#include "base/text.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

std::span<const Kernel> geo_wkt_kernels();

namespace {

class WktReader {
 public:
  explicit WktReader(std::string_view text) : text_(text) {}

  std::optional<std::string> read() {
    std::string out;
    if (!geometry(out, 0)) return std::nullopt;
    blanks();
    return at_ == text_.size() ? std::optional(out) : std::nullopt;
  }

 private:
  static constexpr int kMaxDepth = 20;

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string word() {
    blanks();
    const auto begin = at_;
    while (at_ < text_.size() && is_ascii_alpha(text_[at_])) ++at_;
    return to_lower_ascii(text_.substr(begin, at_ - begin));
  }
  bool number(std::string& out) {
    blanks();
    const auto begin = at_ < text_.size() && text_[at_] == '+' ? at_ + 1 : at_;
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + begin, text_.data() + text_.size(), value);
    if (error != std::errc{} || !(value >= -1e300 && value <= 1e300)) return false;
    at_ = static_cast<std::size_t>(end - text_.data());
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    return true;
  }
  bool position(std::string& out) {
    out += '[';
    if (!number(out)) return false;
    out += ',';
    if (!number(out)) return false;
    out += ']';
    return true;
  }
  // Positions in parentheses, `depth` of them around each other.
  bool nested(std::string& out, int depth) {
    if (!take('(')) return false;
    out += '[';
    do {
      if (out.back() != '[') out += ',';
      if (depth > 1 ? !nested(out, depth - 1) : !position(out)) return false;
    } while (take(','));
    out += ']';
    return take(')');
  }
  // The points of a multipoint may stand in parentheses of their own.
  bool points(std::string& out) {
    if (!take('(')) return false;
    out += '[';
    do {
      if (out.back() != '[') out += ',';
      const bool own = take('(');
      if (!position(out) || (own && !take(')'))) return false;
    } while (take(','));
    out += ']';
    return take(')');
  }
  bool geometry(std::string& out, int depth) {
    const auto kind = word();
    const auto shape = [&](std::string_view name, auto coordinates) {
      out += "{\"type\":\"";
      out += name;
      out += "\",\"coordinates\":";
      if (!coordinates()) return false;
      out += '}';
      return true;
    };
    if (kind == "point") return shape("Point", [&] { return take('(') && position(out) && take(')'); });
    if (kind == "linestring") return shape("LineString", [&] { return nested(out, 1); });
    if (kind == "polygon") return shape("Polygon", [&] { return nested(out, 2); });
    if (kind == "multipoint") return shape("MultiPoint", [&] { return points(out); });
    if (kind == "multilinestring") return shape("MultiLineString", [&] { return nested(out, 2); });
    if (kind == "multipolygon") return shape("MultiPolygon", [&] { return nested(out, 3); });
    if (kind != "geometrycollection" || depth >= kMaxDepth || !take('(')) return false;
    out += R"({"type":"GeometryCollection","geometries":[)";
    do {
      if (out.back() != '[') out += ',';
      if (!geometry(out, depth + 1)) return false;
    } while (take(','));
    out += "]}";
    return take(')');
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

constexpr auto from_wkt = [](Arena& arena, std::string_view text) -> std::optional<Json> {
  const auto json = WktReader(text).read();
  return json ? std::optional(Json{arena.copy(*json)}) : std::nullopt;
};

constexpr Kernel kKernels[] = {{"geo_from_wkt", kernel_rows<from_wkt>}};

}  // namespace

std::span<const Kernel> geo_wkt_kernels() { return kKernels; }

}  // namespace yagura::kql
