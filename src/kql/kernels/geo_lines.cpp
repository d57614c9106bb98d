// Lines. https://learn.microsoft.com/kusto/query/geo-line-length-function and its neighbours
#include <s2/s2builder.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2closest_edge_query.h>
#include <s2/s2edge_tessellator.h>
#include <s2/s2error.h>
#include <s2/s2projections.h>

#include <cmath>

#include "kql/kernels/geo_kernels.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql::geo {
namespace {

// A multiline counts as the union of its lines. Nothing when that has failed.
std::optional<Lines> united(std::optional<Lines>& lines) {
  if (!lines) return std::nullopt;
  if (lines->size() > 1) return unite(*lines);
  Lines one;
  one.emplace_back(lines->front()->Clone());
  return one;
}

void length(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto lines = united(read(call[0].text(row)));
    if (!lines) return call.put_null();
    double metres = 0;
    for (const auto& line : *lines) metres += metres_of(line->GetLength());
    call.put(metres);
  });
}

void centroid(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto lines = united(read(call[0].text(row)));
    if (!lines) return call.put_null();
    S2Point sum;
    for (const auto& line : *lines) sum += line->GetCentroid();
    if (sum.Norm2() == 0) return call.put_null();
    put_json(call, point_json(sum.Normalize()));
  });
}

// A single line.
const S2Polyline* single(const std::optional<Lines>& lines) {
  return lines && lines->size() == 1 ? lines->front().get() : nullptr;
}

void interpolate(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto* line = single(read(call[0].text(row)));
    const double fraction = call[1].real(row);
    if (line == nullptr || !(fraction >= 0 && fraction <= 1)) return call.put_null();
    put_json(call, point_json(line->Interpolate(fraction)));
  });
}

double spheroid_fraction(const S2Polyline& line, const S2Point& point, int next_vertex) {
  double before = 0, all = 0;
  for (int i = 1; i < line.num_vertices(); ++i) {
    const S2LatLng from(line.vertex(i - 1)), to(line.vertex(i));
    const double metres = spheroid_distance(from, to);
    if (i < next_vertex) before += metres;
    if (i == next_vertex) before += spheroid_distance(from, S2LatLng(point));
    all += metres;
  }
  return next_vertex >= line.num_vertices() ? 1 : before / all;
}

void locate(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto* line = single(read(call[0].text(row)));
    const auto point = point_of(call[1].real(row), call[2].real(row));
    if (line == nullptr || !point) return call.put_null();
    int next = 0;
    const S2Point nearest = line->Project(*point, &next);
    const bool spheroid = call.size() > 3 && call[3].boolean(row);
    call.put(spheroid ? spheroid_fraction(*line, nearest, next) : line->UnInterpolate(nearest, next));
  });
}

template <bool Distance>
void closest(KernelCall& call) {
  LineReader read;
  MutableS2ShapeIndex index;
  const void* indexed = nullptr;
  each_row(call, [&](std::size_t row) {
    const auto point = point_of(call[0].real(row), call[1].real(row));
    const auto& lines = read(call[2].text(row));
    if (!lines || !point) return call.put_null();
    if (indexed != lines->front().get()) {
      index.Clear();
      add_lines(*lines, index);
      indexed = lines->front().get();
    }
    S2ClosestEdgeQuery query(&index);
    S2ClosestEdgeQuery::PointTarget target(*point);
    const auto nearest = query.FindClosestEdge(&target);
    if constexpr (Distance) {
      call.put(metres_of(nearest.distance().ToAngle()));
    } else {
      put_json(call, point_json(query.Project(*point, nearest)));
    }
  });
}

void buffer(KernelCall& call) {
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto& lines = read(call[0].text(row));
    const auto size = buffer_size(call[1].real(row), call.size() > 2 ? std::optional(call[2].real(row)) : std::nullopt);
    if (!lines || !size) return call.put_null();
    MutableS2ShapeIndex index;
    add_lines(*lines, index);
    put_json(call, buffer_json(&index, std::nullopt, *size));
  });
}

// The largest distance over which S2 may move a vertex.
bool valid_tolerance(double metres) { return metres >= 0 && angle_of(metres) <= S2Builder::SnapFunction::kMaxSnapRadius(); }

void simplify(KernelCall& call) {
  using s2builderutil::S2PolylineVectorLayer;
  LineReader read;
  each_row(call, [&](std::size_t row) {
    const auto lines = united(read(call[0].text(row)));
    const double tolerance = call.size() > 1 ? call[1].real(row) : 10;
    if (!lines || !valid_tolerance(tolerance)) return call.put_null();
    S2Builder::Options options{s2builderutil::IdentitySnapFunction(angle_of(tolerance))};
    options.set_simplify_edge_chains(true);
    S2Builder builder(options);
    Lines out;
    S2PolylineVectorLayer::Options layer;
    layer.set_s2debug_override(S2Debug::DISABLE);
    layer.set_polyline_type(S2PolylineVectorLayer::Options::PolylineType::WALK);
    builder.StartLayer(std::make_unique<S2PolylineVectorLayer>(&out, layer));
    for (const auto& line : *lines) builder.AddPolyline(*line);
    S2Error error;
    if (!builder.Build(&error) || out.empty()) return call.put_null();
    put_json(call, lines_json(out));
  });
}

void unite_array(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto array = call[0].text(row);
    if (!json::is_array(array)) return call.put_null();
    Lines all;
    bool good = true;
    json::for_each_element(array, [&](std::string_view e) {
      auto lines = good ? read_lines(e) : std::nullopt;
      good = lines.has_value();
      if (!good) return;
      for (auto& line : *lines) all.push_back(std::move(line));
    });
    const auto out = good && !all.empty() ? unite(all) : std::nullopt;
    if (!out) return call.put_null();
    put_json(call, lines_json(*out));
  });
}

// --- lines and polygons that are straight on the plane of longitude and latitude

// Adds the vertices of the geodesics that follow the straight edge within the tolerance, its end but not its beginning.
bool densify_edge(const S2LatLng& a, const S2LatLng& b, const S2EdgeTessellator& tessellator, const S2::Projection& plane,
                  bool preserve_crossing, std::vector<S2LatLng>& out) {
  R2Point from = plane.FromLatLng(a), to = plane.FromLatLng(b);
  // The short way goes over the antimeridian; without this wish the edge runs as it is drawn on a map.
  std::vector<S2Point> points;
  if (!preserve_crossing && std::fabs(from.x() - to.x()) > 180) {
    // Halves are short enough to be taken as drawn.
    const R2Point middle = 0.5 * (from + to);
    tessellator.AppendUnprojected(from, middle, &points);
    tessellator.AppendUnprojected(middle, to, &points);
  } else {
    tessellator.AppendUnprojected(from, to, &points);
  }
  for (std::size_t i = 1; i + 1 < points.size(); ++i) out.push_back(S2LatLng(points[i]));
  out.push_back(b);
  return out.size() <= kMaxVertices;
}

template <bool Polygon>
void densify(KernelCall& call) {
  const S2::PlateCarreeProjection plane(180);
  each_row(call, [&](std::size_t row) {
    const double tolerance = call.size() > 1 ? call[1].real(row) : 10;
    const bool preserve = call.size() > 2 && call[2].boolean(row);
    const auto shape = read_planar(call[0].text(row), Polygon);
    if (!shape || !(tolerance >= 0.1 && tolerance <= 10000)) return call.put_null();
    const S2EdgeTessellator tessellator(&plane, angle_of(tolerance));
    std::string out = "{\"type\":\"";
    out += shape->multiple ? "Multi" : "";
    out += Polygon ? "Polygon" : "LineString";
    out += "\",\"coordinates\":";
    if (shape->multiple) out += '[';
    std::size_t total = 0;
    for (std::size_t p = 0; p < shape->parts.size(); ++p) {
      if (p > 0) out += ',';
      if (Polygon) out += '[';
      for (std::size_t r = 0; r < shape->parts[p].size(); ++r) {
        const auto& path = shape->parts[p][r];
        std::vector<S2LatLng> dense = {path[0]};
        for (std::size_t i = 1; i < path.size(); ++i) {
          if (!densify_edge(path[i - 1], path[i], tessellator, plane, preserve, dense)) return call.put_null();
        }
        if ((total += dense.size()) > kMaxVertices) return call.put_null();
        if (r > 0) out += ',';
        out += '[';
        for (std::size_t i = 0; i < dense.size(); ++i) {
          if (i > 0) out += ',';
          append_position(out, dense[i]);
        }
        out += ']';
      }
      if (Polygon) out += ']';
    }
    if (shape->multiple) out += ']';
    put_json(call, out + "}");
  });
}

constexpr Kernel kKernels[] = {
    {"geo_line_length", length},
    {"geo_line_centroid", centroid},
    {"geo_line_interpolate_point", interpolate},
    {"geo_line_locate_point", locate},
    {"geo_distance_point_to_line", closest<true>},
    {"geo_closest_point_on_line", closest<false>},
    {"geo_line_buffer", buffer},
    {"geo_line_simplify", simplify},
    {"geo_union_lines_array", unite_array},
    {"geo_line_densify", densify<false>},
    {"geo_polygon_densify", densify<true>},
};

}  // namespace

std::span<const Kernel> line_kernels() { return kKernels; }

}  // namespace yagura::kql::geo
