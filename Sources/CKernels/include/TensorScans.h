// Scans along the middle axis of x[outer, n, inner] that are not sums; the types and the promises are
// those of TensorKernels.h.
#ifndef ARGMIN_TENSOR_SCANS_H
#define ARGMIN_TENSOR_SCANS_H

// out[k] := a[k] out[k - 1] + b[k], the first being b alone; from the last to the first if `reversed`,
// with out[k + 1].
void tk_linear_recurrence(int type, int reversed, long outer, long n, long inner, const void *a,
                          const void *b, void *out);
// out[k] := log of the sum of exp x[j] over j <= k, or over j >= k if `reversed`, without overflow;
// -infinity while all are -infinity, infinity from the first infinity on.
void tk_cumulative_log_sum_exp(int type, int reversed, long outer, long n, long inner, const void *x,
                               void *out);

#endif
