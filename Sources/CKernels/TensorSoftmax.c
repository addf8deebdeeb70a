#include "TensorKernels.h"
#include "VectorMath.h"

// After so many vectors, sums go to a second level, which keeps their error small.
#define CHUNK 1024

#define REAL_BODY "ReductionsBody.h"
#include "Real.h"
#define REAL_BODY "SoftmaxBody.h"
#include "Real.h"

MULTIVERSION void tk_log_sum_exp(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) log_sum_exp(outer, n, inner, (const float *)x, (float *)y);
  else log_sum_exp(outer, n, inner, (const double *)x, (double *)y);
}

MULTIVERSION void tk_log_sum_exp_vjp(int type, long outer, long n, long inner, const void *x,
                                     const void *y, const void *g, void *out) {
  if (type == TK_F32)
    log_sum_exp_vjp(outer, n, inner, (const float *)x, (const float *)y, (const float *)g,
                    (float *)out);
  else
    log_sum_exp_vjp(outer, n, inner, (const double *)x, (const double *)y, (const double *)g,
                    (double *)out);
}

MULTIVERSION void tk_softmax(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) softmax_as(0, outer, n, inner, (const float *)x, (float *)y);
  else softmax_as(0, outer, n, inner, (const double *)x, (double *)y);
}

MULTIVERSION void tk_softmax_vjp(int type, long outer, long n, long inner, const void *y,
                                 const void *g, void *out) {
  if (type == TK_F32)
    softmax_vjp_as(0, outer, n, inner, (const float *)y, (const float *)g, (float *)out);
  else softmax_vjp_as(0, outer, n, inner, (const double *)y, (const double *)g, (double *)out);
}

MULTIVERSION void tk_log_softmax(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) softmax_as(1, outer, n, inner, (const float *)x, (float *)y);
  else softmax_as(1, outer, n, inner, (const double *)x, (double *)y);
}

MULTIVERSION void tk_log_softmax_vjp(int type, long outer, long n, long inner, const void *y,
                                     const void *g, void *out) {
  if (type == TK_F32)
    softmax_vjp_as(1, outer, n, inner, (const float *)y, (const float *)g, (float *)out);
  else softmax_vjp_as(1, outer, n, inner, (const double *)y, (const double *)g, (double *)out);
}
