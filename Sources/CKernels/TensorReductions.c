#include <math.h>

#include "TensorKernels.h"

#define TK_BODY "ReductionsBody.h"
#include "Real.h"

void tk_reduce(int type, int op, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) reduce_f32(op, outer, n, inner, x, y);
  else reduce_f64(op, outer, n, inner, x, y);
}

void tk_arg_reduce(int type, int op, long outer, long n, long inner, const void *x, int64_t *position) {
  if (type == TK_F32) arg_reduce_f32(op, outer, n, inner, x, position);
  else arg_reduce_f64(op, outer, n, inner, x, position);
}

void tk_log_sum_exp(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) log_sum_exp_f32(outer, n, inner, x, y);
  else log_sum_exp_f64(outer, n, inner, x, y);
}

void tk_log_sum_exp_vjp(int type, long outer, long n, long inner, const void *x, const void *y, const void *g, void *out) {
  if (type == TK_F32) log_sum_exp_vjp_f32(outer, n, inner, x, y, g, out);
  else log_sum_exp_vjp_f64(outer, n, inner, x, y, g, out);
}

void tk_softmax(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) softmax_f32(outer, n, inner, x, y);
  else softmax_f64(outer, n, inner, x, y);
}

void tk_softmax_vjp(int type, long outer, long n, long inner, const void *y, const void *g, void *out) {
  if (type == TK_F32) softmax_vjp_f32(outer, n, inner, y, g, out);
  else softmax_vjp_f64(outer, n, inner, y, g, out);
}

void tk_log_softmax(int type, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) log_softmax_f32(outer, n, inner, x, y);
  else log_softmax_f64(outer, n, inner, x, y);
}

void tk_log_softmax_vjp(int type, long outer, long n, long inner, const void *y, const void *g, void *out) {
  if (type == TK_F32) log_softmax_vjp_f32(outer, n, inner, y, g, out);
  else log_softmax_vjp_f64(outer, n, inner, y, g, out);
}

void tk_cumulative_sum(int type, int reversed, long outer, long n, long inner, const void *x, void *y) {
  if (type == TK_F32) cumulative_sum_f32(reversed, outer, n, inner, x, y);
  else cumulative_sum_f64(reversed, outer, n, inner, x, y);
}

double tk_dot(int type, long n, const void *x, const void *y) {
  return type == TK_F32 ? dot_f32(n, x, y) : dot_f64(n, x, y);
}
