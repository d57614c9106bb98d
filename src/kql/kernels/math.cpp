// Kernels of mathematics. Where a function has no real value it gives null, as Kusto prints it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "base/random.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/decimal.hpp"

namespace yagura::kql {
namespace {

using Real = std::optional<double>;

// What has no value is null; infinities are values.
Real known(double value) { return std::isnan(value) ? std::nullopt : std::optional(value); }

// Down to a multiple of `size`, counted from zero (for a datetime from the year 1).
std::optional<std::int64_t> floor_to(std::int64_t value, std::int64_t size, std::int64_t zero) {
  if (size <= 0) return std::nullopt;
  const __int128 shifted = static_cast<__int128>(value) - zero;
  auto rest = shifted % size;
  if (rest < 0) rest += size;
  return static_cast<std::int64_t>(shifted - rest + zero);
}

void bin_values(KernelCall& call, bool at_fixed_point) {
  const bool reals = call.result.type() == Type::real;
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (call.result.type() == Type::decimal) {
      const auto value = Decimal::parse(text_of(call[0], row, call.arena)),
                 size = Decimal::parse(text_of(call[1], row, call.arena));
      const auto quotient = value && size && size->units > 0 ? Decimal::divide(*value, *size) : std::nullopt;
      if (!quotient) {
        call.put_null();
        continue;
      }
      auto whole = *quotient;
      const bool negative = whole.units < 0;
      bool cut = false;
      for (; whole.scale > 0; --whole.scale) {
        cut = cut || whole.units % 10 != 0;
        whole.units /= 10;
      }
      if (negative && cut) --whole.units;
      const auto result = Decimal::multiply(whole, *size);
      call.put(result ? std::optional(result->to_text()) : std::nullopt);
    } else if (reals) {
      const double value = call[0].real(row), size = call[1].real(row);
      const double zero = at_fixed_point ? call[2].real(row) : 0;
      call.put(size > 0 ? Real(std::floor((value - zero) / size) * size + zero) : std::nullopt);
    } else {
      const std::int64_t zero = at_fixed_point                     ? call[2].integer(row)
                                : call[0].type() == Type::datetime ? -kTicksOf1970
                                                                   : 0;
      const auto size =
          call[1].type() == Type::real ? static_cast<std::int64_t>(call[1].real(row)) : call[1].integer(row);
      call.put(floor_to(call[0].integer(row), size, zero));
    }
  }
}

// The least whole number not below; of the same type.
void ceiling(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (call.result.type() == Type::real) {
      call.put(std::ceil(call[0].real(row)));
    } else if (call.result.type() == Type::decimal) {
      auto value = Decimal::parse(text_of(call[0], row, call.arena));
      bool cut = false;
      for (; value && value->scale > 0; --value->scale) {
        cut = cut || value->units % 10 != 0;
        value->units /= 10;
      }
      if (value && cut && call[0].real(row) > 0) ++value->units;
      call.put(value ? std::optional(value->to_text()) : std::nullopt);
    } else {
      call.put(call[0].integer(row));
    }
  }
}

void absolute(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (call.result.type() == Type::real) {
      call.put(std::fabs(call[0].real(row)));
    } else if (call.result.type() == Type::decimal) {
      auto value = Decimal::parse(text_of(call[0], row, call.arena));
      if (value && value->units < 0) value->units = -value->units;
      call.put(value ? std::optional(value->to_text()) : std::nullopt);
    } else {
      const auto value = call[0].integer(row);
      call.put(value < 0 ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(value)) : value);
    }
  }
}

std::optional<std::int64_t> shift(std::int64_t value, std::int64_t by, bool left) {
  if (by < 0) return std::nullopt;
  const auto bits = static_cast<unsigned>(by % 64);
  return left ? static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << bits) : value >> bits;
}

double random_real() { return static_cast<double>(random_u64() >> 11) * 0x1.0p-53; }
void random_values(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.size() == 0) {
      call.put(random_real());
      continue;
    }
    const auto n = call[0].is_null(row) ? 0 : call[0].integer(row);
    const double value = n <= 1 ? random_real() : std::floor(random_real() * static_cast<double>(n));
    if (call.result.type() == Type::real) {
      call.put(value);
    } else {
      call.put(static_cast<std::int64_t>(value));
    }
  }
}

// Half away from zero, at so many decimals; negative ones round tens, hundreds.
// Digits before the point, where there are less than none behind it; halves away from zero.
std::int64_t round_integer(std::int64_t value, std::int64_t digits) {
  if (digits >= 0) return value;
  if (digits < -18) return 0;
  __int128 unit = 1;
  for (; digits < 0; ++digits) unit *= 10;
  const __int128 half = value < 0 ? -unit / 2 : unit / 2;
  return static_cast<std::int64_t>((value + half) / unit * unit);
}

void round_values(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto digits = call.size() > 1 ? call[1].integer(row) : 0;
    if (call.result.type() == Type::real) {
      const double value = call[0].real(row);
      const double scale = std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(digits, -300, 300)));
      const double scaled = value * scale;
      call.put(std::isfinite(scaled) ? std::round(scaled) / scale : value);
    } else if (call.result.type() == Type::decimal) {
      const auto value = Decimal::parse(text_of(call[0], row, call.arena));
      if (!value) {
        call.put_null();
        continue;
      }
      auto rounded = *value;
      while (rounded.scale > std::max<std::int64_t>(0, digits)) {
        const bool last = rounded.scale - 1 == std::max<std::int64_t>(0, digits);
        const auto rest = rounded.units % 10;
        rounded.units /= 10;
        --rounded.scale;
        if (last && (rest >= 5 || rest <= -5)) rounded.units += rest > 0 ? 1 : -1;
      }
      call.put(rounded.to_text());
    } else {
      call.put(round_integer(call[0].integer(row), digits));
    }
  }
}

// Whether a value lies within `delta` of the centre.
void around(KernelCall& call) {
  const auto real = [](const Operand& value) { return value.type() == Type::real || value.type() == Type::decimal; };
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (real(call[0]) || real(call[1]) || real(call[2])) {
      call.put(std::fabs(call[0].real(row) - call[1].real(row)) <= call[2].real(row));
    } else {
      const auto distance = static_cast<__int128>(call[0].integer(row)) - call[1].integer(row);
      call.put((distance < 0 ? -distance : distance) <= call[2].integer(row));
    }
  }
}

// 1024 to the next unit.
std::string format_bytes(double size, std::optional<std::int64_t> precision, std::optional<std::string_view> unit) {
  constexpr std::array<std::string_view, 7> kUnits = {"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t power = 0;
  if (unit) {
    const auto found = std::ranges::find(kUnits, *unit);
    if (found != kUnits.end()) power = static_cast<std::size_t>(found - kUnits.begin());
  } else {
    for (double rest = std::fabs(size); rest >= 1024 && power < 6; rest /= 1024) ++power;
  }
  const double scale = std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(precision.value_or(0), 0, 20)));
  const double value = std::round(size / std::pow(1024.0, static_cast<double>(power)) * scale) / scale;
  return fmt::format("{} {}", value, kUnits[power]);
}

// Bodies with > in them, which may not stand in a list of template arguments.
constexpr auto kLog = [](double x) { return x >= 0 ? Real(std::log(x)) : std::nullopt; };
constexpr auto kLog2 = [](double x) { return x >= 0 ? Real(std::log2(x)) : std::nullopt; };
constexpr auto kLog10 = [](double x) { return x >= 0 ? Real(std::log10(x)) : std::nullopt; };
constexpr auto kSqrt = [](double x) { return x >= 0 ? Real(std::sqrt(x)) : std::nullopt; };
constexpr auto kSign = [](double x) { return std::isnan(x) ? x : x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; };
// An int has 32 bits.
void hex(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    auto bits = static_cast<std::uint64_t>(call[0].integer(row));
    if (call[0].type() == Type::int32) bits &= 0xFFFFFFFF;
    std::string text = fmt::format("{:x}", bits);
    const auto wanted = static_cast<std::size_t>(std::clamp<std::int64_t>(call.size() > 1 ? call[1].integer(row) : 0, 0, 16));
    if (text.size() < wanted) text.insert(0, wanted - text.size(), '0');
    call.put(text);
  }
}

// A null is nothing of the kind.
template <auto function>
void is_kind(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) call.put(!call[0].is_null(row) && function(call[0].real(row)));
}

constexpr Kernel kKernels[] = {
    {"tohex", hex},
    {"around", around},
    {"format_bytes",
     kernel_rows<[](double size, std::optional<std::int64_t> digits, std::optional<std::string_view> unit) {
       return format_bytes(size, digits, unit);
     }>},
    {"abs", absolute},
    {"acos", kernel_rows<[](double x) { return known(std::acos(x)); }>},
    {"asin", kernel_rows<[](double x) { return known(std::asin(x)); }>},
    {"atan", kernel_rows<[](double x) { return std::atan(x); }>},
    {"atan2", kernel_rows<[](double y, double x) { return std::atan2(y, x); }>},
    {"cos", kernel_rows<[](double x) { return std::cos(x); }>},
    {"sin", kernel_rows<[](double x) { return std::sin(x); }>},
    {"tan", kernel_rows<[](double x) { return std::tan(x); }>},
    {"cot", kernel_rows<[](double x) { return 1 / std::tan(x); }>},
    {"degrees", kernel_rows<[](double x) { return x * 180 / std::numbers::pi; }>},
    {"radians", kernel_rows<[](double x) { return x * std::numbers::pi / 180; }>},
    {"pi",
     [](KernelCall& call) {
       for (std::size_t row = 0; row < call.rows; ++row) call.put(std::numbers::pi);
     }},
    {"exp", kernel_rows<[](double x) { return std::exp(x); }>},
    {"exp2", kernel_rows<[](double x) { return std::exp2(x); }>},
    {"exp10", kernel_rows<[](double x) { return std::pow(10.0, x); }>},
    {"log", kernel_rows<kLog>},
    {"log2", kernel_rows<kLog2>},
    {"log10", kernel_rows<kLog10>},
    {"pow", kernel_rows<[](double x, double y) { return std::pow(x, y); }>},
    {"sqrt", kernel_rows<kSqrt>},
    {"sign", kernel_rows<kSign>},
    {"gamma", kernel_rows<[](double x) { return std::tgamma(x); }>},
    {"loggamma", kernel_rows<[](double x) { return std::lgamma(x); }>},
    {"erf", kernel_rows<[](double x) { return std::erf(x); }>},
    {"erfc", kernel_rows<[](double x) { return std::erfc(x); }>},
    {"isnan", is_kind<[](double x) { return std::isnan(x); }>},
    {"isinf", is_kind<[](double x) { return std::isinf(x); }>},
    {"isfinite", is_kind<[](double x) { return std::isfinite(x); }>},
    {"bin", [](KernelCall& call) { bin_values(call, false); }},
    {"floor", [](KernelCall& call) { bin_values(call, false); }},
    {"bin_at", [](KernelCall& call) { bin_values(call, true); }},
    {"ceiling", ceiling},
    {"round", round_values},
    {"rand", random_values, nullptr, false, true},
    {"new_guid",
     [](KernelCall& call) {
       for (std::size_t row = 0; row < call.rows; ++row) call.put(Guid::random());
     },
     nullptr, false, true},
    {"binary_and", kernel_rows<[](std::int64_t a, std::int64_t b) { return a & b; }>},
    {"binary_or", kernel_rows<[](std::int64_t a, std::int64_t b) { return a | b; }>},
    {"binary_xor", kernel_rows<[](std::int64_t a, std::int64_t b) { return a ^ b; }>},
    {"binary_not", kernel_rows<[](std::int64_t a) { return ~a; }>},
    {"binary_shift_left", kernel_rows<[](std::int64_t a, std::int64_t by) { return shift(a, by, true); }>},
    {"binary_shift_right", kernel_rows<[](std::int64_t a, std::int64_t by) { return shift(a, by, false); }>},
    {"bitset_count_ones", kernel_rows<[](std::int64_t a) {
       return static_cast<std::int64_t>(std::popcount(static_cast<std::uint64_t>(a)));
     }>},
};

}  // namespace

std::span<const Kernel> math_kernels() { return kKernels; }

}  // namespace yagura::kql
