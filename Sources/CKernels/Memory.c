#if defined(__linux__)
#define _GNU_SOURCE
#endif

#include "Memory.h"

#if defined(__linux__)
#include <sys/mman.h>

void ck_prefer_large_pages(void *start, size_t bytes) {
  // A hint: where it is refused, ordinary pages serve.
  (void)madvise(start, bytes, MADV_HUGEPAGE);
}
#else
void ck_prefer_large_pages(void *start, size_t bytes) {
  (void)start;
  (void)bytes;
}
#endif
