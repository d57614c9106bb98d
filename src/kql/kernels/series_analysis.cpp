// Kernels that look at a series as a whole: transforms, regressions, periods, decomposition, outliers.
// https://learn.microsoft.com/kusto/query/time-series-analysis and anomaly-detection
//
// Results of several columns are arrays of their parts, in the order of compound.cpp. Elements that are no numbers are missing:
// they take no part in medians, means and lines. Time is n log n at most in the series' length.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel.hpp"
#include "kql/kernels/spectrum.hpp"

namespace yagura::kql {

std::span<const Kernel> series_analysis_kernels();

namespace {

using Reals = std::vector<double>;  // NaN: missing

std::optional<Reals> read(const KernelCall& call, std::size_t i, std::size_t row) {
  if (i >= call.size() || call[i].is_null(row) || !json::is_array(call[i].text(row))) return std::nullopt;
  Reals out;
  json::for_each_element(call[i].text(row), [&](std::string_view e) {
    const auto value = json::is_string(e) || json::is_null(e) ? std::nullopt : real_from_text(e);
    out.push_back(value && std::isfinite(*value) ? *value : NAN);
  });
  return out;
}
bool present(double v) { return !std::isnan(v); }

void append(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "null" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  event::Column one(Type::real);
  one.append_real(value == 0 ? 0.0 : value);
  append_json_of(out, Operand(one, true), 0);
}
void append(std::string& out, const Reals& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append(out, values[i]);
  }
  out += ']';
}
void append_whole(std::string& out, const Reals& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(static_cast<int>(values[i]));
  }
  out += ']';
}
template <class... Parts>
void put_parts(KernelCall& call, const Parts&... parts) {
  std::string out = "[";
  ((out.size() > 1 ? out += ',' : out, append(out, parts)), ...);
  call.put(Json{call.arena.copy(out + "]")});
}

double real_or(const KernelCall& call, std::size_t i, std::size_t row, double otherwise) {
  return i < call.size() && !call[i].is_null(row) ? call[i].real(row) : otherwise;
}
std::string_view text_or(const KernelCall& call, std::size_t i, std::size_t row, std::string_view otherwise) {
  return i < call.size() && !call[i].text(row).empty() ? call[i].text(row) : otherwise;
}

// --- transforms

template <bool Inverse>
void transform(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto real = read(call, 0, row);
    const auto imaginary = call.size() > 1 ? read(call, 1, row) : Reals();
    if (!real || !imaginary || (call.size() > 1 && imaginary->size() != real->size())) {
      call.put_null();
      continue;
    }
    Spectrum x(real->size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto part = [](double v) { return present(v) ? v : 0; };
      x[i] = {part((*real)[i]), call.size() > 1 ? part((*imaginary)[i]) : 0};
    }
    x = fourier(x, Inverse);
    Reals a, b;
    for (const auto& v : x) a.push_back(v.real()), b.push_back(v.imag());
    put_parts(call, a, b);
  }
}

// --- lines

struct Line {
  double slope = 0, at = 0;           // y = slope * x + at
  double total = 0, rest = 0, n = 0;  // sums of squares: around the mean, around the line
  double rsquare() const { return total <= 0 ? 1 : 1 - rest / total; }
  double variance() const { return total / std::max(1.0, n - 1); }
  double rvariance() const { return rest / std::max(1.0, n - 1); }
};

// Sums over the first values of a series: the line through any stretch of it costs nothing more.
class Sums {
 public:
  explicit Sums(const Reals& y) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      Five s = sums_.back();
      if (present(y[i])) {
        const auto x = static_cast<long double>(i), v = static_cast<long double>(y[i]);
        s.n += 1, s.x += x, s.y += v, s.xx += x * x, s.xy += x * v, s.yy += v * v;
      }
      sums_.push_back(s);
    }
  }
  // Of [from, to), with x from 0 at `from`.
  Line line(std::size_t from, std::size_t to) const {
    const Five &a = sums_[from], &b = sums_[to];
    const long double n = b.n - a.n;
    if (n == 0) return {};
    const auto shift = static_cast<long double>(from);
    const long double sy = b.y - a.y, sx = b.x - a.x - n * shift;
    const long double xx = b.xx - a.xx - 2 * shift * (b.x - a.x) + n * shift * shift - sx * sx / n;
    const long double xy = b.xy - a.xy - shift * sy - sx * sy / n, yy = std::max(0.0L, b.yy - a.yy - sy * sy / n);
    Line line;
    line.n = static_cast<double>(n);
    line.slope = xx > 0 ? static_cast<double>(xy / xx) : 0;
    line.at = static_cast<double>(sy / n) - line.slope * static_cast<double>(sx / n);
    line.total = static_cast<double>(yy);
    line.rest = static_cast<double>(std::max(0.0L, xx > 0 ? yy - xy * xy / xx : yy));
    return line;
  }

 private:
  struct Five {
    long double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  };
  std::vector<Five> sums_ = {Five{}};
};

template <bool Bag>
void fit_2lines(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto y = read(call, 0, row);
    if (!y || y->size() < 2) {
      call.put_null();
      continue;
    }
    const Sums sums(*y);
    const Line whole = sums.line(0, y->size());
    std::size_t split = 1;
    double least = INFINITY;
    for (std::size_t at = 1; at < y->size(); ++at) {
      const double rest = sums.line(0, at).rest + sums.line(at, y->size()).rest;
      if (rest < least) least = rest, split = at;
    }
    const Line left = sums.line(0, split), right = sums.line(split, y->size());
    Reals fit;
    for (std::size_t i = 0; i < split; ++i) fit.push_back(left.at + left.slope * static_cast<double>(i));
    for (std::size_t i = split; i < y->size(); ++i) fit.push_back(right.at + right.slope * static_cast<double>(i - split));
    std::string out = Bag ? "{" : "[";
    const auto field = [&](std::string_view name, const auto& value) {
      if (out.back() != '{' && out.back() != '[') out += ',';
      if (Bag) out += '"' + std::string(name) + "\":";
      append(out, value);
    };
    const auto side = [&](std::string_view name, const Line& line) {
      if (Bag) out += ",\"" + std::string(name) + "\":{";
      field("rsquare", line.rsquare());
      field("slope", line.slope);
      field("interception", line.at);
      field("variance", line.variance());
      field("rvariance", line.rvariance());
      if (Bag) out += '}';
    };
    field("rsquare", whole.total <= 0 ? 1 : 1 - least / whole.total);
    out += Bag ? ",\"split_idx\":" : ",";
    out += std::to_string(split);
    field("variance", whole.variance());
    field("rvariance", least / std::max(1.0, whole.n - 1));
    field("line_fit", fit);
    side("right", right);
    side("left", left);
    call.put(Json{call.arena.copy(out + (Bag ? '}' : ']'))});
  }
}

// --- polynomials

constexpr std::size_t kMaxDegree = 20;

// Coefficients from the constant up, by least squares over Householder reflections; x is scaled to [-1, 1] so that high
// powers keep their digits.
std::optional<Reals> polynomial(const Reals& x, const Reals& y, std::size_t degree) {
  const auto [low, high] = std::ranges::minmax(x);
  const double middle = (low + high) / 2, half = high > low ? (high - low) / 2 : 1;
  const std::size_t n = x.size(), m = degree + 1;
  std::vector<Reals> columns(m, Reals(n));
  for (std::size_t i = 0; i < n; ++i) {
    double power = 1;
    for (std::size_t j = 0; j < m; ++j, power *= (x[i] - middle) / half) columns[j][i] = power;
  }
  Reals right = y, diagonal(m);
  for (std::size_t j = 0; j < m; ++j) {
    double norm = 0;
    for (std::size_t i = j; i < n; ++i) norm += columns[j][i] * columns[j][i];
    norm = std::sqrt(norm);
    if (!(norm > 1e-13)) return std::nullopt;
    diagonal[j] = columns[j][j] > 0 ? -norm : norm;
    Reals v(n);
    for (std::size_t i = j; i < n; ++i) v[i] = columns[j][i];
    v[j] -= diagonal[j];
    double square = 0;
    for (std::size_t i = j; i < n; ++i) square += v[i] * v[i];
    const auto reflect = [&](Reals& target) {
      double dot = 0;
      for (std::size_t i = j; i < n; ++i) dot += v[i] * target[i];
      for (std::size_t i = j; i < n; ++i) target[i] -= 2 * dot / square * v[i];
    };
    for (std::size_t k = j + 1; k < m; ++k) reflect(columns[k]);
    reflect(right);
  }
  Reals scaled(m);
  for (std::size_t j = m; j-- > 0;) {
    double value = right[j];
    for (std::size_t k = j + 1; k < m; ++k) value -= columns[k][j] * scaled[k];
    scaled[j] = value / diagonal[j];
  }
  // From powers of (x - middle) / half to powers of x, by Horner's rule.
  Reals out(m);
  for (std::size_t j = m; j-- > 0;) {
    for (std::size_t k = m - 1; k > 0; --k) out[k] = out[k - 1] / half - out[k] * middle / half;
    out[0] = -out[0] * middle / half + scaled[j];
  }
  return out;
}

void fit_poly(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto y = read(call, 0, row);
    const bool has_x = call.size() > 1 && call[1].type() == Type::dynamic && !call[1].is_null(row);
    auto x = has_x ? read(call, 1, row) : Reals();
    const double degree = real_or(call, 2, row, 1);
    if (!y || !x || (has_x && x->size() != y->size()) || !(degree >= 0 && degree <= kMaxDegree) || y->empty()) {
      call.put_null();
      continue;
    }
    for (std::size_t i = x->size(); i < y->size(); ++i) x->push_back(static_cast<double>(i + 1));
    Reals known_x, known_y;
    for (std::size_t i = 0; i < y->size(); ++i) {
      if (present((*x)[i]) && present((*y)[i])) known_x.push_back((*x)[i]), known_y.push_back((*y)[i]);
    }
    const auto coefficients = known_y.size() > static_cast<std::size_t>(degree) ? polynomial(known_x, known_y, static_cast<std::size_t>(degree)) : std::nullopt;
    if (!coefficients) {
      call.put_null();
      continue;
    }
    const auto value_at = [&](double at) {
      double value = 0;
      for (std::size_t j = coefficients->size(); j-- > 0;) value = value * at + (*coefficients)[j];
      return value;
    };
    Reals fit;
    for (const double at : *x) fit.push_back(value_at(at));
    double mean = 0, total = 0, rest = 0;
    const auto n = static_cast<double>(known_y.size());
    for (const double v : known_y) mean += v / n;
    for (std::size_t i = 0; i < known_y.size(); ++i) {
      total += (known_y[i] - mean) * (known_y[i] - mean);
      rest += std::pow(known_y[i] - value_at(known_x[i]), 2);
    }
    put_parts(call, total <= 0 ? 1.0 : 1 - rest / total, Reals(coefficients->rbegin(), coefficients->rend()), total / std::max(1.0, n - 1), rest / std::max(1.0, n - 1), fit);
  }
}

// --- periods

Reals filled(const Reals& series, std::size_t size) {
  Reals out(series.begin(), series.begin() + static_cast<std::ptrdiff_t>(size));
  double mean = 0, count = 0;
  for (const double v : out) {
    if (present(v)) mean += v, ++count;
  }
  for (double& v : out) {
    if (!present(v)) v = count > 0 ? mean / count : 0;
  }
  return out;
}

void periods_detect(KernelCall& call) {
  constexpr double kMost = 1000;
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    const double count = real_or(call, 3, row, 0);
    if (!series || !(count >= 0)) {
      call.put_null();
      continue;
    }
    Reals periods, scores;
    const auto wanted = static_cast<std::size_t>(std::min(count, kMost));
    for (const auto& f : Periodicity(filled(*series, series->size())).find(real_or(call, 1, row, 0), real_or(call, 2, row, INFINITY), wanted)) {
      periods.push_back(f.period);
      scores.push_back(f.score);
    }
    periods.resize(wanted), scores.resize(wanted);
    put_parts(call, periods, scores);
  }
}

void periods_validate(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    if (!series) {
      call.put_null();
      continue;
    }
    const Periodicity periodicity(filled(*series, series->size()));
    Reals periods, scores;
    for (std::size_t i = 1; i < call.size(); ++i) {
      periods.push_back(real_or(call, i, row, 0));
      scores.push_back(periodicity.score(periods.back()));
    }
    put_parts(call, periods, scores);
  }
}

// --- decomposition

double median(Reals& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// The median of each place in the period, over the first `train` values; zeros without a period.
Reals seasonal_part(const Reals& series, std::size_t train, double period, double threshold) {
  Reals out(series.size());
  if (period < 0) {
    const auto found = Periodicity(filled(series, train)).find(0, INFINITY, 1);
    period = found.empty() || found[0].score < threshold ? 0 : found[0].period;
  }
  if (!(period >= 1) || period > static_cast<double>(std::max<std::size_t>(train, 1))) return out;
  const auto length = static_cast<std::size_t>(period);
  Reals values;
  for (std::size_t phase = 0; phase < length; ++phase) {
    values.clear();
    for (std::size_t i = phase; i < train; i += length) {
      if (present(series[i])) values.push_back(series[i]);
    }
    if (values.empty()) continue;
    const double middle = median(values);
    for (std::size_t i = phase; i < series.size(); i += length) out[i] = middle;
  }
  return out;
}

struct Parts {
  Reals baseline, seasonal, trend, residual;
};
std::optional<Parts> decompose(const Reals& series, double period, std::string_view trend, double test_points, double threshold) {
  if (!(test_points >= 0) || (trend != "avg" && trend != "linefit" && trend != "none")) return std::nullopt;
  const auto train = series.size() - std::min(series.size(), static_cast<std::size_t>(test_points));
  Parts parts;
  parts.seasonal = seasonal_part(series, train, period, threshold);
  Reals rest = series;
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = i < train ? rest[i] - parts.seasonal[i] : NAN;
  const Line line = Sums(rest).line(0, rest.size());
  for (std::size_t i = 0; i < series.size(); ++i) {
    parts.trend.push_back(trend == "linefit" ? line.at + line.slope * static_cast<double>(i) : 0);
  }
  if (trend == "avg") {
    double sum = 0, count = 0;
    for (const double v : rest) {
      if (present(v)) sum += v, ++count;
    }
    std::ranges::fill(parts.trend, count > 0 ? sum / count : 0);
  }
  for (std::size_t i = 0; i < series.size(); ++i) {
    parts.baseline.push_back(parts.seasonal[i] + parts.trend[i]);
    parts.residual.push_back(series[i] - parts.baseline[i]);
  }
  return parts;
}

double quantile(const Reals& sorted, double percent) {
  const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

// How far outside of Tukey's fences, in widths between them; 0 within and for missing values. Fences come of the first `train`.
Reals outliers(const Reals& series, std::size_t train, double low, double high) {
  Reals known, scores(series.size());
  for (std::size_t i = 0; i < train; ++i) {
    if (present(series[i])) known.push_back(series[i]);
  }
  if (known.empty()) return scores;
  std::ranges::sort(known);
  const double from = quantile(known, low), to = quantile(known, high);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const double beyond = !present(series[i]) ? 0 : series[i] > to ? series[i] - to : series[i] < from ? series[i] - from : 0;
    // Without any width whatever lies outside is infinitely far; rounding is not.
    if (std::fabs(beyond) > 1e-12 * std::max(std::fabs(from), std::fabs(to))) scores[i] = to > from ? beyond / (to - from) : std::copysign(1e6, beyond);
  }
  return scores;
}

std::optional<std::pair<double, double>> fences(std::string_view kind, double low, double high) {
  if (kind == "tukey") return std::pair(25.0, 75.0);
  if (kind != "ctukey" || !(low >= 2 && low <= 98 && high >= 2 && high <= 98 && low < high)) return std::nullopt;
  return std::pair(low, high);
}

void series_outliers(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    auto series = read(call, 0, row);
    const auto range = fences(text_or(call, 1, row, "ctukey"), real_or(call, 3, row, 10), real_or(call, 4, row, 90));
    const double test_points = real_or(call, 5, row, 0);
    if (!series || !range || !(test_points >= 0)) {
      call.put_null();
      continue;
    }
    const double ignored = real_or(call, 2, row, NAN);
    for (double& v : *series) {
      if (v == ignored) v = NAN;
    }
    const auto train = series->size() - std::min(series->size(), static_cast<std::size_t>(test_points));
    std::string out;
    append(out, outliers(*series, train, range->first, range->second));
    call.put(Json{call.arena.copy(out)});
  }
}

void series_seasonal(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    const double test_points = real_or(call, 2, row, 0);
    if (!series || !(test_points >= 0)) {
      call.put_null();
      continue;
    }
    const auto train = series->size() - std::min(series->size(), static_cast<std::size_t>(test_points));
    std::string out;
    append(out, seasonal_part(*series, train, real_or(call, 1, row, -1), 0.7));
    call.put(Json{call.arena.copy(out)});
  }
}

constexpr double kThreshold = 0.6;  // of a period's score

void series_decompose(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    const auto parts = series ? decompose(*series, real_or(call, 1, row, -1), text_or(call, 2, row, "avg"), real_or(call, 3, row, 0), real_or(call, 4, row, kThreshold)) : std::nullopt;
    if (parts) put_parts(call, parts->baseline, parts->seasonal, parts->trend, parts->residual);
    else call.put_null();
  }
}

void series_forecast(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    const auto parts = series ? decompose(*series, real_or(call, 2, row, -1), text_or(call, 3, row, "avg"), real_or(call, 1, row, 0), real_or(call, 4, row, kThreshold)) : std::nullopt;
    if (parts) put_parts(call, parts->baseline, parts->seasonal, parts->trend, parts->residual);
    else call.put_null();
  }
}

void series_anomalies(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto series = read(call, 0, row);
    const double threshold = real_or(call, 1, row, 1.5), test_points = real_or(call, 4, row, 0);
    const auto parts = series ? decompose(*series, real_or(call, 2, row, -1), text_or(call, 3, row, "avg"), test_points, real_or(call, 6, row, kThreshold)) : std::nullopt;
    const auto range = fences(text_or(call, 5, row, "ctukey"), 10, 90);
    if (!parts || !range || !(threshold > 0)) {
      call.put_null();
      continue;
    }
    const auto train = series->size() - std::min(series->size(), static_cast<std::size_t>(test_points));
    const Reals scores = outliers(parts->residual, train, range->first, range->second);
    Reals flags;
    for (const double s : scores) flags.push_back(s > threshold ? 1 : s < -threshold ? -1 : 0);
    std::string out = "[";
    append_whole(out, flags);
    out += ',';
    append(out, scores);
    out += ',';
    append(out, parts->baseline);
    call.put(Json{call.arena.copy(out + "]")});
  }
}

constexpr Kernel kKernels[] = {
    {"series_fft", transform<false>},
    {"series_ifft", transform<true>},
    {"series_fit_2lines", fit_2lines<false>},
    {"series_fit_2lines_dynamic", fit_2lines<true>},
    {"series_fit_poly", fit_poly},
    {"series_periods_detect", periods_detect},
    {"series_periods_validate", periods_validate},
    {"series_seasonal", series_seasonal},
    {"series_outliers", series_outliers},
    {"series_decompose", series_decompose},
    {"series_decompose_forecast", series_forecast},
    {"series_decompose_anomalies", series_anomalies},
};

}  // namespace

std::span<const Kernel> series_analysis_kernels() { return kKernels; }

}  // namespace yagura::kql
