#include <math.h>

#include "TensorKernels.h"
#include "TensorScans.h"

#include "Vectors.h"

#define REAL_BODY "ScansBody.h"
#include "Real.h"

void tk_linear_recurrence(int type, int reversed, long outer, long n, long inner, const void *a,
                          const void *b, void *out) {
  if (type == TK_F32) linear_recurrence_f32(reversed, outer, n, inner, a, b, out);
  else linear_recurrence_f64(reversed, outer, n, inner, a, b, out);
}

void tk_cumulative_log_sum_exp(int type, int reversed, long outer, long n, long inner, const void *x,
                               void *out) {
  if (type == TK_F32) cumulative_log_sum_exp_f32(reversed, outer, n, inner, x, out);
  else cumulative_log_sum_exp_f64(reversed, outer, n, inner, x, out);
}
