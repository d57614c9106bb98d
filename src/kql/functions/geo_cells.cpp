// Grids of cells: geohash and H3. https://learn.microsoft.com/kusto/query/geospatial-grid-systems
//
// A text that is no cell gives null. H3's own functions throw on such, so they get a cell of level 0 in its place.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> geo_cell_functions();

namespace {

constexpr std::string_view kAlphabet = "'0123456789bcdefghjkmnpqrstuvwxyz'";

std::string in_range(const std::string& longitude, const std::string& latitude) {
  return fmt::format("{0} >= -180 AND {0} <= 180 AND {1} >= -90 AND {1} <= 90", longitude, latitude);
}
// One of two, never null.
std::string safe(const std::string& ok, const std::string& value, std::string_view otherwise) {
  return fmt::format("ifNull(if({0}, {1}, {2}), {2})", ok, value, otherwise);
}
std::string json_texts(const std::string& array_of_strings) {
  return fmt::format("concat('[', arrayStringConcat(arrayMap(c -> concat('\"', c, '\"'), {}), ','), ']')", array_of_strings);
}

Sql emit_geohash(SqlCall& call) {
  const std::string lon = call.shared(0), lat = call.shared(1);
  const std::string accuracy = call.size() > 2 ? call.shared(2) : "toInt64(5)";
  const std::string ok = call.name(fmt::format("ifNull({} AND {} BETWEEN 1 AND 18, 0)", in_range(lon, lat), accuracy));
  // 45 bits of either are enough for 18 letters.
  const std::string x = call.name(fmt::format("least(toUInt64(floor(({} + 180) / 360 * 35184372088832)), 35184372088831)", safe(ok, lon, "0.")));
  const std::string y = call.name(fmt::format("least(toUInt64(floor(({} + 90) / 180 * 35184372088832)), 35184372088831)", safe(ok, lat, "0.")));
  return call.value(fmt::format(
      "if({0}, arrayStringConcat(arrayMap(l -> substring({1}, 1 + arraySum(k -> bitShiftLeft(bitAnd(bitShiftRight(if((l * 5 + k) % 2 = 0, {2}, {3}), 44 - intDiv(l * 5 + k, 2)), 1), 4 - k), range(5)), 1), range({4}))), '')",
      ok, kAlphabet, x, y, safe(ok, "toUInt64(" + accuracy + ")", "1")));
}

// A geohash as numbers of a column and a row in a grid of so many.
struct Geohash {
  std::string ok, x, y, columns, rows, length;
};
Geohash read_geohash(SqlCall& call) {
  Geohash g;
  const std::string text = call.shared(0);
  g.ok = call.name(fmt::format("match({}, '^[0-9b-hjkmnp-z]{{1,18}}$')", text));
  const std::string letters = call.name(fmt::format("if({}, {}, '0')", g.ok, text));
  g.length = fmt::format("length({})", letters);
  const std::string bits = call.name(fmt::format("arrayFlatten(arrayMap(c -> arrayMap(k -> bitAnd(bitShiftRight(position({}, c) - 1, 4 - k), 1), range(5)), splitByString('', {})))", kAlphabet, letters));
  const auto number = [&](int odd) {
    return call.name(fmt::format("arrayFold((a, b) -> a * 2 + toInt64(b), arrayFilter((b, i) -> i % 2 = {1}, {0}, arrayEnumerate({0})), toInt64(0))", bits, odd));
  };
  g.x = number(1), g.y = number(0);
  g.columns = call.name(fmt::format("bitShiftLeft(toInt64(1), intDiv(length({}) + 1, 2))", bits));
  g.rows = call.name(fmt::format("bitShiftLeft(toInt64(1), intDiv(length({}), 2))", bits));
  return g;
}

Sql emit_geohash_centre(SqlCall& call) {
  const Geohash g = read_geohash(call);
  return call.value(fmt::format("if({}, concat('{{\"type\":\"Point\",\"coordinates\":[', toString(({} + 0.5) / {} * 360 - 180), ',', toString(({} + 0.5) / {} * 180 - 90), ']}}'), NULL)", g.ok, g.x, g.columns, g.y, g.rows), true);
}

Sql emit_geohash_polygon(SqlCall& call) {
  const Geohash g = read_geohash(call);
  return call.value(
      fmt::format("if({}, concat('{{\"type\":\"Polygon\",\"coordinates\":[[', arrayStringConcat(arrayMap(p -> concat('[', toString(({} + p.1) / {} * 360 - 180), ',', toString(({} + p.2) / {} * 180 - 90), ']'), "
                  "[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]), ','), ']]}}'), NULL)",
                  g.ok, g.x, g.columns, g.y, g.rows),
      true);
}

// In the order of the documentation. Columns go round the Earth; there is nothing beyond a pole.
Sql emit_geohash_neighbours(SqlCall& call) {
  const Geohash g = read_geohash(call);
  const std::string cells = call.name(fmt::format(
      "arrayFilter(p -> p.2 >= 0 AND p.2 < {3}, arrayMap(p -> tuple(toInt64(positiveModulo({0} + p.1, {1})), toInt64({2} + p.2)), [(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)]))", g.x, g.columns, g.y, g.rows));
  const std::string total = fmt::format("{} * 5", g.length);
  // Bit j from the front is bit (total - 1 - j) / 2 from the end of its number.
  const std::string letter = fmt::format(
      "substring({0}, 1 + arraySum(k -> toUInt64(bitShiftLeft(bitAnd(bitShiftRight(if((l * 5 + k) % 2 = 0, p.1, p.2), intDiv({1} - 1 - l * 5 - k, 2)), 1), 4 - k)), range(5)), 1)", kAlphabet, total);
  return call.value(fmt::format("if({}, {}, NULL)", g.ok, json_texts(fmt::format("arrayDistinct(arrayMap(p -> arrayStringConcat(arrayMap(l -> {}, range({}))), {}))", letter, g.length, cells))), true);
}

struct H3 {
  std::string ok, cell, level;
};
H3 read_h3(SqlCall& call) {
  const std::string text = call.shared(0);
  const std::string number = call.name(fmt::format("reinterpretAsUInt64(reverse(unhex(leftPad(if(match({0}, '^[0-9a-fA-F]{{1,16}}$'), {0}, '0'), 16, '0'))))", text));
  H3 h;
  h.ok = call.name(fmt::format("h3IsValid({})", number));
  h.cell = call.name(fmt::format("if({}, {}, toUInt64(577199624117288959))", h.ok, number));
  h.level = call.name(fmt::format("toInt64(h3GetResolution({}))", h.cell));
  return h;
}

Sql emit_h3(SqlCall& call) {
  const std::string lon = call.shared(0), lat = call.shared(1);
  const std::string level = call.size() > 2 ? call.shared(2) : "toInt64(6)";
  const std::string ok = call.name(fmt::format("ifNull({} AND {} BETWEEN 0 AND 15, 0)", in_range(lon, lat), level));
  return call.value(fmt::format("if({}, h3ToString(geoToH3({}, {}, toUInt8({}))), '')", ok, safe(ok, lat, "0."), safe(ok, lon, "0."), safe(ok, level, "toInt64(0)")));
}

Sql emit_h3_centre(SqlCall& call) {
  const H3 h = read_h3(call);
  const std::string point = call.name(fmt::format("h3ToGeo({})", h.cell));
  return call.value(fmt::format("if({0}, concat('{{\"type\":\"Point\",\"coordinates\":[', toString({1}.2), ',', toString({1}.1), ']}}'), NULL)", h.ok, point), true);
}

Sql emit_h3_polygon(SqlCall& call) {
  const H3 h = read_h3(call);
  const std::string points = call.name(fmt::format("h3ToGeoBoundary({})", h.cell));
  return call.value(fmt::format("if({0}, concat('{{\"type\":\"Polygon\",\"coordinates\":[[', arrayStringConcat(arrayMap(p -> concat('[', toString(p.2), ',', toString(p.1), ']'), arrayPushBack({1}, {1}[1])), ','), ']]}}'), NULL)", h.ok, points), true);
}

Sql emit_h3_neighbours(SqlCall& call) {
  const H3 h = read_h3(call);
  return call.value(fmt::format("if({0}, {1}, NULL)", h.ok, json_texts(fmt::format("arrayMap(c -> h3ToString(c), arrayFilter(c -> c != {0}, h3kRing({0}, toUInt16(1))))", h.cell))), true);
}

Sql emit_h3_children(SqlCall& call) {
  const H3 h = read_h3(call);
  const std::string level = call.size() > 1 ? call.shared(1) : call.name(h.level + " + 1");
  const std::string ok = call.name(fmt::format("ifNull({0} AND {1} > {2} AND {1} <= 15 AND {1} - {2} <= 5, 0)", h.ok, level, h.level));
  return call.value(fmt::format("if({0}, {1}, NULL)", ok, json_texts(fmt::format("arrayMap(c -> h3ToString(c), h3ToChildren({}, toUInt8({})))", h.cell, safe(ok, level, h.level)))), true);
}

Sql emit_h3_parent(SqlCall& call) {
  const H3 h = read_h3(call);
  const std::string level = call.size() > 1 ? call.shared(1) : call.name(h.level + " - 1");
  const std::string ok = call.name(fmt::format("ifNull({0} AND {1} >= 0 AND {1} < {2}, 0)", h.ok, level, h.level));
  return call.value(fmt::format("if({0}, h3ToString(h3ToParent({1}, toUInt8({2}))), '')", ok, h.cell, safe(ok, level, h.level)));
}

// A ring is what a disc has over the next smaller one.
Sql emit_h3_rings(SqlCall& call) {
  const H3 h = read_h3(call);
  const std::string distance = call.shared(1);
  const std::string ok = call.name(fmt::format("ifNull({0} AND {1} BETWEEN 0 AND 142, 0)", h.ok, distance));
  const std::string ring = fmt::format(
      "if(r = 0, [{0}], arrayFilter(c -> NOT has(h3kRing({0}, toUInt16(greatest(r, 1) - 1)), c), h3kRing({0}, toUInt16(r))))", h.cell);
  return call.value(fmt::format("if({}, concat('[', arrayStringConcat(arrayMap(r -> {}, range({} + 1)), ','), ']'), NULL)", ok,
                                json_texts("arrayMap(c -> h3ToString(c), " + ring + ")"), safe(ok, "toUInt64(" + distance + ")", "0")),
                    true);
}

Sql emit_h3_level(SqlCall& call) {
  const H3 h = read_h3(call);
  return call.value(fmt::format("if({}, toInt32({}), NULL)", h.ok, h.level), true);
}

constexpr Function kFunctions[] = {
    {.name = "geo_point_to_geohash", .summary = "The geohash of the point, of as many letters (5).", .signatures = "geo_point_to_geohash(longitude:real, latitude:real, accuracy:long?) -> string",
     .emit = emit_geohash, .examples = {{{"geo_point_to_geohash(0, 0)", "s0000"}, {"geo_point_to_geohash(-180, -90, 3)", "000"}, {"geo_point_to_geohash(200, 1, 8)", ""}}}},
    {.name = "geo_geohash_to_central_point", .summary = "The centre of the geohash's cell.", .signatures = "geo_geohash_to_central_point(geohash:string) -> dynamic", .may_be_null = true,
     .emit = emit_geohash_centre, .examples = {{{"geo_geohash_to_central_point('s')", R"({"type":"Point","coordinates":[22.5,22.5]})"}, {"geo_geohash_to_central_point('a')", ""}}}},
    {.name = "geo_geohash_to_polygon", .summary = "The geohash's cell.", .signatures = "geo_geohash_to_polygon(geohash:string) -> dynamic", .may_be_null = true,
     .emit = emit_geohash_polygon, .examples = {{{"geo_geohash_to_polygon('s')", R"({"type":"Polygon","coordinates":[[[0,0],[45,0],[45,45],[0,45],[0,0]]]})"}}}},
    {.name = "geo_geohash_neighbors", .summary = "The cells around the geohash's cell.", .signatures = "geo_geohash_neighbors(geohash:string) -> dynamic", .may_be_null = true,
     .emit = emit_geohash_neighbours, .examples = {{{"geo_geohash_neighbors('s')", R"(["7","g","m","u","e","v","t","k"])"}, {"geo_geohash_neighbors('a')", ""}}}},
    {.name = "geo_point_to_h3cell", .summary = "The H3 cell of the point, of this resolution (6).", .signatures = "geo_point_to_h3cell(longitude:real, latitude:real, resolution:long?) -> string",
     .emit = emit_h3, .examples = {{{"geo_point_to_h3cell(0, 0, 0)", "8075fffffffffff"}, {"geo_point_to_h3cell(1, 1, 16)", ""}}}},
    {.name = "geo_h3cell_to_central_point", .summary = "The centre of the H3 cell.", .signatures = "geo_h3cell_to_central_point(h3cell:string) -> dynamic", .may_be_null = true,
     .emit = emit_h3_centre, .examples = {{{"round(todouble(geo_h3cell_to_central_point('8075fffffffffff').coordinates[0]), 3)", "-5.245"}, {"geo_h3cell_to_central_point('1')", ""}}}},
    {.name = "geo_h3cell_to_polygon", .summary = "The H3 cell.", .signatures = "geo_h3cell_to_polygon(h3cell:string) -> dynamic", .may_be_null = true,
     .emit = emit_h3_polygon, .examples = {{{"array_length(geo_h3cell_to_polygon('862a1072fffffff').coordinates[0])", "7"}, {"geo_h3cell_to_polygon('@')", ""}}}},
    {.name = "geo_h3cell_neighbors", .summary = "The cells around the H3 cell.", .signatures = "geo_h3cell_neighbors(h3cell:string) -> dynamic", .may_be_null = true,
     .emit = emit_h3_neighbours, .examples = {{{"array_length(geo_h3cell_neighbors('862a1072fffffff'))", "6"}, {"geo_h3cell_neighbors('abc')", ""}}}},
    {.name = "geo_h3cell_children", .summary = "The cells within the H3 cell, at most 5 levels below it.", .signatures = "geo_h3cell_children(h3cell:string, resolution:long?) -> dynamic", .may_be_null = true,
     .emit = emit_h3_children, .examples = {{{"array_length(geo_h3cell_children('862a1072fffffff'))", "7"}, {"geo_h3cell_children('862a1072fffffff', 12)", ""}}}},
    {.name = "geo_h3cell_parent", .summary = "The cell that the H3 cell is in.", .signatures = "geo_h3cell_parent(h3cell:string, resolution:long?) -> string",
     .emit = emit_h3_parent, .examples = {{{"geo_h3cell_parent('862a1072fffffff')", "852a1073fffffff"}, {"geo_h3cell_parent('862a1072fffffff', 15)", ""}}}},
    {.name = "geo_h3cell_rings", .summary = "The cell, and the rings of cells around it up to a distance.", .signatures = "geo_h3cell_rings(h3cell:string, distance:long) -> dynamic", .may_be_null = true,
     .emit = emit_h3_rings, .examples = {{{"array_length(geo_h3cell_rings('861f8894fffffff', 2)[2])", "12"}, {"geo_h3cell_rings('861f8894fffffff', 150)", ""}}}},
    {.name = "geo_h3cell_level", .summary = "The resolution of the H3 cell.", .signatures = "geo_h3cell_level(h3cell:string) -> int", .may_be_null = true,
     .emit = emit_h3_level, .examples = {{{"geo_h3cell_level('862a1072fffffff')", "6"}, {"geo_h3cell_level('x')", ""}}}},
};

}  // namespace

std::span<const Function> geo_cell_functions() { return kFunctions; }

}  // namespace yagura::kql
