// Points, lines and polygons of GeoJSON (RFC 7946) as shapes of the S2 library, and back.
//
// Source of the rules: the notes of Kusto's geo_* functions. Coordinates are degrees, longitude first; edges are the
// shortest way between two points of the sphere; the Earth is a sphere of 6371010 metres, which is S2's. Whatever breaks a
// rule - a coordinate out of range, a ring that crosses itself, a hole outside of its shell - is no shape.
// Everything is a value; any thread may work on its own. Time is bounded by the text: a shape has at most kMaxVertices.
#pragma once
#include <s2/mutable_s2shape_index.h>
#include <s2/s1angle.h>
#include <s2/s2latlng.h>
#include <s2/s2point.h>
#include <s2/s2polygon.h>
#include <s2/s2polyline.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#undef GUARDED_BY  // Abseil's macro; ours is another

namespace yagura::kql::geo {

inline constexpr double kEarthRadius = 6371010.0;
inline constexpr std::size_t kMaxVertices = 1'048'576;

inline S1Angle angle_of(double metres) { return S1Angle::Radians(metres / kEarthRadius); }
inline double metres_of(S1Angle angle) { return angle.radians() * kEarthRadius; }

// The point, or nothing when it is not on Earth.
std::optional<S2Point> point_of(double longitude, double latitude);

using Lines = std::vector<std::unique_ptr<S2Polyline>>;

// LineString or MultiLineString; nothing when it is neither or invalid.
std::optional<Lines> read_lines(std::string_view json);
// Polygon or MultiPolygon, whose overlapping polygons become one.
std::unique_ptr<S2Polygon> read_polygon(std::string_view json);

// Coordinates as they stand in the text, for what works on the plane: rings of polygons, or lines.
struct Planar {
  bool multiple = false;  // Multi...
  std::vector<std::vector<std::vector<S2LatLng>>> parts;  // polygons of rings; of lines: one ring each
};
std::optional<Planar> read_planar(std::string_view json, bool polygon);

// Adds the lines to an index. Crossing lines stay as they are.
void add_lines(const Lines& lines, MutableS2ShapeIndex& index);
void add_polygon(const S2Polygon& polygon, MutableS2ShapeIndex& index);

// Lines without what they have twice; the polygons as one. Nothing when S2 refuses.
std::optional<Lines> unite(const Lines& lines);
std::unique_ptr<S2Polygon> unite(std::vector<std::unique_ptr<S2Polygon>> polygons);

// --- GeoJSON

std::string point_json(const S2Point& point);
void append_position(std::string& out, const S2LatLng& position);
// LineString, MultiLineString or an empty GeometryCollection.
std::string lines_json(const Lines& lines);
std::string polygon_json(const S2Polygon& polygon);
// What there is of the three, in a GeometryCollection when that is none or several kinds.
std::string mixed_json(const std::vector<S2Point>& points, const Lines& lines, const S2Polygon& polygon);

}  // namespace yagura::kql::geo
