// Discrete Fourier transforms of any length, and what the periods of a series are found by.
//
// Pure functions. n log n in time for every n: powers of two by Cooley and Tukey, other lengths by Bluestein's way.
#pragma once
#include <complex>
#include <span>
#include <vector>

namespace yagura::kql {

using Spectrum = std::vector<std::complex<double>>;

// Sum of x[k] e^(-2 pi i jk/n); the inverse has the other sign and divides by n.
Spectrum fourier(const Spectrum& x, bool inverse);

// Periods of a regular series: at least 4 places, at most half of its length.
class Periodicity {
 public:
  explicit Periodicity(std::span<const double> series);

  // How well the series fits itself so many places on, 0 to 1; 0 where its neighbours fit better, or where the
  // series has next to no power at that frequency.
  double score(double period) const;
  struct Found {
    double period;
    double score;
  };
  // The best first. Periods whose frequency has no share in the series' power (multiples of another, above all) are none.
  std::vector<Found> find(double least, double most, std::size_t count) const;

 private:
  bool is_peak(std::size_t lag) const;
  bool is_frequency(double period) const;
  double at(std::size_t lag) const;
  std::size_t size_ = 0;
  std::vector<double> correlation_;  // by lag; 1 at 0
  std::vector<double> power_;        // by frequency
};

}  // namespace yagura::kql
