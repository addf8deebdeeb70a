// Both of one type: `expression` of the vectors v (and w, h) for every element.
#define EACH(expression)                        \
  {                                             \
    long i = 0;                                 \
    for (; i + WIDTH <= n; i += WIDTH) {        \
      const vector v = load(x + i);             \
      store(y + i, expression);                 \
    }                                           \
    if (i < n) {                                \
      const vector v = load_some(x + i, n - i); \
      store_some(y + i, n - i, expression);     \
    }                                           \
    return;                                     \
  }

OVERLOAD void unary(int op, long n, const real *x, real *y) {
  switch (op) {
    case TK_NEGATE: EACH(-v)
    case TK_ABS: EACH(absolute(v))
    case TK_SIGN: EACH(v > V(0) ? V(1) : v < V(0) ? V(-1) : v)
    case TK_RECIPROCAL: EACH(V(1) / v)
    case TK_SQUARE: EACH(v * v)
    case TK_SQRT: EACH(square_root(v))
    case TK_EXP: EACH(vexp(v))
    case TK_EXPM1: EACH(vexpm1(v))
    case TK_LOG: EACH(vlog(v))
    case TK_LOG1P: EACH(vlog1p(v))
    case TK_SIN: EACH(vsin(v))
    case TK_COS: EACH(vcos(v))
    case TK_TAN: EACH(vtan(v))
    case TK_ATAN: EACH(vatan(v))
    case TK_SINH: EACH(vsinh(v))
    case TK_COSH: EACH(vcosh(v))
    case TK_TANH: EACH(vtanh(v))
    case TK_ERF: EACH(verf(v))
    case TK_SIGMOID: EACH(vsigmoid(v))
    case TK_SOFTPLUS: EACH(vsoftplus(v))
    case TK_RELU: EACH(v <= V(0) ? V(0) : v)
    case TK_ELU: EACH(v > V(0) ? v : vexpm1(v))
    case TK_GELU: EACH(vgelu(v))
    case TK_FLOOR: EACH(__builtin_elementwise_floor(v))
    case TK_CEIL: EACH(__builtin_elementwise_ceil(v))
    case TK_ROUND: EACH(__builtin_elementwise_roundeven(v))
    case TK_IS_FINITE: EACH(absolute(v) < V(INFINITY) ? V(1) : V(0))
  }
}
OVERLOAD void fill(long n, real value, real *out) {
  long i = 0;
  for (; i + WIDTH <= n; i += WIDTH) store(out + i, V(value));
  if (i < n) store_some(out + i, n - i, V(value));
}

OVERLOAD void select_where(long n, const real *c, const real *a, const real *b, real *out) {
  long i = 0;
  for (; i + WIDTH <= n; i += WIDTH)
    store(out + i, load(c + i) != V(0) ? load(a + i) : load(b + i));
  if (i == n) return;
  const long rest = n - i;
  const mask holds = load_some(c + i, rest) != V(0);
  store_some(out + i, rest, holds ? load_some(a + i, rest) : load_some(b + i, rest));
}

OVERLOAD vector clipped(vector x, real low, real high) {
  x = x < V(low) ? V(low) : x;
  return x > V(high) ? V(high) : x;
}

OVERLOAD void clip(long n, real low, real high, const real *x, real *y) EACH(clipped(v, low, high))

    OVERLOAD void affine(long n, real scale, real shift, const real *x, real *y)
        EACH(V(scale) * v + V(shift))

            OVERLOAD void add_scaled(long n, real scale, const real *x, real *y) {
  long i = 0;
  for (; i + WIDTH <= n; i += WIDTH) store(y + i, V(scale) * load(x + i) + load(y + i));
  if (i < n) store_some(y + i, n - i, V(scale) * load_some(x + i, n - i) + load_some(y + i, n - i));
}

#undef EACH

#define EACH(expression)                                                     \
  {                                                                          \
    long i = 0;                                                              \
    for (; i + WIDTH <= n; i += WIDTH) {                                     \
      const vector v = load(x + i), w = load(y + i), h = load(g + i);        \
      (void)v, (void)w;                                                      \
      store(out + i, expression);                                            \
    }                                                                        \
    if (i < n) {                                                             \
      const vector v = load_some(x + i, n - i), w = load_some(y + i, n - i); \
      const vector h = load_some(g + i, n - i);                              \
      (void)v, (void)w;                                                      \
      store_some(out + i, n - i, expression);                                \
    }                                                                        \
    return;                                                                  \
  }

OVERLOAD void unary_vjp(int op, long n, const real *x, const real *y, const real *g, real *out) {
  switch (op) {
    case TK_NEGATE: EACH(-h)
    case TK_ABS: EACH(v > V(0) ? h : v < V(0) ? -h : v == V(0) ? V(0) : v)
    case TK_RECIPROCAL: EACH(-h * w * w)
    case TK_SQUARE: EACH(V(2) * h * v)
    case TK_SQRT: EACH(h / (V(2) * w))
    case TK_EXP: EACH(h * w)
    case TK_EXPM1: EACH(h * (w + V(1)))
    case TK_LOG: EACH(h / v)
    case TK_LOG1P: EACH(h / (V(1) + v))
    case TK_SIN: EACH(h * vcos(v))
    case TK_COS: EACH(-h * vsin(v))
    case TK_TAN: EACH(h * (V(1) + w * w))
    case TK_ATAN: EACH(h / (V(1) + v * v))
    case TK_SINH: EACH(h * vcosh(v))
    case TK_COSH: EACH(h * vsinh(v))
    case TK_TANH: EACH(h * ((V(1) - w) * (V(1) + w)))
    case TK_ERF: EACH(h * (V(1.12837916709551257390) * gaussian(v)))
    // 1 - w has no digits where w is near 1, for which sigmoid(-v) is that.
    case TK_SIGMOID: EACH(h * (w * vsigmoid(-v)))
    case TK_SOFTPLUS: EACH(h * vsigmoid(v))
    case TK_RELU: EACH(v > V(0) ? h : v <= V(0) ? V(0) : v)
    case TK_ELU: EACH(v > V(0) ? h : h * vexp(v))
    case TK_GELU: EACH(h * gelu_derivative(v))
    default: fill(n, 0, out);
  }
}
#undef EACH
