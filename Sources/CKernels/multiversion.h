// One source, several instruction sets: the loader picks the widest that the processor has.
#ifndef ARGMIN_MULTIVERSION_H
#define ARGMIN_MULTIVERSION_H

#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define MULTIVERSION __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define MULTIVERSION
#endif

// Vectors are only passed between functions that are inlined, so their calling convention is moot.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

// Eight doubles, loaded from and stored to any address that a double may have.
typedef double v8 __attribute__((vector_size(64), aligned(8)));

#endif
