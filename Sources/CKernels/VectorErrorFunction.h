// erf, gelu and their derivatives.

#define ERFCX_CENTER (REAL_IS_DOUBLE ? 4 : 2)
#define FAR (REAL_IS_DOUBLE ? 28 : 11)

// x^2 = high + low, high exact.
OVERLOAD vector exact_square(vector x, vector *low) {
  const vector head = (vector)((bits)x >> (REAL_IS_DOUBLE ? 27 : 12) << (REAL_IS_DOUBLE ? 27 : 12));
  *low = (x - head) * (x + head);
  return head * head;
}

// exp(t^2) erfc(t) for t = scale x, 0 <= t < FAR; scale is a constant of the caller.
OVERLOAD vector scaled_erfc(vector x, double scale) {
  const vector center = V(ERFCX_CENTER / scale), q = (x - center) / (x + center);
  return POLYNOMIAL(erfcx_terms, q) / (V(2 * scale) * x + V(1));
}

OVERLOAD vector small_erf(vector x) { return x + x * POLYNOMIAL(erf_terms, x * x); }

OVERLOAD vector verf(vector x) {
  const vector a = absolute(x), far = a > V(FAR) ? V(FAR) : a;
  vector low;
  const vector high = exact_square(far, &low);
  const vector large = V(1) - exp_of_sum(-high, -low, -0.0) * scaled_erfc(far, 1);
  return with_sign_of(a < V(1) ? small_erf(a) : large, x);
}

// exp(-x^2)
OVERLOAD vector gaussian(vector x) {
  const vector a = absolute(x), far = a > V(FAR) ? V(FAR) : a;
  vector low;
  const vector high = exact_square(far, &low);
  return exp_of_sum(-high, -low, -0.0);
}

// factor times the normal distribution function of x, with exp(-x^2 / 2) on the side. The
// exponential comes last, so that it may be subnormal.
OVERLOAD vector times_normal_distribution(vector factor, vector x, vector *exponential) {
  const double root_half = 0.70710678118654752440;
  vector a = absolute(x), low;
  a = a > V(1.41 * FAR) ? V(1.41 * FAR) : a;
  const vector high = exact_square(a, &low);
  *exponential = exp_of_sum(V(-0.5) * high, V(-0.5) * low, -0.0);
  const vector half = V(0.5) * scaled_erfc(a, root_half);
  const vector center = V(0.5) * small_erf(x * V(root_half)) + V(0.5);
  const vector large = factor * (a < V(0.75) ? center : V(1) - half * *exponential);
  return ((x < V(0)) & (a >= V(0.75))) ? factor * half * *exponential : large;
}

OVERLOAD vector vgelu(vector x) {
  vector exponential;
  const vector near = x < V(-1.5 * FAR) ? V(-1.5 * FAR) : x;
  return times_normal_distribution(near, x, &exponential);
}

OVERLOAD vector gelu_derivative(vector x) {
  vector exponential, near = x < V(-1.5 * FAR) ? V(-1.5 * FAR) : x;
  const vector p = times_normal_distribution(V(1), x, &exponential);
  near = near > V(1.5 * FAR) ? V(1.5 * FAR) : near;
  return p + near * (exponential * V(0.39894228040143267794));
}
#undef FAR
#undef ERFCX_CENTER
