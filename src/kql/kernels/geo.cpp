// The kernels of all geo_* functions as one family.
#include "kql/kernels/geo_kernels.hpp"

namespace yagura::kql {

std::span<const Kernel> geo_wkt_kernels();

std::span<const Kernel> geo_kernels() {
  static const std::vector<Kernel> all = [] {
    std::vector<Kernel> list;
    for (const auto family : {geo::point_kernels(), geo::line_kernels(), geo::polygon_kernels(), geo::pair_kernels(),
                              geo::cell_kernels(), geo_wkt_kernels()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return all;
}

}  // namespace yagura::kql
