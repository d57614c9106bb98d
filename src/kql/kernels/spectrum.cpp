#include "kql/kernels/spectrum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace yagura::kql {
namespace {

// In place; the length is a power of two.
void fourier_of_power(Spectrum& x, bool inverse) {
  const std::size_t n = x.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (std::size_t length = 2; length <= n; length <<= 1) {
    const double angle = 2 * std::numbers::pi / static_cast<double>(length) * (inverse ? 1 : -1);
    Spectrum roots(length / 2);
    for (std::size_t k = 0; k < roots.size(); ++k) roots[k] = std::polar(1.0, angle * static_cast<double>(k));
    for (std::size_t i = 0; i < n; i += length) {
      for (std::size_t k = 0; k < length / 2; ++k) {
        const auto even = x[i + k], odd = x[i + k + length / 2] * roots[k];
        x[i + k] = even + odd;
        x[i + k + length / 2] = even - odd;
      }
    }
  }
}

// As a convolution with a chirp, whose length may be any.
Spectrum bluestein(const Spectrum& x, bool inverse) {
  const std::size_t n = x.size(), m = std::bit_ceil(2 * n - 1);
  Spectrum chirp(n), a(m), b(m);
  for (std::size_t k = 0; k < n; ++k) {
    // k * k would lose digits for long series; the angle only needs it modulo 2n.
    const auto square = static_cast<double>(k * k % (2 * n));
    chirp[k] = std::polar(1.0, std::numbers::pi * square / static_cast<double>(n) * (inverse ? 1 : -1));
    a[k] = x[k] * chirp[k];
    b[k] = std::conj(chirp[k]);
    if (k > 0) b[m - k] = b[k];
  }
  fourier_of_power(a, false);
  fourier_of_power(b, false);
  for (std::size_t i = 0; i < m; ++i) a[i] *= b[i];
  fourier_of_power(a, true);
  Spectrum out(n);
  for (std::size_t k = 0; k < n; ++k) out[k] = a[k] * chirp[k] / static_cast<double>(m);
  return out;
}

}  // namespace

Spectrum fourier(const Spectrum& x, bool inverse) {
  if (x.empty()) return {};
  Spectrum out = x;
  if (std::has_single_bit(x.size())) {
    fourier_of_power(out, inverse);
  } else {
    out = bluestein(x, inverse);
  }
  if (inverse) {
    for (auto& value : out) value /= static_cast<double>(x.size());
  }
  return out;
}

Periodicity::Periodicity(std::span<const double> series) : size_(series.size()) {
  if (size_ < 8) return;
  double mean = 0;
  for (const double v : series) mean += v / static_cast<double>(size_);
  Spectrum padded(std::bit_ceil(2 * size_)), plain(size_);
  for (std::size_t i = 0; i < size_; ++i) padded[i] = plain[i] = series[i] - mean;
  padded = fourier(padded, false);
  for (auto& v : padded) v = std::norm(v);
  padded = fourier(padded, true);
  const double squares = padded[0].real();
  if (!(squares > 1e-12 * static_cast<double>(size_))) return;
  correlation_.resize(size_);
  for (std::size_t lag = 0; lag < correlation_.size(); ++lag) correlation_[lag] = padded[lag].real() / squares;
  plain = fourier(plain, false);
  power_.resize(size_ / 2 + 1);
  double all = 0;
  for (std::size_t k = 1; k < power_.size(); ++k) all += power_[k] = std::norm(plain[k]);
  for (double& p : power_) p /= all;
}

// What repeats once may be chance: the series must fit itself after two periods as well. Fewer places overlap at a longer lag, which is
// made good.
double Periodicity::at(std::size_t lag) const {
  const auto fit = [&](std::size_t at) {
    return at < size_ ? correlation_[at] * static_cast<double>(size_) / static_cast<double>(size_ - at) : 0.0;
  };
  return std::clamp(std::min(fit(lag), fit(2 * lag)), 0.0, 1.0);
}

bool Periodicity::is_peak(std::size_t lag) const {
  return correlation_[lag] > 0 && correlation_[lag] >= correlation_[lag - 1] && correlation_[lag] >= correlation_[lag + 1];
}

// The multiple of a period fits as well as the period, and many a place a little by chance; neither is a frequency of its own.
bool Periodicity::is_frequency(double period) const {
  const double cycles = static_cast<double>(size_) / period;
  // Between two frequencies, either may have it.
  const auto low = static_cast<std::size_t>(std::floor(cycles + 0.4)), high = static_cast<std::size_t>(std::ceil(cycles - 0.4));
  const double share = std::max(power_[std::min(low, power_.size() - 1)], power_[std::min(high, power_.size() - 1)]);
  return share >= 2.0 / static_cast<double>(power_.size() - 1);  // twice of an even share
}

double Periodicity::score(double period) const {
  if (correlation_.empty() || !(period >= 4) || !(period <= static_cast<double>(size_) / 2)) return 0;
  const auto lag = static_cast<std::size_t>(std::llround(period));
  return lag + 1 < correlation_.size() && is_peak(lag) && is_frequency(period) ? at(lag) : 0;
}

std::vector<Periodicity::Found> Periodicity::find(double least, double most, std::size_t count) const {
  std::vector<Found> found;
  if (correlation_.empty()) return found;
  for (std::size_t lag = 4; 2 * lag <= size_ && lag + 1 < correlation_.size(); ++lag) {
    const auto period = static_cast<double>(lag);
    if (period < least || period > most || !is_peak(lag)) continue;
    if (!is_frequency(period)) continue;
    found.push_back({period, at(lag)});
  }
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) { return a.score > b.score; });
  std::vector<Found> out;
  for (const auto& f : found) {
    const bool again = std::ranges::any_of(out, [&](const Found& o) {
      const double ratio = std::max(f.period, o.period) / std::min(f.period, o.period);
      return ratio < 1.25 || (f.period > o.period && std::fabs(ratio - std::round(ratio)) < 0.05 && f.score < o.score);
    });
    if (!again && out.size() < count) out.push_back(f);
  }
  return out;
}

}  // namespace yagura::kql
