#include "TensorKernels.h"
#include "Vectors.h"

#define REAL_BODY "OptimizerBody.h"
#include "Real.h"

MULTIVERSION void tk_adam(int type, long n, double rate, double beta1, double beta2, double epsilon,
                          double decay, double correction1, double correction2, const void *g,
                          void *m, void *v, void *x) {
  if (type == TK_F32)
    adam(n, rate, beta1, beta2, epsilon, decay, correction1, correction2, (const float *)g,
         (float *)m, (float *)v, (float *)x);
  else
    adam(n, rate, beta1, beta2, epsilon, decay, correction1, correction2, (const double *)g,
         (double *)m, (double *)v, (double *)x);
}
