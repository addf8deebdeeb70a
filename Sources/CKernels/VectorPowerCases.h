// The rules of C for signs, zeros, infinities and NaN around positive_power.
OVERLOAD vector vpow(vector x, vector y) {
  const vector a = absolute(x), whole = __builtin_elementwise_floor(y), half = V(0.5) * y;
  const mask integral = whole == y, odd = integral & (__builtin_elementwise_floor(half) != half);
  const mask zero = x == V(0);
  vector result = positive_power(zero ? V(1) : a, y);
  result = zero ? (y > V(0) ? V(0) : V(INFINITY)) : result;
  result = (x < V(0)) & ~integral ? V(NAN) : result;
  result = odd ? with_sign_of(result, x) : result;
  result = ((y == V(0)) | (x == V(1))) ? V(1) : result;
  const mask rare = ~((a < V(INFINITY)) & (absolute(y) < V(INFINITY)));
  if (__builtin_expect(any(rare), 0)) {
    for (int lane = 0; lane < WIDTH; lane++)
      if (rare[lane]) result[lane] = (real)pow(x[lane], y[lane]);
  }
  return result;
}
