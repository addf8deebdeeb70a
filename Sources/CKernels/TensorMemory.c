// Blocks of memory by size class, kept in lists of free blocks per thread: the same sizes come back at
// every step of a training loop, and malloc would hand large blocks back to the system in between.
#include <pthread.h>
#include <stdlib.h>

#include "TensorKernels.h"

enum {
  SMALLEST_SHIFT = 6,           // 64 bytes
  LARGEST_SHIFT = 26,           // 64 MiB; larger blocks are not kept
  CLASSES = (LARGEST_SHIFT - SMALLEST_SHIFT) * 4 + 1,
  KEPT_BYTES = 256 << 20,       // the most that a thread keeps
  COUNTER_STEP = 1 << 16        // how far a thread's count may be off the process's
};

typedef struct block { struct block *next; } block;

typedef struct {
  block *free[CLASSES];
  int64_t kept;
  int64_t uncounted;
  int is_registered;
} block_lists;

static _Thread_local block_lists lists;
static int64_t live, peak;
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

// The class of a size: four per doubling.
static inline int class_of(size_t bytes) {
  if (bytes <= 64) return 0;
  const size_t last = bytes - 1;
  const int shift = 63 - __builtin_clzll(last);
  return (shift - SMALLEST_SHIFT) * 4 + (int)(last >> (shift - 2) & 3) + 1;
}

static inline size_t class_bytes(int class) {
  if (class == 0) return 64;
  const int shift = (class - 1) / 4 + SMALLEST_SHIFT;
  return ((size_t)1 << shift) + (size_t)((class - 1) % 4 + 1) * ((size_t)1 << (shift - 2));
}

static void count_bytes(int64_t bytes) {
  const int64_t now = __atomic_add_fetch(&live, bytes, __ATOMIC_RELAXED);
  int64_t seen = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  while (now > seen &&
         !__atomic_compare_exchange_n(&peak, &seen, now, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

static inline void count_locally(block_lists *own, int64_t bytes) {
  own->uncounted += bytes;
  if (own->uncounted >= COUNTER_STEP || own->uncounted <= -COUNTER_STEP) {
    count_bytes(own->uncounted);
    own->uncounted = 0;
  }
}

static void free_lists(void *value) {
  block_lists *own = value;
  count_bytes(own->uncounted);
  own->uncounted = 0;
  own->kept = 0;
  own->is_registered = 0;
  for (int class = 0; class < CLASSES; class++) {
    while (own->free[class]) {
      block *next = own->free[class]->next;
      free(own->free[class]);
      own->free[class] = next;
    }
  }
}

static void make_key(void) { pthread_key_create(&exit_key, free_lists); }

static void *from_system(size_t bytes) {
  void *memory = 0;
  if (posix_memalign(&memory, 64, bytes) != 0) abort();
  return memory;
}

void *tk_allocate(size_t bytes) {
  block_lists *own = &lists;
  count_locally(own, (int64_t)bytes);
  const int class = class_of(bytes);
  if (class >= CLASSES) return from_system(bytes);
  block *first = own->free[class];
  if (first) {
    own->free[class] = first->next;
    own->kept -= (int64_t)class_bytes(class);
    return first;
  }
  return from_system(class_bytes(class));
}

void tk_release(void *memory, size_t bytes) {
  block_lists *own = &lists;
  count_locally(own, -(int64_t)bytes);
  const int class = class_of(bytes);
  const int64_t size = class < CLASSES ? (int64_t)class_bytes(class) : 0;
  if (class >= CLASSES || own->kept + size > KEPT_BYTES) {
    free(memory);
    return;
  }
  if (!own->is_registered) {
    pthread_once(&exit_once, make_key);
    pthread_setspecific(exit_key, own);
    own->is_registered = 1;
  }
  block *released = memory;
  released->next = own->free[class];
  own->free[class] = released;
  own->kept += size;
}

int64_t tk_live_bytes(void) {
  return __atomic_load_n(&live, __ATOMIC_RELAXED) + lists.uncounted;
}

int64_t tk_peak_bytes(void) {
  const int64_t now = tk_live_bytes(), seen = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  return now > seen ? now : seen;
}

void tk_reset_peak(void) {
  __atomic_store_n(&peak, __atomic_load_n(&live, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}
