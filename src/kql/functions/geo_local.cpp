// Geospatial functions that the store has no exact SQL for: they are computed on rows, by kernels/geo_*.cpp.
#include "kql/function.hpp"

namespace yagura::kql {

std::span<const Function> geo_local_functions();

namespace {

#define LINE R"(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]}))"
#define CROSSING R"(dynamic({"type":"LineString","coordinates":[[45,-1],[45,1]]}))"
#define SQUARE R"(dynamic({"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))"
#define BESIDE R"(dynamic({"type":"Polygon","coordinates":[[[10,0],[20,0],[20,10],[10,10],[10,0]]]}))"
#define TOUCHING R"(dynamic({"type":"Polygon","coordinates":[[[10,10],[20,10],[20,20],[10,20],[10,10]]]}))"
#define NO_SHAPE R"(dynamic({"type":"LineString","coordinates":[[1,1]]}))"
#define NOTHING R"({"type":"GeometryCollection","geometries":[]})"

constexpr Function kFunctions[] = {
    {.name = "geo_from_wkt", .summary = "Well-known text as GeoJSON.", .signatures = "geo_from_wkt(wkt:string) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_from_wkt('POINT (1 2)')", R"({"type":"Point","coordinates":[1,2]})"}, {"geo_from_wkt('multipoint((1 1), (2 -2.5))')", R"({"type":"MultiPoint","coordinates":[[1,1],[2,-2.5]]})"},
                   {"geo_from_wkt('GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (2 2, 3 3))')", R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,1]},{"type":"LineString","coordinates":[[2,2],[3,3]]}]})"},
                   {"geo_from_wkt('LINESTRING')", ""}}}},
    {.name = "geo_line_length", .summary = "The length of the line, in metres; of a multiline that of the union of its lines.", .signatures = "geo_line_length(lineString:bag) -> real", .may_be_null = true,
     .examples = {{{"round(geo_line_length(" LINE "))", "10007559.0"}, {"geo_line_length(" NO_SHAPE ")", ""},
                   {R"(round(geo_line_length(dynamic({"type":"MultiLineString","coordinates":[[[0,0],[90,0]],[[90,0],[0,0]]]}))))", "10007559.0"}}}},
    {.name = "geo_line_centroid", .summary = "The centroid of the line.", .signatures = "geo_line_centroid(lineString:bag) -> dynamic", .may_be_null = true,
     .examples = {{{"round(todouble(geo_line_centroid(" LINE ").coordinates[0]), 6)", "45.0"}, {"geo_line_centroid(" NO_SHAPE ")", ""}}}},
    {.name = "geo_line_interpolate_point", .summary = "The point at a fraction (0 to 1) of the line.", .signatures = "geo_line_interpolate_point(lineString:bag, fraction:number) -> dynamic", .may_be_null = true,
     .examples = {{{"round(todouble(geo_line_interpolate_point(" LINE ", 0.5).coordinates[0]), 6)", "45.0"}, {"geo_line_interpolate_point(" LINE ", 2)", ""}}}},
    {.name = "geo_line_locate_point", .summary = "At which fraction of the line the point nearest to the given one lies.",
     .signatures = "geo_line_locate_point(lineString:bag, longitude:number, latitude:number, use_spheroid:bool?) -> real", .may_be_null = true,
     .examples = {{{"round(geo_line_locate_point(" LINE ", 30, 5), 6)", "0.333333"}, {"round(geo_line_locate_point(" LINE ", 30, 5, true), 6)", "0.333333"}, {"geo_line_locate_point(" LINE ", 300, 1)", ""}}}},
    {.name = "geo_line_buffer", .summary = "The polygon of all points within the radius of the line, in metres.", .signatures = "geo_line_buffer(lineString:bag, radius:number, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_line_buffer(" CROSSING ", 1000).type", "Polygon"}, {"round(geo_polygon_area(geo_line_buffer(" CROSSING ", 1000, 1)) / 1e6)", "448.0"}, {"geo_line_buffer(" LINE ", 0)", ""}}}},
    {.name = "geo_line_densify", .summary = "The line as drawn on a plane map, in steps that follow it within the tolerance (10 m).",
     .signatures = "geo_line_densify(lineString:bag, tolerance:number?, preserve_crossing:bool?) -> dynamic", .may_be_null = true,
     .examples = {{{R"(array_length(geo_line_densify(dynamic({"type":"LineString","coordinates":[[50,50],[51,51]]})).coordinates))", "9"}, {"geo_line_densify(" CROSSING ", 0)", ""}}}},
    {.name = "geo_line_simplify", .summary = "The line without what is nearer to it than the tolerance (10 m).", .signatures = "geo_line_simplify(lineString:bag, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{R"(array_length(geo_line_simplify(dynamic({"type":"LineString","coordinates":[[0,0],[1,0.00001],[2,0]]})).coordinates))", "2"}, {"geo_line_simplify(" CROSSING ", 1000000)", ""}}}},
    {.name = "geo_line_to_s2cells", .summary = "The tokens of the S2 cells of a level (11) that cover the line, with a radius in metres around it (0); at most 65536.",
     .signatures = "geo_line_to_s2cells(lineString:bag, level:number?, radius:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"array_length(geo_line_to_s2cells(" CROSSING ", 8))", "20"}, {"geo_line_to_s2cells(" LINE ", 30)", ""}}}},
    {.name = "geo_union_lines_array", .summary = "All lines of the array without what they have twice.", .signatures = "geo_union_lines_array(lineStrings:array) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_union_lines_array(pack_array(" LINE ", " LINE ")).type", "LineString"}, {"geo_union_lines_array(pack_array(" LINE ", " NO_SHAPE "))", ""}}}},
    {.name = "geo_polygon_area", .summary = "The area of the polygon, in square metres.", .signatures = "geo_polygon_area(polygon:bag) -> real", .may_be_null = true,
     .examples = {{{"round(geo_polygon_area(" SQUARE ") / 1e7)", "123320.0"}, {"geo_polygon_area(" LINE ")", ""}}}},
    {.name = "geo_polygon_perimeter", .summary = "The length of the polygon's edges, in metres; of a multipolygon those of the union.", .signatures = "geo_polygon_perimeter(polygon:bag) -> real", .may_be_null = true,
     .examples = {{{"round(geo_polygon_perimeter(" SQUARE "))", "4430869.0"}}}},
    {.name = "geo_polygon_centroid", .summary = "The centroid of the polygon.", .signatures = "geo_polygon_centroid(polygon:bag) -> dynamic", .may_be_null = true,
     .examples = {{{"round(todouble(geo_polygon_centroid(" SQUARE ").coordinates[0]), 6)", "5.0"}, {"geo_polygon_centroid(" LINE ")", ""}}}},
    {.name = "geo_polygon_buffer", .summary = "The polygon with all points within the radius around it, in metres.", .signatures = "geo_polygon_buffer(polygon:bag, radius:number, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_point_in_polygon(10.05, 5, geo_polygon_buffer(" SQUARE ", 10000))", "true"}, {"geo_polygon_buffer(" SQUARE ", -1)", ""}}}},
    {.name = "geo_polygon_densify", .summary = "The polygon as drawn on a plane map, in steps that follow it within the tolerance (10 m).",
     .signatures = "geo_polygon_densify(polygon:bag, tolerance:number?, preserve_crossing:bool?) -> dynamic", .may_be_null = true,
     .examples = {{{R"(array_length(geo_polygon_densify(dynamic({"type":"Polygon","coordinates":[[[10,10],[11,10],[11,11],[10,11],[10,10]]]})).coordinates[0]))", "11"}, {"geo_polygon_densify(" SQUARE ", 100000)", ""}}}},
    {.name = "geo_polygon_simplify", .summary = "The polygon without what is smaller than the tolerance (10 m).", .signatures = "geo_polygon_simplify(polygon:bag, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{R"(array_length(geo_polygon_simplify(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,0.00001],[1,1],[0,0]]]})).coordinates[0]))", "4"}, {"geo_polygon_simplify(" SQUARE ", 5000000)", ""}}}},
    {.name = "geo_simplify_polygons_array", .summary = "The union of all polygons of the array without what is smaller than the tolerance (10 m).",
     .signatures = "geo_simplify_polygons_array(polygons:array, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_simplify_polygons_array(pack_array(" SQUARE ", " TOUCHING "), 1).type", "MultiPolygon"}, {"geo_simplify_polygons_array(pack_array(" SQUARE "), -1)", ""}}}},
    {.name = "geo_union_polygons_array", .summary = "All polygons of the array as one.", .signatures = "geo_union_polygons_array(polygons:array) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_union_polygons_array(pack_array(" SQUARE ", " BESIDE ")).type", "Polygon"}, {"geo_union_polygons_array(pack_array(" SQUARE ", " LINE "))", ""}}}},
    {.name = "geo_polygon_to_s2cells", .summary = "The tokens of the S2 cells of a level (11) that cover the polygon, with a radius in metres around it (0); at most 65536.",
     .signatures = "geo_polygon_to_s2cells(polygon:bag, level:number?, radius:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"array_length(geo_polygon_to_s2cells(" SQUARE ", 4))", "9"}, {"geo_polygon_to_s2cells(" SQUARE ", 30)", ""}}}},
    {.name = "geo_point_buffer", .summary = "The polygon of all points within the radius of the point, in metres.",
     .signatures = "geo_point_buffer(longitude:number, latitude:number, radius:number, tolerance:number?) -> dynamic", .may_be_null = true,
     .examples = {{{"round(geo_polygon_area(geo_point_buffer(10, 50, 1000, 1)) / 1e6, 1)", "3.1"}, {"geo_point_buffer(10, 50, -1)", ""}}}},
    {.name = "geo_intersects_2lines", .summary = "Whether the lines have a point in common.", .signatures = "geo_intersects_2lines(lineString1:bag, lineString2:bag) -> bool", .may_be_null = true,
     .examples = {{{"geo_intersects_2lines(" LINE ", " CROSSING ")", "true"}, {"geo_intersects_2lines(" LINE ", " NO_SHAPE ")", ""}}}},
    {.name = "geo_intersects_line_with_polygon", .summary = "Whether the line and the polygon have a point in common.", .signatures = "geo_intersects_line_with_polygon(lineString:bag, polygon:bag) -> bool", .may_be_null = true,
     .examples = {{{"geo_intersects_line_with_polygon(" LINE ", " SQUARE ")", "true"}, {"geo_intersects_line_with_polygon(" CROSSING ", " SQUARE ")", "false"}}}},
    {.name = "geo_intersects_2polygons", .summary = "Whether the polygons have a point in common.", .signatures = "geo_intersects_2polygons(polygon1:bag, polygon2:bag) -> bool", .may_be_null = true,
     .examples = {{{"geo_intersects_2polygons(" SQUARE ", " TOUCHING ")", "true"}, {"geo_intersects_2polygons(" SQUARE ", " LINE ")", ""}}}},
    {.name = "geo_intersection_2lines", .summary = "What the lines have in common.", .signatures = "geo_intersection_2lines(lineString1:bag, lineString2:bag) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_intersection_2lines(" LINE ", " CROSSING ").type", "Point"}, {R"(geo_intersection_2lines(dynamic({"type":"LineString","coordinates":[[1,1],[2,2]]}), dynamic({"type":"LineString","coordinates":[[3,3],[4,4]]})))", NOTHING}}}},
    {.name = "geo_intersection_line_with_polygon", .summary = "The part of the line that is in the polygon.", .signatures = "geo_intersection_line_with_polygon(lineString:bag, polygon:bag) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_intersection_line_with_polygon(" LINE ", " SQUARE ").type", "LineString"}, {"geo_intersection_line_with_polygon(" CROSSING ", " SQUARE ")", NOTHING}}}},
    {.name = "geo_intersection_2polygons", .summary = "What the polygons have in common.", .signatures = "geo_intersection_2polygons(polygon1:bag, polygon2:bag) -> dynamic", .may_be_null = true,
     .examples = {{{"geo_intersection_2polygons(" SQUARE ", " TOUCHING ").type", "Point"}, {"geo_intersection_2polygons(" SQUARE ", " BESIDE ").type", "LineString"}}}},
    {.name = "geo_s2cell_to_central_point", .summary = "The centre of the S2 cell.", .signatures = "geo_s2cell_to_central_point(s2cell:string) -> dynamic", .may_be_null = true,
     .examples = {{{"round(todouble(geo_s2cell_to_central_point('1234567').coordinates[0]), 6)", "9.868307"}, {"geo_s2cell_to_central_point('a')", ""}}}},
    {.name = "geo_s2cell_to_polygon", .summary = "The S2 cell.", .signatures = "geo_s2cell_to_polygon(s2cell:string) -> dynamic", .may_be_null = true,
     .examples = {{{"array_length(geo_s2cell_to_polygon('89c259').coordinates[0])", "5"}, {"geo_s2cell_to_polygon('a')", ""}}}},
    {.name = "geo_s2cell_neighbors", .summary = "The S2 cells around the cell.", .signatures = "geo_s2cell_neighbors(s2cell:string) -> dynamic", .may_be_null = true,
     .examples = {{{"array_sort_asc(geo_s2cell_neighbors('89c259'))", R"(["89c251","89c257","89c25b","89c25d","89c25f","89c2f5","89c2f7","89c2f9"])"}, {"geo_s2cell_neighbors('a')", ""}}}},
};

}  // namespace

std::span<const Function> geo_local_functions() { return kFunctions; }

}  // namespace yagura::kql
