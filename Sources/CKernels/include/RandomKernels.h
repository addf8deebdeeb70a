// Random numbers as a function of a key and a position (Threefry 2x64 with 20 rounds; Salmon, Moraes,
// Dror and Shaw 2011): element i depends on the key and on i only.
#ifndef ARGMIN_RANDOM_KERNELS_H
#define ARGMIN_RANDOM_KERNELS_H

#include <stdint.h>

// The block of 128 random bits at a counter.
void random_block(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]);

// n numbers of the type TK_F32 or TK_F64. Uniform numbers are in [0, 1), or in (0, 1) if `is_open`.
void random_uniform(int type, const uint64_t key[2], int is_open, long n, void *out);
// Mean 0, variance 1 (Box and Muller 1958).
void random_normal(int type, const uint64_t key[2], long n, void *out);
// The same under the condition low < x < high (inverse distribution function).
void random_truncated_normal(int type, const uint64_t key[2], double low, double high, long n,
                             void *out);
// n whole numbers below `bound`, each without bias beyond 2^-64 bound.
void random_below(const uint64_t key[2], uint64_t bound, long n, int64_t *out);

#endif
