static void NAME(adam)(long n, double rate, double beta1, double beta2, double epsilon, double decay,
                       double correction1, double correction2, const real *g, real *m, real *v, real *x) {
  for (long i = 0; i < n; i++) {
    m[i] = (real)(beta1 * m[i] + (1 - beta1) * g[i]);
    v[i] = (real)(beta2 * v[i] + (1 - beta2) * g[i] * g[i]);
    x[i] = (real)(x[i] - rate * (m[i] / correction1) / (sqrt(v[i] / correction2) + epsilon) -
                  rate * decay * x[i]);
  }
}
