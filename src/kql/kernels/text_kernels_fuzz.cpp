// Kernels that read texts of others: well-known text, GeoJSON, XML, Punycode, sketches. What they make of any text must be JSON,
// and what they have made they must be able to read.
#include <cstdlib>
#include <string>

#include "kql/kernels/geo_shape.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel_testing.hpp"

using namespace yagura;
using namespace yagura::kql;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}
void require_json(const std::string& text) {
  Arena arena;
  require(text.empty() || json::compact(text, arena).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: require_json(call_kernel("geo_from_wkt", {{Type::string, text}}, Type::dynamic)); break;
    case 1: require_json(call_kernel("parse_xml", {{Type::string, text}}, Type::dynamic)); break;
    case 2: {
      const auto coded = call_kernel("punycode_from_string", {{Type::string, text}}, Type::string);
      if (!coded.empty()) require(call_kernel("punycode_to_string", {{Type::string, coded}}, Type::string) == text);
      break;
    }
    case 3: {
      // A polygon's own GeoJSON is a polygon, unless rounding has moved two corners into one.
      Arena arena;
      const auto compact = json::compact(text, arena);
      if (!compact) break;
      const auto polygon = geo::read_polygon(*compact);
      if (polygon != nullptr) require_json(geo::polygon_json(*polygon));
      if (const auto lines = geo::read_lines(*compact)) require(geo::read_lines(geo::lines_json(*lines)).has_value());
      break;
    }
    case 4: {
      Arena arena;
      const auto compact = json::compact(text, arena);
      if (!compact) break;
      const auto merged = call_kernel("hll_merge", {{Type::dynamic, *compact}, {Type::dynamic, *compact}}, Type::dynamic);
      if (!merged.empty()) {
        require(call_kernel("dcount_hll", {{Type::dynamic, merged}}, Type::int64) == call_kernel("dcount_hll", {{Type::dynamic, *compact}}, Type::int64));
      }
      const auto digest = call_kernel("tdigest_merge", {{Type::dynamic, *compact}, {Type::dynamic, *compact}}, Type::dynamic);
      if (!digest.empty()) require(!call_kernel("tdigest_merge", {{Type::dynamic, digest}, {Type::dynamic, "null"}}, Type::dynamic).empty());
      // A schema that is one type is a text, which comes without its quotes.
      const auto schema = call_kernel(".schema_of", {{Type::dynamic, *compact}}, Type::dynamic);
      if (schema.starts_with('{') || schema.starts_with('[')) require_json(schema);
      break;
    }
    default: require_json(call_kernel("parse_user_agent", {{Type::string, text}}, Type::dynamic));
  }
  return 0;
}
