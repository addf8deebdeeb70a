// log-sum-exp, softmax and log-softmax of both types. For rows (inner == 1) a vector is a piece of
// one slice, otherwise it is one element of neighbouring slices.

// The maximum, but 0 in place of infinities, whose differences would be NaN: exp(x - shift) then is
// infinite or 0 where it should be.
OVERLOAD vector finite_shift(vector maximum) {
  return absolute(maximum) < V(INFINITY) ? maximum : V(0);
}

// The largest number of a row; whatever it is if there is a NaN, which the sum will show.
OVERLOAD real row_shift(long n, const real *x) {
  return finite_shift(V(reduce_row(TK_MAX, n, x)))[0];
}

// sum exp(x - shift); the exponentials go to e if that is not null.
OVERLOAD real row_exponentials(long n, const real *x, real shift, real *e) {
  vector sum = V(0), other = V(0);
  long k = 0;
  for (; k + 2 * WIDTH <= n; k += 2 * WIDTH) {
    const vector a = vexp(load(x + k) - V(shift)), b = vexp(load(x + k + WIDTH) - V(shift));
    if (e) store(e + k, a), store(e + k + WIDTH, b);
    sum += a, other += b;
  }
  for (; k < n; k += WIDTH) {
    const long rest = n - k;
    const vector a = vexp(load_up_to(x + k, rest) - V(shift));
    if (e) store_up_to(e + k, rest, a);
    sum += rest >= WIDTH ? a : once(a, rest) ? a : V(0);
  }
  return folded(TK_SUM, sum + other);
}

OVERLOAD vector column_shift(long n, long stride, long width, const real *x) {
  return finite_shift(reduce_columns(TK_MAX, n, stride, width, x));
}

OVERLOAD vector column_exponentials(long n, long stride, long width, const real *x, vector shift,
                                    real *e) {
  vector sum = V(0), part = V(0);
  for (long k = 0; k < n; k++) {
    const vector a = vexp(load_up_to(x + k * stride, width) - shift);
    if (e) store_up_to(e + k * stride, width, a);
    part += a;
    if ((k + 1) % CHUNK == 0) sum += part, part = V(0);
  }
  return sum + part;
}

OVERLOAD void log_sum_exp(long outer, long n, long inner, const real *x, real *y) {
  if (inner == 1) {
    // The logarithms of WIDTH rows at once.
    for (long o = 0; o < outer; o += WIDTH) {
      real shift[WIDTH] = {0}, sum[WIDTH] = {0};
      const long count = outer - o < WIDTH ? outer - o : WIDTH;
      for (long r = 0; r < count; r++, x += n) {
        shift[r] = row_shift(n, x);
        sum[r] = row_exponentials(n, x, shift[r], 0);
      }
      const vector value = load_up_to(shift, count) + vlog(load_up_to(sum, count));
      store_up_to(y + o, count, value);
    }
    return;
  }
  for (long o = 0; o < outer; o++, x += n * inner, y += inner)
    for (long i = 0; i < inner; i += WIDTH) {
      const long width = inner - i;
      const vector shift = column_shift(n, inner, width, x + i);
      const vector sum = column_exponentials(n, inner, width, x + i, shift, 0);
      store_up_to(y + i, width, shift + vlog(sum));
    }
}

OVERLOAD vector log_sum_exp_term(vector x, vector y, vector g) {
  return y == V(-INFINITY) ? V(0) : g * vexp(x - y);
}

OVERLOAD void log_sum_exp_vjp(long outer, long n, long inner, const real *x, const real *y,
                              const real *g, real *out) {
  if (inner == 1) {
    for (long o = 0; o < outer; o++, x += n, out += n)
      for (long k = 0; k < n; k += WIDTH) {
        const vector term = log_sum_exp_term(load_up_to(x + k, n - k), V(y[o]), V(g[o]));
        store_up_to(out + k, n - k, term);
      }
    return;
  }
  for (long o = 0; o < outer; o++, x += n * inner, out += n * inner, y += inner, g += inner)
    for (long i = 0; i < inner; i += WIDTH) {
      const long width = inner - i;
      const vector value = load_up_to(y + i, width), weight = load_up_to(g + i, width);
      for (long k = i; k < n * inner; k += inner)
        store_up_to(out + k, width, log_sum_exp_term(load_up_to(x + k, width), value, weight));
    }
}

// With `logarithm`, y := (x - shift) - log sum instead of exp(x - shift) / sum.
OVERLOAD void softmax_as(int logarithm, long outer, long n, long inner, const real *x, real *y) {
  if (inner == 1) {
    for (long o = 0; o < outer; o++, x += n, y += n) {
      const real shift = row_shift(n, x);
      const vector sum = V(row_exponentials(n, x, shift, logarithm ? 0 : y));
      const vector log_sum = logarithm ? vlog(sum) : V(0);
      for (long k = 0; k < n; k += WIDTH) {
        const long width = n - k;
        const vector value = logarithm ? (load_up_to(x + k, width) - V(shift)) - log_sum
                                       : load_up_to(y + k, width) / sum;
        store_up_to(y + k, width, value);
      }
    }
    return;
  }
  for (long o = 0; o < outer; o++, x += n * inner, y += n * inner)
    for (long i = 0; i < inner; i += WIDTH) {
      const long width = inner - i;
      const vector shift = column_shift(n, inner, width, x + i);
      const vector sum = column_exponentials(n, inner, width, x + i, shift, logarithm ? 0 : y + i);
      const vector log_sum = logarithm ? vlog(sum) : V(0);
      for (long k = i; k < n * inner; k += inner) {
        const vector value = logarithm ? (load_up_to(x + k, width) - shift) - log_sum
                                       : load_up_to(y + k, width) / sum;
        store_up_to(y + k, width, value);
      }
    }
}

// out := y (g - sum(g y)), or with `logarithm` g - exp(y) sum(g)
OVERLOAD vector softmax_pullback(int logarithm, vector y, vector g, vector sum) {
  return logarithm ? g - vexp(y) * sum : y * (g - sum);
}

OVERLOAD void softmax_vjp_as(int logarithm, long outer, long n, long inner, const real *y,
                             const real *g, real *out) {
  if (inner == 1) {
    for (long o = 0; o < outer; o++, y += n, g += n, out += n) {
      vector sum = V(0);
      for (long k = 0; k < n; k += WIDTH) {
        const long width = n - k;
        vector term = load_up_to(g + k, width);
        if (!logarithm) term = term * load_up_to(y + k, width);
        sum += width >= WIDTH ? term : once(term, width) ? term : V(0);
      }
      const vector total = V(folded(TK_SUM, sum));
      for (long k = 0; k < n; k += WIDTH) {
        const vector a = load_up_to(y + k, n - k), b = load_up_to(g + k, n - k);
        store_up_to(out + k, n - k, softmax_pullback(logarithm, a, b, total));
      }
    }
    return;
  }
  for (long o = 0; o < outer; o++, y += n * inner, g += n * inner, out += n * inner)
    for (long i = 0; i < inner; i += WIDTH) {
      const long width = inner - i;
      vector sum = V(0);
      for (long k = i; k < n * inner; k += inner) {
        const vector term = load_up_to(g + k, width);
        sum += logarithm ? term : term * load_up_to(y + k, width);
      }
      for (long k = i; k < n * inner; k += inner) {
        const vector a = load_up_to(y + k, width), b = load_up_to(g + k, width);
        store_up_to(out + k, width, softmax_pullback(logarithm, a, b, sum));
      }
    }
}
