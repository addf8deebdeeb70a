// Reductions of both types over slices x[o, :, i]. Rows (inner == 1) are added up in the lanes of
// four vectors; otherwise the lanes of a vector are neighbouring slices.

#undef FOLD
#if REAL_IS_DOUBLE
#define FOLD(x, combine)                              \
  ({                                                  \
    vector half_ = SHUFFLE(x, x, 4, 5, 6, 7, LANES4); \
    vector f_ = combine(x, half_);                    \
    half_ = SHUFFLE(f_, f_, 2, 3, 0, 1, LANES4);      \
    f_ = combine(f_, half_);                          \
    half_ = SHUFFLE(f_, f_, 1, 0, LANES4, 5, 6);      \
    combine(f_, half_)[0];                            \
  })
#else
#define FOLD(x, combine)                                                \
  ({                                                                    \
    vector half_ = SHUFFLE(x, x, 8, 9, 10, 11, 12, 13, 14, 15, LANES8); \
    vector f_ = combine(x, half_);                                      \
    half_ = SHUFFLE(f_, f_, 4, 5, 6, 7, LANES4, LANES8);                \
    f_ = combine(f_, half_);                                            \
    half_ = SHUFFLE(f_, f_, 2, 3, 0, 1, LANES4, LANES8);                \
    f_ = combine(f_, half_);                                            \
    half_ = SHUFFLE(f_, f_, 1, 0, 3, 2, LANES4, LANES8);                \
    combine(f_, half_)[0];                                              \
  })
#endif

OVERLOAD vector plus(vector a, vector b) { return a + b; }
OVERLOAD vector times(vector a, vector b) { return a * b; }

OVERLOAD vector combined(int op, vector a, vector b) {
  switch (op) {
    case TK_MAX: return larger(a, b);
    case TK_MIN: return smaller(a, b);
    case TK_PRODUCT: return a * b;
    default: return a + b;
  }
}

OVERLOAD vector prepared(int op, vector x) { return op == TK_SUM_SQUARES ? x * x : x; }

// Adds the part of a chunk; what rounding cuts off a sum is carried to the next (Kahan 1965), so that the
// error of a long sum is that of one chunk.
OVERLOAD void add_part(int op, vector *total, vector *carry, vector part) {
  if (op != TK_SUM && op != TK_SUM_SQUARES) {
    *total = combined(op, *total, part);
    return;
  }
  const vector y = part - *carry;
  const vector sum = *total + y;
  const vector rest = (sum - *total) - y;
  *total = sum;
  // Infinities leave no rest.
  *carry = rest == rest ? rest : V(0);
}

OVERLOAD vector identity_of(int op, vector like) {
  (void)like;
  return op == TK_MAX ? V(-INFINITY) : op == TK_MIN ? V(INFINITY) : op == TK_PRODUCT ? V(1) : V(0);
}

OVERLOAD real folded(int op, vector x) {
  switch (op) {
    case TK_MAX: return FOLD(x, larger);
    case TK_MIN: return FOLD(x, smaller);
    case TK_PRODUCT: return FOLD(x, times);
    default: return FOLD(x, plus);
  }
}

OVERLOAD real reduce_row(int op, long n, const real *x) {
  const vector identity = identity_of(op, V(0));
  vector total = identity, carry = V(0);
  while (n >= 4 * WIDTH) {
    vector part[4] = {identity, identity, identity, identity};
    long count = n / (4 * WIDTH);
    if (count > CHUNK) count = CHUNK;
    n -= count * 4 * WIDTH;
    for (; count > 0; count--, x += 4 * WIDTH)
      for (int p = 0; p < 4; p++)
        part[p] = combined(op, part[p], prepared(op, load(x + p * WIDTH)));
    add_part(op, &total, &carry,
             combined(op, combined(op, part[0], part[1]), combined(op, part[2], part[3])));
  }
  for (; n >= WIDTH; n -= WIDTH, x += WIDTH) total = combined(op, total, prepared(op, load(x)));
  if (n > 0) {
    const vector v = load_some(x, n);
    total = combined(op, total, once(v, n) ? prepared(op, v) : identity);
  }
  return folded(op, total);
}

// The slices of up to WIDTH neighbours, `stride` apart from element to element.
OVERLOAD vector reduce_columns(int op, long n, long stride, long width, const real *x) {
  vector total = identity_of(op, V(0)), carry = V(0);
  while (n > 0) {
    const long count = n < CHUNK ? n : CHUNK;
    vector part = identity_of(op, V(0));
    for (long k = 0; k < count; k++, x += stride)
      part = combined(op, part, prepared(op, load_up_to(x, width)));
    add_part(op, &total, &carry, part);
    n -= count;
  }
  return total;
}

// Four vectors of neighbours at a time.
OVERLOAD void reduce_wide_columns(int op, long n, long stride, const real *x, real *y) {
  vector total[4], carry[4];
  for (int p = 0; p < 4; p++) total[p] = identity_of(op, V(0)), carry[p] = V(0);
  while (n > 0) {
    const long count = n < CHUNK ? n : CHUNK;
    vector part[4];
    for (int p = 0; p < 4; p++) part[p] = identity_of(op, V(0));
    for (long k = 0; k < count; k++, x += stride)
      for (int p = 0; p < 4; p++)
        part[p] = combined(op, part[p], prepared(op, load(x + p * WIDTH)));
    for (int p = 0; p < 4; p++) add_part(op, &total[p], &carry[p], part[p]);
    n -= count;
  }
  for (int p = 0; p < 4; p++) store(y + p * WIDTH, total[p]);
}

OVERLOAD void reduce_as(int op, long outer, long n, long inner, const real *x, real *y) {
  if (inner == 1) {
    for (long o = 0; o < outer; o++) y[o] = reduce_row(op, n, x + o * n);
    return;
  }
  for (long o = 0; o < outer; o++, x += n * inner, y += inner) {
    long i = 0;
    for (; i + 4 * WIDTH <= inner; i += 4 * WIDTH) reduce_wide_columns(op, n, inner, x + i, y + i);
    for (; i < inner; i += WIDTH)
      store_up_to(y + i, inner - i, reduce_columns(op, n, inner, inner - i, x + i));
  }
}

OVERLOAD void reduce(int op, long outer, long n, long inner, const real *x, real *y) {
  switch (op) {
    case TK_SUM: reduce_as(TK_SUM, outer, n, inner, x, y); break;
    case TK_MAX: reduce_as(TK_MAX, outer, n, inner, x, y); break;
    case TK_MIN: reduce_as(TK_MIN, outer, n, inner, x, y); break;
    case TK_PRODUCT: reduce_as(TK_PRODUCT, outer, n, inner, x, y); break;
    case TK_SUM_SQUARES: reduce_as(TK_SUM_SQUARES, outer, n, inner, x, y); break;
  }
}

// The first position of the extreme value, which a reduction has found.
OVERLOAD int64_t position_in_row(long n, const real *x, real value) {
  long k = 0;
  const vector v = V(value);
  const int is_number = value == value;
  for (; k + WIDTH <= n; k += WIDTH) {
    const vector w = load(x + k);
    if (any(is_number ? w == v : w != w)) break;
  }
  for (; k < n; k++)
    if (is_number ? x[k] == value : x[k] != x[k]) return k;
  return 0;
}

OVERLOAD void position_in_columns(int largest, long n, long stride, long width, const real *x,
                                  int64_t *position) {
  vector best = load_up_to(x, width);
  mask where = (mask)V(0);
  for (long k = 1; k < n; k++) {
    const vector v = load_up_to(x + k * stride, width);
    const mask better = ((largest ? v > best : v < best) | (v != v)) & (best == best);
    best = better ? v : best;
    where = better ? (mask)V(0) + (REAL_IS_DOUBLE ? k : (int)k) : where;
  }
  if (width >= WIDTH) {
    for (int lane = 0; lane < WIDTH; lane++) position[lane] = where[lane];
    return;
  }
  // As load_some laid them out: the second half overlaps the first.
  long half = 1;
  while (2 * half <= width) half *= 2;
  for (long lane = 0; lane < half; lane++) {
    position[lane] = where[lane];
    position[width - half + lane] = where[width == half ? lane : half + lane];
  }
}

OVERLOAD void arg_reduce(int op, long outer, long n, long inner, const real *x, int64_t *position) {
  const int largest = op == TK_MAX;
  if (n == 0) {
    for (long i = 0; i < outer * inner; i++) position[i] = 0;
  } else if (inner == 1) {
    for (long o = 0; o < outer; o++, x += n) {
      const real value = largest ? reduce_row(TK_MAX, n, x) : reduce_row(TK_MIN, n, x);
      position[o] = position_in_row(n, x, value);
    }
  } else {
    for (long o = 0; o < outer; o++, x += n * inner, position += inner)
      for (long i = 0; i < inner; i += WIDTH)
        position_in_columns(largest, n, inner, inner - i, x + i, position + i);
  }
}

OVERLOAD void cumulative_sum(int reversed, long outer, long n, long inner, const real *x, real *y) {
  const long step = reversed ? -inner : inner;
  for (long o = 0; o < outer; o++, x += n * inner, y += n * inner) {
    const real *from = x + (reversed ? (n - 1) * inner : 0);
    real *to = y + (reversed ? (n - 1) * inner : 0);
    if (inner == 1) {
      double sum = 0;
      for (long k = 0; k < n; k++, from += step, to += step) *to = (real)(sum += *from);
    } else {
      for (long i = 0; i < inner; i += WIDTH) {
        vector sum = V(0), carry = V(0);
        const real *source = from + i;
        real *target = to + i;
        for (long k = 0; k < n; k++, source += step, target += step) {
          if (REAL_IS_DOUBLE) sum += load_up_to(source, inner - i);
          else add_part(TK_SUM, &sum, &carry, load_up_to(source, inner - i));
          store_up_to(target, inner - i, sum);
        }
      }
    }
  }
}
