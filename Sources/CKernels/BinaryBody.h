// One row: operands with steps 0 or 1, constants of the caller for the cheap operations.
#define ROW(a_step, b_step, expression)                            \
  {                                                                \
    const vector first_a = V(*a), first_b = V(*b);                 \
    long i = 0;                                                    \
    for (; i + WIDTH <= n; i += WIDTH) {                           \
      const vector v = a_step ? load(a + i) : first_a;             \
      const vector w = b_step ? load(b + i) : first_b;             \
      store(out + i, expression);                                  \
    }                                                              \
    if (i < n) {                                                   \
      const vector v = a_step ? load_some(a + i, n - i) : first_a; \
      const vector w = b_step ? load_some(b + i, n - i) : first_b; \
      store_some(out + i, n - i, expression);                      \
    }                                                              \
    a += a_row;                                                    \
    b += b_row;                                                    \
    out += n;                                                      \
  }
#define ROWS(a_step, b_step, expression)                     \
  {                                                          \
    for (; rows > 0; rows--) ROW(a_step, b_step, expression) \
    return;                                                  \
  }
// Four loops, for each pattern of steps.
#define EACH(expression)                   \
  {                                        \
    if (steps == 3) ROWS(1, 1, expression) \
    if (steps == 2) ROWS(1, 0, expression) \
    if (steps == 1) ROWS(0, 1, expression) \
    ROWS(0, 0, expression)                 \
  }
// One loop, which chooses by the step: for the large bodies.
#define LARGE(expression) ROWS((steps & 2), (steps & 1), expression)

OVERLOAD void binary_rows(int op, long rows, long n, const real *a, long a_row, const real *b,
                          long b_row, int steps, real *out) {
  switch (op) {
    case TK_ADD: EACH(v + w)
    case TK_SUBTRACT: EACH(v - w)
    case TK_MULTIPLY: EACH(v * w)
    case TK_DIVIDE: EACH(v / w)
    case TK_POW: LARGE(vpow(v, w))
    case TK_MAXIMUM: EACH(larger(v, w))
    case TK_MINIMUM: EACH(smaller(v, w))
    case TK_ATAN2: LARGE(vatan2(v, w))
    case TK_LESS: EACH(v < w ? V(1) : V(0))
    case TK_LESS_EQUAL: EACH(v <= w ? V(1) : V(0))
    case TK_EQUAL: EACH(v == w ? V(1) : V(0))
    case TK_NOT_EQUAL: EACH(v != w ? V(1) : V(0))
  }
}
#undef ROW
#undef ROWS
#undef EACH
#undef LARGE

// Rows that follow each other are one long row, and a column is a row if its elements are 0 or 1
// apart. Other columns go through a buffer.
OVERLOAD void binary(int op, long rows, long n, const real *a, long a_row, long a_step,
                     const real *b, long b_row, long b_step, real *out) {
  enum { BLOCK = 64 };
  real left[BLOCK], right[BLOCK];
  if (rows <= 0 || n <= 0) return;
  const real *column_a = 0, *column_b = 0;
  long left_over = 0, column_a_row = a_row, column_b_row = b_row;
  if (n == 1) {
    if (((unsigned long)a_row | (unsigned long)b_row) <= 1) {
      n = rows, rows = 1, a_step = a_row, b_step = b_row;
    } else {
      column_a = a, column_b = b, left_over = rows;
      rows = a_step = b_step = 1, a = left, b = right;
    }
  } else if (rows > 1 && a_row == n * a_step && b_row == n * b_step) {
    n *= rows, rows = 1;
  }
  do {
    if (left_over > 0) {
      n = left_over < BLOCK ? left_over : BLOCK;
      for (long i = 0; i < n; i++, column_a += column_a_row) left[i] = *column_a;
      for (long i = 0; i < n; i++, column_b += column_b_row) right[i] = *column_b;
      left_over -= n;
    }
    binary_rows(op, rows, n, a, a_row, b, b_row, (int)(a_step << 1 | b_step), out);
    out += n;
  } while (left_over > 0);
}
