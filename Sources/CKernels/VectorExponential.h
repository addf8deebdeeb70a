// Polynomials, exponentials and logarithms, and what is made of them.

// terms[0] + terms[1] x + ... with `count` terms, a constant of the caller, in a tree of pairs
// (Estrin), which has a short chain of dependent operations.
OVERLOAD vector pair(int count, const real *terms, vector x) {
  return count == 1 ? V(terms[0]) : V(terms[1]) * x + V(terms[0]);
}

OVERLOAD vector four(int count, const real *terms, vector x, vector x2) {
  if (count <= 2) return pair(count, terms, x);
  return pair(count - 2, terms + 2, x) * x2 + pair(2, terms, x);
}

OVERLOAD vector eight(int count, const real *terms, vector x, vector x2, vector x4) {
  if (count <= 4) return four(count, terms, x, x2);
  return four(count - 4, terms + 4, x, x2) * x4 + four(4, terms, x, x2);
}

OVERLOAD vector polynomial(int count, const real *terms, vector x) {
  const vector x2 = x * x, x4 = x2 * x2;
  if (count <= 8) return eight(count, terms, x, x2, x4);
  const vector x8 = x4 * x4;
  if (count <= 16) return eight(count - 8, terms + 8, x, x2, x4) * x8 + eight(8, terms, x, x2, x4);
  const vector high = eight(count - 16, terms + 16, x, x2, x4);
  return (high * x8 + eight(8, terms + 8, x, x2, x4)) * x8 + eight(8, terms, x, x2, x4);
}
#define POLYNOMIAL(name, x) polynomial(sizeof TABLE(name) / sizeof TABLE(name)[0], TABLE(name), x)

#if REAL_IS_DOUBLE
// ln 2 in two parts, of which the first has 32 bits, so that its product with an exponent is exact.
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define SMALLEST_EXPONENT -746
#define LARGEST_EXPONENT 711
#define SMALLEST_NORMAL 0x1p-1022
#define TWO_TO_FRACTION_BITS 0x1p52
#define SQRT_HALF_BITS 0x3fe6a09e667f3bcdL
#else
#define LN2_HIGH 0.693359375
#define LN2_LOW -2.12194440054690583e-4
#define SMALLEST_EXPONENT -104
#define LARGEST_EXPONENT 90
#define SMALLEST_NORMAL 0x1p-126
#define TWO_TO_FRACTION_BITS 0x1p23
#define SQRT_HALF_BITS 0x3f3504f3
#endif
#define LOG2_E 1.44269504088896340736

OVERLOAD vector rounded(vector x) { return (x + V(ROUNDER)) - V(ROUNDER); }

// 2^n for an integral n of a normal result.
OVERLOAD vector power_of_two(vector n) {
  return (vector)(((bits)(n + V(ROUNDER)) + EXPONENT_BIAS) << FRACTION_BITS);
}

// 2^n x, in two steps, so that only the last one rounds or overflows.
OVERLOAD vector scaled(vector x, vector n) {
  const vector first = rounded(n * V(0.5));
  return x * power_of_two(first) * power_of_two(n - first);
}

// 2^shift exp(x + low), where low is small beside 1.
OVERLOAD vector exp_of_sum(vector x, vector low, real shift) {
  x = x < V(SMALLEST_EXPONENT) ? V(SMALLEST_EXPONENT) : x;
  x = x > V(LARGEST_EXPONENT) ? V(LARGEST_EXPONENT) : x;
  const vector n = rounded((x + low) * V(LOG2_E));
  const vector r = x - n * V(LN2_HIGH) - n * V(LN2_LOW) + low;
  const vector p = V(1) + (r + r * r * POLYNOMIAL(exp_terms, r));
  return scaled(p, n + V(shift));
}

// Adding -0 changes nothing, and the compiler knows.
OVERLOAD vector vexp(vector x) { return exp_of_sum(x, V(-0.0), -0.0); }

// With x = n ln 2 + r: 2^n ((1 - 2^-n) + r + (exp r - 1 - r)), the sum of the first two in two
// parts.
OVERLOAD vector vexpm1(vector x) {
  const real smallest = REAL_IS_DOUBLE ? -40 : -20, farthest = REAL_IS_DOUBLE ? 100 : 60;
  vector t = x < V(smallest) ? V(smallest) : x;
  t = t > V(LARGEST_EXPONENT) ? V(LARGEST_EXPONENT) : t;
  const vector n = rounded(t * V(LOG2_E)), near = n > V(farthest) ? V(farthest) : n;
  const vector high = t - n * V(LN2_HIGH), minus_low = n * V(LN2_LOW);
  const vector r = high - minus_low, low = (high - r) - minus_low;
  const vector one = V(1) - power_of_two(-near), sum = one + r, rest = r - (sum - one);
  const vector y = sum + (rest + low + r * r * POLYNOMIAL(exp_terms, r));
  return with_sign_of(scaled(y, n), x);
}

// x = 2^k m with m from sqrt(1/2) to sqrt 2, for positive finite x.
OVERLOAD vector split_exponent(vector x, vector *k) {
  const mask tiny = x < V(SMALLEST_NORMAL);
  x = tiny ? x * V(TWO_TO_FRACTION_BITS) : x;
  const vector bias = tiny ? V(EXPONENT_BIAS + FRACTION_BITS) : V(EXPONENT_BIAS);
  const bits one = (bits)V(1), shifted = (bits)x + (one - SQRT_HALF_BITS);
  const vector biased = (vector)((shifted >> FRACTION_BITS) | (bits)V(TWO_TO_FRACTION_BITS));
  *k = biased - V(TWO_TO_FRACTION_BITS) - bias;
  const bits fraction = shifted & (((one - one + 1) << FRACTION_BITS) - 1);
  return (vector)(fraction + SQRT_HALF_BITS);
}

// log x + c for positive finite x, c small beside log x or x beside 1: with m = 1 + f and
// s = f / (2 + f), log m = 2 atanh s = f - f^2 / 2 + s (f^2 / 2 + R(s^2)).
OVERLOAD vector log_plus(vector x, vector c) {
  vector k;
  const vector f = split_exponent(x, &k) - V(1);
  const vector s = f / (f + V(2)), z = s * s, half_square = V(0.5) * f * f;
  const vector R = z * POLYNOMIAL(log_terms, z);
  const vector low = s * (half_square + R) + (k * V(LN2_LOW) + c);
  return k * V(LN2_HIGH) - ((half_square - low) - f);
}

OVERLOAD vector vlog(vector x) {
  vector y = log_plus(x, V(-0.0));
  y = x == V(INFINITY) ? x : y;
  return x > V(0) ? y : x == V(0) ? V(-INFINITY) : V(NAN);
}

// log u + e / u with u + e = 1 + x.
OVERLOAD vector vlog1p(vector x) {
  const vector u = V(1) + x, v = u - V(1), e = (V(1) - (u - v)) + (x - v);
  vector y = log_plus(u, e / u);
  y = ((x == V(INFINITY)) | (x == V(0))) ? x : y;
  return u > V(0) ? y : u == V(0) ? V(-INFINITY) : V(NAN);
}

OVERLOAD vector vsigmoid(vector x) {
  const vector e = vexp(-absolute(x));
  return (x < V(0) ? e : V(1)) / (V(1) + e);
}

OVERLOAD vector vsoftplus(vector x) {
  const vector positive = x < V(0) ? V(0) : x;
  return positive + vlog1p(vexp(-absolute(x)));
}

OVERLOAD vector vsinh(vector x) {
  const vector a = absolute(x), z = x * x, half = exp_of_sum(a, V(-0.0), -1);
  const vector large = half - V(0.25) / half;
  const vector small = a + a * z * POLYNOMIAL(sinh_terms, z);
  return with_sign_of(a < V(1) ? small : large, x);
}

OVERLOAD vector vcosh(vector x) {
  const vector half = exp_of_sum(absolute(x), V(-0.0), -1);
  return half + V(0.25) / half;
}

OVERLOAD vector vtanh(vector x) {
  const vector a = absolute(x), z = x * x;
  const vector large = V(1) - V(2) / (vexp(a + a) + V(1));
  const vector small = a + a * z * POLYNOMIAL(tanh_terms, z);
  return with_sign_of(a < V(0.625) ? small : large, x);
}
#undef LN2_HIGH
#undef LN2_LOW
#undef SMALLEST_EXPONENT
#undef LARGEST_EXPONENT
#undef SMALLEST_NORMAL
#undef TWO_TO_FRACTION_BITS
#undef SQRT_HALF_BITS
