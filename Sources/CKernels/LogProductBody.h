// log(exp(K) exp(v)) of both types. Rows are read one after another in either case: a column of a matrix
// with a power of two of columns would lie in few sets of the cache.

OVERLOAD void log_product_rows(long rows, long columns, long stride, const real *K, const real *v,
                               real *y) {
  for (long i = 0; i < rows; i += WIDTH) {
    real shift[WIDTH] = {0}, sum[WIDTH] = {0};
    const long count = rows - i < WIDTH ? rows - i : WIDTH;
    for (long r = 0; r < count; r++, K += stride) {
      vector largest = V(-INFINITY), total = V(0);
      for (long j = 0; j < columns; j += WIDTH) {
        const vector term = load_up_to(K + j, columns - j) + load_up_to(v + j, columns - j);
        largest = term > largest ? term : largest;
      }
      shift[r] = finite_shift(V(folded(TK_MAX, largest)))[0];
      for (long j = 0; j < columns; j += WIDTH) {
        const long rest = columns - j;
        const vector a = vexp(load_up_to(K + j, rest) + load_up_to(v + j, rest) - V(shift[r]));
        total += rest >= WIDTH ? a : once(a, rest) ? a : V(0);
      }
      sum[r] = folded(TK_SUM, total);
    }
    store_up_to(y + i, count, load_up_to(shift, count) + vlog(load_up_to(sum, count)));
  }
}

OVERLOAD void log_product_columns(long rows, long columns, long stride, const real *K,
                                  const real *v, real *y) {
  enum { BLOCK = 512 };
  for (long first = 0; first < columns; first += BLOCK) {
    const long width = columns - first < BLOCK ? columns - first : BLOCK;
    vector shift[BLOCK / WIDTH], sum[BLOCK / WIDTH];
    const long vectors = (width + WIDTH - 1) / WIDTH;
    for (long k = 0; k < vectors; k++) shift[k] = V(-INFINITY), sum[k] = V(0);
    const real *row = K + first;
    for (long i = 0; i < rows; i++, row += stride)
      for (long k = 0; k < vectors; k++) {
        const vector term = load_up_to(row + k * WIDTH, width - k * WIDTH) + V(v[i]);
        shift[k] = term > shift[k] ? term : shift[k];
      }
    for (long k = 0; k < vectors; k++) shift[k] = finite_shift(shift[k]);
    row = K + first;
    for (long i = 0; i < rows; i++, row += stride)
      for (long k = 0; k < vectors; k++)
        sum[k] += vexp(load_up_to(row + k * WIDTH, width - k * WIDTH) + V(v[i]) - shift[k]);
    for (long k = 0; k < vectors; k++)
      store_up_to(y + first + k * WIDTH, width - k * WIDTH, shift[k] + vlog(sum[k]));
  }
}

OVERLOAD void log_product_as(int transposed, long rows, long columns, long stride, const real *K,
                             const real *v, real *y) {
  if (transposed) log_product_columns(rows, columns, stride, K, v, y);
  else log_product_rows(rows, columns, stride, K, v, y);
}

OVERLOAD void log_product_vjp_as(int transposed, long rows, long columns, long stride,
                                 const real *K, const real *v, const real *y, const real *g,
                                 real *K_bar, real *v_bar) {
  if (!transposed)
    for (long j = 0; j < columns; j++) v_bar[j] = 0;
  for (long i = 0; i < rows; i++, K += stride, K_bar += stride) {
    vector total = V(0);
    for (long j = 0; j < columns; j += WIDTH) {
      const long rest = columns - j;
      const vector value = transposed ? load_up_to(y + j, rest) : V(y[i]);
      const vector weight = transposed ? load_up_to(g + j, rest) : V(g[i]);
      const vector other = transposed ? V(v[i]) : load_up_to(v + j, rest);
      const vector term = log_sum_exp_term(load_up_to(K + j, rest) + other, value, weight);
      store_up_to(K_bar + j, rest, term);
      if (transposed) total += rest >= WIDTH ? term : once(term, rest) ? term : V(0);
      else store_up_to(v_bar + j, rest, load_up_to(v_bar + j, rest) + term);
    }
    if (transposed) v_bar[i] = folded(TK_SUM, total);
  }
}
