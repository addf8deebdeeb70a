#include <stdlib.h>

#include "TensorKernels.h"
#include "Vectors.h"

// Of axes that cannot be merged.
enum { LARGEST_RANK = 64 };

#define REAL_BODY "MovementBody.h"
#include "Real.h"

void tk_strided_copy(int type, int rank, const long *dims, const long *strides, const void *x,
                     void *out) {
  if (type == TK_F32) move_strided(0, rank, dims, strides, (float *)out, (float *)x);
  else move_strided(0, rank, dims, strides, (double *)out, (double *)x);
}

void tk_strided_add(int type, int rank, const long *dims, const long *strides, const void *x,
                    void *out) {
  if (type == TK_F32) move_strided(1, rank, dims, strides, (float *)x, (float *)out);
  else move_strided(1, rank, dims, strides, (double *)x, (double *)out);
}

MULTIVERSION void tk_gather(int type, long outer, long n, long inner, long count,
                            const int64_t *index, const void *x, void *out) {
  if (type == TK_F32) gather(outer, n, inner, count, index, (const float *)x, (float *)out);
  else gather(outer, n, inner, count, index, (const double *)x, (double *)out);
}

MULTIVERSION void tk_scatter_add(int type, long outer, long n, long inner, long count,
                                 const int64_t *index, const void *x, void *out) {
  if (type == TK_F32) scatter_add(outer, n, inner, count, index, (const float *)x, (float *)out);
  else scatter_add(outer, n, inner, count, index, (const double *)x, (double *)out);
}
