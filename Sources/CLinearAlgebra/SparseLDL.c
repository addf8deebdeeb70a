// Multifrontal LDL' (Duff and Reid 1983; Liu 1992) on relaxed supernodes.
//
// A supernode's front is its panel (kept, part of L) and an update matrix (on a stack until its parent
// takes it). Small fronts are done by plain loops, large ones by BLAS.
#include "SparseLDL.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../CKernels/multiversion.h"
#include "CLinearAlgebra.h"
#include "SparseLDLAnalysis.h"

enum { BLOCK = 48 };

struct la_ldl_factor {
  const la_ldl_analysis *analysis;
  double *numbers;   // panels
  double *pivots;    // D, and after it its reciprocals
  double *stack;     // update matrices
  double *scaled;    // L21 D of the current front or block
  double *permuted;  // right-hand side in the order of elimination
  double *gathered;  // rows of one supernode
};

static double *numbers(int64_t count) {
  return malloc((size_t)(count < 1 ? 1 : count) * sizeof(double));
}

la_ldl_factor *la_ldl_make_factor(const la_ldl_analysis *a) {
  la_ldl_factor *f = calloc(1, sizeof(*f));
  if (!f) return NULL;
  f->analysis = a;
  f->numbers = numbers(a->panel[a->supernodes]);
  f->pivots = numbers(2 * (int64_t)a->n);
  f->stack = numbers(a->stack_size);
  f->scaled = numbers((int64_t)a->largest_front * a->largest_pivots);
  f->permuted = numbers(a->n);
  f->gathered = numbers(a->largest_front);
  if (!f->numbers || !f->pivots || !f->stack || !f->scaled || !f->permuted || !f->gathered) {
    la_ldl_free_factor(f);
    return NULL;
  }
  return f;
}

void la_ldl_free_factor(la_ldl_factor *f) {
  if (!f) return;
  free(f->numbers); free(f->pivots); free(f->stack);
  free(f->scaled); free(f->permuted); free(f->gathered);
  free(f);
}

// Factorizes the first `columns` columns of a panel of `rows` rows in place, unit lower triangle below the
// diagonal.
MULTIVERSION
static int32_t factorize_columns(double *panel, int64_t ld, int64_t rows, int64_t columns,
                                 double *restrict pivots, double *restrict reciprocals,
                                 const int8_t *signs, double threshold, double replacement) {
  int32_t replaced = 0;
  for (int64_t j = 0; j < columns; j++) {
    double *restrict column = panel + j * ld;
    double pivot = column[j];
    if (isnan(pivot)) return -1;
    if (!(pivot * signs[j] > threshold)) {
      pivot = signs[j] * replacement;
      replaced++;
    }
    double reciprocal = 1 / pivot;
    pivots[j] = pivot;
    reciprocals[j] = reciprocal;
    for (int64_t t = j + 1; t < columns; t++) {
      double factor = column[t] * reciprocal;
      if (factor == 0) continue;
      double *restrict other = panel + t * ld;
      for (int64_t i = t; i < rows; i++) other[i] -= factor * column[i];
    }
    for (int64_t i = j + 1; i < rows; i++) column[i] *= reciprocal;
  }
  return replaced;
}

// target (lower triangle, rows x rows) -= L diag(d) L', L of `columns` columns.
MULTIVERSION
static void update_small(double *restrict target, int64_t ld, const double *L, int64_t height,
                         int64_t rows, int64_t columns, const double *d) {
  int64_t k = 0;
  for (; k + 1 < columns; k += 2) {
    const double *restrict a = L + k * height, *restrict b = a + height;
    for (int64_t j = 0; j < rows; j++) {
      double fa = a[j] * d[k], fb = b[j] * d[k + 1];
      double *restrict column = target + j * ld;
      for (int64_t i = j; i < rows; i++) column[i] -= fa * a[i] + fb * b[i];
    }
  }
  for (; k < columns; k++) {
    const double *restrict a = L + k * height;
    for (int64_t j = 0; j < rows; j++) {
      double fa = a[j] * d[k];
      double *restrict column = target + j * ld;
      for (int64_t i = j; i < rows; i++) column[i] -= fa * a[i];
    }
  }
}

// The same for large sizes: products by BLAS on blocks of columns.
static void update_large(double *target, int64_t ld, const double *L, int64_t height, int64_t rows,
                         int64_t columns, const double *d, double *scaled) {
  for (int64_t k = 0; k < columns; k++) {
    for (int64_t i = 0; i < rows; i++) scaled[i + k * rows] = L[i + k * height] * d[k];
  }
  for (int64_t j = 0; j < rows; j += BLOCK) {
    int64_t width = rows - j < BLOCK ? rows - j : BLOCK;
    la_gemm('N', 'T', rows - j, width, columns, -1, L + j, height, scaled + j, rows, 1,
            target + j + j * ld, ld);
  }
}

static void update(double *target, int64_t ld, const double *L, int64_t height, int64_t rows,
                   int64_t columns, const double *d, double *scaled) {
  if (rows * columns < 256) update_small(target, ld, L, height, rows, columns, d);
  else update_large(target, ld, L, height, rows, columns, d, scaled);
}

static int32_t factorize_panel(double *panel, int64_t height, int64_t columns, double *pivots,
                               double *reciprocals, const int8_t *signs, double threshold,
                               double replacement, double *scaled) {
  int32_t replaced = 0;
  for (int64_t j = 0; j < columns; j += BLOCK) {
    int64_t width = columns - j < BLOCK ? columns - j : BLOCK;
    double *block = panel + j + j * height;
    // A block inside the panel: its rows begin at its own diagonal.
    int32_t count = factorize_columns(block, height, height - j, width, pivots + j, reciprocals + j,
                                      signs + j, threshold, replacement);
    if (count < 0) return -1;
    replaced += count;
    int64_t rest = columns - j - width;
    if (rest == 0) break;
    // panel[j + width.., j + width..] -= L D L' for the remaining columns only.
    const double *L = block + width;
    for (int64_t k = 0; k < width; k++) {
      for (int64_t i = 0; i < rest; i++) scaled[i + k * rest] = L[i + k * height] * pivots[j + k];
    }
    for (int64_t t = 0; t < rest; t += BLOCK) {
      int64_t part = rest - t < BLOCK ? rest - t : BLOCK;
      la_gemm('N', 'T', height - j - width - t, part, width, -1, L + t, height, scaled + t, rest, 1,
              panel + (j + width + t) * (height + 1), height);
    }
  }
  return replaced;
}

int32_t la_ldl_factorize(la_ldl_factor *f, const double *values, const int8_t *signs,
                         double threshold, double replacement) {
  const la_ldl_analysis *a = f->analysis;
  double *reciprocals = f->pivots + a->n;
  int8_t *permuted_signs = (int8_t *)f->permuted;
  for (int32_t i = 0; i < a->n; i++) permuted_signs[i] = signs[a->order[i]];
  int32_t replaced = 0;
  double *top = f->stack;  // the end of the update matrices of finished supernodes
  for (int32_t s = 0; s < a->supernodes; s++) {
    int32_t first = a->first[s];
    int64_t columns = a->first[s + 1] - first;
    int64_t height = a->row_starts[s + 1] - a->row_starts[s], below = height - columns;
    double *panel = f->numbers + a->panel[s];
    memset(panel, 0, (size_t)(columns * height) * sizeof(double));
    for (int64_t t = a->entry_starts[s]; t < a->entry_starts[s + 1]; t++) {
      panel[a->targets[t]] += values[a->entries[t]];
    }
    // The update matrix stands above those of the children until they have been added.
    double *own = top;
    memset(own, 0, (size_t)(below * below) * sizeof(double));
    double *bottom = top;
    // The last child stands on top of the stack.
    for (int32_t child = a->last_child[s]; child >= 0; child = a->sibling[child]) {
      int64_t offset = a->first[child + 1] - a->first[child];
      int64_t size = a->row_starts[child + 1] - a->row_starts[child] - offset;
      const int32_t *places = a->relative + a->row_starts[child] + offset;
      bottom -= size * size;
      for (int64_t j = 0; j < size; j++) {
        const double *source = bottom + j * size;
        int64_t column = places[j];
        double *target = column < columns ? panel + column * height
                                          : own + (column - columns) * below - columns;
        for (int64_t i = j; i < size; i++) target[places[i]] += source[i];
      }
    }
    int32_t count = factorize_panel(panel, height, columns, f->pivots + first, reciprocals + first,
                                    permuted_signs + first, threshold, replacement, f->scaled);
    if (count < 0) return -1;
    replaced += count;
    if (below > 0) {
      update(own, below, panel + columns, height, below, columns, f->pivots + first, f->scaled);
      if (bottom != own) memmove(bottom, own, (size_t)(below * below) * sizeof(double));
    }
    top = bottom + below * below;
  }
  return replaced;
}

MULTIVERSION
static void subtract_columns(const double *L, int64_t height, int64_t rows, int64_t columns,
                             const double *x, double *restrict y) {
  for (int64_t k = 0; k < columns; k++) {
    const double *restrict column = L + k * height;
    double factor = x[k];
    for (int64_t i = 0; i < rows; i++) y[i] -= factor * column[i];
  }
}

static void forward(const la_ldl_factor *f, double *x) {
  const la_ldl_analysis *a = f->analysis;
  for (int32_t s = 0; s < a->supernodes; s++) {
    int64_t columns = a->first[s + 1] - a->first[s];
    int64_t height = a->row_starts[s + 1] - a->row_starts[s], below = height - columns;
    const double *panel = f->numbers + a->panel[s];
    const int32_t *rows = a->rows + a->row_starts[s] + columns;
    double *own = x + a->first[s];
    if (columns == 1) {
      double factor = own[0];
      for (int64_t i = 0; i < below; i++) x[rows[i]] -= factor * panel[i + 1];
      continue;
    }
    for (int64_t k = 0; k + 1 < columns; k++) {
      double factor = own[k];
      const double *column = panel + k * height;
      for (int64_t i = k + 1; i < columns; i++) own[i] -= factor * column[i];
    }
    if (below == 0) continue;
    double *gathered = f->gathered;
    memset(gathered, 0, (size_t)below * sizeof(double));
    subtract_columns(panel + columns, height, below, columns, own, gathered);
    for (int64_t i = 0; i < below; i++) x[rows[i]] += gathered[i];
  }
}

MULTIVERSION
static double dot(const double *restrict a, const double *restrict b, int64_t count) {
  double sums[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 3 < count; i += 4) {
    for (int lane = 0; lane < 4; lane++) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < count; i++) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void backward(const la_ldl_factor *f, double *x) {
  const la_ldl_analysis *a = f->analysis;
  for (int32_t s = a->supernodes - 1; s >= 0; s--) {
    int64_t columns = a->first[s + 1] - a->first[s];
    int64_t height = a->row_starts[s + 1] - a->row_starts[s], below = height - columns;
    const double *panel = f->numbers + a->panel[s];
    const int32_t *rows = a->rows + a->row_starts[s] + columns;
    double *own = x + a->first[s];
    if (columns == 1) {
      double sum = 0;
      for (int64_t i = 0; i < below; i++) sum += panel[i + 1] * x[rows[i]];
      own[0] -= sum;
      continue;
    }
    double *gathered = f->gathered;
    for (int64_t i = 0; i < below; i++) gathered[i] = x[rows[i]];
    for (int64_t k = columns - 1; k >= 0; k--) {
      const double *column = panel + k * height;
      own[k] -= dot(column + columns, gathered, below)
          + dot(column + k + 1, own + k + 1, columns - k - 1);
    }
  }
}

void la_ldl_solve(la_ldl_factor *f, double *x) {
  const la_ldl_analysis *a = f->analysis;
  const double *reciprocals = f->pivots + a->n;
  double *y = f->permuted;
  for (int32_t i = 0; i < a->n; i++) y[i] = x[a->order[i]];
  forward(f, y);
  for (int32_t i = 0; i < a->n; i++) y[i] *= reciprocals[i];
  backward(f, y);
  for (int32_t i = 0; i < a->n; i++) x[a->order[i]] = y[i];
}
