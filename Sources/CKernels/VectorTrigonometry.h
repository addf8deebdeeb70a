// sin, cos, tan of |x| <= LIMIT_OF_REDUCTION, their cold path beyond it, and the arc tangents.

// x = n pi / 2 + y[0] + y[1] in two parts, |y[0]| <= pi / 4; returns n modulo 4 in its lowest bits.
OVERLOAD mask reduce_angle(vector x, vector *y) {
  // Parts of pi / 2 of 33, 33 and 53 bits (W. J. Cody and W. Waite, Software Manual for the
  // Elementary Functions, 1980): the products of the first two with n are exact.
  const double two_over_pi = 6.36619772367581382433e-01;
  const double part1 = 1.57079632673412561417e+00, part2 = 6.07710050630396597660e-11,
               part3 = 2.02226624879595063154e-21;
#if REAL_IS_DOUBLE
  const vector n = rounded(x * V(two_over_pi));
  const vector high = x - n * V(part1), minus = -(n * V(part2));
  const vector r = high + minus, v = r - high;
  const vector low = ((high - (r - v)) + (minus - v)) - n * V(part3);
  y[0] = r + low;
  y[1] = (r - y[0]) + low;
  return (mask)(n + V(ROUNDER));
#else
  f64x8 n[2], low[2], r[2] = {converted_low(x), converted_high(x)};
  for (int half = 0; half < 2; half++) {
    n[half] = rounded(r[half] * splat(two_over_pi));
    r[half] = (r[half] - n[half] * splat(part1)) - n[half] * splat(part2 + part3);
  }
  y[0] = converted(r[0], r[1]);
  low[0] = r[0] - converted_low(y[0]);
  low[1] = r[1] - converted_high(y[0]);
  y[1] = converted(low[0], low[1]);
  return (mask)(converted(n[0], n[1]) + V(ROUNDER));
#endif
}

OVERLOAD vector sine_kernel(const vector *y) {
  const vector x = y[0], z = x * x;
  const vector cubic = z * x * POLYNOMIAL(sin_terms, z);
  return x + (cubic + (y[1] - V(0.5) * z * y[1]));
}

OVERLOAD vector cosine_kernel(const vector *y) {
  const vector x = y[0], z = x * x, half = V(0.5) * z, w = V(1) - half;
  return w + (((V(1) - w) - half) + (z * z * POLYNOMIAL(cos_terms, z) - x * y[1]));
}

// sin(x + quadrants pi / 2)
OVERLOAD vector sine_ahead(vector x, int quadrants) {
  vector y[2];
  const mask q = reduce_angle(x, y) + quadrants;
  const vector value = (q & 1) != 0 ? cosine_kernel(y) : sine_kernel(y);
  return (vector)((bits)value ^ ((bits)(q & 2) << (FRACTION_BITS == 52 ? 62 : 30)));
}

OVERLOAD vector with_far_angles(vector x, vector y, double (*function)(double)) {
  if (__builtin_expect(any(absolute(x) > V(LIMIT_OF_REDUCTION)), 0)) {
    for (int lane = 0; lane < WIDTH; lane++)
      if (fabs(x[lane]) > LIMIT_OF_REDUCTION) y[lane] = (real)function(x[lane]);
  }
  return y;
}

OVERLOAD vector vsin(vector x) {
  const vector y = sine_ahead(x, 0);
  return with_far_angles(x, x == V(0) ? x : y, sin);
}

OVERLOAD vector vcos(vector x) { return with_far_angles(x, sine_ahead(x, 1), cos); }

OVERLOAD vector vtan(vector x) {
  vector y[2];
  const mask odd = (reduce_angle(x, y) & 1) != 0;
  const vector s = sine_kernel(y), c = cosine_kernel(y);
  const vector t = (odd ? -c : s) / (odd ? s : c);
  return with_far_angles(x, x == V(0) ? x : t, tan);
}

// The angle from 0 to pi / 2 of the point (x, y) with coordinates >= 0, not both of them infinite,
// with two reductions to |t| <= tan(pi / 8).
OVERLOAD vector first_quadrant_angle(vector y, vector x) {
  const double quarter = 7.85398163397448278999e-01, quarter_low = 3.06161699786838301793e-17;
  const mask steep = y > x;
  const vector least = steep ? x : y, most = steep ? y : x;
  const mask diagonal = least > most * V(0.41421356237309503);
  const vector t = (diagonal ? least - most : least) / (diagonal ? most + least : most);
  const vector z = t * t, rest = t * z * POLYNOMIAL(atan_terms, z);
  // pi / 4 or nothing is added, then, if steep, pi / 2 is what it is subtracted from.
  const vector multiple = steep ? (diagonal ? V(1) : V(2)) : (diagonal ? V(1) : V(0));
  const vector high = multiple * V(quarter);
  const vector low = multiple * V(REAL_IS_DOUBLE ? quarter_low : quarter - (float)quarter);
  const vector sign = steep ? V(-1) : V(1);
  return high + (sign * t + (sign * rest + low));
}

OVERLOAD vector vatan(vector x) { return with_sign_of(first_quadrant_angle(absolute(x), V(1)), x); }

OVERLOAD vector vatan2(vector y, vector x) {
  vector a = absolute(y), b = absolute(x);
  const mask infinite = (a == V(INFINITY)) & (b == V(INFINITY)), zero = (a == V(0)) & (b == V(0));
  b = (infinite | zero) ? V(1) : b;
  a = infinite ? V(1) : a;
  // Neither the sum overflows nor does the comparison lose subnormal digits.
  const mask huge = (a > V(0x1p100)) | (b > V(0x1p100)), tiny = (a < V(0x1p-50)) & (b < V(0x1p-50));
  const vector scale = huge ? V(0x1p-60) : tiny ? V(0x1p60) : V(1);
  const vector angle = first_quadrant_angle(a * scale, b * scale);
  const double pi = 3.14159265358979311600e+00, pi_low = 1.22464679914735317636e-16;
  const vector low = V(REAL_IS_DOUBLE ? pi_low : pi - (float)pi);
  const mask left = (mask)((bits)x & (bits)V(-0.0)) != 0;
  const vector value = left ? V(pi) - (angle - low) : angle;
  return ((x != x) | (y != y)) ? x + y : with_sign_of(value, y);
}
