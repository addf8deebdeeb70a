#include "TraceSupport.h"

#include <sched.h>

static int64_t last_level = 0;

int64_t trace_next_level(void) { return __atomic_add_fetch(&last_level, 1, __ATOMIC_RELAXED); }

void trace_lock_acquire(trace_lock *lock) {
  while (__atomic_test_and_set(&lock->is_taken, __ATOMIC_ACQUIRE)) sched_yield();
}

void trace_lock_release(trace_lock *lock) { __atomic_clear(&lock->is_taken, __ATOMIC_RELEASE); }
