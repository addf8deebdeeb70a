#include "TensorKernels.h"
#include "VectorMath.h"

// After so many vectors, sums go to a second level, which keeps their error small.
#define CHUNK 128

#define REAL_BODY "ReductionsBody.h"
#include "Real.h"

MULTIVERSION void tk_reduce(int type, int op, long outer, long n, long inner, const void *x,
                            void *y) {
  if (type == TK_F32) reduce(op, outer, n, inner, (const float *)x, (float *)y);
  else reduce(op, outer, n, inner, (const double *)x, (double *)y);
}

MULTIVERSION void tk_arg_reduce(int type, int op, long outer, long n, long inner, const void *x,
                                int64_t *position) {
  if (type == TK_F32) arg_reduce(op, outer, n, inner, (const float *)x, position);
  else arg_reduce(op, outer, n, inner, (const double *)x, position);
}

MULTIVERSION void tk_cumulative_sum(int type, int reversed, long outer, long n, long inner,
                                    const void *x, void *y) {
  if (type == TK_F32) cumulative_sum(reversed, outer, n, inner, (const float *)x, (float *)y);
  else cumulative_sum(reversed, outer, n, inner, (const double *)x, (double *)y);
}

// Floats are multiplied and added up as doubles.
OVERLOAD double dot(long n, const double *x, const double *y) {
  f64x8 part[4] = {0, 0, 0, 0};
  long i = 0;
  for (; i + 32 <= n; i += 32)
    for (int p = 0; p < 4; p++) part[p] += load(x + i + 8 * p) * load(y + i + 8 * p);
  for (; i + 8 <= n; i += 8) part[0] += load(x + i) * load(y + i);
  if (i < n) {
    const f64x8 v = load_some(x + i, n - i);
    part[1] += once(v, n - i) ? v * load_some(y + i, n - i) : (f64x8)0;
  }
  return folded(TK_SUM, (part[0] + part[1]) + (part[2] + part[3]));
}

OVERLOAD double dot(long n, const float *x, const float *y) {
  f64x8 low = 0, high = 0;
  for (long i = 0; i < n; i += 16) {
    f32x16 v = load_up_to(x + i, n - i), w = load_up_to(y + i, n - i);
    if (n - i < 16) {
      v = once(v, n - i) ? v : (f32x16)0;
      w = once(w, n - i) ? w : (f32x16)0;
    }
    low += converted_low(v) * converted_low(w);
    high += converted_high(v) * converted_high(w);
  }
  return folded(TK_SUM, low + high);
}

MULTIVERSION double tk_dot(int type, long n, const void *x, const void *y) {
  if (type == TK_F32) return dot(n, (const float *)x, (const float *)y);
  return dot(n, (const double *)x, (const double *)y);
}
