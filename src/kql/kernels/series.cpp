// Kernels of numeric arrays (series), element by element and as a whole.
//
// What is no number, or has no partner in a shorter array, gives null in its place.
// https://learn.microsoft.com/kusto/query/scalar-functions#series-element-wise-functions
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {

std::span<const Kernel> series_analysis_kernels();

namespace {

using Number = std::optional<double>;
using Numbers = std::vector<Number>;

Number number_of(std::string_view item) {
  if (json::is_string(item) || json::is_array(item) || json::is_object(item) || json::is_null(item))
    return std::nullopt;
  return real_from_text(item);
}

// The numbers of an array; a number that is no dynamic stands for every place.
struct Series {
  Numbers numbers;
  bool single = false;
  Number at(std::size_t i) const { return single ? numbers.front() : i < numbers.size() ? numbers[i] : std::nullopt; }
};
std::optional<Series> series_of(const KernelCall& call, std::size_t i, std::size_t row) {
  const Operand& value = call[i];
  Series out;
  if (value.type() != Type::dynamic) {
    if (value.type() == Type::string || value.is_null(row)) return std::nullopt;
    out.single = true;
    out.numbers.push_back(value.real(row));
    return out;
  }
  if (value.is_null(row)) return std::nullopt;
  const auto text = value.text(row);
  if (!json::is_array(text)) return std::nullopt;
  json::for_each_element(text, [&](std::string_view item) { out.numbers.push_back(number_of(item)); });
  return out;
}

void append_number(std::string& out, Number value) {
  if (!value) {
    out += "null";
    return;
  }
  event::Column one(Type::real);
  one.append_real(*value);
  append_json_of(out, Operand(one, true), 0);
}
// `as_written`: 1 and not 1.0 for what is whole.
Json array_of(Arena& arena, const Numbers& numbers, bool as_written = false) {
  std::string out = "[";
  for (const auto& number : numbers) {
    if (out.size() > 1) out += ',';
    if (as_written && number && *number == std::trunc(*number) && std::fabs(*number) < 1e15) {
      out += std::to_string(static_cast<std::int64_t>(*number));
    } else {
      append_number(out, number);
    }
  }
  return {arena.copy(out + ']')};
}

Number known(double value) { return std::isnan(value) ? Number() : Number(value); }

template <auto function, bool as_written = false>
void each(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    auto series = series_of(call, 0, row);
    if (!series || series->single) {
      call.put_null();
      continue;
    }
    for (auto& number : series->numbers) {
      if (number) number = function(*number);
    }
    call.put(array_of(call.arena, series->numbers, as_written));
  }
}

template <auto function, bool as_written = false>
void pairs(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto a = series_of(call, 0, row), b = series_of(call, 1, row);
    if (!a || !b) {
      call.put_null();
      continue;
    }
    const std::size_t size = std::max(a->single ? 0 : a->numbers.size(), b->single ? 0 : b->numbers.size());
    Numbers out(size);
    for (std::size_t i = 0; i < size; ++i) {
      const auto x = a->at(i), y = b->at(i);
      if (x && y) out[i] = function(*x, *y);
    }
    call.put(array_of(call.arena, out, as_written));
  }
}

template <auto holds>
void compare(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto a = series_of(call, 0, row), b = series_of(call, 1, row);
    if (!a || !b) {
      call.put_null();
      continue;
    }
    const std::size_t size = std::max(a->single ? 0 : a->numbers.size(), b->single ? 0 : b->numbers.size());
    std::string out = "[";
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) out += ',';
      const auto x = a->at(i), y = b->at(i);
      out += !x || !y ? "null" : holds(*x, *y) ? "true" : "false";
    }
    call.put(Json{call.arena.copy(out + ']')});
  }
}

template <auto function>
void whole(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto a = series_of(call, 0, row);
    call.put(a ? Number(function(a->numbers)) : Number());
  }
}
template <auto function>
void whole_pair(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto a = series_of(call, 0, row), b = series_of(call, 1, row);
    call.put(a && b ? Number(function(a->numbers, b->numbers)) : Number());
  }
}

Number sum(const Numbers& numbers) {
  double total = 0;
  for (const auto& number : numbers) {
    if (!number) return std::nullopt;
    total += *number;
  }
  return total;
}
Number product(const Numbers& numbers) {
  double total = 1;
  for (const auto& number : numbers) {
    if (!number) return std::nullopt;
    total *= *number;
  }
  return total;
}
Number dot(const Numbers& a, const Numbers& b) {
  double total = 0;
  // A single number goes with every element.
  if (a.size() != b.size() && (a.empty() || b.empty() || (a.size() != 1 && b.size() != 1))) return std::nullopt;
  const auto size = std::max(a.size(), b.size());
  for (std::size_t i = 0; i < size; ++i) {
    const auto x = a[a.size() == 1 ? 0 : i], y = b[b.size() == 1 ? 0 : i];
    if (!x || !y) return std::nullopt;
    total += *x * *y;
  }
  return total;
}
Number magnitude(const Numbers& a) {
  const auto square = dot(a, a);
  return square ? Number(std::sqrt(*square)) : std::nullopt;
}
// The magnitudes may be known beforehand.
void cosine(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto a = series_of(call, 0, row), b = series_of(call, 1, row);
    if (!a || !b) {
      call.put_null();
      continue;
    }
    const auto length = [&](std::size_t given, const Numbers& numbers) -> Number {
      if (given >= call.size()) return magnitude(numbers);
      return call[given].is_null(row) ? Number() : Number(call[given].real(row));
    };
    const auto top = dot(a->numbers, b->numbers), p = length(2, a->numbers), q = length(3, b->numbers);
    call.put(top && p && q ? Number(*top / (*p * *q)) : Number());
  }
}
Number pearson(const Numbers& a, const Numbers& b) {
  if (a.size() != b.size() || a.empty()) return std::nullopt;
  const auto x = sum(a), y = sum(b);
  if (!x || !y) return std::nullopt;
  const double mx = *x / static_cast<double>(a.size()), my = *y / static_cast<double>(b.size());
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    xx += (*a[i] - mx) * (*a[i] - mx), yy += (*b[i] - my) * (*b[i] - my), xy += (*a[i] - mx) * (*b[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

// --- gaps: elements equal to the placeholder (null unless given)

struct Gaps {
  std::vector<std::string_view> items;
  std::vector<bool> missing;
};
std::optional<Gaps> gaps_of(const KernelCall& call, std::size_t placeholder, std::size_t row) {
  if (call[0].type() != Type::dynamic || call[0].is_null(row) || !json::is_array(call[0].text(row)))
    return std::nullopt;
  Gaps out;
  const auto mark = placeholder < call.size() ? json_of(call[placeholder], row, call.arena) : std::string_view("null");
  const auto mark_number = number_of(mark);
  json::for_each_element(call[0].text(row), [&](std::string_view item) {
    const auto number = number_of(item);
    out.items.push_back(item);
    out.missing.push_back(mark_number ? number && *number == *mark_number : item == mark);
  });
  return out;
}
Json join(Arena& arena, const std::vector<std::string_view>& items) {
  std::string out = "[";
  for (const auto item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return {arena.copy(out + ']')};
}

void fill_const(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    auto gaps = gaps_of(call, 2, row);
    if (!gaps) {
      call.put_null();
      continue;
    }
    const auto value = call.size() > 1 ? json_of(call[1], row, call.arena) : std::string_view("0");
    for (std::size_t i = 0; i < gaps->items.size(); ++i) {
      if (gaps->missing[i]) gaps->items[i] = value;
    }
    call.put(join(call.arena, gaps->items));
  }
}
template <bool forward>
void fill_next(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    auto gaps = gaps_of(call, 1, row);
    if (!gaps) {
      call.put_null();
      continue;
    }
    const std::size_t size = gaps->items.size();
    std::optional<std::string_view> last;
    for (std::size_t k = 0; k < size; ++k) {
      const auto i = forward ? k : size - 1 - k;
      if (!gaps->missing[i]) {
        last = gaps->items[i];
      } else if (last) {
        gaps->items[i] = *last;
      }
    }
    call.put(join(call.arena, gaps->items));
  }
}
// fill_linear(series, placeholder, fill_edges, constant)
void fill_linear(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto gaps = gaps_of(call, 1, row);
    if (!gaps) {
      call.put_null();
      continue;
    }
    const bool edges = call.size() < 3 || call[2].is_null(row) || call[2].boolean(row);
    const Number constant = call.size() > 3 && !call[3].is_null(row) ? Number(call[3].real(row)) : Number(0);
    const std::size_t size = gaps->items.size();
    Numbers out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = gaps->missing[i] ? std::nullopt : number_of(gaps->items[i]);
    std::vector<std::size_t> known;
    for (std::size_t i = 0; i < size; ++i) {
      if (out[i]) known.push_back(i);
    }
    if (known.empty()) {
      std::ranges::fill(out, constant);
    } else {
      for (std::size_t k = 0; k + 1 < known.size(); ++k) {
        const auto a = known[k], b = known[k + 1];
        for (auto i = a + 1; i < b; ++i) {
          out[i] = *out[a] + (*out[b] - *out[a]) * static_cast<double>(i - a) / static_cast<double>(b - a);
        }
      }
      if (edges) {
        for (std::size_t i = 0; i < known.front(); ++i) out[i] = out[known.front()];
        for (std::size_t i = known.back() + 1; i < size; ++i) out[i] = out[known.back()];
      }
    }
    // What was there stays as it is written.
    std::string text = "[";
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) text += ',';
      if (!gaps->missing[i]) {
        text += gaps->items[i];
      } else {
        text += out[i] ? fmt::format("{}", *out[i]) : "null";
      }
    }
    call.put(Json{call.arena.copy(text + ']')});
  }
}

// --- filters

// series_fir(series, filter, normalize, center): each element is a weighted sum of it and those before (or around) it.
void fir(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = series_of(call, 0, row);
    auto filter = series_of(call, 1, row);
    if (!series || !filter || filter->numbers.empty()) {
      call.put_null();
      continue;
    }
    const bool all_equal =
        std::ranges::all_of(filter->numbers, [&](const Number& w) { return w == filter->numbers.front(); });
    double total = 0;
    for (const auto& weight : filter->numbers) total += weight.value_or(0);
    const bool normalize = call.size() > 2 && !call[2].is_null(row) ? call[2].boolean(row) : all_equal || total != 0;
    const bool center = call.size() > 3 && !call[3].is_null(row) && call[3].boolean(row);
    const auto size = static_cast<std::int64_t>(series->numbers.size()),
               taps = static_cast<std::int64_t>(filter->numbers.size());
    const std::int64_t shift = center ? taps / 2 : 0;
    Numbers out(series->numbers.size());
    for (std::int64_t i = 0; i < size; ++i) {
      double value = 0;
      for (std::int64_t k = 0; k < taps; ++k) {
        const auto from = i + shift - k;
        if (from >= 0 && from < size)
          value += filter->numbers[static_cast<std::size_t>(k)].value_or(0) *
                   series->numbers[static_cast<std::size_t>(from)].value_or(0);
      }
      out[static_cast<std::size_t>(i)] = normalize && total != 0 ? value / total : value;
    }
    call.put(array_of(call.arena, out));
  }
}
// series_iir(series, numerators, denominators)
void iir(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = series_of(call, 0, row), b = series_of(call, 1, row), a = series_of(call, 2, row);
    if (!series || !a || !b || a->numbers.empty() || a->numbers.front().value_or(0) == 0) {
      call.put_null();
      continue;
    }
    Numbers out(series->numbers.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      double value = 0;
      for (std::size_t k = 0; k < b->numbers.size() && k <= i; ++k)
        value += b->numbers[k].value_or(0) * series->numbers[i - k].value_or(0);
      for (std::size_t k = 1; k < a->numbers.size() && k <= i; ++k)
        value -= a->numbers[k].value_or(0) * out[i - k].value_or(0);
      out[i] = value / *a->numbers.front();
    }
    call.put(array_of(call.arena, out));
  }
}

struct Statistics {
  Number least, greatest;
  std::int64_t least_at = -1, greatest_at = -1;
  double mean = 0, variance = 0, sum = 0;
  std::size_t count = 0;
};
// Nothing when an element is no number, unless those are ignored.
std::optional<Statistics> statistics_of(const Numbers& numbers, bool ignore) {
  Statistics s;
  double squares = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = numbers[i];
    if (!number || !std::isfinite(*number)) {
      if (!ignore) return std::nullopt;
      continue;
    }
    ++s.count;
    s.sum += *number;
    const double off = *number - s.mean;
    s.mean += off / static_cast<double>(s.count);
    squares += off * (*number - s.mean);
    if (!s.least || *number < *s.least) s.least = number, s.least_at = static_cast<std::int64_t>(i);
    if (!s.greatest || *number > *s.greatest) s.greatest = number, s.greatest_at = static_cast<std::int64_t>(i);
  }
  if (s.count == 0) return std::nullopt;
  s.variance = s.count > 1 ? squares / static_cast<double>(s.count - 1) : 0;
  return s;
}

template <bool as_bag>
void stats(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = series_of(call, 0, row);
    if (!series) {
      call.put_null();
      continue;
    }
    const bool ignore = call.size() > 1 && !call[1].is_null(row) && call[1].boolean(row);
    const auto s = statistics_of(series->numbers, ignore);
    std::string out = as_bag ? "{" : "[";
    const auto field = [&](std::string_view name, Number value, bool whole) {
      if (out.size() > 1) out += ',';
      if (as_bag) out += '"' + std::string(name) + "\":";
      if (value && whole) {
        out += std::to_string(static_cast<std::int64_t>(*value));
      } else {
        append_number(out, value);
      }
    };
    const auto number = [&](auto get) { return s ? Number(get(*s)) : Number(); };
    field("min", s ? s->least : Number(), false);
    field("min_idx", number([](const auto& x) { return static_cast<double>(x.least_at); }), true);
    field("max", s ? s->greatest : Number(), false);
    field("max_idx", number([](const auto& x) { return static_cast<double>(x.greatest_at); }), true);
    field("avg", number([](const auto& x) { return x.sum / static_cast<double>(x.count); }), false);
    field("stdev", number([](const auto& x) { return std::sqrt(x.variance); }), false);
    field("variance", number([](const auto& x) { return x.variance; }), false);
    if (as_bag) {
      field("sum", number([](const auto& x) { return x.sum; }), false);
      field("len", static_cast<double>(series->numbers.size()), true);
    }
    call.put(Json{call.arena.copy(out + (as_bag ? '}' : ']'))});
  }
}

// The line nearest to (0, y0), (1, y1) ...: rsquare, slope, variance, rvariance, interception, line_fit.
template <bool as_bag>
void fit_line(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = series_of(call, 0, row);
    if (!series || series->numbers.empty()) {
      call.put_null();
      continue;
    }
    const auto n = static_cast<double>(series->numbers.size());
    const auto y = [&](std::size_t i) { return series->numbers[i].value_or(0); };
    double mean = 0;
    for (std::size_t i = 0; i < series->numbers.size(); ++i) mean += y(i) / n;
    const double middle = (n - 1) / 2;
    double sxx = 0, sxy = 0, total = 0;
    for (std::size_t i = 0; i < series->numbers.size(); ++i) {
      const double x = static_cast<double>(i) - middle;
      sxx += x * x, sxy += x * (y(i) - mean), total += (y(i) - mean) * (y(i) - mean);
    }
    const double slope = sxx == 0 ? 0 : sxy / sxx, at = mean - slope * middle;
    Numbers line;
    double rest = 0;
    for (std::size_t i = 0; i < series->numbers.size(); ++i) {
      line.push_back(at + slope * static_cast<double>(i));
      rest += (y(i) - *line.back()) * (y(i) - *line.back());
    }
    std::string out = as_bag ? "{" : "[";
    const auto field = [&](std::string_view name, Number value) {
      if (out.size() > 1) out += ',';
      if (as_bag) out += '"' + std::string(name) + "\":";
      append_number(out, value);
    };
    field("rsquare", total == 0 ? 1 : 1 - rest / total);
    field("slope", slope);
    field("variance", total / std::max(1.0, n - 1));
    field("rvariance", rest / std::max(1.0, n - 1));
    field("interception", at);
    out += as_bag ? ",\"line_fit\":" : ",";
    out += array_of(call.arena, line).text;
    call.put(Json{call.arena.copy(out + (as_bag ? '}' : ']'))});
  }
}

constexpr auto kGreater = [](double a, double b) { return a > b; };
constexpr auto kGreaterEquals = [](double a, double b) { return a >= b; };
constexpr auto kLog = [](double x) { return x > 0 ? Number(std::log(x)) : Number(); };
constexpr auto kSign = [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; };

constexpr Kernel kKernels[] = {
    {"series_abs", each<[](double x) { return std::fabs(x); }, true>},
    {"series_acos", each<[](double x) { return known(std::acos(x)); }>},
    {"series_asin", each<[](double x) { return known(std::asin(x)); }>},
    {"series_atan", each<[](double x) { return std::atan(x); }>},
    {"series_ceiling", each<[](double x) { return std::ceil(x); }>},
    {"series_cos", each<[](double x) { return std::cos(x); }>},
    {"series_exp", each<[](double x) { return std::exp(x); }>},
    {"series_floor", each<[](double x) { return std::floor(x); }>},
    {"series_log", each<kLog>},
    {"series_sign", each<kSign, true>},
    {"series_sin", each<[](double x) { return std::sin(x); }>},
    {"series_tan", each<[](double x) { return std::tan(x); }>},
    {"series_add", pairs<[](double a, double b) { return a + b; }, true>},
    {"series_subtract", pairs<[](double a, double b) { return a - b; }, true>},
    {"series_multiply", pairs<[](double a, double b) { return a * b; }, true>},
    {"series_divide", pairs<[](double a, double b) { return a / b; }>},
    {"series_pow", pairs<[](double a, double b) { return std::pow(a, b); }>},
    {"series_equals", compare<[](double a, double b) { return a == b; }>},
    {"series_not_equals", compare<[](double a, double b) { return a != b; }>},
    {"series_less", compare<[](double a, double b) { return a < b; }>},
    {"series_less_equals", compare<[](double a, double b) { return a <= b; }>},
    {"series_greater", compare<kGreater>},
    {"series_greater_equals", compare<kGreaterEquals>},
    {"series_sum", whole<sum>},
    {"series_product", whole<product>},
    {"series_magnitude", whole<magnitude>},
    {"series_dot_product", whole_pair<dot>},
    {"series_cosine_similarity", cosine},
    {"series_pearson_correlation", whole_pair<pearson>},
    {"series_fill_const", fill_const},
    {"series_fill_forward", fill_next<true>},
    {"series_fill_backward", fill_next<false>},
    {"series_fill_linear", fill_linear},
    {"series_fir", fir},
    {"series_iir", iir},
    {"series_stats", stats<false>},
    {"series_stats_dynamic", stats<true>},
    {"series_fit_line", fit_line<false>},
    {"series_fit_line_dynamic", fit_line<true>},
};

}  // namespace

std::span<const Kernel> series_kernels() {
  static const std::vector<Kernel> all = [] {
    std::vector<Kernel> list(std::begin(kKernels), std::end(kKernels));
    const auto more = series_analysis_kernels();
    list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

}  // namespace yagura::kql
