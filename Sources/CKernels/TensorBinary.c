#include "TensorKernels.h"
#include "VectorMath.h"

#define REAL_BODY "BinaryBody.h"
#include "Real.h"

MULTIVERSION void tk_binary(int type, int op, long rows, long n, const void *a, long a_row,
                            long a_step, const void *b, long b_row, long b_step, void *out) {
  if (type == TK_F32)
    binary(op, rows, n, (const float *)a, a_row, a_step, (const float *)b, b_row, b_step,
           (float *)out);
  else binary(op, rows, n, (const double *)a, a_row, a_step, b, b_row, b_step, (double *)out);
}
