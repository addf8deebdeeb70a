#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "TensorKernels.h"

// Blocks of 64 bytes to 64 MiB in classes, four to a doubling; a thread keeps released blocks in a
// list per class until it ends. Larger ones come from the system.
enum { SMALLEST = 64, CLASSES = 81, LARGEST_LIST = 4096 };
#define LARGEST ((size_t)64 << 20)
#define LARGEST_CACHE ((size_t)256 << 20)

// A thread counts its bytes by itself and moves the count to that of the process when it exceeds
// this, so that threads do not wait for each other: with one thread the peak is exact, else to this
// much a thread.
#define LARGEST_OWN_COUNT (64 << 10)

typedef struct block {
  struct block *next;
} block;

typedef struct cache {
  block *free[CLASSES];
  unsigned count[CLASSES];
  size_t kept;
  // Bytes allocated less bytes released since the last move, and the largest value of it; other
  // threads read them, only the own one writes.
  _Atomic int64_t own, own_peak;
  struct cache *next, *previous;
  int state;
} cache;

enum { UNUSED, OPEN, CLOSED };

static _Thread_local cache local;
static _Atomic int64_t live, peak;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static cache *caches;

static void raise_peak(int64_t bytes) {
  int64_t seen = atomic_load(&peak);
  while (bytes > seen && !atomic_compare_exchange_weak(&peak, &seen, bytes)) {
  }
}

static void move_count(cache *c) {
  const int64_t own = atomic_load_explicit(&c->own, memory_order_relaxed);
  const int64_t own_peak = atomic_load_explicit(&c->own_peak, memory_order_relaxed);
  atomic_store_explicit(&c->own, 0, memory_order_relaxed);
  atomic_store_explicit(&c->own_peak, 0, memory_order_relaxed);
  raise_peak(atomic_fetch_add(&live, own) + own_peak);
}

static void close_cache(void *memory) {
  cache *c = memory;
  for (int k = 0; k < CLASSES; k++) {
    for (block *b = c->free[k]; b;) {
      block *next = b->next;
      free(b);
      b = next;
    }
    c->free[k] = 0;
  }
  pthread_mutex_lock(&lock);
  move_count(c);
  if (c->previous) c->previous->next = c->next;
  else caches = c->next;
  if (c->next) c->next->previous = c->previous;
  c->state = CLOSED;
  pthread_mutex_unlock(&lock);
}

static void create_key(void) {
  if (pthread_key_create(&key, close_cache)) abort();
}

static __attribute__((noinline)) void open_cache(cache *c) {
  pthread_once(&once, create_key);
  if (pthread_setspecific(key, c)) abort();
  pthread_mutex_lock(&lock);
  c->next = caches;
  if (caches) caches->previous = c;
  caches = c;
  c->state = OPEN;
  pthread_mutex_unlock(&lock);
}

static inline void count_bytes(cache *c, int64_t bytes) {
  if (__builtin_expect(c->state == CLOSED, 0)) {
    raise_peak(atomic_fetch_add(&live, bytes) + bytes);
    return;
  }
  const int64_t own = atomic_load_explicit(&c->own, memory_order_relaxed) + bytes;
  atomic_store_explicit(&c->own, own, memory_order_relaxed);
  if (own > atomic_load_explicit(&c->own_peak, memory_order_relaxed))
    atomic_store_explicit(&c->own_peak, own, memory_order_relaxed);
  if (__builtin_expect(own > LARGEST_OWN_COUNT || own < -LARGEST_OWN_COUNT, 0)) move_count(c);
}

// Classes end at 64, 80, 96, 112, 128, 160, ...
static inline int class_of(size_t bytes, size_t *size) {
  if (bytes <= SMALLEST) {
    *size = SMALLEST;
    return 0;
  }
  const size_t last = bytes - 1;
  const int doubling = 63 - __builtin_clzll(last);
  const size_t quarters = last >> (doubling - 2);
  *size = (quarters + 1) << (doubling - 2);
  return (doubling - 6) * 4 + (int)(quarters & 3) + 1;
}

static void *system_memory(size_t size) {
  void *memory = 0;
  if (posix_memalign(&memory, 64, size)) abort();
  return memory;
}

void *tk_allocate(size_t bytes) {
  cache *c = &local;
  if (__builtin_expect(c->state == UNUSED, 0)) open_cache(c);
  count_bytes(c, (int64_t)bytes);
  if (bytes > LARGEST) return system_memory(bytes);
  size_t size;
  const int k = class_of(bytes, &size);
  block *b = c->free[k];
  if (!b) return system_memory(size);
  c->free[k] = b->next;
  c->count[k]--;
  c->kept -= size;
  return b;
}

void tk_release(void *memory, size_t bytes) {
  cache *c = &local;
  if (__builtin_expect(c->state == UNUSED, 0)) open_cache(c);
  count_bytes(c, -(int64_t)bytes);
  if (bytes <= LARGEST && c->state == OPEN) {
    size_t size;
    const int k = class_of(bytes, &size);
    if (c->count[k] < LARGEST_LIST && c->kept + size <= LARGEST_CACHE) {
      block *b = memory;
      b->next = c->free[k];
      c->free[k] = b;
      c->count[k]++;
      c->kept += size;
      return;
    }
  }
  free(memory);
}

static int64_t live_bytes_locked(void) {
  int64_t bytes = atomic_load(&live);
  for (cache *c = caches; c; c = c->next)
    bytes += atomic_load_explicit(&c->own, memory_order_relaxed);
  return bytes;
}

int64_t tk_live_bytes(void) {
  pthread_mutex_lock(&lock);
  const int64_t bytes = live_bytes_locked();
  pthread_mutex_unlock(&lock);
  return bytes;
}

int64_t tk_peak_bytes(void) {
  if (local.state == OPEN) move_count(&local);
  raise_peak(tk_live_bytes());
  return atomic_load(&peak);
}

void tk_reset_peak(void) {
  if (local.state == OPEN) move_count(&local);
  atomic_store(&peak, tk_live_bytes());
}
