// What the kernels of geo_* functions share.
#pragma once
#include <optional>
#include <string_view>

#include "kql/kernels/geo_shape.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql::geo {

// Reads the shape of each row; neighbours with the same text (a literal above all) are read once.
template <class Shape, Shape (*Read)(std::string_view)>
class Reader {
 public:
  Shape& operator()(std::string_view json) {
    if (!known_ || json.data() != last_.data() || json.size() != last_.size()) {
      shape_ = Read(json);
      last_ = json;
      known_ = true;
    }
    return shape_;
  }

 private:
  bool known_ = false;
  std::string_view last_;
  Shape shape_{};
};
using LineReader = Reader<std::optional<Lines>, read_lines>;
using PolygonReader = Reader<std::unique_ptr<S2Polygon>, read_polygon>;

// `value(row)` for rows without null, null for the others.
template <class Value>
void each_row(KernelCall& call, Value value) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else {
      value(row);
    }
  }
}

inline void put_json(KernelCall& call, const std::string& json) { call.put(Json{call.arena.copy(json)}); }

// Metres on the ellipsoid of WGS-84.
double spheroid_distance(const S2LatLng& a, const S2LatLng& b);

// The polygon around a shape, or nothing when the radius is none. `given` is the tolerance as it stands in the call.
struct BufferSize {
  double radius = 0;
  double error_fraction = 0;
};
std::optional<BufferSize> buffer_size(double radius, std::optional<double> tolerance);
std::string buffer_json(const MutableS2ShapeIndex* shapes, const std::optional<S2Point>& point, const BufferSize& size);

std::span<const Kernel> point_kernels();
std::span<const Kernel> line_kernels();
std::span<const Kernel> polygon_kernels();
std::span<const Kernel> pair_kernels();
std::span<const Kernel> cell_kernels();

}  // namespace yagura::kql::geo
