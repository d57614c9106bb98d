#include "base/bytes.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace yagura {

namespace {
struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 13> kUnits{{{"", 1},
                                       {"B", 1},
                                       {"KiB", 1024.0},
                                       {"MiB", 1048576.0},
                                       {"GiB", 1073741824.0},
                                       {"TiB", 1099511627776.0},
                                       {"KB", 1e3},
                                       {"MB", 1e6},
                                       {"GB", 1e9},
                                       {"TB", 1e12},
                                       {"K", 1024.0},
                                       {"M", 1048576.0},
                                       {"G", 1073741824.0}}};
}  // namespace

Result<Bytes> Bytes::parse(std::string_view text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || !std::isfinite(number))
    return fail(ErrorKind::invalid_input, "'{}' is not an amount of bytes; expected a number and a unit, such as 64KiB or 10GB", text);
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& known : kUnits) {
    if (unit != known.name) continue;
    const double count = number * known.factor;
    if (count >= 18446744073709549568.0) return fail(ErrorKind::invalid_input, "'{}' is too large", text);
    return Bytes(static_cast<std::uint64_t>(count));
  }
  return fail(ErrorKind::invalid_input, "'{}' has unknown unit '{}'; expected B, KiB, MiB, GiB, TiB, KB, MB, GB or TB", text, unit);
}

std::string to_string(Bytes bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes.count());
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes.count()) : fmt::format("{:.1f} {}", amount, units[unit]);
}

}  // namespace yagura
