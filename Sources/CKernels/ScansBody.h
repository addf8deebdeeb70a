// The inner loop runs over neighbours in memory: the recurrences of all slices advance together.
static void TABLE(linear_recurrence)(int reversed, long outer, long n, long inner, const real *a,
                                    const real *b, real *out) {
  const long step = reversed ? -inner : inner;
  for (long o = 0; o < outer; o++) {
    const long first = (o * n + (reversed ? n - 1 : 0)) * inner;
    for (long k = 0; k < n; k++) {
      const long at = first + k * step;
      if (k == 0) for (long i = 0; i < inner; i++) out[at + i] = b[at + i];
      else for (long i = 0; i < inner; i++) out[at + i] = a[at + i] * out[at - step + i] + b[at + i];
    }
  }
}

static void TABLE(cumulative_log_sum_exp)(int reversed, long outer, long n, long inner, const real *x,
                                         real *out) {
  const long step = reversed ? -inner : inner;
  for (long o = 0; o < outer; o++)
    for (long i = 0; i < inner; i++) {
      const long first = (o * n + (reversed ? n - 1 : 0)) * inner + i;
      double sum = -INFINITY;
      for (long k = 0; k < n; k++) {
        const double v = x[first + k * step];
        const double high = v > sum ? v : sum, low = v > sum ? sum : v;
        if (v != v || sum != sum) sum = v + sum;  // NaN
        else if (high == INFINITY || high == -INFINITY) sum = high;  // whose differences are NaN
        else sum = high + log1p(exp(low - high));
        out[first + k * step] = (real)sum;
      }
    }
}
