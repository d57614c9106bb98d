// Kernels of units of measure.
#include "kql/function.hpp"
#include "kql/kernels/kernel.hpp"
#include "kql/unit_conversion.hpp"

namespace yagura::kql {
namespace {

void convert(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    call.put(convert_units(call.expression.function->name, call[0].real(row), text_of(call[1], row, call.arena),
                           text_of(call[2], row, call.arena)));
  }
}

constexpr Kernel kKernels[] = {
    {"convert_angle", convert},  {"convert_energy", convert},      {"convert_force", convert},
    {"convert_length", convert}, {"convert_mass", convert},        {"convert_speed", convert},
    {"convert_volume", convert}, {"convert_temperature", convert},
};

}  // namespace

std::span<const Kernel> unit_kernels() { return kKernels; }

}  // namespace yagura::kql
