// Distributions of statistics. https://learn.microsoft.com/kusto/query/beta-cdf-function and welch-test-function
//
// Where the documentation's notes and examples differ (beta_inv), its examples count.
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

using Policy = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::errno_on_error>, boost::math::policies::pole_error<boost::math::policies::errno_on_error>,
    boost::math::policies::overflow_error<boost::math::policies::errno_on_error>, boost::math::policies::evaluation_error<boost::math::policies::errno_on_error>>;
using Beta = boost::math::beta_distribution<double, Policy>;

bool has_shape(double a, double b) { return a > 0 && a <= 10000 && b > 0 && b <= 10000; }

constexpr auto beta_cdf = [](double x, double a, double b) {
  return has_shape(a, b) && x >= 0 && x <= 1 ? boost::math::cdf(Beta(a, b), x) : std::nan("");
};
constexpr auto beta_pdf = [](double x, double a, double b) {
  return has_shape(a, b) && x > 0 && x < 1 ? boost::math::pdf(Beta(a, b), x) : std::nan("");
};
constexpr auto beta_inv = [](double p, double a, double b) -> std::optional<double> {
  if (!has_shape(a, b)) return std::nan("");
  if (!(p > 0 && p <= 1)) return std::nullopt;
  return boost::math::quantile(Beta(a, b), p);
};

// The chance of means so far apart when they are equal.
constexpr auto welch = [](double mean1, double variance1, double count1, double mean2, double variance2, double count2) -> std::optional<double> {
  if (!(count1 > 1 && count2 > 1 && variance1 >= 0 && variance2 >= 0)) return std::nullopt;
  const double a = variance1 / count1, b = variance2 / count2;
  if (!(a + b > 0)) return mean1 == mean2 ? 1.0 : 0.0;
  const double t = (mean1 - mean2) / std::sqrt(a + b);
  const double freedom = (a + b) * (a + b) / (a * a / (count1 - 1) + b * b / (count2 - 1));
  if (!std::isfinite(t) || !std::isfinite(freedom)) return std::nullopt;
  const boost::math::students_t_distribution<double, Policy> students(freedom);
  return 2 * boost::math::cdf(boost::math::complement(students, std::fabs(t)));
};

constexpr Kernel kKernels[] = {
    {"beta_cdf", kernel_rows<beta_cdf>},
    {"beta_pdf", kernel_rows<beta_pdf>},
    {"beta_inv", kernel_rows<beta_inv>},
    {"welch_test", kernel_rows<welch>},
};

}  // namespace

std::span<const Kernel> statistics_kernels() { return kKernels; }

}  // namespace yagura::kql
