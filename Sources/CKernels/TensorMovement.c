#include <math.h>

#include "TensorKernels.h"

#define TK_BODY "MovementBody.h"
#include "Real.h"

void tk_strided_copy(int type, int rank, const long *dims, const long *strides, const void *x, void *out) {
  if (type == TK_F32) strided_copy_f32(rank, dims, strides, x, out);
  else strided_copy_f64(rank, dims, strides, x, out);
}

void tk_strided_add(int type, int rank, const long *dims, const long *strides, const void *x, void *out) {
  if (type == TK_F32) strided_add_f32(rank, dims, strides, x, out);
  else strided_add_f64(rank, dims, strides, x, out);
}

void tk_gather(int type, long outer, long n, long inner, long count, const int64_t *index, const void *x, void *out) {
  if (type == TK_F32) gather_f32(outer, n, inner, count, index, x, out);
  else gather_f64(outer, n, inner, count, index, x, out);
}

void tk_scatter_add(int type, long outer, long n, long inner, long count, const int64_t *index, const void *x, void *out) {
  if (type == TK_F32) scatter_add_f32(outer, n, inner, count, index, x, out);
  else scatter_add_f64(outer, n, inner, count, index, x, out);
}
