// What a scalar function does to whole columns: its kernel, the in-flight half of its registry entry.
//
// A kernel appends `rows` values to the result column. Arguments are columns of as many rows, or of one row where they
// are constant. kernel_rows<f> makes one from a function of single values: nulls in give null out, std::nullopt is
// null, std::optional parameters may be left out of the call, std::string_view takes any type as its text. Results are
// views into arguments or the call's arena. Kernels are pure and hold no state but what prepare() made once from the
// bound call; any thread may run one.
#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "event/table_batch.hpp"
#include "kql/plan.hpp"

namespace yagura::kql {

// JSON text of a dynamic; empty for null.
struct Json {
  std::string_view text;
};
// Digits of a decimal.
struct DecimalText {
  std::string_view text;
};

class Operand {
 public:
  Operand(const event::Column& column, bool constant) : column_(&column), step_(constant ? 0 : 1) {}

  Type type() const { return column_->type(); }
  bool is_constant() const { return step_ == 0; }
  bool is_null(std::size_t row) const { return column_->is_null(row * step_); }
  std::string_view text(std::size_t row) const { return column_->texts()[row * step_]; }
  Guid guid(std::size_t row) const { return column_->guids()[row * step_]; }
  // bool, int, long, datetime (ticks since 1970), timespan (ticks); of reals and decimals the whole part, nearest where
  // no long holds it
  std::int64_t integer(std::size_t row) const {
    const std::size_t at = row * step_;
    switch (column_->type()) {
      case Type::boolean: return column_->booleans()[at];
      case Type::int32: return column_->int32s()[at];
      case Type::real: return whole_part(column_->reals()[at]);
      case Type::decimal: return whole_part(real(row));
      default: return column_->int64s()[at];
    }
  }
  // Any number; a decimal as the nearest real.
  double real(std::size_t row) const;
  bool boolean(std::size_t row) const { return integer(row) != 0; }
  const event::Column& column() const { return *column_; }

 private:
  static std::int64_t whole_part(double value) {
    if (value != value) return 0;
    if (value >= 9223372036854775808.0) return std::numeric_limits<std::int64_t>::max();
    if (value < -9223372036854775808.0) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value);
  }

  const event::Column* column_;
  std::size_t step_;
};

// What kernels share within one run of an expression list: "parse" asks for each group of one match on its own.
class RunCache {
 public:
  template <class T, class Make>
  const T& get(const event::Column* column, const void* state, Make make) {
    for (const auto& entry : entries_) {
      if (entry.column == column && entry.state == state) return *static_cast<const T*>(entry.value.get());
    }
    entries_.push_back({column, state, std::make_shared<const T>(make())});
    return *static_cast<const T*>(entries_.back().value.get());
  }

 private:
  struct Entry {
    const event::Column* column;
    const void* state;
    std::shared_ptr<const void> value;
  };
  std::vector<Entry> entries_;
};

struct KernelCall {
  std::size_t rows;
  std::span<const Operand> arguments;
  event::Column& result;
  Arena& arena;
  const BoundExpression& expression;
  const void* state;          // what prepare() gave
  RunCache* cache = nullptr;  // may be absent
  std::string error = {};     // set by a kernel whose query must fail: assert()

  std::size_t size() const { return arguments.size(); }
  const Operand& operator[](std::size_t i) const { return arguments[i]; }
  bool any_null(std::size_t row) const {
    for (const auto& argument : arguments) {
      if (argument.type() != Type::string && argument.is_null(row)) return true;
    }
    return false;
  }
  void put_null() { result.append_null(); }
  void put(bool value) { result.append_boolean(value); }
  void put(std::int64_t value) {
    if (result.type() == Type::int32) {
      result.append_int32(static_cast<std::int32_t>(value));
    } else if (result.type() == Type::real) {
      result.append_real(static_cast<double>(value));
    } else {
      result.append_int64(value);
    }
  }
  void put(double value);  // as JSON where the result is dynamic
  void put(const Guid& value) { result.append_guid(value); }
  void put(std::string_view value) { result.append_text(value); }
  void put(const std::string& value) { result.append_text(arena.copy(value)); }
  void put(Json value) {
    if (value.text.empty() || value.text == "null") {
      result.append_null();
    } else {
      result.append_text(value.text);
    }
  }
  void put(DecimalText value) { result.append_text(value.text); }
  template <class T>
  void put(const std::optional<T>& value) {
    if (value) {
      put(*value);
    } else {
      put_null();
    }
  }
};

struct Kernel {
  std::string_view name;  // of the registry's function
  void (*run)(KernelCall& call);
  // Once for each call in a query, for what is constant: regular expressions, sets. May be absent.
  std::shared_ptr<const void> (*prepare)(const BoundExpression& call) = nullptr;
  bool shares_state = false;  // with calls whose second argument is the same expression
  bool is_volatile = false;   // another value for each row even for constant arguments: rand()
};

// The kernel of a function, or null.
const Kernel* find_kernel(std::string_view function_name);

std::span<const Kernel> operator_kernels();
std::span<const Kernel> logic_kernels();
std::span<const Kernel> conversion_kernels();
std::span<const Kernel> string_kernels();
std::span<const Kernel> text_search_kernels();
std::span<const Kernel> parse_kernels();
std::span<const Kernel> encoding_kernels();
std::span<const Kernel> datetime_kernels();
std::span<const Kernel> math_kernels();
std::span<const Kernel> array_kernels();
std::span<const Kernel> bag_kernels();
std::span<const Kernel> ip_kernels();
std::span<const Kernel> series_kernels();
std::span<const Kernel> compression_kernels();
std::span<const Kernel> unit_kernels();
std::span<const Kernel> geo_kernels();
std::span<const Kernel> sketch_kernels();

// --- kernels from functions of single values

// What tostring() gives; "" for null.
std::string_view text_of(const Operand& value, std::size_t row, Arena& arena);
// The value as JSON; "null" for null.
std::string_view json_of(const Operand& value, std::size_t row, Arena& arena);

namespace kernel_detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {
  using Value = T;
};

template <class T>
T read(const Operand& operand, std::size_t row, Arena& arena) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return operand.type() == Type::string ? operand.text(row) : text_of(operand, row, arena);
  } else if constexpr (std::is_same_v<T, Json>) {
    return {operand.type() == Type::dynamic ? operand.text(row) : json_of(operand, row, arena)};
  } else if constexpr (std::is_same_v<T, DecimalText>) {
    return {operand.text(row)};
  } else if constexpr (std::is_same_v<T, bool>) {
    return operand.boolean(row);
  } else if constexpr (std::is_same_v<T, double>) {
    return operand.real(row);
  } else if constexpr (std::is_same_v<T, Guid>) {
    return operand.guid(row);
  } else {
    static_assert(std::is_same_v<T, std::int64_t>);
    return operand.integer(row);
  }
}

template <class T>
T argument(const KernelCall& call, std::size_t i, std::size_t row) {
  if constexpr (IsOptional<T>::value) {
    if (i >= call.size()) return std::nullopt;
    return read<typename IsOptional<T>::Value>(call[i], row, call.arena);
  } else {
    return read<T>(call[i], row, call.arena);
  }
}

template <class F>
struct Traits : Traits<decltype(&F::operator())> {};
template <class C, class R, class... Args>
struct Traits<R (C::*)(Args...) const> {
  template <class F>
  static void run(F function, KernelCall& call) {
    run_indices(function, call, std::index_sequence_for<Args...>{});
  }
  template <class F, std::size_t... I>
  static void run_indices(F function, KernelCall& call, std::index_sequence<I...>) {
    for (std::size_t row = 0; row < call.rows; ++row) {
      if (call.any_null(row)) {
        call.put_null();
      } else {
        call.put(function(argument<Args>(call, I, row)...));
      }
    }
  }
};
template <class C, class R, class... Args>
struct Traits<R (C::*)(Arena&, Args...) const> {
  template <class F>
  static void run(F function, KernelCall& call) {
    run_indices(function, call, std::index_sequence_for<Args...>{});
  }
  template <class F, std::size_t... I>
  static void run_indices(F function, KernelCall& call, std::index_sequence<I...>) {
    for (std::size_t row = 0; row < call.rows; ++row) {
      if (call.any_null(row)) {
        call.put_null();
      } else {
        call.put(function(call.arena, argument<Args>(call, I, row)...));
      }
    }
  }
};

}  // namespace kernel_detail

template <auto Function>
void kernel_rows(KernelCall& call) {
  kernel_detail::Traits<decltype(Function)>::run(Function, call);
}

}  // namespace yagura::kql
