// The inverse of the distribution function of a standard normal number between two bounds.
#ifndef ARGMIN_TRUNCATED_NORMAL_H
#define ARGMIN_TRUNCATED_NORMAL_H

#include <math.h>

// From here on a tail is worked with on the scale of logarithms: probabilities near 1e-15 and less.
#define FAR_TAIL 8.0

// Intervals to the right are mirrored: small probabilities are exact on the left only. The bounds
// are those of the mirrored interval.
typedef struct {
  int is_mirrored;
  double left, right;
  // Probabilities of less than `left`, of more than `right` and of between.
  double below, above, mass;
} truncation;

static inline double normal_below(double x) { return 0.5 * erfc(-x * 0.7071067811865476); }

static inline truncation truncation_between(double low, double high) {
  truncation result = {low > 0, low, high, 0, 0, 0};
  if (result.is_mirrored) {
    result.left = -high;
    result.right = -low;
  }
  result.below = normal_below(result.left);
  result.above = normal_below(-result.right);
  result.mass = result.right <= 0 ? normal_below(result.right) - result.below
                                  : 1 - result.below - result.above;
  return result;
}

// The inverse of the normal distribution function for 0 < p <= 1/2: Acklam's rational approximation
// (relative error 1e-9) and one step of Halley's method.
static inline double normal_quantile(double p) {
  static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
                             1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                             6.680131188771972e+01, -1.328068155288572e+01};
  static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                             -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00};
  static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                             3.754408661907416e+00};
  double x;
  if (p < 0.02425) {
    const double q = sqrt(-2 * log(p));
    x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
        ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  } else {
    const double q = p - 0.5, r = q * q;
    x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
        (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
  }
  const double error = (normal_below(x) - p) * 2.5066282746310002 * exp(x * x / 2);
  return isfinite(error) ? x - error / (1 + x * error / 2) : x;
}

// Mills' ratio, the probability of more than t over the density at t, for t >= FAR_TAIL: Laplace's
// continued fraction 1 / (t + 1 / (t + 2 / (t + ...))).
static inline double mills_ratio(double t) {
  double denominator = t;
  for (int k = 24; k > 0; k--) denominator = t + k / denominator;
  return 1 / denominator;
}

// The t between a >= FAR_TAIL and b of which a part `unit` of the tail's mass lies closer to a:
// Newton's method for the logarithm of the probability of more than t, relative to that of more
// than a.
static inline double far_tail_quantile(double a, double b, double unit) {
  const double mills_a = mills_ratio(a);
  const double beyond = isinf(b) ? 0 : exp((a - b) * (a + b) / 2) * mills_ratio(b) / mills_a;
  const double target = log1p(-unit * (1 - beyond));
  double t = a - 2 * target / (a + sqrt(a * a - 2 * target));
  for (int step = 0; step < 3; step++) {
    const double mills = mills_ratio(t);
    t += ((a - t) * (a + t) / 2 + log(mills / mills_a) - target) * mills;
  }
  return t;
}

// The x of which a part `unit`, in (0, 1), of the interval's mass lies below.
static inline double truncated_quantile(const truncation *interval, double unit) {
  double x;
  if (interval->right <= -FAR_TAIL) {
    x = -far_tail_quantile(-interval->right, -interval->left, unit);
  } else {
    const double p = interval->below + interval->mass * unit;
    x = p <= 0.5 ? normal_quantile(p)
                 : -normal_quantile(interval->above + interval->mass * (1 - unit));
  }
  x = fmin(fmax(x, interval->left), interval->right);
  return interval->is_mirrored ? -x : x;
}

#endif
