// Kernels of operators: arithmetic, comparison, sets, members of dynamics.
#include <fmt/format.h>

#include <cmath>
#include <unordered_set>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/decimal.hpp"
#include "kql/kernels/fold_case.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

// --- arithmetic

std::optional<double> real_of(const Operand& value, std::size_t row, Arena& arena) {
  if (value.type() != Type::dynamic) return value.real(row);
  return real_from_text(text_of_json(value.text(row), arena));
}

std::optional<Decimal> decimal_of(const Operand& value, std::size_t row) {
  switch (value.type()) {
    case Type::decimal: return Decimal::parse(value.text(row));
    case Type::real: return Decimal::parse(fmt::format("{}", value.real(row)));  // the shortest digits
    default: return Decimal{.units = value.integer(row), .scale = 0};
  }
}

std::int64_t wrap_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrap_multiply(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// Whichever the operands and the result are: integers (and ticks), reals, decimals, or dynamics taken as reals.
template <class Integers, class Reals, class Decimals>
void arithmetic(KernelCall& call, Integers integers, Reals reals, Decimals decimals) {
  const Type result = call.result.type();
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (result == Type::real) {
      call.put(reals(call[0].real(row), call[1].real(row)));
    } else if (result == Type::decimal) {
      const auto a = decimal_of(call[0], row), b = decimal_of(call[1], row);
      const auto value = a && b ? decimals(*a, *b) : std::nullopt;
      if (value) {
        call.put(value->to_text());
      } else {
        call.put_null();
      }
    } else if (result == Type::dynamic) {
      const auto a = real_of(call[0], row, call.arena), b = real_of(call[1], row, call.arena);
      if (a && b) {
        event::Column one(Type::real);
        one.append_real(reals(*a, *b));
        call.put(Json{json_of(Operand(one, true), 0, call.arena)});
      } else {
        call.put_null();
      }
    } else {
      call.put(integers(row));
    }
  }
}

// Of years 1 to 9999; what leaves them is null.
std::optional<std::int64_t> in_calendar(__int128 ticks) {
  constexpr std::int64_t kFirst = -621'355'968'000'000'000, kLast = 2'534'023'007'999'999'999;
  return ticks >= kFirst && ticks <= kLast ? std::optional(static_cast<std::int64_t>(ticks)) : std::nullopt;
}

// Ticks since year 1, of which Kusto's arithmetic on datetimes is.
__int128 all_ticks(const Operand& value, std::size_t row) {
  return static_cast<__int128>(value.integer(row)) + (value.type() == Type::datetime ? kTicksOf1970 : 0);
}
std::optional<std::int64_t> in_calendar_of_all(__int128 ticks) { return in_calendar(ticks - kTicksOf1970); }
std::optional<std::int64_t> in_calendar_of_all(double ticks) {
  ticks = std::trunc(ticks);
  return ticks >= 0 && ticks < 1e19 ? in_calendar_of_all(static_cast<__int128>(ticks)) : std::nullopt;
}
bool is_fraction(Type type) { return type == Type::real || type == Type::decimal; }

void add(KernelCall& call) {
  const bool datetime = call.result.type() == Type::datetime;
  const bool two_datetimes = datetime && call[0].type() == call[1].type();
  arithmetic(
      call,
      [&](std::size_t row) -> std::optional<std::int64_t> {
        if (two_datetimes) return in_calendar_of_all(all_ticks(call[0], row) + all_ticks(call[1], row));
        const auto a = call[0].integer(row), b = call[1].integer(row);
        return datetime ? in_calendar(static_cast<__int128>(a) + b) : wrap_add(a, b);
      },
      [](double a, double b) { return a + b; }, Decimal::add);
}
void subtract(KernelCall& call) {
  const bool datetime = call.result.type() == Type::datetime;
  arithmetic(
      call,
      [&](std::size_t row) -> std::optional<std::int64_t> {
        if (datetime && call[0].type() == Type::timespan) return in_calendar_of_all(call[0].integer(row) - all_ticks(call[1], row));
        const auto a = call[0].integer(row), b = call[1].integer(row);
        return datetime ? in_calendar(static_cast<__int128>(a) - b) : wrap_subtract(a, b);
      },
      [](double a, double b) { return a - b; }, Decimal::subtract);
}
void multiply(KernelCall& call) {
  const bool with_real = is_fraction(call[0].type()) || is_fraction(call[1].type());
  const bool datetime = call.result.type() == Type::datetime;
  const auto real_ticks = [&](std::size_t i, std::size_t row) {
    return call[i].type() == Type::datetime ? static_cast<double>(static_cast<std::int64_t>(all_ticks(call[i], row))) : call[i].real(row);
  };
  arithmetic(
      call,
      [&](std::size_t row) -> std::optional<std::int64_t> {
        if (datetime && with_real) return in_calendar_of_all(std::round(real_ticks(0, row) * real_ticks(1, row)));
        if (datetime) return in_calendar_of_all(all_ticks(call[0], row) * all_ticks(call[1], row));
        if (with_real) return long_from_real(std::round(call[0].real(row) * call[1].real(row)));
        return wrap_multiply(call[0].integer(row), call[1].integer(row));
      },
      [](double a, double b) { return a * b; }, Decimal::multiply);
}
void divide(KernelCall& call) {
  const bool with_real = is_fraction(call[1].type());
  const bool datetime = call.result.type() == Type::datetime;
  arithmetic(
      call,
      [&](std::size_t row) -> std::optional<std::int64_t> {
        if (datetime && with_real) return in_calendar_of_all(static_cast<double>(static_cast<std::int64_t>(all_ticks(call[0], row))) / call[1].real(row));
        if (datetime) {
          const auto by = call[1].integer(row);
          return by == 0 ? std::nullopt : in_calendar_of_all(all_ticks(call[0], row) / by);
        }
        if (with_real) return long_from_real(call[0].real(row) / call[1].real(row));
        const auto a = call[0].integer(row), b = call[1].integer(row);
        if (b == 0) return std::nullopt;
        return b == -1 ? wrap_subtract(0, a) : a / b;
      },
      [](double a, double b) { return a / b; }, Decimal::divide);
}
// The result has the divisor's size and is never negative.
void modulo(KernelCall& call) {
  const bool whole_part = call.result.type() == Type::datetime || call.result.type() == Type::timespan;
  arithmetic(
      call,
      [&](std::size_t row) -> std::optional<std::int64_t> {
        __int128 b = 0;
        if (whole_part && is_fraction(call[1].type())) {
          const auto whole = long_from_real(call[1].real(row));
          if (!whole) return std::nullopt;
          b = *whole;
        } else {
          b = all_ticks(call[1], row);
        }
        if (b == 0) return std::nullopt;
        const auto rest = static_cast<std::int64_t>(all_ticks(call[0], row) % b);
        const auto positive = static_cast<std::int64_t>(rest < 0 ? rest + (b < 0 ? -b : b) : rest);
        return call.result.type() == Type::datetime ? in_calendar_of_all(static_cast<__int128>(positive)) : positive;
      },
      [](double a, double b) { return a - std::floor(a / std::fabs(b)) * std::fabs(b); },
      [](Decimal a, Decimal b) -> std::optional<Decimal> {
        if (b.units < 0) b.units = -b.units;
        const auto quotient = Decimal::divide(a, b);
        if (!quotient) return std::nullopt;
        auto whole = *quotient;
        bool cut = false;
        for (; whole.scale > 0; --whole.scale) {
          cut = cut || whole.units % 10 != 0;
          whole.units /= 10;
        }
        if (cut && quotient->units < 0) --whole.units;  // down, so that what is left is not negative
        const auto back = Decimal::multiply(whole, b);
        return back ? Decimal::subtract(a, *back) : std::nullopt;
      });
}

void negate(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const Operand& value = call[0];
    if (value.is_null(row)) {
      call.put_null();
    } else if (value.type() == Type::real) {
      call.put(-value.real(row));
    } else if (value.type() == Type::decimal) {
      const auto number = Decimal::parse(value.text(row));
      call.put(number ? std::optional((Decimal{-number->units, number->scale}).to_text()) : std::nullopt);
    } else if (value.type() == Type::dynamic) {
      const auto number = real_of(value, row, call.arena);
      event::Column one(Type::real);
      if (number) one.append_real(-*number);
      if (number) {
        call.put(Json{json_of(Operand(one, true), 0, call.arena)});
      } else {
        call.put_null();
      }
    } else {
      call.put(wrap_subtract(0, value.integer(row)));
    }
  }
}

// --- comparison

enum class Order : std::int8_t { less = -1, equal = 0, greater = 1, unordered = 2 };

template <class T>
Order order(const T& a, const T& b) {
  if (a < b) return Order::less;
  if (b < a) return Order::greater;
  return a == b ? Order::equal : Order::unordered;  // NaN
}

// Of two values of one kind, neither null.
Order compare(const Operand& a, const Operand& b, std::size_t row, Arena& arena) {
  const Type x = a.type(), y = b.type();
  if (x == Type::decimal || y == Type::decimal) {
    const auto left = decimal_of(a, row), right = decimal_of(b, row);
    if (!left || !right) return order(a.real(row), b.real(row));  // what no decimal can hold: 1e300, infinities
    return static_cast<Order>(Decimal::compare(*left, *right));
  }
  if (x == Type::real || y == Type::real) return order(a.real(row), b.real(row));
  if (x == Type::guid && y == Type::guid) return order(a.guid(row), b.guid(row));
  if (x == Type::dynamic && y == Type::dynamic) {
    const auto left = a.text(row), right = b.text(row);
    if (left == right) return Order::equal;
    const auto p = real_of(a, row, arena), q = real_of(b, row, arena);
    if (p && q && !json::is_string(left) && !json::is_string(right)) return order(*p, *q);
    return order(text_of_json(left, arena), text_of_json(right, arena));
  }
  if (x == Type::string || y == Type::string || x == Type::dynamic || y == Type::dynamic || x == Type::guid ||
      y == Type::guid) {
    return order(text_of(a, row, arena), text_of(b, row, arena));
  }
  return order(a.integer(row), b.integer(row));
}

template <class Holds>
void comparison(KernelCall& call, Holds holds) {
  const Operand &a = call[0], &b = call[1];
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else {
      call.put(holds(compare(a, b, row, call.arena)));
    }
  }
}

// Two nulls give null; one null is unequal to everything.
template <bool wanted>
void equality(KernelCall& call) {
  const Operand &a = call[0], &b = call[1];
  const bool texts = a.type() == Type::string && b.type() == Type::string;
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (texts) {
      call.put((a.text(row) == b.text(row)) == wanted);
      continue;
    }
    const bool a_null = a.type() != Type::string && a.is_null(row);
    const bool b_null = b.type() != Type::string && b.is_null(row);
    if (a_null && b_null) {
      call.put_null();
    } else if (a_null || b_null) {
      call.put(!wanted);
    } else {
      call.put((compare(a, b, row, call.arena) == Order::equal) == wanted);
    }
  }
}

template <bool negated>
void between(KernelCall& call) {
  // x >= low and x <= high, of which one may be false where the other is unknown.
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto null = [&](std::size_t i) { return call[i].type() != Type::string && call[i].is_null(row); };
    bool unknown = false, outside = false;
    for (const std::size_t i : {1, 2}) {
      if (null(0) || null(i)) {
        unknown = true;
        continue;
      }
      const auto order = compare(call[0], call[i], row, call.arena);
      outside = outside || !(order == Order::equal || order == (i == 1 ? Order::greater : Order::less));
    }
    if (outside) {
      call.put(negated);
    } else if (unknown) {
      call.put_null();
    } else {
      call.put(!negated);
    }
  }
}

// --- logic of three values

template <bool is_and>
void connective(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    bool decided = false, unknown = false;
    for (std::size_t i = 0; i < call.size() && !decided; ++i) {
      if (call[i].is_null(row)) {
        unknown = true;
      } else {
        decided = call[i].boolean(row) != is_and;
      }
    }
    if (decided) {
      call.put(!is_and);
    } else if (unknown) {
      call.put_null();
    } else {
      call.put(is_and);
    }
  }
}

// --- sets

// The constant texts of a list, in a set; folded for in~.
struct TextSet {
  std::unordered_set<std::string> texts;
  std::vector<std::size_t> others;  // arguments to compare one by one
};

template <bool ignore_case>
std::shared_ptr<const void> prepare_set(const BoundExpression& call) {
  auto set = std::make_shared<TextSet>();
  Arena arena;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const auto& item = *call.arguments[i];
    const bool text = call.arguments[0]->type == Type::string && item.kind == BoundExpression::Kind::literal;
    if (text && item.type == Type::string) {
      set->texts.insert(ignore_case ? fold_case(item.value.text) : item.value.text);
    } else if (text && item.type == Type::dynamic && !item.value.is_null) {
      const auto add = [&](std::string_view element) {
        const auto value = text_of_json(element, arena);
        set->texts.insert(ignore_case ? fold_case(value) : std::string(value));
      };
      if (json::is_array(item.value.text)) {
        json::for_each_element(item.value.text, add);
      } else {
        add(item.value.text);
      }
    } else {
      set->others.push_back(i);
    }
  }
  return set;
}

// Whether a value equals an item, an array's elements each.
bool is_item(const KernelCall& call, std::size_t i, std::size_t row, bool ignore_case) {
  const Operand &value = call[0], &item = call[i];
  if (item.type() != Type::string && item.is_null(row)) return false;
  const auto equal_texts = [&](std::string_view a, std::string_view b) {
    return ignore_case ? fold_case(a) == fold_case(b) : a == b;
  };
  if (item.type() != Type::dynamic || value.type() == Type::dynamic) {
    if (value.type() == Type::string) return equal_texts(value.text(row), text_of(item, row, call.arena));
    return compare(value, item, row, call.arena) == Order::equal;
  }
  const bool number = value.type() == Type::int32 || value.type() == Type::int64 || value.type() == Type::real ||
                      value.type() == Type::decimal;
  bool found = false;
  const auto test = [&](std::string_view element) {
    if (found) return;
    const auto text = text_of_json(element, call.arena);
    if (number) {
      const auto real = real_from_text(text);
      found = real && *real == value.real(row);
    } else {
      found = equal_texts(text_of(value, row, call.arena), text);
    }
  };
  if (json::is_array(item.text(row))) {
    json::for_each_element(item.text(row), test);
  } else {
    test(item.text(row));
  }
  return found;
}

template <bool negated, bool ignore_case>
void in_list(KernelCall& call) {
  const auto& set = *static_cast<const TextSet*>(call.state);
  std::string key;
  for (std::size_t row = 0; row < call.rows; ++row) {
    const Operand& value = call[0];
    bool found = false;
    if (value.type() == Type::string || !value.is_null(row)) {
      if (!set.texts.empty()) {
        if constexpr (ignore_case) {
          key = fold_case(value.text(row));
        } else {
          key.assign(value.text(row));
        }
        found = set.texts.contains(key);
      }
      for (std::size_t i = 0; i < set.others.size() && !found; ++i)
        found = is_item(call, set.others[i], row, ignore_case);
    }
    call.put(found != negated);
  }
}

// --- members

void member(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else {
      call.put(Json{json::member(call[0].text(row), call[1].text(row))});
    }
  }
}
void element(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else {
      call.put(Json{json::element(call[0].text(row), call[1].integer(row))});
    }
  }
}

constexpr Kernel kKernels[] = {
    {"+", add},
    {"-", subtract},
    {"*", multiply},
    {"/", divide},
    {"%", modulo},
    {".negate", negate},
    {"<", [](KernelCall& c) { comparison(c, [](Order o) { return o == Order::less; }); }},
    {"<=", [](KernelCall& c) { comparison(c, [](Order o) { return o == Order::less || o == Order::equal; }); }},
    {">", [](KernelCall& c) { comparison(c, [](Order o) { return o == Order::greater; }); }},
    {">=", [](KernelCall& c) { comparison(c, [](Order o) { return o == Order::greater || o == Order::equal; }); }},
    {"==", equality<true>},
    {"!=", equality<false>},
    {"and", connective<true>},
    {"or", connective<false>},
    {"between", between<false>},
    {"!between", between<true>},
    {"in", in_list<false, false>, prepare_set<false>},
    {"!in", in_list<true, false>, prepare_set<false>},
    {"in~", in_list<false, true>, prepare_set<true>},
    {"!in~", in_list<true, true>, prepare_set<true>},
    {".member", member},
    {".element", element},
};

}  // namespace

std::span<const Kernel> operator_kernels() { return kKernels; }

}  // namespace yagura::kql
