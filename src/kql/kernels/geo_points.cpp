// Points: distances, directions, circles. https://learn.microsoft.com/kusto/query/geo-distance-2points-function
#include <s2/s2buffer_operation.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2error.h>

#include <algorithm>
#include <boost/geometry/srs/spheroid.hpp>
#include <boost/geometry/formulas/karney_inverse.hpp>
#include <cmath>
#include <numbers>

#include "kql/kernels/geo_kernels.hpp"

namespace yagura::kql::geo {

double spheroid_distance(const S2LatLng& a, const S2LatLng& b) {
  using Inverse = boost::geometry::formula::karney_inverse<double, true, false>;
  const boost::geometry::srs::spheroid<double> wgs84(6378137.0, 6356752.3142451793);
  return Inverse::apply(a.lng().radians(), a.lat().radians(), b.lng().radians(), b.lat().radians(), wgs84).distance;
}

std::optional<BufferSize> buffer_size(double radius, std::optional<double> tolerance) {
  // S2 takes errors of a millionth of the radius up to all of it.
  constexpr double kLeast = 1e-6, kMost = 1.0;
  if (!(radius > 0) || radius > std::numbers::pi * kEarthRadius) return std::nullopt;
  if (!tolerance) return BufferSize{radius, std::clamp(10.0 / radius, kLeast, kMost)};
  if (!(*tolerance > 0) || *tolerance / radius < kLeast) return std::nullopt;
  return BufferSize{radius, std::min(*tolerance / radius, kMost)};
}

std::string buffer_json(const MutableS2ShapeIndex* shapes, const std::optional<S2Point>& point, const BufferSize& size) {
  S2BufferOperation::Options options(angle_of(size.radius));
  options.set_error_fraction(size.error_fraction);
  S2Polygon polygon;
  polygon.set_s2debug_override(S2Debug::DISABLE);
  S2BufferOperation operation(std::make_unique<s2builderutil::S2PolygonLayer>(&polygon), options);
  if (shapes != nullptr) operation.AddShapeIndex(*shapes);
  if (point) operation.AddPoint(*point);
  S2Error error;
  // The whole Earth has no ring to draw.
  if (!operation.Build(&error) || polygon.is_full() || polygon.is_empty()) return {};
  return polygon_json(polygon);
}

namespace {

std::optional<S2LatLng> position(const KernelCall& call, std::size_t i, std::size_t row) {
  const double longitude = call[i].real(row), latitude = call[i + 1].real(row);
  if (!(std::fabs(longitude) <= 180) || !(std::fabs(latitude) <= 90)) return std::nullopt;
  return S2LatLng::FromDegrees(latitude, longitude);
}

void distance(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto a = position(call, 0, row), b = position(call, 2, row);
    if (!a || !b) return call.put_null();
    const bool spheroid = call.size() > 4 && call[4].boolean(row);
    call.put(spheroid ? spheroid_distance(*a, *b) : metres_of(a->GetDistance(*b)));
  });
}

void in_circle(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto a = position(call, 0, row), b = position(call, 2, row);
    const double radius = call[4].real(row);
    if (!a || !b || !(radius >= 0)) return call.put_null();
    call.put(metres_of(a->GetDistance(*b)) <= radius);
  });
}

// The direction from one to the other, clockwise from north; none between equal or antipodal points.
std::optional<double> bearing(const S2LatLng& from, const S2LatLng& to) {
  const double apart = from.GetDistance(to).radians();
  if (!(apart > 1e-15) || !(apart < std::numbers::pi - 1e-12)) return std::nullopt;
  const double turn = to.lng().radians() - from.lng().radians(), a = from.lat().radians(), b = to.lat().radians();
  return std::atan2(std::sin(turn) * std::cos(b), std::cos(a) * std::sin(b) - std::sin(a) * std::cos(b) * std::cos(turn));
}
double turn_of(double angle) { return angle < 0 ? angle + 2 * std::numbers::pi : angle; }

void azimuth(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto a = position(call, 0, row), b = position(call, 2, row);
    const auto angle = a && b ? bearing(*a, *b) : std::nullopt;
    if (!angle) return call.put_null();
    call.put(turn_of(*angle));
  });
}

void angle(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto a = position(call, 0, row), b = position(call, 2, row), c = position(call, 4, row);
    const auto first = a && b && c ? bearing(*b, *a) : std::nullopt, second = first ? bearing(*b, *c) : std::nullopt;
    if (!second) return call.put_null();
    call.put(turn_of(*second - *first));
  });
}

void buffer(KernelCall& call) {
  each_row(call, [&](std::size_t row) {
    const auto point = point_of(call[0].real(row), call[1].real(row));
    const auto size = buffer_size(call[2].real(row), call.size() > 3 ? std::optional(call[3].real(row)) : std::nullopt);
    if (!point || !size) return call.put_null();
    put_json(call, buffer_json(nullptr, *point, *size));
  });
}

constexpr Kernel kKernels[] = {
    {"geo_distance_2points", distance}, {"geo_point_in_circle", in_circle}, {"geo_azimuth", azimuth},
    {"geo_angle", angle},               {"geo_point_buffer", buffer},
};

}  // namespace

std::span<const Kernel> point_kernels() { return kKernels; }

}  // namespace yagura::kql::geo
