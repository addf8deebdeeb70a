// x^y = exp(y log x), where the logarithm has 11 bits more than a double. Sums of two numbers, the
// second a correction of the first, whose products are exact because `head` leaves 26 bits of each
// factor.

OVERLOAD f64x8 head(f64x8 x) { return (f64x8)((u64x8)x >> 27 << 27); }

// log x = result + *low for positive finite x.
OVERLOAD f64x8 log_in_two(f64x8 x, f64x8 *low) {
  f64x8 k;
  const f64x8 m = split_exponent(x, &k), u = m - 1, v = m + 1, inverse = 1 / v;
  // s = u / v, log m = 2 atanh s = 2 (s + s^3 / 3 + s^5 R(s^2))
  const f64x8 s = head(u * inverse), vh = head(v), vl = m - (vh - 1);
  const f64x8 s_low = ((u - s * vh) - s * vl) * inverse;
  // w = s^2 / 3 + s^4 R, cut in two
  const f64x8 z = s * s, z_low = s_low * (s + s + s_low), zs = z + z_low;
  const f64x8 zh = head(zs), zl = (z - zh) + z_low;
  const double third = 0x1.5555554p-2, third_low = 0x1.5555555555555p-30;
  const f64x8 tail =
      zs * zs * polynomial(sizeof log_tail_terms_f64 / sizeof(double), log_tail_terms_f64, zs);
  const f64x8 w_low = zl * third + (zs * third_low + tail), w_high = zh * third;
  const f64x8 w = head(w_high + w_low), w_rest = (w_high - w) + w_low;
  // s + s w
  const f64x8 cubic = s * w, cubic_low = s_low * w + (s + s_low) * w_rest;
  const f64x8 sum = s + cubic, sum_low = (cubic - (sum - s)) + (s_low + cubic_low);
  // and k ln 2
  const f64x8 base = k * 6.93147180369123816490e-01, high = base + 2 * sum;
  const f64x8 v2 = high - base, rest = (base - (high - v2)) + (2 * sum - v2);
  *low = rest + (2 * sum_low + k * 1.90821492927058770002e-10);
  return high;
}

// x^y for positive finite x and finite y.
OVERLOAD f64x8 positive_power(f64x8 x, f64x8 y) {
  // Every power of another number than 1 is 0 or infinite before that.
  y = y > 0x1p70 ? (f64x8)0x1p70 : y < -0x1p70 ? (f64x8)-0x1p70 : y;
  f64x8 low;
  const f64x8 high = log_in_two(x, &low), h = head(high), l = (high - h) + low, yh = head(y);
  const f64x8 p = yh * h, p_low = (y - yh) * h + y * l, sum = p + p_low;
  const f64x8 rest = (p - sum) + p_low;
  return exp_of_sum(sum, absolute(sum) < 800 ? rest : (f64x8)0, -0.0);
}

// A double's logarithm has enough bits for floats.
OVERLOAD f32x16 positive_power(f32x16 x, f32x16 y) {
  f64x8 half[2];
  for (int i = 0; i < 2; i++) {
    const f64x8 a = i ? converted_high(x) : converted_low(x);
    const f64x8 b = i ? converted_high(y) : converted_low(y);
    half[i] = vexp(b * log_plus(a, (f64x8)-0.0));
  }
  return converted(half[0], half[1]);
}

#define REAL_BODY "VectorPowerCases.h"
#include "Real.h"
