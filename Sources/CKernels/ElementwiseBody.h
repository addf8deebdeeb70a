#define EACH(expression)                          \
  for (long i = 0; i < n; i++) {                  \
    const double v = x[i];                        \
    y[i] = (real)(expression);                    \
  }                                               \
  break

static void NAME(unary)(int op, long n, const real *x, real *y) {
  switch (op) {
    case TK_NEGATE: EACH(-v);
    case TK_ABS: EACH(fabs(v));
    case TK_SIGN: EACH(v > 0 ? 1 : v < 0 ? -1 : v == 0 ? 0 : v);
    case TK_RECIPROCAL: EACH(1 / v);
    case TK_SQUARE: EACH(v * v);
    case TK_SQRT: EACH(sqrt(v));
    case TK_EXP: EACH(exp(v));
    case TK_EXPM1: EACH(expm1(v));
    case TK_LOG: EACH(log(v));
    case TK_LOG1P: EACH(log1p(v));
    case TK_SIN: EACH(sin(v));
    case TK_COS: EACH(cos(v));
    case TK_TAN: EACH(tan(v));
    case TK_ATAN: EACH(atan(v));
    case TK_SINH: EACH(sinh(v));
    case TK_COSH: EACH(cosh(v));
    case TK_TANH: EACH(tanh(v));
    case TK_ERF: EACH(erf(v));
    case TK_SIGMOID: EACH(v >= 0 ? 1 / (1 + exp(-v)) : exp(v) / (1 + exp(v)));
    case TK_SOFTPLUS: EACH(v > 0 ? v + log1p(exp(-v)) : log1p(exp(v)));
    case TK_RELU: EACH(v > 0 ? v : v == v ? 0 : v);
    case TK_ELU: EACH(v > 0 ? v : expm1(v));
    case TK_GELU: EACH(v == -INFINITY ? 0 : 0.5 * v * erfc(-v * M_SQRT1_2));
    case TK_FLOOR: EACH(floor(v));
    case TK_CEIL: EACH(ceil(v));
    case TK_ROUND: EACH(rint(v));
    case TK_IS_FINITE: EACH(isfinite(v) ? 1 : 0);
  }
}
#undef EACH

#define EACH(expression)                              \
  for (long i = 0; i < n; i++) {                      \
    const double v = x[i], w = y[i], h = g[i];        \
    (void)v, (void)w, (void)h;                        \
    out[i] = (real)(expression);                      \
  }                                                   \
  break

static void NAME(unary_vjp)(int op, long n, const real *x, const real *y, const real *g, real *out) {
  switch (op) {
    case TK_NEGATE: EACH(-h);
    case TK_ABS: EACH(v > 0 ? h : v < 0 ? -h : v == 0 ? 0 : v);
    case TK_SIGN: EACH(0);
    case TK_RECIPROCAL: EACH(-h * w * w);
    case TK_SQUARE: EACH(2 * h * v);
    case TK_SQRT: EACH(h / (2 * w));
    case TK_EXP: EACH(h * w);
    case TK_EXPM1: EACH(h * (w + 1));
    case TK_LOG: EACH(h / v);
    case TK_LOG1P: EACH(h / (1 + v));
    case TK_SIN: EACH(h * cos(v));
    case TK_COS: EACH(-h * sin(v));
    case TK_TAN: EACH(h * (1 + w * w));
    case TK_ATAN: EACH(h / (1 + v * v));
    case TK_SINH: EACH(h * cosh(v));
    case TK_COSH: EACH(h * sinh(v));
    case TK_TANH: EACH(h * (1 - w * w));
    case TK_ERF: EACH(h * (M_2_SQRTPI * exp(-v * v)));
    case TK_SIGMOID: EACH(h * w * (1 - w));
    case TK_SOFTPLUS: EACH(h * (v >= 0 ? 1 / (1 + exp(-v)) : exp(v) / (1 + exp(v))));
    case TK_RELU: EACH(v > 0 ? h : v == v ? 0 : v);
    case TK_ELU: EACH(v > 0 ? h : h * (w + 1));
    case TK_GELU:
      EACH(h * (0.5 * erfc(-v * M_SQRT1_2) +
                (isinf(v) ? 0 : v * exp(-0.5 * v * v) * (0.5 * M_2_SQRTPI * M_SQRT1_2))));
    case TK_FLOOR: EACH(0);
    case TK_CEIL: EACH(0);
    case TK_ROUND: EACH(0);
    case TK_IS_FINITE: EACH(0);
  }
}
#undef EACH

#define EACH(expression)                                               \
  for (long row = 0; row < rows; row++)                                \
    for (long i = 0; i < n; i++) {                                     \
      const real v = a[row * a_row + i * a_step];                      \
      const real w = b[row * b_row + i * b_step];                      \
      out[row * n + i] = (real)(expression);                           \
    }                                                                  \
  break

static void NAME(binary)(int op, long rows, long n, const real *a, long a_row, long a_step,
                         const real *b, long b_row, long b_step, real *out) {
  switch (op) {
    case TK_ADD: EACH(v + w);
    case TK_SUBTRACT: EACH(v - w);
    case TK_MULTIPLY: EACH(v * w);
    case TK_DIVIDE: EACH(v / w);
    case TK_POW: EACH(pow(v, w));
    case TK_MAXIMUM: EACH(v != v ? v : w != w ? w : v > w ? v : w);
    case TK_MINIMUM: EACH(v != v ? v : w != w ? w : v < w ? v : w);
    case TK_ATAN2: EACH(atan2(v, w));
    case TK_LESS: EACH(v < w ? 1 : 0);
    case TK_LESS_EQUAL: EACH(v <= w ? 1 : 0);
    case TK_EQUAL: EACH(v == w ? 1 : 0);
    case TK_NOT_EQUAL: EACH(v != w ? 1 : 0);
  }
}
#undef EACH

static void NAME(select)(long n, const real *condition, const real *a, const real *b, real *out) {
  for (long i = 0; i < n; i++) out[i] = condition[i] != 0 ? a[i] : b[i];
}

static void NAME(clip)(long n, real low, real high, const real *x, real *y) {
  for (long i = 0; i < n; i++) {
    const real v = x[i] < low ? low : x[i];
    y[i] = v > high ? high : v;
  }
}

static void NAME(fill)(long n, real value, real *out) {
  for (long i = 0; i < n; i++) out[i] = value;
}

static void NAME(affine)(long n, real scale, real shift, const real *x, real *y) {
  for (long i = 0; i < n; i++) y[i] = scale * x[i] + shift;
}

static void NAME(add_scaled)(long n, real scale, const real *x, real *y) {
  for (long i = 0; i < n; i++) y[i] += scale * x[i];
}
