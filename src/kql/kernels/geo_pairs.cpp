// Two shapes: whether and where they meet. https://learn.microsoft.com/kusto/query/geo-intersection-2polygons-function
//
// Shapes are closed: lines have their ends, polygons their edges. What two polygons share may be a point or a line.
#include <s2/s2boolean_operation.h>
#include <s2/s2builderutil_closed_set_normalizer.h>
#include <s2/s2builderutil_s2point_vector_layer.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2error.h>

#include "kql/kernels/geo_kernels.hpp"

namespace yagura::kql::geo {
namespace {

S2BooleanOperation::Options closed() {
  S2BooleanOperation::Options options;
  options.set_polygon_model(S2BooleanOperation::PolygonModel::CLOSED);
  options.set_polyline_model(S2BooleanOperation::PolylineModel::CLOSED);
  return options;
}

void put_intersection(KernelCall& call, const S2ShapeIndex& a, const S2ShapeIndex& b) {
  std::vector<S2Point> points;
  Lines lines;
  S2Polygon polygon;
  polygon.set_s2debug_override(S2Debug::DISABLE);
  s2builderutil::LayerVector layers(3);
  layers[0] = std::make_unique<s2builderutil::S2PointVectorLayer>(&points);
  s2builderutil::S2PolylineVectorLayer::Options line_options;
  line_options.set_polyline_type(s2builderutil::S2PolylineVectorLayer::Options::PolylineType::WALK);
  line_options.set_duplicate_edges(s2builderutil::S2PolylineVectorLayer::Options::DuplicateEdges::MERGE);
  line_options.set_s2debug_override(S2Debug::DISABLE);
  layers[1] = std::make_unique<s2builderutil::S2PolylineVectorLayer>(&lines, line_options);
  layers[2] = std::make_unique<s2builderutil::S2PolygonLayer>(&polygon);
  S2BooleanOperation operation(S2BooleanOperation::OpType::INTERSECTION,
                               s2builderutil::NormalizeClosedSet(std::move(layers)), closed());
  S2Error error;
  if (!operation.Build(a, b, &error)) return call.put_null();
  put_json(call, mixed_json(points, lines, polygon));
}

void add(const std::optional<Lines>& lines, MutableS2ShapeIndex& index) { add_lines(*lines, index); }
void add(const std::unique_ptr<S2Polygon>& polygon, MutableS2ShapeIndex& index) { add_polygon(*polygon, index); }

template <class First, class Second, bool Shape>
void meet(KernelCall& call) {
  First first;
  Second second;
  each_row(call, [&](std::size_t row) {
    const auto& a = first(call[0].text(row));
    const auto& b = second(call[1].text(row));
    if (!a || !b) return call.put_null();
    MutableS2ShapeIndex one, other;
    add(a, one);
    add(b, other);
    if constexpr (Shape) {
      put_intersection(call, one, other);
    } else {
      call.put(S2BooleanOperation::Intersects(one, other, closed()));
    }
  });
}

constexpr Kernel kKernels[] = {
    {"geo_intersects_2lines", meet<LineReader, LineReader, false>},
    {"geo_intersects_line_with_polygon", meet<LineReader, PolygonReader, false>},
    {"geo_intersects_2polygons", meet<PolygonReader, PolygonReader, false>},
    {"geo_intersection_2lines", meet<LineReader, LineReader, true>},
    {"geo_intersection_line_with_polygon", meet<LineReader, PolygonReader, true>},
    {"geo_intersection_2polygons", meet<PolygonReader, PolygonReader, true>},
};

}  // namespace

std::span<const Kernel> pair_kernels() { return kKernels; }

}  // namespace yagura::kql::geo
