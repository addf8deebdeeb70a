#include "LogProduct.h"

#include "TensorKernels.h"
#include "VectorMath.h"

#define CHUNK 1024

#define REAL_BODY "ReductionsBody.h"
#include "Real.h"
#define REAL_BODY "SoftmaxBody.h"
#include "Real.h"
#define REAL_BODY "LogProductBody.h"
#include "Real.h"

MULTIVERSION void log_product(int type, int transposed, long rows, long columns, long stride,
                              const void *K, const void *v, void *y) {
  if (type == TK_F32)
    log_product_as(transposed, rows, columns, stride, (const float *)K, (const float *)v,
                   (float *)y);
  else
    log_product_as(transposed, rows, columns, stride, (const double *)K, (const double *)v,
                   (double *)y);
}

MULTIVERSION void log_product_vjp(int type, int transposed, long rows, long columns, long stride,
                                  const void *K, const void *v, const void *y, const void *g,
                                  void *K_bar, void *v_bar) {
  if (type == TK_F32)
    log_product_vjp_as(transposed, rows, columns, stride, (const float *)K, (const float *)v,
                       (const float *)y, (const float *)g, (float *)K_bar, (float *)v_bar);
  else
    log_product_vjp_as(transposed, rows, columns, stride, (const double *)K, (const double *)v,
                       (const double *)y, (const double *)g, (double *)K_bar, (double *)v_bar);
}
