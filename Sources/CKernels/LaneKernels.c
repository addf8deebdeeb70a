#include "LaneKernels.h"

#include <math.h>

#include "multiversion.h"

// One element of all eight items.
typedef double lanes __attribute__((vector_size(64)));
typedef long long lane_count __attribute__((vector_size(64)));

#define UNROLL _Pragma("clang loop unroll(full)")

INLINE lanes splat(double x) { return (lanes){x, x, x, x, x, x, x, x}; }

INLINE lanes load(const double *p) { return *(const v8 *)p; }

INLINE void store(double *p, lanes value) { *(v8 *)p = value; }

// a where the mask is set, b elsewhere.
INLINE lanes blend(lane_count mask, lanes a, lanes b) {
  return (lanes)((mask & (lane_count)a) | (~mask & (lane_count)b));
}

INLINE lanes square_root(lanes x) {
#if __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#else
  for (int lane = 0; lane < LANE_WIDTH; lane++) x[lane] = sqrt(x[lane]);
  return x;
#endif
}

// MARK: - Factorization

// Both kinds share everything but the pivots: with S = L (Cholesky) or S = L D (LDL'),
// A[i,j] = sum over p of L[i,p] S[j,p].
typedef struct {
  int is_ldl;
  const double *signs;
  double smallest, replacement;
  // Per lane the first failing pivot (Cholesky), or the number of replaced ones (LDL').
  lane_count *report;
} pivot_rule;

// Returns the inverse by which the column is scaled; `pivot` becomes what is stored.
INLINE lanes take_pivot(const pivot_rule *rule, long k, lanes *pivot) {
  if (rule->is_ldl) {
    const lanes sign = splat(rule->signs[k]);
    const lane_count good = sign * *pivot > splat(rule->smallest);  // -1 where it holds
    *rule->report += 1 + good;
    *pivot = blend(good, *pivot, sign * splat(rule->replacement));
  } else {
    const lane_count good = *pivot > splat(rule->smallest);
    const lane_count keep = good | (*rule->report < k);
    *rule->report = (keep & *rule->report) | (~keep & k);
    *pivot = square_root(blend(good, *pivot, splat(1)));
  }
  return splat(1) / *pivot;
}

// A tile of three by three leaves the widest registers busy and hardly spills the narrower ones. Columns
// that are left over at the end go one by one.
enum { TILE = 3 };
typedef lanes tile_row[TILE];

// tile[r][c] := C[r,c] - sum over p < depth of L[r,p] S[c,p]; rows and columns are constants of the
// caller, so that the tile stays in registers.
INLINE void load_tile(int rows, int columns, long n, long depth, const lanes *C, const lanes *L,
                      const lanes *S, tile_row *tile) {
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int c = 0; c < columns; c++) tile[r][c] = C[r * n + c];
  }
  for (long p = 0; p < depth; p++) {
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int c = 0; c < columns; c++) tile[r][c] -= L[r * n + p] * S[c * n + p];
    }
  }
}

// Rows below a diagonal block: each column is scaled, then taken out of the later ones.
INLINE void finish_tile(int rows, int columns, long n, tile_row *block, const lanes *inverse,
                        tile_row *tile, lanes *C) {
  UNROLL for (int c = 0; c < columns; c++) {
    UNROLL for (int r = 0; r < rows; r++) {
      const lanes value = tile[r][c] * inverse[c];
      C[r * n + c] = value;
      UNROLL for (int later = c + 1; later < columns; later++)
        tile[r][later] -= value * block[later][c];
    }
  }
}

// Factors `width` columns of the diagonal block in `block`, which ends as S.
INLINE void finish_diagonal(const pivot_rule *rule, int width, long n, long first, tile_row *block,
                            lanes *inverse, lanes *C, lanes *inverse_diagonal) {
  UNROLL for (int c = 0; c < width; c++) {
    inverse[c] = take_pivot(rule, first + c, &block[c][c]);
    inverse_diagonal[first + c] = inverse[c];
    C[c * n + c] = block[c][c];
    UNROLL for (int r = c + 1; r < width; r++) {
      const lanes value = block[r][c] * inverse[c];
      C[r * n + c] = value;
      if (!rule->is_ldl) block[r][c] = value;
      UNROLL for (int later = c + 1; later <= r; later++)
        block[r][later] -= value * block[later][c];
    }
  }
}

// One block of `width` columns from `j`, left-looking: all earlier columns are taken out at once.
INLINE void factor_columns(const pivot_rule *rule, int width, long n, long j, lanes *A,
                           lanes *inverse_diagonal, lanes *scratch) {
  const lanes *S = A + j * n;
  if (rule->is_ldl) {
    for (int c = 0; c < width; c++)
      for (long p = 0; p < j; p++) scratch[c * n + p] = A[(j + c) * n + p] * A[p * n + p];
    S = scratch;
  }
  tile_row block[TILE];
  lanes inverse[TILE];
  load_tile(width, width, n, j, A + j * n + j, A + j * n, S, block);
  finish_diagonal(rule, width, n, j, block, inverse, A + j * n + j, inverse_diagonal);
  long i = j + width;
  for (; i + width <= n; i += width) {
    tile_row tile[TILE];
    load_tile(width, width, n, j, A + i * n + j, A + i * n, S, tile);
    finish_tile(width, width, n, block, inverse, tile, A + i * n + j);
  }
  for (; i < n; i++) {
    tile_row tile[1];
    load_tile(1, width, n, j, A + i * n + j, A + i * n, S, tile);
    finish_tile(1, width, n, block, inverse, tile, A + i * n + j);
  }
}

INLINE void factor(const pivot_rule *rule, long n, lanes *A, lanes *inverse_diagonal,
                   lanes *scratch) {
  long j = 0;
  for (; j + TILE <= n; j += TILE)
    factor_columns(rule, TILE, n, j, A, inverse_diagonal, scratch);
  for (; j < n; j++) factor_columns(rule, 1, n, j, A, inverse_diagonal, scratch);
}

MULTIVERSION void lane_cholesky(long n, double *A, double *inverse_diagonal, double smallest,
                                int64_t *failing) {
  lane_count report = (lane_count){0} + n;
  const pivot_rule rule = {.is_ldl = 0, .smallest = smallest, .report = &report};
  factor(&rule, n, (lanes *)A, (lanes *)inverse_diagonal, 0);
  for (int lane = 0; lane < LANE_WIDTH; lane++) failing[lane] = report[lane];
}

MULTIVERSION void lane_ldl(long n, double *A, const double *signs, double smallest,
                           double replacement, double *inverse_diagonal, double *scratch,
                           int64_t *replaced) {
  lane_count report = {0};
  const pivot_rule rule = {.is_ldl = 1,
                           .signs = signs,
                           .smallest = smallest,
                           .replacement = replacement,
                           .report = &report};
  factor(&rule, n, (lanes *)A, (lanes *)inverse_diagonal, (lanes *)scratch);
  for (int lane = 0; lane < LANE_WIDTH; lane++) replaced[lane] = report[lane];
}

// MARK: - Solves

// b := L^-1 b, four rows at a time. `scale` holds the inverses of the diagonal, 0 for a unit diagonal.
INLINE void forward(long n, const lanes *L, const lanes *scale, lanes *b) {
  long i = 0;
  for (; i + 4 <= n; i += 4) {
    lanes x[4];
    const lanes *row = L + i * n;
    UNROLL for (int r = 0; r < 4; r++) x[r] = b[i + r];
    for (long p = 0; p < i; p++) {
      UNROLL for (int r = 0; r < 4; r++) x[r] -= row[r * n + p] * b[p];
    }
    UNROLL for (int r = 0; r < 4; r++) {
      UNROLL for (int c = 0; c < r; c++) x[r] -= row[r * n + i + c] * x[c];
      if (scale) x[r] *= scale[i + r];
      b[i + r] = x[r];
    }
  }
  for (; i < n; i++) {
    lanes x = b[i];
    for (long p = 0; p < i; p++) x -= L[i * n + p] * b[p];
    b[i] = scale ? x * scale[i] : x;
  }
}

// b := L'^-1 b, taking four finished elements out of the earlier ones at a time.
INLINE void backward(long n, const lanes *L, const lanes *scale, lanes *b) {
  long i = n;
  for (; i % 4 != 0; i--) {
    const lanes *row = L + (i - 1) * n;
    const lanes x = scale ? b[i - 1] * scale[i - 1] : b[i - 1];
    b[i - 1] = x;
    for (long p = 0; p < i - 1; p++) b[p] -= row[p] * x;
  }
  for (; i > 0; i -= 4) {
    const lanes *row = L + (i - 4) * n;
    lanes x[4];
    UNROLL for (int r = 3; r >= 0; r--) {
      x[r] = b[i - 4 + r];
      UNROLL for (int later = 3; later > r; later--) x[r] -= row[later * n + i - 4 + r] * x[later];
      if (scale) x[r] *= scale[i - 4 + r];
      b[i - 4 + r] = x[r];
    }
    for (long p = 0; p < i - 4; p++) {
      lanes value = b[p];
      UNROLL for (int r = 3; r >= 0; r--) value -= row[r * n + p] * x[r];
      b[p] = value;
    }
  }
}

MULTIVERSION void lane_forward(long n, const double *L, const double *inverse_diagonal, double *b) {
  forward(n, (const lanes *)L, (const lanes *)inverse_diagonal, (lanes *)b);
}

MULTIVERSION void lane_backward(long n, const double *L, const double *inverse_diagonal,
                                double *b) {
  backward(n, (const lanes *)L, (const lanes *)inverse_diagonal, (lanes *)b);
}

MULTIVERSION void lane_cholesky_solve(long n, const double *L, const double *inverse_diagonal,
                                      double *b) {
  forward(n, (const lanes *)L, (const lanes *)inverse_diagonal, (lanes *)b);
  backward(n, (const lanes *)L, (const lanes *)inverse_diagonal, (lanes *)b);
}

MULTIVERSION void lane_ldl_solve(long n, const double *L, const double *inverse_diagonal,
                                 double *b) {
  forward(n, (const lanes *)L, 0, (lanes *)b);
  for (long i = 0; i < n; i++) ((lanes *)b)[i] *= ((const lanes *)inverse_diagonal)[i];
  backward(n, (const lanes *)L, 0, (lanes *)b);
}

// MARK: - Layout

// Transposes an 8x8 block that is given by its rows: pairs of elements, of twos, of fours change places.
INLINE void transpose(lanes *x) {
  lanes t[8], u[8];
  UNROLL for (int k = 0; k < 8; k += 2) {
    t[k] = __builtin_shufflevector(x[k], x[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    t[k + 1] = __builtin_shufflevector(x[k], x[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  UNROLL for (int k = 0; k < 8; k += 4) {
    UNROLL for (int h = 0; h < 2; h++) {
      u[k + h] = __builtin_shufflevector(t[k + h], t[k + h + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      u[k + h + 2] = __builtin_shufflevector(t[k + h], t[k + h + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  UNROLL for (int k = 0; k < 4; k++) {
    x[k] = __builtin_shufflevector(u[k], u[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[k + 4] = __builtin_shufflevector(u[k], u[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

MULTIVERSION void lane_interleave(long count, long items, const double *source, long stride,
                                  const double *padding, double *target) {
  const double *item[LANE_WIDTH];
  for (long lane = 0; lane < LANE_WIDTH; lane++)
    item[lane] = lane < items ? source + lane * stride : padding;
  long k = 0;
  for (; k + 8 <= count; k += 8) {
    lanes block[8];
    UNROLL for (int lane = 0; lane < 8; lane++) block[lane] = load(item[lane] + k);
    transpose(block);
    UNROLL for (int e = 0; e < 8; e++) ((lanes *)target)[k + e] = block[e];
  }
  for (; k < count; k++)
    for (int lane = 0; lane < LANE_WIDTH; lane++) target[k * LANE_WIDTH + lane] = item[lane][k];
}

MULTIVERSION void lane_deinterleave(long count, long items, const double *source, double *target,
                                    long stride) {
  long k = 0;
  for (; k + 8 <= count; k += 8) {
    lanes block[8];
    UNROLL for (int e = 0; e < 8; e++) block[e] = ((const lanes *)source)[k + e];
    transpose(block);
    for (long lane = 0; lane < items; lane++) store(target + lane * stride + k, block[lane]);
  }
  for (; k < count; k++)
    for (long lane = 0; lane < items; lane++)
      target[lane * stride + k] = source[k * LANE_WIDTH + lane];
}
