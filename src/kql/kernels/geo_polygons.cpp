// Polygons. https://learn.microsoft.com/kusto/query/geo-point-in-polygon-function and its neighbours
#include <s2/s2builder.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2closest_edge_query.h>
#include <s2/s2error.h>

#include "kql/kernels/geo_kernels.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql::geo {
namespace {

void contains(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto point = point_of(call[0].real(row), call[1].real(row));
    const auto& polygon = read(call[2].text(row));
    if (!point || polygon == nullptr) return call.put_null();
    call.put(polygon->Contains(*point));
  });
}

template <bool Distance>
void closest(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const double longitude = call[0].real(row), latitude = call[1].real(row);
    const auto point = point_of(longitude, latitude);
    const auto& polygon = read(call[2].text(row));
    if (!point || polygon == nullptr) return call.put_null();
    const bool inside = polygon->Contains(*point);
    if constexpr (Distance) {
      call.put(inside ? 0.0 : metres_of(polygon->GetDistance(*point)));
    } else if (inside) {
      std::string out = R"({"type":"Point","coordinates":)";
      append_position(out, S2LatLng::FromDegrees(latitude, longitude));
      put_json(call, out + "}");
    } else {
      put_json(call, point_json(polygon->Project(*point)));
    }
  });
}

void area(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    if (polygon == nullptr) return call.put_null();
    call.put(polygon->GetArea() * kEarthRadius * kEarthRadius);
  });
}

void perimeter(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    if (polygon == nullptr) return call.put_null();
    S1Angle sum = S1Angle::Zero();
    for (int i = 0; i < polygon->num_loops(); ++i) {
      const auto* loop = polygon->loop(i);
      for (int j = 0; j < loop->num_vertices(); ++j) sum += S1Angle(loop->vertex(j), loop->vertex(j + 1));
    }
    call.put(metres_of(sum));
  });
}

void centroid(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    if (polygon == nullptr) return call.put_null();
    const S2Point sum = polygon->GetCentroid();
    if (sum.Norm2() == 0) return call.put_null();
    put_json(call, point_json(sum.Normalize()));
  });
}

void buffer(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    const auto size = buffer_size(call[1].real(row), call.size() > 2 ? std::optional(call[2].real(row)) : std::nullopt);
    if (polygon == nullptr || !size) return call.put_null();
    MutableS2ShapeIndex index;
    add_polygon(*polygon, index);
    put_json(call, buffer_json(&index, std::nullopt, *size));
  });
}

// The polygons of an array; nothing when one is none.
std::optional<std::vector<std::unique_ptr<S2Polygon>>> polygons_of(std::string_view array) {
  if (!json::is_array(array)) return std::nullopt;
  std::vector<std::unique_ptr<S2Polygon>> polygons;
  bool good = true;
  json::for_each_element(array, [&](std::string_view e) {
    auto polygon = good ? read_polygon(e) : nullptr;
    good = polygon != nullptr;
    if (good) polygons.push_back(std::move(polygon));
  });
  if (!good || polygons.empty()) return std::nullopt;
  return polygons;
}

void unite_array(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    auto polygons = polygons_of(call[0].text(row));
    const auto all = polygons ? unite(std::move(*polygons)) : nullptr;
    if (all == nullptr || all->is_empty() || all->is_full()) return call.put_null();
    put_json(call, polygon_json(*all));
  });
}

bool valid_tolerance(double metres) { return metres >= 0 && angle_of(metres) <= S2Builder::SnapFunction::kMaxSnapRadius(); }

void put_simplified(KernelCall& call, const S2Polygon& polygon, double tolerance) {
  S2Polygon out;
  out.set_s2debug_override(S2Debug::DISABLE);
  out.InitToSimplified(polygon, s2builderutil::IdentitySnapFunction(angle_of(tolerance)));
  if (out.is_empty() || out.is_full()) return call.put_null();
  put_json(call, polygon_json(out));
}

void simplify(KernelCall& call) {
  PolygonReader read;
  each_row(call, [&](std::size_t row) {
    const auto& polygon = read(call[0].text(row));
    const double tolerance = call.size() > 1 ? call[1].real(row) : 10;
    if (polygon == nullptr || !valid_tolerance(tolerance)) return call.put_null();
    put_simplified(call, *polygon, tolerance);
  });
}

void simplify_array(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    auto polygons = polygons_of(call[0].text(row));
    const double tolerance = call.size() > 1 ? call[1].real(row) : 10;
    const auto all = polygons ? unite(std::move(*polygons)) : nullptr;
    if (all == nullptr || !valid_tolerance(tolerance)) return call.put_null();
    put_simplified(call, *all, tolerance);
  });
}

constexpr Kernel kKernels[] = {
    {"geo_point_in_polygon", contains},
    {"geo_distance_point_to_polygon", closest<true>},
    {"geo_closest_point_on_polygon", closest<false>},
    {"geo_polygon_area", area},
    {"geo_polygon_perimeter", perimeter},
    {"geo_polygon_centroid", centroid},
    {"geo_polygon_buffer", buffer},
    {"geo_polygon_simplify", simplify},
    {"geo_simplify_polygons_array", simplify_array},
    {"geo_union_polygons_array", unite_array},
};

}  // namespace

std::span<const Kernel> polygon_kernels() { return kKernels; }

}  // namespace yagura::kql::geo
