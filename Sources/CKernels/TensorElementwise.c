#include "TensorKernels.h"
#include "VectorMath.h"

#define REAL_BODY "ElementwiseBody.h"
#include "Real.h"

MULTIVERSION void tk_unary(int type, int op, long n, const void *x, void *y) {
  if (type == TK_F32) unary(op, n, (const float *)x, (float *)y);
  else unary(op, n, (const double *)x, (double *)y);
}

MULTIVERSION void tk_unary_vjp(int type, int op, long n, const void *x, const void *y,
                               const void *g, void *out) {
  if (type == TK_F32) {
    unary_vjp(op, n, (const float *)x, (const float *)y, (const float *)g, (float *)out);
  } else {
    unary_vjp(op, n, (const double *)x, (const double *)y, (const double *)g, (double *)out);
  }
}

MULTIVERSION void tk_select(int type, long n, const void *condition, const void *a, const void *b,
                            void *out) {
  if (type == TK_F32) select_where(n, (const float *)condition, (const float *)a, b, (float *)out);
  else select_where(n, (const double *)condition, (const double *)a, b, (double *)out);
}

MULTIVERSION void tk_clip(int type, long n, double low, double high, const void *x, void *y) {
  if (type == TK_F32) clip(n, (float)low, (float)high, (const float *)x, (float *)y);
  else clip(n, low, high, (const double *)x, (double *)y);
}

MULTIVERSION void tk_fill(int type, long n, double value, void *out) {
  if (type == TK_F32) fill(n, (float)value, (float *)out);
  else fill(n, value, (double *)out);
}

MULTIVERSION void tk_convert(int from, int to, long n, const void *x, void *y) {
  if (from == to) {
    if (x != y && n > 0) memmove(y, x, (size_t)n * (from == TK_F32 ? 4 : 8));
  } else if (to == TK_F64) {
    const float *source = x;
    double *target = y;
    for (long i = 0; i < n; i++) target[i] = source[i];
  } else {
    const double *source = x;
    float *target = y;
    for (long i = 0; i < n; i++) target[i] = (float)source[i];
  }
}

MULTIVERSION void tk_affine(int type, long n, double scale, double shift, const void *x, void *y) {
  if (type == TK_F32) affine(n, (float)scale, (float)shift, (const float *)x, (float *)y);
  else affine(n, scale, shift, (const double *)x, (double *)y);
}

MULTIVERSION void tk_add_scaled(int type, long n, double scale, const void *x, void *y) {
  if (type == TK_F32) add_scaled(n, (float)scale, (const float *)x, (float *)y);
  else add_scaled(n, scale, (const double *)x, (double *)y);
}
