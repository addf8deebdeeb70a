#define FOR_SLICES                                    \
  for (long o = 0; o < outer; o++)                    \
    for (long i = 0; i < inner; i++)
#define AT(k) x[(o * n + (k)) * inner + i]
#define OUT(k) [(o * n + (k)) * inner + i]

static void NAME(reduce)(int op, long outer, long n, long inner, const real *x, real *y) {
  FOR_SLICES {
    double s = op == TK_MAX ? -INFINITY : op == TK_MIN ? INFINITY : op == TK_PRODUCT ? 1 : 0;
    for (long k = 0; k < n; k++) {
      const double v = AT(k);
      switch (op) {
        case TK_SUM: s += v; break;
        case TK_SUM_SQUARES: s += v * v; break;
        case TK_PRODUCT: s *= v; break;
        case TK_MAX: s = s != s ? s : v != v ? v : v > s ? v : s; break;
        case TK_MIN: s = s != s ? s : v != v ? v : v < s ? v : s; break;
      }
    }
    y[o * inner + i] = (real)s;
  }
}

static void NAME(arg_reduce)(int op, long outer, long n, long inner, const real *x, int64_t *position) {
  FOR_SLICES {
    long best = 0;
    for (long k = 1; k < n; k++) {
      const real v = AT(k), b = AT(best);
      if (b == b && (v != v || (op == TK_MAX ? v > b : v < b))) best = k;
    }
    position[o * inner + i] = best;
  }
}

// The maximum and the sum of exp(x - maximum) of one slice.
static double NAME(slice_sum)(long n, long stride, const real *x, double *maximum) {
  double m = -INFINITY, s = 0;
  for (long k = 0; k < n; k++) m = x[k * stride] > m ? x[k * stride] : m;
  *maximum = m;
  if (m == -INFINITY || m == INFINITY) {
    s = m == INFINITY ? 1 : 0;
    for (long k = 0; k < n; k++) if (x[k * stride] != x[k * stride]) s = x[k * stride];
    return s;
  }
  for (long k = 0; k < n; k++) s += exp(x[k * stride] - m);
  return s;
}

static void NAME(log_sum_exp)(long outer, long n, long inner, const real *x, real *y) {
  FOR_SLICES {
    double m;
    const double s = NAME(slice_sum)(n, inner, &AT(0), &m);
    y[o * inner + i] = (real)(m + log(s));
  }
}

static void NAME(log_sum_exp_vjp)(long outer, long n, long inner, const real *x, const real *y,
                                  const real *g, real *out) {
  FOR_SLICES {
    const double w = y[o * inner + i], h = g[o * inner + i];
    for (long k = 0; k < n; k++) out OUT(k) = w == -INFINITY ? 0 : (real)(h * exp(AT(k) - w));
  }
}

static void NAME(softmax)(long outer, long n, long inner, const real *x, real *y) {
  FOR_SLICES {
    double m;
    const double s = NAME(slice_sum)(n, inner, &AT(0), &m);
    for (long k = 0; k < n; k++) y OUT(k) = (real)(exp(AT(k) - m) / s);
  }
}

static void NAME(log_softmax)(long outer, long n, long inner, const real *x, real *y) {
  FOR_SLICES {
    double m;
    const double s = log(NAME(slice_sum)(n, inner, &AT(0), &m));
    for (long k = 0; k < n; k++) y OUT(k) = (real)((AT(k) - m) - s);
  }
}

static void NAME(softmax_vjp)(long outer, long n, long inner, const real *x, const real *g, real *out) {
  FOR_SLICES {
    double s = 0;
    for (long k = 0; k < n; k++) s += (double)AT(k) * g OUT(k);
    for (long k = 0; k < n; k++) out OUT(k) = (real)(AT(k) * (g OUT(k) - s));
  }
}

static void NAME(log_softmax_vjp)(long outer, long n, long inner, const real *x, const real *g, real *out) {
  FOR_SLICES {
    double s = 0;
    for (long k = 0; k < n; k++) s += g OUT(k);
    for (long k = 0; k < n; k++) out OUT(k) = (real)(g OUT(k) - exp(AT(k)) * s);
  }
}

static void NAME(cumulative_sum)(int reversed, long outer, long n, long inner, const real *x, real *y) {
  FOR_SLICES {
    real s = 0;
    for (long k = 0; k < n; k++) {
      const long j = reversed ? n - 1 - k : k;
      y OUT(j) = s += AT(j);
    }
  }
}

static double NAME(dot)(long n, const real *x, const real *y) {
  double s = 0;
  for (long k = 0; k < n; k++) s += (double)x[k] * y[k];
  return s;
}
#undef FOR_SLICES
#undef AT
#undef OUT
