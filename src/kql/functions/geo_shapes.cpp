// Lines and polygons of GeoJSON on the sphere of S2. https://learn.microsoft.com/kusto/query/geo-line-length-function
//
// Points are unit vectors, edges the shortest way between two. What is no valid line or polygon gives null. Where the answer
// would need the union of several shapes, the query fails.
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
std::string length_of(SqlCall& call, const Shape& s) { return fmt::format("6371010. * arraySum(e -> {}, {})", arc("e.1", "e.2"), edges(call, s.rings)); }

Sql emit_length(SqlCall& call) {
  const Shape s = read_lines(call, 0);
  return call.value(fmt::format("if({}, if(throwIf(length({}) > 1, 'the union of several lines is not supported yet') = 0, {}, 0.), NULL)", s.ok, s.rings, length_of(call, s)), true);
}
Sql emit_perimeter(SqlCall& call) {
  const Shape s = read_polygons(call, 0);
  return call.value(fmt::format("if({}, if(throwIf(length({}) > 1, 'the union of several polygons is not supported yet') = 0, {}, 0.), NULL)", s.ok, s.polygons, length_of(call, s)), true);
}

// `vector` stands once: the lambda's variable is what stands often.
std::string point_json(std::string_view vector) {
  return fmt::format(
      "arrayMap(w -> concat('{{\"type\":\"Point\",\"coordinates\":[', toString(degrees(atan2(w.2, w.1))), ',', toString(degrees(atan2(w.3, sqrt(w.1 * w.1 + w.2 * w.2)))), ']}}'), [{}])[1]", vector);
}

// The sum of the edges' centroids, which S2 weighs by their lengths.
Sql emit_line_centroid(SqlCall& call) {
  const Shape s = read_lines(call, 0);
  const std::string e = edges(call, s.rings);
  const auto part = [&](int i) {
    return fmt::format("arraySum(e -> (e.1.{0} + e.2.{0}) * L2Norm(tupleMinus(e.1, e.2)) / L2Norm(tuplePlus(e.1, e.2)), {1})", i, e);
  };
  const std::string sum = call.name(fmt::format("tuple({}, {}, {})", part(1), part(2), part(3)));
  return call.value(fmt::format("if({}, if(throwIf(length({}) > 1, 'the union of several lines is not supported yet') = 0, {}, ''), NULL)", s.ok, s.rings, point_json(sum)), true);
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

// Well-known text: pairs of numbers become arrays, parentheses brackets.
std::string wkt_geometry(std::string_view text) {
  const std::string body = fmt::format(
      "replaceRegexpAll(translate(replaceRegexpAll(replaceRegexpAll(extract({0}, '^[A-Za-z]+\\\\s*([(].*[)])$'), '[(]\\\\s*([-+0-9.eE]+\\\\s+[-+0-9.eE]+)\\\\s*[)]', if(lower(extract({0}, '^[A-Za-z]+')) = 'multipoint', '\\\\1', '(\\\\1)')), "
      "'([-+0-9.eE]+)\\\\s+([-+0-9.eE]+)', '(\\\\1,\\\\2)'), '()', '[]'), '\\\\s', '')", text);
  return fmt::format(
      "arrayMap((t, b) -> if(t = '' OR NOT isValidJSON(b) OR JSONType(b) != 'Array', '', concat('{{\"type\":\"', t, '\",\"coordinates\":', b, '}}')), "
      "[transform(upper(extract({0}, '^[A-Za-z]+')), ['POINT', 'LINESTRING', 'POLYGON', 'MULTIPOINT', 'MULTILINESTRING', 'MULTIPOLYGON'], ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon'], '')], "
      "[if(upper(extract({0}, '^[A-Za-z]+')) = 'POINT', replaceRegexpOne({1}, '^\\\\[(.*)\\\\]$', '\\\\1'), {1})])[1]",
      text, body);
}
Sql emit_from_wkt(SqlCall& call) {
  const std::string text = call.name(fmt::format("trimBoth({})", call.arg(0)));
  const std::string inner = call.name(fmt::format("extract({}, '(?i)^GEOMETRYCOLLECTION\\\\s*[(](.*)[)]$')", text));
  const std::string parts = call.name(fmt::format("arrayMap(w -> {}, arrayMap(w -> replaceRegexpOne(w, '\\\\s*,?\\\\s*$', ''), extractAll({}, '[A-Za-z]{{2,}}[^A-Za-z]*')))", wkt_geometry("w"), inner));
  const std::string single = call.name(fmt::format("arrayMap(w -> {}, [{}])[1]", wkt_geometry("w"), text));
  return call.value(fmt::format("if({0} != '', if(has({1}, ''), NULL, concat('{{\"type\":\"GeometryCollection\",\"geometries\":[', arrayStringConcat({1}, ','), ']}}')), nullIf({2}, ''))", inner, parts, single), true);
}

#define LINE R"(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]}))"
#define SQUARE R"(dynamic({"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))"

constexpr Function kFunctions[] = {
    {.name = "geo_from_wkt", .summary = "Well-known text as GeoJSON.", .signatures = "geo_from_wkt(wkt:string) -> dynamic", .may_be_null = true, .emit = emit_from_wkt,
     .examples = {{{"geo_from_wkt('POINT (1 2)')", R"({"type":"Point","coordinates":[1,2]})"}, {"geo_from_wkt('LINESTRING')", ""}}}},
    {.name = "geo_line_length", .summary = "The length of the line, in metres.", .signatures = "geo_line_length(line:bag) -> real", .may_be_null = true, .emit = emit_length,
     .examples = {{{"round(geo_line_length(" LINE "))", "10007559.0"}}}},
    {.name = "geo_line_centroid", .summary = "The centroid of the line.", .signatures = "geo_line_centroid(line:bag) -> dynamic", .may_be_null = true, .emit = emit_line_centroid,
     .examples = {{{"round(todouble(geo_line_centroid(" LINE ").coordinates[0]), 6)", "45.0"}}}},
    {.name = "geo_polygon_perimeter", .summary = "The length of the polygon's edges, in metres.", .signatures = "geo_polygon_perimeter(polygon:bag) -> real", .may_be_null = true,
     .emit = emit_perimeter, .examples = {{{"round(geo_polygon_perimeter(" SQUARE "))", "4430869.0"}}}},
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
};

}  // namespace

std::span<const Function> geo_shape_functions() { return kFunctions; }

}  // namespace yagura::kql
