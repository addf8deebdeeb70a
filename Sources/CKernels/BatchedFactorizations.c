#include "BatchedFactorizations.h"

#include <math.h>
#include <string.h>

#include "LaneKernels.h"
#include "multiversion.h"

// One element of all eight items.
typedef double lanes __attribute__((vector_size(64)));

// MARK: - Cholesky

INLINE void symmetrize(long n, lanes *A) {
  for (long i = 1; i < n; i++)
    for (long j = 0; j < i; j++) A[i * n + j] = 0.5 * A[i * n + j] + 0.5 * A[j * n + i];
}

MULTIVERSION void batch_cholesky(long n, long items, const double *A, double *factor,
                                 double *inverse_diagonal, int64_t *failing) {
  for (long first = 0; first < items; first += LANE_WIDTH) {
    const long used = items - first < LANE_WIDTH ? items - first : LANE_WIDTH;
    const double *source = A + first * n * n;
    double *target = factor + first * n * n, *inverse = inverse_diagonal + first * n;
    // Lanes that are left over repeat the first item.
    lane_interleave(n * n, used, source, n * n, source, target);
    symmetrize(n, (lanes *)target);
    lane_cholesky(n, target, inverse, 0, failing + first);
    // An infinite pivot passes as positive; its inverse is 0.
    for (long k = 0; k < n; k++)
      for (int lane = 0; lane < LANE_WIDTH; lane++)
        if (!(inverse[k * LANE_WIDTH + lane] > 0) && failing[first + lane] > k)
          failing[first + lane] = k;
  }
}

MULTIVERSION void batch_cholesky_lower(long n, long items, const double *factor, double *L) {
  for (long first = 0; first < items; first += LANE_WIDTH) {
    const long used = items - first < LANE_WIDTH ? items - first : LANE_WIDTH;
    lane_deinterleave(n * n, used, factor + first * n * n, L + first * n * n, n * n);
    for (long item = first; item < first + used; item++)
      for (long i = 0; i < n; i++)
        for (long j = i + 1; j < n; j++) L[(item * n + i) * n + j] = 0;
  }
}

MULTIVERSION void batch_cholesky_solve(long n, long k, long items, const double *factor,
                                       const double *inverse_diagonal, const double *b, double *x,
                                       double *work) {
  lanes *column = (lanes *)work, *all = column + n;
  for (long first = 0; first < items; first += LANE_WIDTH) {
    const long used = items - first < LANE_WIDTH ? items - first : LANE_WIDTH;
    const double *source = b + first * n * k, *L = factor + first * n * n;
    const double *inverse = inverse_diagonal + first * n;
    lane_interleave(n * k, used, source, n * k, source, (double *)all);
    if (k == 1) {
      lane_cholesky_solve(n, L, inverse, (double *)all);
    } else {
      for (long c = 0; c < k; c++) {
        for (long i = 0; i < n; i++) column[i] = all[i * k + c];
        lane_cholesky_solve(n, L, inverse, (double *)column);
        for (long i = 0; i < n; i++) all[i * k + c] = column[i];
      }
    }
    lane_deinterleave(n * k, used, (double *)all, x + first * n * k, n * k);
  }
}

MULTIVERSION void batch_symmetric_pullback(long n, long k, long items, const double *x,
                                           const double *y, double *S) {
// A fused product and sum would round differently on both sides of the diagonal.
#pragma clang fp contract(off)
  for (long item = 0; item < items; item++, x += n * k, y += n * k, S += n * n) {
    if (k == 1) {
      for (long i = 0; i < n; i++) {
        const double a = -0.5 * y[i], c = -0.5 * x[i];
        double *row = S + i * n;
        for (long j = 0; j < n; j++) row[j] = a * x[j] + c * y[j];
      }
      continue;
    }
    for (long i = 0; i < n; i++) {
      for (long j = 0; j <= i; j++) {
        double sum = 0;
        for (long c = 0; c < k; c++)
          sum += y[i * k + c] * x[j * k + c] + x[i * k + c] * y[j * k + c];
        S[i * n + j] = S[j * n + i] = -0.5 * sum;
      }
    }
  }
}

// Rows i of `count` of them, below row k, give back what row k took from them: G[i, p] -= G[i, k]
// L[k, p] and G[k, p] -= G[i, k] L[i, p] for the columns p before k.
INLINE void give_back(int count, long n, long k, long i, const lanes *L, lanes *G) {
  lanes factor[4];
  for (int r = 0; r < count; r++) factor[r] = G[(i + r) * n + k];
  for (long p = 0; p < k; p++) {
    const lanes element = L[k * n + p];
    lanes sum = G[k * n + p];
    for (int r = 0; r < count; r++) {
      sum -= factor[r] * L[(i + r) * n + p];
      G[(i + r) * n + p] -= factor[r] * element;
    }
    G[k * n + p] = sum;
  }
}

// The steps of a left-looking factorization in reverse (Murray 2016, section 3).
INLINE void reverse_factorization(long n, const lanes *L, lanes *G) {
  for (long k = n - 1; k >= 0; k--) {
    const lanes inverse = 1 / L[k * n + k];
    lanes diagonal = G[k * n + k];
    for (long i = k + 1; i < n; i++) {
      G[i * n + k] *= inverse;
      diagonal -= G[i * n + k] * L[i * n + k];
    }
    diagonal *= inverse;
    G[k * n + k] = 0.5 * diagonal;
    long i = k + 1;
    for (; i + 4 <= n; i += 4) give_back(4, n, k, i, L, G);
    for (; i < n; i++) give_back(1, n, k, i, L, G);
    for (long p = 0; p < k; p++) G[k * n + p] -= diagonal * L[k * n + p];
  }
  for (long i = 1; i < n; i++)
    for (long j = 0; j < i; j++) G[i * n + j] = G[j * n + i] = 0.5 * G[i * n + j];
}

MULTIVERSION void batch_cholesky_pullback(long n, long items, const double *L, double *G,
                                          double *work) {
  double *factor = work, *cotangent = work + n * n * LANE_WIDTH;
  for (long first = 0; first < items; first += LANE_WIDTH, L += LANE_WIDTH * n * n,
            G += LANE_WIDTH * n * n) {
    const long used = items - first < LANE_WIDTH ? items - first : LANE_WIDTH;
    lane_interleave(n * n, used, L, n * n, L, factor);
    lane_interleave(n * n, used, G, n * n, G, cotangent);
    reverse_factorization(n, (const lanes *)factor, (lanes *)cotangent);
    lane_deinterleave(n * n, used, cotangent, G, n * n);
  }
}

MULTIVERSION void batch_two_solves_pullback(long n, long k, long items, const double *L,
                                            const double *x, const double *y, double *G,
                                            double *work) {
  double *u = work, *v = work + n;
  for (long item = 0; item < items; item++, L += n * n, G += n * n, x += n * k, y += n * k) {
    memset(G, 0, n * n * sizeof *G);
    for (long c = 0; c < k; c++) {
      for (long j = 0; j < n; j++) u[j] = v[j] = 0;
      for (long i = 0; i < n; i++) {
        const double a = x[i * k + c], b = y[i * k + c];
        for (long j = 0; j <= i; j++) {
          u[j] += a * L[i * n + j];
          v[j] += b * L[i * n + j];
        }
      }
      for (long i = 0; i < n; i++) {
        const double a = x[i * k + c], b = y[i * k + c];
        for (long j = 0; j <= i; j++) G[i * n + j] -= b * u[j] + a * v[j];
      }
    }
  }
}

// MARK: - Triangular solves

INLINE double product(long count, const double *a, const double *b) {
  v8 sums = {0};
  long i = 0;
  for (; i + 8 <= count; i += 8) {
    v8 u, v;
    memcpy(&u, a + i, sizeof u);
    memcpy(&v, b + i, sizeof v);
    sums += u * v;
  }
  const v8 s = sums;
  double sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  for (; i < count; i++) sum += a[i] * b[i];
  return sum;
}

INLINE void subtract_scaled(long count, double factor, const double *x, double *y) {
  for (long i = 0; i < count; i++) y[i] -= factor * x[i];
}

// The unknowns are found in rising order where the other ones of a row's triangle lie before them.
INLINE void triangular_solve(long n, long k, int is_lower, int is_transposed, int has_unit_diagonal,
                             const double *T, double *b) {
  const int rises = is_lower != is_transposed;
  for (long step = 0; step < n; step++) {
    const long i = rises ? step : n - 1 - step;
    const double *row = T + i * n;
    // The elements of this row of T beside the diagonal.
    const long begin = is_lower ? 0 : i + 1, end = is_lower ? i : n;
    double *target = b + i * k;
    if (!is_transposed) {
      if (k == 1) {
        target[0] -= product(end - begin, row + begin, b + begin);
      } else {
        for (long p = begin; p < end; p++) subtract_scaled(k, row[p], b + p * k, target);
      }
    }
    if (!has_unit_diagonal) {
      const double diagonal = row[i];
      for (long c = 0; c < k; c++) target[c] /= diagonal;
    }
    if (is_transposed) {
      if (k == 1) {
        subtract_scaled(end - begin, target[0], row + begin, b + begin);
      } else {
        for (long p = begin; p < end; p++) subtract_scaled(k, row[p], target, b + p * k);
      }
    }
  }
}

MULTIVERSION void batch_triangular_solve(long n, long k, long items, int is_lower,
                                         int is_transposed, int has_unit_diagonal, const double *T,
                                         double *b) {
  for (long item = 0; item < items; item++)
    triangular_solve(n, k, is_lower, is_transposed, has_unit_diagonal, T + item * n * n,
                     b + item * n * k);
}

// MARK: - Orthogonal factorization

// The norm of a column without overflow or underflow of the squares.
INLINE double column_norm(long count, long step, const double *x) {
  double largest = 0;
  for (long i = 0; i < count; i++) largest = fmax(largest, fabs(x[i * step]));
  if (largest == 0) return 0;
  double sum = 0;
  for (long i = 0; i < count; i++) {
    const double scaled = x[i * step] / largest;
    sum += scaled * scaled;
  }
  return largest * sqrt(sum);
}

// Columns first..<n of A [rows, n] := (I - tau v v') A with v = (1, column `j` below row 0).
INLINE void reflect(long rows, long n, long j, long first, double tau, double *A, double *work) {
  if (tau == 0 || first >= n) return;
  for (long c = first; c < n; c++) work[c] = A[c];
  for (long r = 1; r < rows; r++)
    for (long c = first; c < n; c++) work[c] += A[r * n + j] * A[r * n + c];
  for (long c = first; c < n; c++) {
    work[c] *= tau;
    A[c] -= work[c];
  }
  for (long r = 1; r < rows; r++)
    subtract_scaled(n - first, A[r * n + j], work + first, A + r * n + first);
}

INLINE void factor_orthogonal(long m, long n, double *A, double *R, double *work) {
  double *tau = work + n;
  for (long j = 0; j < n; j++) {
    double *pivot = A + j * n + j;
    const double norm = column_norm(m - j, n, pivot);
    tau[j] = 0;
    if (norm == 0) continue;
    const double alpha = *pivot, beta = alpha > 0 ? -norm : norm;
    tau[j] = (beta - alpha) / beta;
    // Divided rather than scaled by the inverse, which overflows for tiny columns.
    for (long r = 1; r < m - j; r++) pivot[r * n] /= alpha - beta;
    *pivot = beta;
    reflect(m - j, n, j, j + 1, tau[j], A + j * n, work);
  }
  for (long i = 0; i < n; i++)
    for (long c = 0; c < n; c++) R[i * n + c] = c < i ? 0 : A[i * n + c];
  // Q = H_0 ... H_{n-1} times the first columns of the identity, from the last reflection on.
  for (long j = n - 1; j >= 0; j--) {
    double *pivot = A + j * n + j;
    for (long c = j + 1; c < n; c++) pivot[c - j] = 0;
    reflect(m - j, n, j, j + 1, tau[j], A + j * n, work);
    for (long r = 1; r < m - j; r++) pivot[r * n] *= -tau[j];
    *pivot = 1 - tau[j];
  }
  for (long j = 0; j < n; j++) {
    if (R[j * n + j] >= 0) continue;
    for (long c = j; c < n; c++) R[j * n + c] = -R[j * n + c];
    for (long r = 0; r < m; r++) A[r * n + j] = -A[r * n + j];
  }
}

MULTIVERSION void batch_qr(long m, long n, long items, double *A, double *R, double *work) {
  for (long item = 0; item < items; item++)
    factor_orthogonal(m, n, A + item * m * n, R + item * n * n, work);
}

// MARK: - Elements

MULTIVERSION long batch_first_nonfinite_f64(long count, const double *x) {
  double sums[8] = {0};
  long i = 0;
  for (; i + 8 <= count; i += 8)
    for (int c = 0; c < 8; c++) sums[c] += 0 * x[i + c];
  int is_finite = 1;
  for (int c = 0; c < 8; c++) is_finite &= sums[c] == 0;
  if (is_finite) {
    for (; i < count; i++)
      if (!isfinite(x[i])) return i;
    return count;
  }
  for (i = 0; i < count; i++)
    if (!isfinite(x[i])) break;
  return i;
}

MULTIVERSION long batch_first_nonfinite_f32(long count, const float *x) {
  float sums[16] = {0};
  long i = 0;
  for (; i + 16 <= count; i += 16)
    for (int c = 0; c < 16; c++) sums[c] += 0 * x[i + c];
  int is_finite = 1;
  for (int c = 0; c < 16; c++) is_finite &= sums[c] == 0;
  if (is_finite) {
    for (; i < count; i++)
      if (!isfinite(x[i])) return i;
    return count;
  }
  for (i = 0; i < count; i++)
    if (!isfinite(x[i])) break;
  return i;
}

#define TRIANGLES(type)                                                                        \
  for (long item = 0; item < items; item++) {                                                  \
    for (long i = 0; i < m; i++, x += n, y += n) {                                             \
      const long diagonal = i < n ? i : n;                                                     \
      const type low = (type)below, middle = (type)on, high = (type)above;                     \
      for (long j = 0; j < diagonal; j++) y[j] = low == 0 ? 0 : low * x[j];                    \
      if (diagonal < n) y[diagonal] = middle == 0 ? 0 : middle * x[diagonal];                  \
      for (long j = diagonal + 1; j < n; j++) y[j] = high == 0 ? 0 : high * x[j];              \
    }                                                                                          \
  }

MULTIVERSION void batch_triangles_f64(long items, long m, long n, double below, double on,
                                      double above, const double *x, double *y) {
  TRIANGLES(double)
}

MULTIVERSION void batch_triangles_f32(long items, long m, long n, double below, double on,
                                      double above, const float *x, float *y) {
  TRIANGLES(float)
}
