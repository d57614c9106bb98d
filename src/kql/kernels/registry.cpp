#include <array>
#include <unordered_map>

#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

std::span<const Kernel> statistics_kernels();
std::span<const Kernel> punycode_kernels();
std::span<const Kernel> xml_kernels();
std::span<const Kernel> user_agent_kernels();
std::span<const Kernel> ip_location_kernels();

const Kernel* find_kernel(std::string_view function_name) {
  static const auto all = [] {
    std::unordered_map<std::string_view, const Kernel*> kernels;
    for (const auto family :
         {operator_kernels(), logic_kernels(), conversion_kernels(), string_kernels(), text_search_kernels(),
          parse_kernels(), encoding_kernels(), datetime_kernels(), math_kernels(), array_kernels(), bag_kernels(),
          ip_kernels(), series_kernels(), compression_kernels(), unit_kernels(),
          geo_kernels(), sketch_kernels(), statistics_kernels(), punycode_kernels(), xml_kernels(),
          user_agent_kernels(), ip_location_kernels()}) {
      for (const auto& kernel : family) kernels.emplace(kernel.name, &kernel);
    }
    return kernels;
  }();
  const auto found = all.find(function_name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace yagura::kql
