// Lines and polygons of GeoJSON on the sphere of S2. https://learn.microsoft.com/kusto/query/geo-line-length-function
//
// Points are unit vectors, edges the shortest way between two. What is no valid line or polygon gives null. In SQL is what queries
// ask of many rows: whether a point is in a polygon, and how far from a shape. Everything else is computed by kernels (kernels/geo_*.cpp).
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> geo_shape_functions();

namespace {

constexpr std::string_view kPointsValid = "arrayAll(p -> length(p) >= 2 AND abs(p[1]) <= 180 AND abs(p[2]) <= 90, l)";

std::string in_range(const std::string& longitude, const std::string& latitude) {
  return fmt::format("{0} >= -180 AND {0} <= 180 AND {1} >= -90 AND {1} <= 90", longitude, latitude);
}
// Of an array [longitude, latitude] that is a name.
std::string vector_of(std::string_view p) {
  return fmt::format("tuple(cos(radians({0}[2])) * cos(radians({0}[1])), cos(radians({0}[2])) * sin(radians({0}[1])), sin(radians({0}[2])))", p);
}
std::string arc(std::string_view a, std::string_view b) { return fmt::format("(2 * asin(least(1., L2Norm(tupleMinus({}, {})) / 2)))", a, b); }
std::string cross(std::string_view a, std::string_view b) {
  return fmt::format("tuple({0}.2 * {1}.3 - {0}.3 * {1}.2, {0}.3 * {1}.1 - {0}.1 * {1}.3, {0}.1 * {1}.2 - {0}.2 * {1}.1)", a, b);
}

struct Shape {
  std::string ok;
  std::string rings;     // Array of arrays of points
  std::string polygons;  // Array of arrays of rings; of polygons
};

Shape read_lines(SqlCall& call, std::size_t i) {
  const std::string json = call.name(fmt::format("ifNull({}, '')", call.arg(i)));
  Shape s;
  s.rings = call.name(fmt::format("multiIf(JSONExtractString({0}, 'type') = 'LineString', [JSONExtract({0}, 'coordinates', 'Array(Array(Float64))')], JSONExtractString({0}, 'type') = 'MultiLineString', "
                                  "JSONExtract({0}, 'coordinates', 'Array(Array(Array(Float64)))'), [])", json));
  s.ok = call.name(fmt::format("notEmpty({}) AND arrayAll(l -> length(l) >= 2 AND {}, {})", s.rings, kPointsValid, s.rings));
  return s;
}
Shape read_polygons(SqlCall& call, std::size_t i) {
  const std::string json = call.name(fmt::format("ifNull({}, '')", call.arg(i)));
  Shape s;
  s.polygons = call.name(fmt::format("multiIf(JSONExtractString({0}, 'type') = 'Polygon', [JSONExtract({0}, 'coordinates', 'Array(Array(Array(Float64)))')], JSONExtractString({0}, 'type') = 'MultiPolygon', "
                                     "JSONExtract({0}, 'coordinates', 'Array(Array(Array(Array(Float64))))'), [])", json));
  s.rings = call.name(fmt::format("arrayReduce('groupArrayArray', {})", s.polygons));
  s.ok = call.name(fmt::format("notEmpty({0}) AND arrayAll(g -> notEmpty(g) AND arrayAll(l -> length(l) >= 4 AND {1} AND l[1] = l[-1] AND length(arrayDistinct(l)) = length(l) - 1, g), {0})", s.polygons, kPointsValid));
  return s;
}

// Pairs of vectors.
std::string edges(SqlCall& call, const std::string& rings) {
  return call.name(fmt::format("arrayFlatten(arrayMap(l -> arrayMap((p, q) -> tuple({}, {}), arrayPopBack(l), arrayPopFront(l)), {}))", vector_of("p"), vector_of("q"), rings));
}
// `vector` stands once: the lambda's variable is what stands often.
std::string point_json(std::string_view vector) {
  return fmt::format(
      "arrayMap(w -> concat('{{\"type\":\"Point\",\"coordinates\":[', toString(degrees(atan2(w.2, w.1))), ',', toString(degrees(atan2(w.3, sqrt(w.1 * w.1 + w.2 * w.2)))), ']}}'), [{}])[1]", vector);
}

std::string point_vector(SqlCall& call, std::size_t i) { return call.name(vector_of(call.name(fmt::format("[ifNull({}, 0.), ifNull({}, 0.)]", call.shared(i), call.shared(i + 1))))); }

// The distance of p to the edge e and the nearest point there, as (radians, vector): the foot of the perpendicular, or an end.
std::string nearest(SqlCall& call, const std::string& p, const std::string& edge_list) {
  const std::string candidates = call.name(fmt::format("arrayMap(e -> tuple(e.1, e.2, {}), arrayFilter(e -> e.1 != e.2, {}))", cross("e.1", "e.2"), edge_list));
  const std::string foot = fmt::format("arrayMap(e -> tuple(e.1, e.2, e.3, tupleMinus({0}, tupleMultiplyByNumber(e.3, dotProduct({0}, e.3) / dotProduct(e.3, e.3)))), {1})", p, candidates);
  const std::string unit = fmt::format("arrayMap(e -> tuple(e.1, e.2, e.3, tupleDivideByNumber(e.4, L2Norm(e.4))), {})", foot);
  const std::string inside = fmt::format("dotProduct({}, e.4) >= 0 AND dotProduct({}, e.4) >= 0", cross("e.3", "e.1"), cross("e.2", "e.3"));
  const std::string best = call.name(fmt::format("arrayMap(e -> if({0}, e.4, if({1} <= {2}, e.1, e.2)), {3})", inside, arc(p, "e.1"), arc(p, "e.2"), unit));
  return call.name(fmt::format("arraySort(x -> x.1, arrayMap(v -> tuple({}, v), {}))[1]", arc(p, "v"), best));
}

// The directions to the vertices of a ring turn by a whole circle around a point that is inside, or whose antipode is.
std::string contains(SqlCall& call, const Shape& s, std::size_t i) {
  const std::string p = call.name(fmt::format("tuple(radians(ifNull({}, 0.)), radians(ifNull({}, 0.)))", call.shared(i), call.shared(i + 1)));
  const std::string v = point_vector(call, i);
  const std::string bearings = fmt::format(
      "arrayMap(q -> atan2(sin(radians(q[1]) - {0}.1) * cos(radians(q[2])), cos({0}.2) * sin(radians(q[2])) - sin({0}.2) * cos(radians(q[2])) * cos(radians(q[1]) - {0}.1)), l)", p);
  const std::string turn = fmt::format("arraySum(arrayMap(d -> d - 2 * pi() * round(d / (2 * pi())), arrayPopFront(arrayDifference({}))))", bearings);
  const std::string near = fmt::format("arraySum(q -> dotProduct({}, {}), l) > 0", v, vector_of("q"));
  return call.name(fmt::format("arrayExists(g -> arrayCount(l -> abs({}) > pi() AND {}, g) % 2 = 1, {})", turn, near, s.polygons));
}

Sql emit_in_polygon(SqlCall& call) {
  const Shape s = read_polygons(call, 2);
  return call.value(fmt::format("if({} AND {}, {}, NULL)", s.ok, in_range(call.shared(0), call.shared(1)), contains(call, s, 0)), true);
}
Sql emit_distance_to_line(SqlCall& call) {
  const Shape s = read_lines(call, 2);
  return call.value(fmt::format("if({} AND {}, 6371010. * {}.1, NULL)", s.ok, in_range(call.shared(0), call.shared(1)), nearest(call, point_vector(call, 0), edges(call, s.rings))), true);
}
Sql emit_distance_to_polygon(SqlCall& call) {
  const Shape s = read_polygons(call, 2);
  return call.value(fmt::format("if({} AND {}, if({}, 0., 6371010. * {}.1), NULL)", s.ok, in_range(call.shared(0), call.shared(1)), contains(call, s, 0),
                                nearest(call, point_vector(call, 0), edges(call, s.rings))), true);
}
Sql emit_closest_on_line(SqlCall& call) {
  const Shape s = read_lines(call, 2);
  return call.value(fmt::format("if({} AND {}, {}, NULL)", s.ok, in_range(call.shared(0), call.shared(1)),
                                point_json(call.name(nearest(call, point_vector(call, 0), edges(call, s.rings)) + ".2"))), true);
}
Sql emit_closest_on_polygon(SqlCall& call) {
  const Shape s = read_polygons(call, 2);
  const std::string v = point_vector(call, 0);
  return call.value(fmt::format("if({} AND {}, {}, NULL)", s.ok, in_range(call.shared(0), call.shared(1)),
                                point_json(call.name(fmt::format("if({}, {}, {}.2)", contains(call, s, 0), v, nearest(call, v, edges(call, s.rings)))))), true);
}

// With a radius around the polygon it has no SQL: that is geo_polygon_buffer() first.
bool without_radius(const BoundExpression& call) { return call.arguments.size() < 3; }

Sql emit_h3_cells(SqlCall& call) {
  const Shape s = read_polygons(call, 0);
  const std::string wanted = call.size() > 1 ? call.shared(1) : "toInt64(6)";
  const std::string level = call.name(fmt::format("toUInt8(ifNull(if({0} BETWEEN 0 AND 15, {0}, 0), 0))", wanted));
  // The box around it says how many cells the search may touch.
  const std::string all = call.name(fmt::format("arrayFlatten(arrayMap(l -> l, {}))", s.rings));
  const std::string xs = call.name(fmt::format("arrayFilter((v, i) -> i % 2 = 1, {0}, arrayEnumerate({0}))", all)), ys = call.name(fmt::format("arrayFilter((v, i) -> i % 2 = 0, {0}, arrayEnumerate({0}))", all));
  const std::string box = fmt::format("(arrayMax({0}) - arrayMin({0})) * (arrayMax({1}) - arrayMin({1})) * 12400", xs, ys);
  const std::string ok = call.name(fmt::format("{} AND ifNull({} BETWEEN 0 AND 15, 0) AND {} / h3HexAreaKm2({}) < 4000000", s.ok, wanted, box, level));
  const std::string cells = call.name(fmt::format(
      "h3PolygonToCells(arrayMap(g -> arrayMap(l -> arrayMap(p -> (p[1], p[2]), l), g), if({0}, {1}, [[[[0., 0.], [1e-9, 0.], [0., 1e-9], [0., 0.]]]])), if({0}, {2}, toUInt8(0)))", ok, s.polygons, level));
  return call.value(fmt::format("if({0} AND length({1}) BETWEEN 1 AND 61680, concat('[', arrayStringConcat(arrayMap(c -> concat('\"', h3ToString(c), '\"'), {1}), ','), ']'), NULL)", ok, cells), true);
}

#define LINE R"(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]}))"
#define SQUARE R"(dynamic({"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))"

constexpr Function kFunctions[] = {
    {.name = "geo_point_in_polygon", .summary = "Whether the point is in the polygon.", .signatures = "geo_point_in_polygon(longitude:real, latitude:real, polygon:bag) -> bool", .may_be_null = true,
     .emit = emit_in_polygon, .examples = {{{"geo_point_in_polygon(5, 5, " SQUARE ")", "true"}, {"geo_point_in_polygon(11, 5, " SQUARE ")", "false"}}}},
    {.name = "geo_distance_point_to_line", .summary = "The shortest way from the point to the line, in metres.",
     .signatures = "geo_distance_point_to_line(longitude:real, latitude:real, line:bag) -> real", .may_be_null = true, .emit = emit_distance_to_line,
     .examples = {{{"round(geo_distance_point_to_line(45, 1, " LINE "))", "111195.0"}}}},
    {.name = "geo_distance_point_to_polygon", .summary = "The shortest way from the point to the polygon, in metres; 0 inside.",
     .signatures = "geo_distance_point_to_polygon(longitude:real, latitude:real, polygon:bag) -> real", .may_be_null = true, .emit = emit_distance_to_polygon,
     .examples = {{{"geo_distance_point_to_polygon(5, 5, " SQUARE ")", "0.0"}, {"round(geo_distance_point_to_polygon(5, -1, " SQUARE "))", "111195.0"}}}},
    {.name = "geo_closest_point_on_line", .summary = "The point of the line that is nearest to the point.",
     .signatures = "geo_closest_point_on_line(longitude:real, latitude:real, line:bag) -> dynamic", .may_be_null = true, .emit = emit_closest_on_line,
     .examples = {{{"round(todouble(geo_closest_point_on_line(45, 1, " LINE ").coordinates[0]), 6)", "45.0"}}}},
    {.name = "geo_closest_point_on_polygon", .summary = "The point of the polygon that is nearest to the point; itself inside.",
     .signatures = "geo_closest_point_on_polygon(longitude:real, latitude:real, polygon:bag) -> dynamic", .may_be_null = true, .emit = emit_closest_on_polygon,
     .examples = {{{"round(todouble(geo_closest_point_on_polygon(5, 5, " SQUARE ").coordinates[1]), 6)", "5.0"}}}},
    {.name = "geo_polygon_to_h3cells", .summary = "The H3 cells of a resolution (6) whose centres are in the polygon; at most 61680. With a radius it is not supported: use geo_polygon_buffer().",
     .signatures = "geo_polygon_to_h3cells(polygon:bag, resolution:number?, radius:number?) -> dynamic", .may_be_null = true, .emit = emit_h3_cells, .emits = without_radius,
     .examples = {{{"array_length(geo_polygon_to_h3cells(" SQUARE ", 3))", "121"}, {"geo_polygon_to_h3cells(" SQUARE ", 16)", ""}, {"geo_polygon_to_h3cells(" SQUARE ", 12)", ""}}}},
};

}  // namespace

std::span<const Function> geo_shape_functions() { return kFunctions; }

}  // namespace yagura::kql
