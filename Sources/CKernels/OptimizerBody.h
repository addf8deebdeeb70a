OVERLOAD void adam(long n, double rate, double beta1, double beta2, double epsilon, double decay,
                   double correction1, double correction2, const real *g, real *m, real *v,
                   real *x) {
  const vector keep1 = V(beta1), take1 = V(1 - beta1), keep2 = V(beta2), take2 = V(1 - beta2);
  const vector step = V(rate / correction1), unbias = V(1 / correction2), small = V(epsilon);
  const vector shrink = V(rate * decay), none = V(0.0);
  // Averages of gradients that have become zero would fade into denormal numbers, with which processors are
  // many times slower.
  const vector least1 = V(sizeof(real) == 4 ? 1e-30 : 1e-290);
  const vector least2 = V(sizeof(real) == 4 ? 1e-36 : 1e-300);
  for (long i = 0; i < n; i += WIDTH) {
    const long rest = n - i;
    const vector gradient = load_up_to(g + i, rest), old = load_up_to(x + i, rest);
    vector mean = keep1 * load_up_to(m + i, rest) + take1 * gradient;
    vector square = keep2 * load_up_to(v + i, rest) + take2 * (gradient * gradient);
    mean = absolute(mean) < least1 ? none : mean;
    square = square < least2 ? none : square;
    const vector move = step * mean / (square_root(square * unbias) + small);
    store_up_to(m + i, rest, mean);
    store_up_to(v + i, rest, square);
    store_up_to(x + i, rest, old - (move + shrink * old));
  }
}
