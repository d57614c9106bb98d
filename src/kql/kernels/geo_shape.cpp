#include "kql/kernels/geo_shape.hpp"

#include <s2/s2builder.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2error.h>
#include <s2/s2lax_polygon_shape.h>

#include <charconv>
#include <cmath>

#include "kql/kernels/json.hpp"

namespace yagura::kql::geo {
namespace {

constexpr auto kNoChecks = S2Debug::DISABLE;  // S2 would abort on what we refuse ourselves

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<S2LatLng> read_position(std::string_view json) {
  if (!json::is_array(json)) return std::nullopt;
  double at[2] = {};
  int count = 0;
  bool good = true;
  json::for_each_element(json, [&](std::string_view e) {
    const auto v = number(e);
    good = good && v.has_value();
    if (count < 2 && v) at[count] = *v;
    ++count;
  });
  if (!good || count < 2 || count > 3 || !(std::fabs(at[0]) <= 180) || !(std::fabs(at[1]) <= 90)) return std::nullopt;
  return S2LatLng::FromDegrees(at[1], at[0]);
}

// A line or ring. The number of vertices is counted over the whole shape.
bool read_path(std::string_view json, std::vector<S2LatLng>& out, std::size_t& total) {
  if (!json::is_array(json)) return false;
  bool good = true;
  json::for_each_element(json, [&](std::string_view e) {
    if (!good || ++total > kMaxVertices) {
      good = false;
      return;
    }
    if (const auto p = read_position(e)) {
      out.push_back(*p);
    } else {
      good = false;
    }
  });
  return good;
}

bool read_paths(std::string_view json, std::vector<std::vector<S2LatLng>>& out, std::size_t& total) {
  if (!json::is_array(json)) return false;
  bool good = true;
  json::for_each_element(json, [&](std::string_view e) {
    out.emplace_back();
    good = good && read_path(e, out.back(), total);
  });
  return good && !out.empty();
}

bool valid_line(const std::vector<S2LatLng>& line) { return line.size() >= 2; }
// First and last position are one; all others differ.
bool valid_ring(const std::vector<S2LatLng>& ring) { return ring.size() >= 4 && ring.front() == ring.back(); }

std::unique_ptr<S2Polyline> polyline_of(const std::vector<S2LatLng>& positions) {
  std::vector<S2Point> points;
  points.reserve(positions.size());
  for (const auto& p : positions) {
    const S2Point point = p.ToPoint();
    if (points.empty() || points.back() != point) points.push_back(point);  // two in one place say nothing
  }
  if (points.size() < 2) return nullptr;
  auto line = std::make_unique<S2Polyline>(points, kNoChecks);
  S2Error error;
  return line->FindValidationError(&error) ? nullptr : std::move(line);
}

std::unique_ptr<S2Polygon> polygon_of(const std::vector<std::vector<S2LatLng>>& rings) {
  std::vector<std::unique_ptr<S2Loop>> loops;
  for (const auto& ring : rings) {
    std::vector<S2Point> points;
    for (std::size_t i = 0; i + 1 < ring.size(); ++i) points.push_back(ring[i].ToPoint());
    auto loop = std::make_unique<S2Loop>(points, kNoChecks);
    S2Error error;
    if (loop->FindValidationError(&error)) return nullptr;
    loop->Normalize();  // the smaller side is meant, whichever way round the ring goes
    loops.push_back(std::move(loop));
  }
  auto polygon = std::make_unique<S2Polygon>();
  polygon->set_s2debug_override(kNoChecks);
  polygon->InitNested(std::move(loops));
  S2Error error;
  if (polygon->FindValidationError(&error)) return nullptr;
  // One shell with holes: nothing in a hole, nothing beside the shell.
  int shells = 0;
  for (int i = 0; i < polygon->num_loops(); ++i) {
    if (polygon->loop(i)->depth() == 0) ++shells;
    if (polygon->loop(i)->depth() > 1) return nullptr;
  }
  return shells == 1 ? std::move(polygon) : nullptr;
}

void append_number(std::string& out, double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value == 0 ? 0.0 : value);
  (void)error;
  out.append(text, end);
}

void append_line(std::string& out, const S2Polyline& line) {
  out += '[';
  for (int i = 0; i < line.num_vertices(); ++i) {
    if (i > 0) out += ',';
    append_position(out, S2LatLng(line.vertex(i)));
  }
  out += ']';
}

// A ring the way GeoJSON has it: shells against the clock, holes with it, the first position again at the end.
void append_ring(std::string& out, const S2Loop& loop) {
  out += '[';
  const int n = loop.num_vertices();
  for (int i = 0; i <= n; ++i) {
    if (i > 0) out += ',';
    append_position(out, S2LatLng(loop.oriented_vertex(i % n)));
  }
  out += ']';
}

// The polygons that a set of nested loops stands for: a shell and the holes right in it.
std::vector<std::string> polygon_parts(const S2Polygon& polygon) {
  std::vector<std::string> parts;
  for (int i = 0; i < polygon.num_loops(); ++i) {
    if (polygon.loop(i)->is_hole()) continue;
    std::string part = "[";
    append_ring(part, *polygon.loop(i));
    for (int j = i + 1; j <= polygon.GetLastDescendant(i); ++j) {
      if (polygon.loop(j)->depth() != polygon.loop(i)->depth() + 1) continue;
      part += ',';
      append_ring(part, *polygon.loop(j));
    }
    parts.push_back(part + "]");
  }
  return parts;
}

std::string shape_json(std::string_view kind, const std::vector<std::string>& parts) {
  std::string out = "{\"type\":\"";
  out += parts.size() > 1 ? "Multi" : "";
  out += kind;
  out += "\",\"coordinates\":";
  if (parts.size() > 1) out += '[';
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += ',';
    out += parts[i];
  }
  if (parts.size() > 1) out += ']';
  return out + "}";
}

std::string points_json(const std::vector<S2Point>& points) {
  std::vector<std::string> parts;
  for (const auto& p : points) {
    parts.emplace_back();
    append_position(parts.back(), S2LatLng(p));
  }
  return shape_json("Point", parts);
}

constexpr std::string_view kNothing = R"({"type":"GeometryCollection","geometries":[]})";

}  // namespace

std::optional<S2Point> point_of(double longitude, double latitude) {
  if (!(std::fabs(longitude) <= 180) || !(std::fabs(latitude) <= 90)) return std::nullopt;
  return S2LatLng::FromDegrees(latitude, longitude).ToPoint();
}

std::optional<Planar> read_planar(std::string_view json, bool polygon) {
  if (!json::is_object(json)) return std::nullopt;
  const auto type = json::member(json, "type"), coordinates = json::member(json, "coordinates");
  Planar shape;
  shape.multiple = json::decodes_to(type, polygon ? "MultiPolygon" : "MultiLineString");
  if (!shape.multiple && !json::decodes_to(type, polygon ? "Polygon" : "LineString")) return std::nullopt;
  std::size_t total = 0;
  bool good = true;
  if (!polygon) {
    std::vector<std::vector<S2LatLng>> lines(1);
    if (shape.multiple) lines.clear();
    good = shape.multiple ? read_paths(coordinates, lines, total) : read_path(coordinates, lines[0], total);
    for (auto& line : lines) {
      good = good && valid_line(line);
      shape.parts.push_back({std::move(line)});
    }
  } else if (shape.multiple) {
    if (!json::is_array(coordinates)) return std::nullopt;
    json::for_each_element(coordinates, [&](std::string_view e) {
      shape.parts.emplace_back();
      good = good && read_paths(e, shape.parts.back(), total);
    });
  } else {
    shape.parts.emplace_back();
    good = read_paths(coordinates, shape.parts.back(), total);
  }
  if (polygon) {
    for (const auto& rings : shape.parts) {
      for (const auto& ring : rings) good = good && valid_ring(ring);
    }
  }
  if (!good || shape.parts.empty()) return std::nullopt;
  return shape;
}

std::optional<Lines> read_lines(std::string_view json) {
  const auto planar = read_planar(json, false);
  if (!planar) return std::nullopt;
  Lines lines;
  for (const auto& part : planar->parts) {
    auto line = polyline_of(part[0]);
    if (line == nullptr) return std::nullopt;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::unique_ptr<S2Polygon> read_polygon(std::string_view json) {
  const auto planar = read_planar(json, true);
  if (!planar) return nullptr;
  std::vector<std::unique_ptr<S2Polygon>> polygons;
  for (const auto& part : planar->parts) {
    auto polygon = polygon_of(part);
    if (polygon == nullptr) return nullptr;
    polygons.push_back(std::move(polygon));
  }
  return unite(std::move(polygons));
}

void add_lines(const Lines& lines, MutableS2ShapeIndex& index) {
  for (const auto& line : lines) index.Add(std::make_unique<S2Polyline::Shape>(line.get()));
}
void add_polygon(const S2Polygon& polygon, MutableS2ShapeIndex& index) {
  index.Add(std::make_unique<S2Polygon::Shape>(&polygon));
}

std::optional<Lines> unite(const Lines& lines) {
  using s2builderutil::S2PolylineVectorLayer;
  S2Builder::Options options{s2builderutil::IdentitySnapFunction(S1Angle::Zero())};
  options.set_split_crossing_edges(lines.size() > 1);
  S2Builder builder(options);
  Lines out;
  S2PolylineVectorLayer::Options layer(S2Builder::EdgeType::UNDIRECTED);
  layer.set_polyline_type(S2PolylineVectorLayer::Options::PolylineType::WALK);
  layer.set_duplicate_edges(S2PolylineVectorLayer::Options::DuplicateEdges::MERGE);
  layer.set_s2debug_override(kNoChecks);
  builder.StartLayer(std::make_unique<S2PolylineVectorLayer>(&out, layer));
  for (const auto& line : lines) builder.AddPolyline(*line);
  S2Error error;
  if (!builder.Build(&error)) return std::nullopt;
  return out;
}

std::unique_ptr<S2Polygon> unite(std::vector<std::unique_ptr<S2Polygon>> polygons) {
  if (polygons.size() == 1) return std::move(polygons[0]);
  for (auto& polygon : polygons) polygon->set_s2debug_override(kNoChecks);
  return S2Polygon::DestructiveUnion(std::move(polygons));
}

void append_position(std::string& out, const S2LatLng& position) {
  out += '[';
  append_number(out, position.lng().degrees());
  out += ',';
  append_number(out, position.lat().degrees());
  out += ']';
}

std::string point_json(const S2Point& point) { return points_json({point}); }

std::string lines_json(const Lines& lines) {
  if (lines.empty()) return std::string(kNothing);
  std::vector<std::string> parts;
  for (const auto& line : lines) {
    parts.emplace_back();
    append_line(parts.back(), *line);
  }
  return shape_json("LineString", parts);
}

std::string polygon_json(const S2Polygon& polygon) {
  if (polygon.num_loops() == 0) return std::string(kNothing);
  return shape_json("Polygon", polygon_parts(polygon));
}

std::string mixed_json(const std::vector<S2Point>& points, const Lines& lines, const S2Polygon& polygon) {
  std::vector<std::string> shapes;
  if (!points.empty()) shapes.push_back(points_json(points));
  if (!lines.empty()) shapes.push_back(lines_json(lines));
  if (polygon.num_loops() > 0) shapes.push_back(polygon_json(polygon));
  if (shapes.size() == 1) return shapes[0];
  std::string out = R"({"type":"GeometryCollection","geometries":[)";
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (i > 0) out += ',';
    out += shapes[i];
  }
  return out + "]}";
}

}  // namespace yagura::kql::geo
