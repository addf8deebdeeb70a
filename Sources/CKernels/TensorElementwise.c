#include <math.h>
#include <string.h>

#include "TensorKernels.h"

#define TK_BODY "ElementwiseBody.h"
#include "Real.h"

void tk_unary(int type, int op, long n, const void *x, void *y) {
  if (type == TK_F32) unary_f32(op, n, x, y); else unary_f64(op, n, x, y);
}

void tk_unary_vjp(int type, int op, long n, const void *x, const void *y, const void *g, void *out) {
  if (type == TK_F32) unary_vjp_f32(op, n, x, y, g, out); else unary_vjp_f64(op, n, x, y, g, out);
}

void tk_binary(int type, int op, long rows, long n, const void *a, long a_row, long a_step,
               const void *b, long b_row, long b_step, void *out) {
  if (type == TK_F32) binary_f32(op, rows, n, a, a_row, a_step, b, b_row, b_step, out);
  else binary_f64(op, rows, n, a, a_row, a_step, b, b_row, b_step, out);
}

void tk_select(int type, long n, const void *condition, const void *a, const void *b, void *out) {
  if (type == TK_F32) select_f32(n, condition, a, b, out); else select_f64(n, condition, a, b, out);
}

void tk_clip(int type, long n, double low, double high, const void *x, void *y) {
  if (type == TK_F32) clip_f32(n, low, high, x, y); else clip_f64(n, low, high, x, y);
}

void tk_fill(int type, long n, double value, void *out) {
  if (type == TK_F32) fill_f32(n, value, out); else fill_f64(n, value, out);
}

void tk_convert(int from, int to, long n, const void *x, void *y) {
  if (from == to) {
    if (x != y && n > 0) memmove(y, x, n * (from == TK_F32 ? sizeof(float) : sizeof(double)));
  } else if (to == TK_F64) {
    for (long i = 0; i < n; i++) ((double *)y)[i] = ((const float *)x)[i];
  } else {
    for (long i = 0; i < n; i++) ((float *)y)[i] = ((const double *)x)[i];
  }
}

void tk_affine(int type, long n, double scale, double shift, const void *x, void *y) {
  if (type == TK_F32) affine_f32(n, scale, shift, x, y); else affine_f64(n, scale, shift, x, y);
}

void tk_add_scaled(int type, long n, double scale, const void *x, void *y) {
  if (type == TK_F32) add_scaled_f32(n, scale, x, y); else add_scaled_f64(n, scale, x, y);
}
