// Random numbers as a function of a key, a purpose and a position (Threefry 2x64 with 20 rounds;
// Salmon, Moraes, Dror and Shaw 2011): nothing is kept between calls, so that any number of
// threads, each with a part of the positions, makes the same numbers. Uniform, normal and Gumbel
// numbers have the same bits on every processor.
#ifndef ARGMIN_RANDOM_KERNELS_H
#define ARGMIN_RANDOM_KERNELS_H

#include <stdint.h>

// What the bits of a block are for, the second word of the counter: numbers of different kinds are
// unrelated also if they come from one key.
enum {
  RANDOM_SPLITTING,
  RANDOM_FOLDING,
  RANDOM_WORDS,
  RANDOM_UNIFORM,
  RANDOM_OPEN_UNIFORM,
  RANDOM_NORMAL,
  RANDOM_GUMBEL,
  RANDOM_TRUNCATED_NORMAL
};

// The block of 128 random bits at a counter.
void random_block(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]);

// The numbers at the positions first ..< first + n, of the type TK_F32 or TK_F64.
//
// RANDOM_UNIFORM: multiples of 2^-52 (float32: 2^-24) in [0, 1).
// RANDOM_OPEN_UNIFORM: odd multiples of 2^-53 (float32: 2^-24) in (0, 1).
// RANDOM_NORMAL: mean 0, variance 1 (Box and Muller 1958); at most 8.6, float32 6.8.
// RANDOM_GUMBEL: -log(-log u) for u in (0, 1); at most 36.8, float32 22.9.
void random_fill(int kind, int type, const uint64_t key[2], int64_t first, long n, void *out);

// The same of a standard normal number under the condition low <= x <= high, by the inverse of the
// distribution function, which is exact far out in a tail as well; low < high.
void random_truncated_normal(int type, const uint64_t key[2], double low, double high,
                             int64_t first, long n, void *out);

// The words of 64 bits at the positions 0 ..< n.
void random_words(const uint64_t key[2], long n, uint64_t *out);

#endif
