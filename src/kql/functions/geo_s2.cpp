// Cells of S2: a face of the cube around the sphere, and a place on the Hilbert curve of that face.
// https://s2geometry.io/devguide/s2cell_hierarchy
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> geo_s2_functions();

namespace {

Sql emit_cell(SqlCall& call) {
  const std::string lon = call.shared(0), lat = call.shared(1), wanted = call.size() > 2 ? call.shared(2) : "toInt64(11)";
  const std::string ok = call.name(fmt::format("ifNull({0} >= -180 AND {0} <= 180 AND {1} >= -90 AND {1} <= 90 AND {2} BETWEEN 0 AND 30, 0)", lon, lat, wanted));
  const std::string lo = fmt::format("radians(ifNull(if({0}, {1}, 0.), 0.))", ok, lon), la = fmt::format("radians(ifNull(if({0}, {1}, 0.), 0.))", ok, lat);
  const std::string level = fmt::format("ifNull(if({}, toInt64({}), toInt64(0)), toInt64(0))", ok, wanted);
  // Each step is a lambda, so that what it reads is written once.
  const std::string vector = fmt::format("tuple(cos({1}) * cos({0}), cos({1}) * sin({0}), sin({1}))", lo, la);
  const std::string face = fmt::format(
      "arrayMap(p -> tuple(p.1, p.2, p.3, multiIf(abs(p.1) > abs(p.2) AND abs(p.1) > abs(p.3), if(p.1 < 0, 3, 0), abs(p.2) > abs(p.3), if(p.2 < 0, 4, 1), if(p.3 < 0, 5, 2))), [{}])", vector);
  const std::string plane = fmt::format(
      "arrayMap(p -> tuple(p.4, multiIf(p.4 = 0, p.2 / p.1, p.4 = 1, -p.1 / p.2, p.4 = 2, -p.1 / p.3, p.4 = 3, p.3 / p.1, p.4 = 4, p.3 / p.2, -p.2 / p.3), "
      "multiIf(p.4 = 0, p.3 / p.1, p.4 = 1, p.3 / p.2, p.4 = 2, -p.2 / p.3, p.4 = 3, p.2 / p.1, p.4 = 4, -p.1 / p.2, -p.1 / p.3)), {})", face);
  const auto grid = [](int i) {
    return fmt::format("toInt64(greatest(0, least(1073741823, floor(1073741824 * if(p.{0} >= 0, 0.5 * sqrt(1 + 3 * p.{0}), 1 - 0.5 * sqrt(1 - 3 * p.{0}))))))", i);
  };
  const std::string place = fmt::format("arrayMap(p -> tuple(p.1, {}, {}), {})", grid(2), grid(3), plane);
  const std::string step =
      "[[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]][a.1 + 1][bitAnd(bitShiftRight(p.2, 30 - k), 1) * 2 + bitAnd(bitShiftRight(p.3, 30 - k), 1) + 1]";
  const std::string curve = fmt::format(
      "arrayMap(p -> tuple(toUInt64(p.1), arrayFold((a, k) -> tuple(bitXor(a.1, [1, 0, 0, 3][{0} + 1]), a.2 * 4 + {0}), range(1, {1} + 1), tuple(toUInt8(p.1 % 2), toUInt64(0))).2), {2})", step, level, place);
  const std::string id = fmt::format("arrayMap(p -> bitOr(bitShiftLeft(p.1, 61), bitShiftLeft(p.2 * 2 + 1, 60 - 2 * {})), {})[1]", level, curve);
  return call.value(fmt::format("if({}, replaceRegexpOne(leftPad(lower(hex({})), 16, '0'), '0+$', ''), '')", ok, id));
}

constexpr Function kFunctions[] = {
    {.name = "geo_point_to_s2cell", .summary = "The token of the point's S2 cell, of this level (11).", .signatures = "geo_point_to_s2cell(longitude:real, latitude:real, level:long?) -> string",
     .emit = emit_cell, .examples = {{{"geo_point_to_s2cell(-80.195829, 25.802215, 8)", "88d9b"}, {"geo_point_to_s2cell(1, 1, 35)", ""}}}},
};

}  // namespace

std::span<const Function> geo_s2_functions() { return kFunctions; }

}  // namespace yagura::kql
