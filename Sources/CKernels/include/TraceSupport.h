// What the recording of derivatives needs from the machine: an order of nested derivatives, and a lock
// for the few instructions that append to a tape.
#ifndef ARGMIN_TRACE_SUPPORT_H
#define ARGMIN_TRACE_SUPPORT_H

#include <stdint.h>

// 1, 2, 3, ... over the whole process: a derivative that begins later gets a larger number.
int64_t trace_next_level(void);

// Zero when free.
typedef struct { int8_t is_taken; } trace_lock;

void trace_lock_acquire(trace_lock *lock);
void trace_lock_release(trace_lock *lock);

#endif
