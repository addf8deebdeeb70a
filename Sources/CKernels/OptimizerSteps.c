#include <math.h>

#include "TensorKernels.h"

#define TK_BODY "OptimizerBody.h"
#include "Real.h"

void tk_adam(int type, long n, double rate, double beta1, double beta2, double epsilon, double decay, double correction1, double correction2, const void *g, void *m, void *v, void *x) {
  if (type == TK_F32) adam_f32(n, rate, beta1, beta2, epsilon, decay, correction1, correction2, g, m, v, x);
  else adam_f64(n, rate, beta1, beta2, epsilon, decay, correction1, correction2, g, m, v, x);
}
