#include "SmallDense.h"

#include <math.h>
#include <string.h>

#include "multiversion.h"

INLINE v8 load(const double *p) {
  v8 result;
  memcpy(&result, p, sizeof result);
  return result;
}

INLINE void store(double *p, v8 value) { memcpy(p, &value, sizeof value); }

INLINE v8 splat(double x) { return (v8){x, x, x, x, x, x, x, x}; }

INLINE double sum(v8 x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

// C[4, 16] := sign C + A'B over the first `depth` rows of A[depth, 4] and B[depth, 16]; with
// subtract, C := C - A'B. Everything else here is this tile in some order.
INLINE void tile4x16(long depth, const double *A, long lda, const double *B, long ldb, double *C,
                     long ldc, int subtract) {
  v8 acc[4][2] = {{{0}}};
  for (long p = 0; p < depth; p++) {
    const v8 b0 = load(B + p * ldb), b1 = load(B + p * ldb + 8);
    for (int i = 0; i < 4; i++) {
      const v8 a = splat(A[p * lda + i]);
      acc[i][0] += a * b0;
      acc[i][1] += a * b1;
    }
  }
  for (int i = 0; i < 4; i++) {
    double *row = C + i * ldc;
    store(row, subtract ? load(row) - acc[i][0] : acc[i][0]);
    store(row + 8, subtract ? load(row + 8) - acc[i][1] : acc[i][1]);
  }
}

INLINE void tile4x8(long depth, const double *A, long lda, const double *B, long ldb, double *C,
                    long ldc, int subtract) {
  v8 acc[4] = {{0}};
  for (long p = 0; p < depth; p++) {
    const v8 b = load(B + p * ldb);
    for (int i = 0; i < 4; i++) acc[i] += splat(A[p * lda + i]) * b;
  }
  for (int i = 0; i < 4; i++) {
    double *row = C + i * ldc;
    store(row, subtract ? load(row) - acc[i] : acc[i]);
  }
}

// The 4-row band of C from column `first` (a multiple of 8) to `end` (likewise).
INLINE void band(long depth, const double *A, long lda, const double *B, long ldb, double *C,
                 long ldc, long first, long end, int subtract) {
  long j = first;
  for (; j + 16 <= end; j += 16) tile4x16(depth, A, lda, B + j, ldb, C + j, ldc, subtract);
  for (; j < end; j += 8) tile4x8(depth, A, lda, B + j, ldb, C + j, ldc, subtract);
}

INLINE long rounded_up(long n, long multiple) { return (n + multiple - 1) / multiple * multiple; }

MULTIVERSION long ck_cholesky(long n, double *A, long ld, double *inverseDiagonal,
                              double smallestPivot) {
  const long end = rounded_up(n, 8);
  for (long i0 = 0; i0 < n; i0 += 4) {
    const long first = i0 / 8 * 8;
    if (i0 > 0) band(i0, A + i0, ld, A, ld, A + i0 * ld, ld, first, end, 1);
    const long last = i0 + 4 < n ? i0 + 4 : n;
    for (long k = i0; k < last; k++) {
      double *row = A + k * ld;
      for (long q = i0; q < k; q++) {
        const double *above = A + q * ld;
        const v8 factor = splat(above[k]);
        for (long j = first; j < end; j += 8) store(row + j, load(row + j) - factor * load(above + j));
      }
      const double pivot = row[k];
      if (!(pivot > smallestPivot)) return k;
      const double root = sqrt(pivot), inverse = 1 / root;
      inverseDiagonal[k] = inverse;
      for (long j = first; j < end; j += 8) store(row + j, load(row + j) * splat(inverse));
      row[k] = root;
    }
  }
  return n;
}

MULTIVERSION void ck_solve_transposed_many(long n, long columns, const double *R, long ldr,
                                           const double *inverseDiagonal, double *X, long ldx) {
  const long end = rounded_up(columns, 8);
  for (long i0 = 0; i0 < n; i0 += 4) {
    if (i0 > 0) band(i0, R + i0, ldr, X, ldx, X + i0 * ldx, ldx, 0, end, 1);
    const long last = i0 + 4 < n ? i0 + 4 : n;
    for (long k = i0; k < last; k++) {
      double *row = X + k * ldx;
      for (long q = i0; q < k; q++) {
        const double *above = X + q * ldx;
        const v8 factor = splat(R[q * ldr + k]);
        for (long j = 0; j < end; j += 8) store(row + j, load(row + j) - factor * load(above + j));
      }
      const v8 inverse = splat(inverseDiagonal[k]);
      for (long j = 0; j < end; j += 8) store(row + j, load(row + j) * inverse);
    }
  }
}

// The lower triangle from the upper.
INLINE void mirror(long m, double *H, long ldh) {
  for (long i0 = 0; i0 < m; i0 += 8)
    for (long j0 = 0; j0 <= i0; j0 += 8)
      for (long i = i0; i < i0 + 8 && i < m; i++)
        for (long j = j0; j < j0 + 8 && j < i; j++) H[i * ldh + j] = H[j * ldh + i];
}

INLINE void gram(long n, long m, const double *X, long ldx, double *H, long ldh, int subtract) {
  const long end = rounded_up(m, 8);
  for (long i0 = 0; i0 < m; i0 += 4)
    band(n, X + i0, ldx, X, ldx, H + i0 * ldh, ldh, i0 / 8 * 8, end, subtract);
  mirror(m, H, ldh);
}

MULTIVERSION void ck_gram(long n, long m, const double *X, long ldx, double *H, long ldh) {
  gram(n, m, X, ldx, H, ldh, 0);
}

MULTIVERSION void ck_subtract_gram(long n, long m, const double *X, long ldx, double *H, long ldh) {
  gram(n, m, X, ldx, H, ldh, 1);
}

MULTIVERSION double ck_dot(long n, const double *a, const double *b) {
  v8 acc = {0};
  long j = 0;
  for (; j + 8 <= n; j += 8) acc += load(a + j) * load(b + j);
  double result = sum(acc);
  for (; j < n; j++) result += a[j] * b[j];
  return result;
}

INLINE void add_scaled(long n, double alpha, const double *x, double *y) {
  long j = 0;
  for (; j + 8 <= n; j += 8) store(y + j, load(y + j) + splat(alpha) * load(x + j));
  for (; j < n; j++) y[j] += alpha * x[j];
}

MULTIVERSION void ck_add_scaled(long n, double alpha, const double *x, double *y) {
  add_scaled(n, alpha, x, y);
}

INLINE void add_four(long n, const double *x, const double *r0, const double *r1, const double *r2,
                     const double *r3, double *y) {
  const v8 a = splat(x[0]), b = splat(x[1]), c = splat(x[2]), d = splat(x[3]);
  long j = 0;
  for (; j + 8 <= n; j += 8)
    store(y + j, load(y + j) + a * load(r0 + j) + b * load(r1 + j) + c * load(r2 + j) +
                     d * load(r3 + j));
  for (; j < n; j++) y[j] = y[j] + x[0] * r0[j] + x[1] * r1[j] + x[2] * r2[j] + x[3] * r3[j];
}

MULTIVERSION void ck_add_rows(long count, const double *const *rows, long n, const double *x,
                              double *y) {
  long i = 0;
  for (; i + 4 <= count; i += 4)
    add_four(n, x + i, rows[i], rows[i + 1], rows[i + 2], rows[i + 3], y);
  for (; i < count; i++) add_scaled(n, x[i], rows[i], y);
}

// Four dot products of rows with x.
INLINE void dot_four_rows(long n, const double *r0, const double *r1, const double *r2,
                          const double *r3, const double *x, double *result) {
  const double *row[4] = {r0, r1, r2, r3};
  v8 acc[4] = {{0}};
  long j = 0;
  for (; j + 8 <= n; j += 8) {
    const v8 b = load(x + j);
    for (int i = 0; i < 4; i++) acc[i] += load(row[i] + j) * b;
  }
  for (int i = 0; i < 4; i++) {
    double s = sum(acc[i]);
    for (long t = j; t < n; t++) s += row[i][t] * x[t];
    result[i] = s;
  }
}

INLINE void dot_four(long n, const double *A, long lda, const double *x, double *result) {
  dot_four_rows(n, A, A + lda, A + 2 * lda, A + 3 * lda, x, result);
}

MULTIVERSION void ck_row_products(long count, const double *const *rows, long n, const double *x,
                                  double *y) {
  long i = 0;
  for (; i + 4 <= count; i += 4)
    dot_four_rows(n, rows[i], rows[i + 1], rows[i + 2], rows[i + 3], x, y + i);
  for (; i < count; i++) {
    double same[4];
    dot_four_rows(n, rows[i], rows[i], rows[i], rows[i], x, same);
    y[i] = same[0];
  }
}

MULTIVERSION void ck_multiply(long m, long n, const double *A, long lda, const double *x, double *y) {
  long i = 0;
  for (; i + 4 <= m; i += 4) dot_four(n, A + i * lda, lda, x, y + i);
  // The same code for the remaining rows, so that equal rows have equal products wherever they stand.
  for (; i < m; i++) {
    double same[4];
    dot_four(n, A + i * lda, 0, x, same);
    y[i] = same[0];
  }
}

MULTIVERSION void ck_solve_transposed(long n, const double *R, long ldr,
                                      const double *inverseDiagonal, double *b) {
  long k = 0;
  for (; k + 4 <= n; k += 4) {
    const double *r0 = R + k * ldr, *r1 = r0 + ldr, *r2 = r1 + ldr, *r3 = r2 + ldr;
    double z[4];
    z[0] = b[k] * inverseDiagonal[k];
    z[1] = (b[k + 1] - z[0] * r0[k + 1]) * inverseDiagonal[k + 1];
    z[2] = (b[k + 2] - z[0] * r0[k + 2] - z[1] * r1[k + 2]) * inverseDiagonal[k + 2];
    z[3] = (b[k + 3] - z[0] * r0[k + 3] - z[1] * r1[k + 3] - z[2] * r2[k + 3]) *
           inverseDiagonal[k + 3];
    for (int i = 0; i < 4; i++) b[k + i] = z[i];
    const double minus[4] = {-z[0], -z[1], -z[2], -z[3]};
    add_four(n - k - 4, minus, r0 + k + 4, r1 + k + 4, r2 + k + 4, r3 + k + 4, b + k + 4);
  }
  for (; k < n; k++) {
    const double *r = R + k * ldr;
    b[k] *= inverseDiagonal[k];
    for (long j = k + 1; j < n; j++) b[j] -= b[k] * r[j];
  }
}

MULTIVERSION void ck_solve(long n, const double *R, long ldr, const double *inverseDiagonal,
                           double *b) {
  long k = n;
  for (; k % 4 != 0; k--) {
    const long i = k - 1;
    const double *r = R + i * ldr;
    double s = b[i];
    for (long j = k; j < n; j++) s -= r[j] * b[j];
    b[i] = s * inverseDiagonal[i];
  }
  for (; k > 0; k -= 4) {
    const long i = k - 4;
    const double *r0 = R + i * ldr, *r1 = r0 + ldr, *r2 = r1 + ldr;
    double s[4];
    dot_four(n - k, r0 + k, ldr, b + k, s);
    b[i + 3] = (b[i + 3] - s[3]) * inverseDiagonal[i + 3];
    b[i + 2] = (b[i + 2] - s[2] - r2[i + 3] * b[i + 3]) * inverseDiagonal[i + 2];
    b[i + 1] = (b[i + 1] - s[1] - r1[i + 3] * b[i + 3] - r1[i + 2] * b[i + 2]) *
               inverseDiagonal[i + 1];
    b[i] = (b[i] - s[0] - r0[i + 3] * b[i + 3] - r0[i + 2] * b[i + 2] - r0[i + 1] * b[i + 1]) *
           inverseDiagonal[i];
  }
}

MULTIVERSION double ck_largest(long n, const double *x) {
  double largest = 0;
  double poison = 0;  // stays 0 for finite numbers, NaN otherwise
  for (long i = 0; i < n; i++) {
    const double magnitude = fabs(x[i]);
    largest = magnitude > largest ? magnitude : largest;
    poison += magnitude * 0;
  }
  return isnan(poison) && !isinf(largest) ? NAN : largest;
}

MULTIVERSION void ck_two_outer(long m, long n, const double *x, const double *y, const double *u,
                               const double *v, double *A) {
  for (long i = 0; i < m; i++) {
    double *row = A + i * n;
    const double xi = x[i], ui = u[i];
    long j = 0;
    for (; j + 8 <= n; j += 8)
      store(row + j, splat(xi) * load(y + j) + splat(ui) * load(v + j));
    for (; j < n; j++) row[j] = xi * y[j] + ui * v[j];
  }
}

MULTIVERSION void ck_symmetric_outer(long n, const double *x, const double *y, double *A) {
  // Products of both orders are rounded alike: no contraction into fused operations here.
#pragma clang fp contract(off)
  for (long i = 0; i < n; i++) {
    double *row = A + i * n;
    const double xi = 0.5 * x[i], yi = 0.5 * y[i];
    long j = 0;
    for (; j + 8 <= n; j += 8)
      store(row + j, splat(xi) * load(y + j) + splat(yi) * load(x + j));
    for (; j < n; j++) row[j] = xi * y[j] + yi * x[j];
  }
}

MULTIVERSION void ck_transposed_product(long depth, long m, long n, const double *A, long lda,
                                        const double *B, long ldb, double *C, long ldc) {
  for (long i0 = 0; i0 < m; i0 += 4)
    band(depth, A + i0, lda, B, ldb, C + i0 * ldc, ldc, 0, rounded_up(n, 8), 0);
}

void ck_transpose(long m, long n, const double *A, double *X, long ldx) {
  for (long i0 = 0; i0 < m; i0 += 8)
    for (long j0 = 0; j0 < n; j0 += 8)
      for (long j = j0; j < j0 + 8 && j < n; j++)
        for (long i = i0; i < i0 + 8 && i < m; i++) X[j * ldx + i] = A[i * n + j];
}

MULTIVERSION int ck_all_finite(long n, const double *x) {
  v8 acc = {0};
  long j = 0;
  for (; j + 8 <= n; j += 8) acc += load(x + j) * splat(0);
  double poison = sum(acc);
  for (; j < n; j++) poison += x[j] * 0;
  return poison == 0;
}

MULTIVERSION int ck_is_symmetric(long n, const double *A) {
  long different = 0;
  for (long i0 = 0; i0 < n; i0 += 8)
    for (long j0 = 0; j0 <= i0; j0 += 8)
      for (long i = i0; i < i0 + 8 && i < n; i++)
        for (long j = j0; j < j0 + 8 && j < i; j++) different += A[i * n + j] != A[j * n + i];
  return different == 0;
}
