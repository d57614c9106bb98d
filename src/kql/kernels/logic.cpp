// Kernels of conditions, nulls and emptiness.
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/decimal.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

// One value of an argument into the result, converted where the types differ (int to long, anything to dynamic).
void put_argument(KernelCall& call, std::size_t i, std::size_t row) {
  const Operand& value = call[i];
  if (value.type() == call.result.type()) {
    call.result.append_from(value.column(), value.is_constant() ? 0 : row);
  } else if (value.type() != Type::string && value.is_null(row)) {
    call.put_null();
  } else {
    switch (call.result.type()) {
      case Type::string: return call.put(text_of(value, row, call.arena));
      case Type::dynamic: return call.put(Json{json_of(value, row, call.arena)});
      case Type::real: return call.put(value.real(row));
      case Type::decimal: return call.put(std::string(text_of(value, row, call.arena)));
      case Type::boolean: return call.put(value.boolean(row));
      default: return call.put(value.integer(row));
    }
  }
}

bool is_null(const Operand& value, std::size_t row) { return value.type() != Type::string && value.is_null(row); }
bool is_empty(const Operand& value, std::size_t row) {
  if (value.type() == Type::string) return value.text(row).empty();
  if (value.is_null(row)) return true;
  return value.type() == Type::dynamic && value.text(row) == "\"\"";
}

template <bool wanted>
void null_test(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) call.put(is_null(call[0], row) == wanted);
}
template <bool wanted>
void empty_test(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) call.put(is_empty(call[0], row) == wanted);
}

bool holds(const Operand& condition, std::size_t row) { return !condition.is_null(row) && condition.boolean(row); }

void choose(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) put_argument(call, holds(call[0], row) ? 1 : 2, row);
}
void choose_case(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::size_t i = 0;
    while (i + 1 < call.size() && !holds(call[i], row)) i += 2;
    put_argument(call, i + 1 < call.size() ? i + 1 : call.size() - 1, row);
  }
}

void coalesce(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::size_t i = 0;
    const auto skip = [&](const Operand& value) {
      return value.type() == Type::string ? value.text(row).empty() : value.is_null(row);
    };
    while (i + 1 < call.size() && skip(call[i])) ++i;
    put_argument(call, i, row);
  }
}

template <bool greatest>
void extreme(KernelCall& call) {
  const auto before = [&](std::size_t i, std::size_t j, std::size_t row) {
    const Operand &a = call[i], &b = call[j];
    if (a.type() == Type::string && b.type() == Type::string) return a.text(row) < b.text(row);
    if (a.type() == Type::decimal && b.type() == Type::decimal) {
      const auto x = Decimal::parse(a.text(row)), y = Decimal::parse(b.text(row));
      return x && y && Decimal::compare(*x, *y) < 0;
    }
    if (a.type() == Type::real || b.type() == Type::real || a.type() == Type::decimal || b.type() == Type::decimal) {
      return a.real(row) < b.real(row);
    }
    return a.integer(row) < b.integer(row);
  };
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::size_t best = call.size();
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (is_null(call[i], row)) continue;
      if (best == call.size() || (greatest ? before(best, i, row) : before(i, best, row))) best = i;
    }
    if (best == call.size()) {
      call.put_null();
    } else {
      put_argument(call, best, row);
    }
  }
}

// Fails the query where the condition does not hold.
void assert_true(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (!holds(call[0], row)) call.error = "assert: " + std::string(text_of(call[1], row, call.arena));
    call.put(true);
  }
}

constexpr Kernel kKernels[] = {
    {"assert", assert_true},
    {"not", kernel_rows<[](bool value) { return !value; }>},
    {"isnull", null_test<true>},
    {"isnotnull", null_test<false>},
    {"isempty", empty_test<true>},
    {"isnotempty", empty_test<false>},
    {"iff", choose},
    {"case", choose_case},
    {"coalesce", coalesce},
    {"max_of", extreme<true>},
    {"min_of", extreme<false>},
};

}  // namespace

std::span<const Kernel> logic_kernels() { return kKernels; }

}  // namespace yagura::kql
