// Geospatial functions. https://learn.microsoft.com/kusto/query/geospatial-grid-systems
//
// Longitudes come first, in degrees, as in GeoJSON; shapes are GeoJSON in dynamics.
#include <vector>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> geo_point_functions();
std::span<const Function> geo_cell_functions();
std::span<const Function> geo_s2_functions();
std::span<const Function> geo_shape_functions();
std::span<const Function> geo_local_functions();

std::span<const Function> geo_functions() {
  static const std::vector<Function> all = [] {
    std::vector<Function> list;
    for (const auto family : {geo_point_functions(), geo_cell_functions(), geo_s2_functions(), geo_shape_functions(), geo_local_functions()}) list.insert(list.end(), family.begin(), family.end());
    return list;
  }();
  return all;
}

}  // namespace yagura::kql
