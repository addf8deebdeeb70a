// Vectors of 64 bytes, and the moves between them and memory. Whole vectors and the remainder of an
// array go through the same arithmetic, so that an element's result does not depend on its
// position.
#ifndef ARGMIN_VECTORS_H
#define ARGMIN_VECTORS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "multiversion.h"

#define OVERLOAD static inline __attribute__((always_inline, overloadable))

typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef int i32x16 __attribute__((ext_vector_type(16)));
typedef unsigned u32x16 __attribute__((ext_vector_type(16)));
typedef double f64x2 __attribute__((ext_vector_type(2)));
typedef double f64x4 __attribute__((ext_vector_type(4)));
typedef double f64x8 __attribute__((ext_vector_type(8)));
typedef long i64x8 __attribute__((ext_vector_type(8)));
typedef unsigned long u64x8 __attribute__((ext_vector_type(8)));
_Static_assert(sizeof(long) == 8, "comparisons of doubles give long");

#define LANES4 0, 1, 2, 3
#define LANES8 LANES4, 4, 5, 6, 7
#define LANES16 LANES8, 8, 9, 10, 11, 12, 13, 14, 15
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define PART(type, p)                \
  ({                                 \
    type part_;                      \
    memcpy(&part_, p, sizeof part_); \
    part_;                           \
  })

OVERLOAD f64x8 load(const double *p) { return PART(f64x8, p); }
OVERLOAD f32x16 load(const float *p) { return PART(f32x16, p); }
OVERLOAD void store(double *p, f64x8 x) { memcpy(p, &x, sizeof x); }
OVERLOAD void store(float *p, f32x16 x) { memcpy(p, &x, sizeof x); }
OVERLOAD f64x8 splat(double x) { return (f64x8)x; }
OVERLOAD f32x16 splat(float x) { return (f32x16)x; }

OVERLOAD int any(i64x8 x) { return __builtin_reduce_or(x) != 0; }
OVERLOAD int any(i32x16 x) { return __builtin_reduce_or(x) != 0; }

// The first 0 < n < 8 (16) numbers at p, as two halves of a power of two that overlap; lanes from
// the end of the second half on repeat the first.
OVERLOAD f64x8 load_some(const double *p, long n) {
  if (n >= 4) return SHUFFLE(PART(f64x4, p), PART(f64x4, p + n - 4), LANES8);
  if (n >= 2) return SHUFFLE(PART(f64x2, p), PART(f64x2, p + n - 2), LANES4, LANES4);
  return (f64x8)*p;
}

OVERLOAD f32x16 load_some(const float *p, long n) {
  if (n >= 8) return SHUFFLE(PART(f32x8, p), PART(f32x8, p + n - 8), LANES16);
  if (n >= 4) return SHUFFLE(PART(f32x4, p), PART(f32x4, p + n - 4), LANES8, LANES8);
  if (n >= 2) {
    const f32x4 x = SHUFFLE(PART(f32x2, p), PART(f32x2, p + n - 2), LANES4);
    return SHUFFLE(x, x, LANES4, LANES4, LANES4, LANES4);
  }
  return (f32x16)*p;
}

// Stores what load_some loaded.
OVERLOAD void store_some(double *p, long n, f64x8 x) {
  if (n >= 4) {
    const f64x4 first = x.lo, last = x.hi;
    memcpy(p, &first, sizeof first);
    memcpy(p + n - 4, &last, sizeof last);
  } else if (n >= 2) {
    const f64x2 first = x.lo.lo, last = x.lo.hi;
    memcpy(p, &first, sizeof first);
    memcpy(p + n - 2, &last, sizeof last);
  } else {
    *p = x[0];
  }
}

OVERLOAD void store_some(float *p, long n, f32x16 x) {
  if (n >= 8) {
    const f32x8 first = x.lo, last = x.hi;
    memcpy(p, &first, sizeof first);
    memcpy(p + n - 8, &last, sizeof last);
  } else if (n >= 4) {
    const f32x4 first = x.lo.lo, last = x.lo.hi;
    memcpy(p, &first, sizeof first);
    memcpy(p + n - 4, &last, sizeof last);
  } else if (n >= 2) {
    const f32x2 first = x.lo.lo.lo, last = x.lo.lo.hi;
    memcpy(p, &first, sizeof first);
    memcpy(p + n - 2, &last, sizeof last);
  } else {
    *p = x[0];
  }
}

// The lanes of load_some(p, n) with each number once.
OVERLOAD i64x8 once(f64x8 x, long n) {
  (void)x;
  const i64x8 lane = {LANES8};
  const long half = n >= 4 ? 4 : n >= 2 ? 2 : 1;
  return (lane < half) | ((lane >= 3 * half - n) & (lane < 2 * half));
}

OVERLOAD i32x16 once(f32x16 x, long n) {
  (void)x;
  const i32x16 lane = {LANES16};
  const int half = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
  return (lane < half) | ((lane >= 3 * half - (int)n) & (lane < 2 * half));
}

OVERLOAD f64x8 converted_low(f32x16 x) { return __builtin_convertvector(x.lo, f64x8); }
OVERLOAD f64x8 converted_high(f32x16 x) { return __builtin_convertvector(x.hi, f64x8); }
OVERLOAD f32x16 converted(f64x8 low, f64x8 high) {
  return SHUFFLE(__builtin_convertvector(low, f32x8), __builtin_convertvector(high, f32x8),
                 LANES16);
}

#define REAL_BODY "VectorsBody.h"
#include "Real.h"

#endif
