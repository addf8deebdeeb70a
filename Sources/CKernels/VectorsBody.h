// Up to WIDTH numbers.
OVERLOAD vector load_up_to(const real *p, long n) { return n >= WIDTH ? load(p) : load_some(p, n); }

OVERLOAD void store_up_to(real *p, long n, vector x) {
  if (n >= WIDTH) store(p, x);
  else store_some(p, n, x);
}

OVERLOAD vector sign_bit(vector x) { return (vector)((bits)x & (bits)V(-0.0)); }

OVERLOAD vector absolute(vector x) { return (vector)((bits)x & ~(bits)V(-0.0)); }

OVERLOAD vector with_sign_of(vector magnitude, vector sign) {
  return (vector)((bits)absolute(magnitude) | (bits)sign_bit(sign));
}

OVERLOAD vector square_root(vector x) {
#if __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#else
  for (int lane = 0; lane < WIDTH; lane++) x[lane] = (real)sqrt(x[lane]);
  return x;
#endif
}

// NaN if either is; of two zeros the first.
OVERLOAD vector larger(vector a, vector b) { return ((b > a) | (b != b)) ? b : a; }
OVERLOAD vector smaller(vector a, vector b) { return ((b < a) | (b != b)) ? b : a; }
