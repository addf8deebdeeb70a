#include "CLinearAlgebra.h"

#if defined(__APPLE__)
void la_use_one_thread(void) {
  // BLASSetThreading exists from macOS 15; Accelerate does not oversubscribe small problems.
}
#else
void openblas_set_num_threads(int count);

void la_use_one_thread(void) { openblas_set_num_threads(1); }
#endif
