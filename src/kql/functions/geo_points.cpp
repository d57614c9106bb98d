// Points, distances and angles on the sphere of S2. https://learn.microsoft.com/kusto/query/geo-distance-2points-function
//
// Coordinates are degrees; the Earth is a sphere of 6371010 metres. Coordinates out of range give null. What needs the
// spheroid is computed on rows.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> geo_point_functions();

namespace {

// Over names.
std::string in_range(const std::string& longitude, const std::string& latitude) {
  return fmt::format("({0} >= -180 AND {0} <= 180 AND {1} >= -90 AND {1} <= 90)", longitude, latitude);
}

// The angle between two points seen from the centre of the Earth, in radians; haversine.
std::string arc(const std::string& lon1, const std::string& lat1, const std::string& lon2, const std::string& lat2) {
  return fmt::format(
      "(2 * asin(least(1., sqrt(pow(sin(radians({3} - {1}) / 2), 2) + cos(radians({1})) * cos(radians({3})) * pow(sin(radians({2} - {0}) / 2), 2)))))",
      lon1, lat1, lon2, lat2);
}

// On the spheroid it is computed on rows.
bool on_sphere(const BoundExpression& call) {
  return call.arguments.size() < 5 || (is_literal(call.arguments[4]) && !call.arguments[4]->value.boolean && !call.arguments[4]->value.is_null);
}

Sql emit_distance(SqlCall& call) {
  const std::string a = call.shared(0), b = call.shared(1), c = call.shared(2), d = call.shared(3);
  return call.value(fmt::format("if({} AND {}, 6371010. * {}, NULL)", in_range(a, b), in_range(c, d), arc(a, b, c, d)), true);
}

Sql emit_in_circle(SqlCall& call) {
  const std::string a = call.shared(0), b = call.shared(1), c = call.shared(2), d = call.shared(3), r = call.shared(4);
  return call.value(fmt::format("if({} AND {} AND {} >= 0, 6371010. * {} <= {}, NULL)", in_range(a, b), in_range(c, d), r, arc(a, b, c, d), r), true);
}

// Clockwise from north; nowhere for equal and antipodal points.
Sql emit_azimuth(SqlCall& call) {
  const std::string a = call.shared(0), b = call.shared(1), c = call.shared(2), d = call.shared(3);
  const std::string distance = call.name(arc(a, b, c, d));
  const std::string angle = call.name(
      fmt::format("atan2(sin(radians({2} - {0})) * cos(radians({3})), cos(radians({1})) * sin(radians({3})) - sin(radians({1})) * cos(radians({3})) * cos(radians({2} - {0})))",
                  a, b, c, d));
  return call.value(fmt::format("if({0} AND {1} AND {2} > 1e-15 AND {2} < pi() - 1e-12, if({3} < 0, {3} + 2 * pi(), {3}), NULL)", in_range(a, b), in_range(c, d), distance, angle), true);
}

// Clockwise at the second point, from the line to the third to the line to the first.
Sql emit_angle(SqlCall& call) {
  std::string p[6];
  for (std::size_t i = 0; i < 6; ++i) p[i] = call.shared(i);
  const auto bearing = [&](const std::string& lon, const std::string& lat) {
    return fmt::format("atan2(sin(radians({2} - {0})) * cos(radians({3})), cos(radians({1})) * sin(radians({3})) - sin(radians({1})) * cos(radians({3})) * cos(radians({2} - {0})))",
                       p[2], p[3], lon, lat);
  };
  const std::string first = call.name(arc(p[2], p[3], p[0], p[1])), second = call.name(arc(p[2], p[3], p[4], p[5]));
  const std::string angle = call.name(fmt::format("({} - {})", bearing(p[4], p[5]), bearing(p[0], p[1])));
  return call.value(
      fmt::format("if({0} AND {1} AND {2} AND {3} > 1e-15 AND {4} > 1e-15 AND {3} < pi() - 1e-12 AND {4} < pi() - 1e-12, if({5} < 0, {5} + 2 * pi(), {5}), NULL)",
                  in_range(p[0], p[1]), in_range(p[2], p[3]), in_range(p[4], p[5]), first, second, angle),
      true);
}

constexpr Function kFunctions[] = {
    {.name = "geo_distance_2points", .summary = "The shortest way between two points on the sphere, in metres.",
     .signatures = "geo_distance_2points(p1_longitude:real, p1_latitude:real, p2_longitude:real, p2_latitude:real, use_spheroid:bool?) -> real", .may_be_null = true,
     .emit = emit_distance, .emits = on_sphere, .examples = {{{"round(geo_distance_2points(0, 0, 90, 0, true))", "10018754.0"}, {"round(geo_distance_2points(0, 0, 180, 0))", "20015118.0"}, {"geo_distance_2points(300, 1, 1, 1)", ""}}}},
    {.name = "geo_point_in_circle", .summary = "Whether the point is within the radius, in metres.",
     .signatures = "geo_point_in_circle(p_longitude:real, p_latitude:real, pc_longitude:real, pc_latitude:real, c_radius:real) -> bool", .may_be_null = true,
     .emit = emit_in_circle, .examples = {{{"geo_point_in_circle(0, 1, 0, 0, 112000)", "true"}, {"geo_point_in_circle(0, 1, 0, 0, 111000)", "false"}, {"geo_point_in_circle(1, 1, 1, 1, -1)", ""}}}},
    {.name = "geo_azimuth", .summary = "The direction of the second point seen from the first, clockwise from north in radians.",
     .signatures = "geo_azimuth(p1_longitude:real, p1_latitude:real, p2_longitude:real, p2_latitude:real) -> real", .may_be_null = true, .emit = emit_azimuth,
     .examples = {{{"round(degrees(geo_azimuth(0, 0, 1, 0)), 6)", "90.0"}, {"round(degrees(geo_azimuth(0, 0, -1, 0)), 6)", "270.0"}, {"geo_azimuth(5, 10, 5, 10)", ""}}}},
    {.name = "geo_angle", .summary = "The angle at the second point between the lines to the others, clockwise in radians.",
     .signatures = "geo_angle(p1_longitude:real, p1_latitude:real, p2_longitude:real, p2_latitude:real, p3_longitude:real, p3_latitude:real) -> real", .may_be_null = true,
     .emit = emit_angle, .examples = {{{"round(degrees(geo_angle(0, 1, 0, 0, 1, 0)), 6)", "90.0"}, {"geo_angle(0, 10, 0, 10, 3, -10)", ""}}}},
};

}  // namespace

std::span<const Function> geo_point_functions() { return kFunctions; }

}  // namespace yagura::kql
