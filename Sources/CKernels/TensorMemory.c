#include <stdatomic.h>
#include <stdlib.h>

#include "TensorKernels.h"

static _Atomic int64_t live, peak;

void *tk_allocate(size_t bytes) {
  void *memory = 0;
  if (posix_memalign(&memory, 64, bytes < 64 ? 64 : bytes)) abort();
  const int64_t now = atomic_fetch_add(&live, (int64_t)bytes) + (int64_t)bytes;
  int64_t seen = atomic_load(&peak);
  while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now)) {}
  return memory;
}

void tk_release(void *memory, size_t bytes) {
  atomic_fetch_sub(&live, (int64_t)bytes);
  free(memory);
}

int64_t tk_live_bytes(void) { return atomic_load(&live); }

int64_t tk_peak_bytes(void) { return atomic_load(&peak); }

void tk_reset_peak(void) { atomic_store(&peak, atomic_load(&live)); }
