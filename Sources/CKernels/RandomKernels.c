#include "RandomKernels.h"

#include <math.h>

#include "TensorKernels.h"
#include "multiversion.h"

INLINE uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

INLINE void threefry(const uint64_t key[2], uint64_t *x0, uint64_t *x1) {
  const uint64_t k[3] = {key[0], key[1], 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1]};
  const int rotations[8] = {16, 42, 12, 31, 16, 32, 24, 21};
  uint64_t a = *x0 + k[0], b = *x1 + k[1];
#pragma clang loop unroll(full)
  for (int round = 0; round < 20; round++) {
    a += b;
    b = rotate(b, rotations[round % 8]) ^ a;
    if (round % 4 == 3) {
      const int injection = round / 4 + 1;
      a += k[injection % 3];
      b += k[(injection + 1) % 3] + (uint64_t)injection;
    }
  }
  *x0 = a;
  *x1 = b;
}

void random_block(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]) {
  block[0] = counter[0];
  block[1] = counter[1];
  threefry(key, &block[0], &block[1]);
}

// 53 bits, and half a step more where 0 must not occur.
INLINE double unit(uint64_t bits, double shift) { return ((double)(bits >> 11) + shift) * 0x1p-53; }
// 24 bits, so that rounding never reaches 1.
INLINE float unit_single(uint64_t bits, float shift) {
  return ((float)(bits >> 40) + shift) * 0x1p-24f;
}

MULTIVERSION static void uniform_f64(const uint64_t *key, double shift, long n, double *out) {
  for (long pair = 0; pair < n / 2; pair++) {
    uint64_t a = (uint64_t)pair, b = 0;
    threefry(key, &a, &b);
    out[2 * pair] = unit(a, shift);
    out[2 * pair + 1] = unit(b, shift);
  }
  if (n % 2) {
    uint64_t a = (uint64_t)(n / 2), b = 0;
    threefry(key, &a, &b);
    out[n - 1] = unit(a, shift);
  }
}

MULTIVERSION static void uniform_f32(const uint64_t *key, float shift, long n, float *out) {
  for (long pair = 0; pair < n / 2; pair++) {
    uint64_t a = (uint64_t)pair, b = 0;
    threefry(key, &a, &b);
    out[2 * pair] = unit_single(a, shift);
    out[2 * pair + 1] = unit_single(b, shift);
  }
  if (n % 2) {
    uint64_t a = (uint64_t)(n / 2), b = 0;
    threefry(key, &a, &b);
    out[n - 1] = unit_single(a, shift);
  }
}

void random_uniform(int type, const uint64_t key[2], int is_open, long n, void *out) {
  if (type == TK_F64) {
    uniform_f64(key, is_open ? 0.5 : 0, n, out);
  } else {
    // 0.25 rather than a half: 2^24 - 0.5 would round to 2^24.
    uniform_f32(key, is_open ? 0.25f : 0, n, out);
  }
}

static inline void store(int type, void *out, long index, double value) {
  if (type == TK_F64) {
    ((double *)out)[index] = value;
  } else {
    ((float *)out)[index] = (float)value;
  }
}

void random_normal(int type, const uint64_t key[2], long n, void *out) {
  for (long pair = 0; pair < (n + 1) / 2; pair++) {
    uint64_t a = (uint64_t)pair, b = 0;
    threefry(key, &a, &b);
    const double radius = sqrt(-2 * log(unit(a, 0.5)));
    const double angle = 6.283185307179586 * unit(b, 0);
    store(type, out, 2 * pair, radius * cos(angle));
    if (2 * pair + 1 < n) store(type, out, 2 * pair + 1, radius * sin(angle));
  }
}

static double normal_below(double x) { return 0.5 * erfc(-x * 0.7071067811865476); }

// The inverse of the normal distribution function for 0 < p <= 1/2: Acklam's rational approximation
// (relative error 1e-9) and one step of Halley's method.
static double normal_quantile(double p) {
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

void random_truncated_normal(int type, const uint64_t key[2], double low, double high, long n,
                             void *out) {
  // Intervals to the right are mirrored: small probabilities are exact on the left only.
  const int mirrored = low > 0;
  const double left = mirrored ? -high : low, right = mirrored ? -low : high;
  const double p_left = normal_below(left), mass = normal_below(right) - p_left;
  for (long index = 0; index < n; index++) {
    uint64_t a = (uint64_t)(index / 2), b = 0;
    threefry(key, &a, &b);
    const double p = p_left + mass * unit(index % 2 ? b : a, 0.5);
    double x = p <= 0.5 ? normal_quantile(p) : -normal_quantile(1 - p);
    x = fmin(fmax(x, left), right);
    store(type, out, index, mirrored ? -x : x);
  }
}

void random_below(const uint64_t key[2], uint64_t bound, long n, int64_t *out) {
  for (long index = 0; index < n; index++) {
    uint64_t a = (uint64_t)index, b = 0;
    threefry(key, &a, &b);
    out[index] = (int64_t)(((unsigned __int128)a * bound) >> 64);
  }
}
