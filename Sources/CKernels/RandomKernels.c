#include "RandomKernels.h"

#include <math.h>
#include <string.h>

#include "TensorKernels.h"
#include "TruncatedNormal.h"
#include "multiversion.h"

// Products and sums are rounded one by one, for the same bits with and without fused operations.
#pragma STDC FP_CONTRACT OFF

typedef uint64_t u8x64 __attribute__((vector_size(64)));
typedef float v8f __attribute__((vector_size(32)));

// MARK: - Bits

// Blocks, the words of their counters in a and b: one by plain words, eight by vectors.
#define DEFINE_THREEFRY(name, word)                                                  \
  INLINE void name(const uint64_t key[2], word *a, word *b) {                        \
    const uint64_t k[3] = {key[0], key[1], 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1]};    \
    const int rotations[8] = {16, 42, 12, 31, 16, 32, 24, 21};                       \
    *a += k[0];                                                                      \
    *b += k[1];                                                                      \
    _Pragma("clang loop unroll(full)") for (int round = 0; round < 20; round++) {    \
      const int by = rotations[round % 8];                                           \
      *a += *b;                                                                      \
      *b = (*b << by | *b >> (64 - by)) ^ *a;                                        \
      if (round % 4 == 3) {                                                          \
        const int injection = round / 4 + 1;                                         \
        *a += k[injection % 3];                                                      \
        *b += k[(injection + 1) % 3] + (uint64_t)injection;                          \
      }                                                                              \
    }                                                                                \
  }

DEFINE_THREEFRY(one_block, uint64_t)
DEFINE_THREEFRY(eight_blocks, u8x64)

void random_block(const uint64_t key[2], const uint64_t counter[2], uint64_t block[2]) {
  block[0] = counter[0];
  block[1] = counter[1];
  one_block(key, &block[0], &block[1]);
}

// MARK: - From bits to numbers

INLINE v8 square_root(v8 x) {
#if __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#else
  for (int lane = 0; lane < 8; lane++) x[lane] = sqrt(x[lane]);
  return x;
#endif
}

// 52 bits as a number in [1, 2).
INLINE v8 from_one_to_two(u8x64 bits) { return (v8)(bits >> 12 | 0x3FF0000000000000); }

// The middles of 2^52 equal parts of (0, 1).
INLINE v8 open_unit(u8x64 bits) { return from_one_to_two(bits) - (1 - 0x1p-53); }

// log(x) for positive normal x, within 2 units in the last place: x = 2^e m with m between
// sqrt(1/2) and sqrt(2), log(m) = 2 artanh(s) with s = (m - 1) / (m + 1), |s| < 0.172.
INLINE v8 logarithm(v8 x) {
  const u8x64 root_of_half = (u8x64){} + 0x3FE6A09E667F3BCD;
  const u8x64 shifted = (u8x64)x - root_of_half;
  // The exponent as a number without a conversion: it goes to the last bits of 2^52 + 2^11.
  const u8x64 biased = (shifted + 0x4000000000000000) >> 52;
  const v8 e = (v8)(biased | 0x4330000000000000) - (0x1p52 + 1024);
  const v8 m = (v8)((shifted & 0x000FFFFFFFFFFFFF) + root_of_half);
  const v8 f = m - 1, s = f / (m + 1), z = s * s;
  // 2 artanh(s) = 2 s + s z (2/3 + 2/5 z + ...), of which 2 s = f - s f.
  const double c[] = {2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5};
  v8 sum = z * (2.0 / 21) + c[0];
#pragma clang loop unroll(full)
  for (int k = 1; k < 8; k++) sum = sum * z + c[k];
  sum = sum * z + 2.0 / 3;
  // log(2) in two parts, the first with zeros enough for an exact product.
  return e * 0x1.62e42fefa0000p-1 + (f + ((s * (z * sum) - s * f) + e * 0x1.cf79abc9e3b3ap-40));
}

// Sine and cosine of 2 pi times the number in (0, 1) that the bits say: two bits choose the
// quarter, the others the angle between -pi/4 and pi/4.
INLINE void sine_and_cosine(u8x64 bits, v8 *sine, v8 *cosine) {
  const v8 x = (open_unit(bits << 2) - 0.5) * 1.5707963267948966, z = x * x;
  const v8 s = x + x * z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880
      + z * (-1.0 / 39916800 + z * (1.0 / 6227020800 + z * (-1.0 / 1307674368000)))))));
  const v8 c = 1 - z * (0.5 - z * (1.0 / 24 - z * (1.0 / 720 - z * (1.0 / 40320 - z * (1.0 / 3628800
      - z * (1.0 / 479001600 - z * (1.0 / 87178291200 - z * (1.0 / 20922789888000))))))));
  const u8x64 quarter = bits >> 62;
  const u8x64 is_odd = -(quarter & 1);
  const u8x64 sign_of_sine = quarter >> 1 << 63, sign_of_cosine = (quarter + 1) >> 1 << 63;
  *sine = (v8)(((is_odd & (u8x64)c) | (~is_odd & (u8x64)s)) ^ sign_of_sine);
  *cosine = (v8)(((is_odd & (u8x64)s) | (~is_odd & (u8x64)c)) ^ sign_of_cosine);
}

// Two vectors of numbers from two of bits.
INLINE void numbers(int kind, u8x64 a, u8x64 b, v8 *x, v8 *y) {
  switch (kind) {
    case RANDOM_UNIFORM:
      *x = from_one_to_two(a) - 1;
      *y = from_one_to_two(b) - 1;
      break;
    case RANDOM_NORMAL: {
      const v8 radius = square_root(-2.0 * logarithm(open_unit(a)));
      v8 sine, cosine;
      sine_and_cosine(b, &sine, &cosine);
      *x = radius * cosine;
      *y = radius * sine;
      break;
    }
    case RANDOM_GUMBEL:
      *x = -logarithm(-logarithm(open_unit(a)));
      *y = -logarithm(-logarithm(open_unit(b)));
      break;
    default:
      *x = open_unit(a);
      *y = open_unit(b);
  }
}

// MARK: - Tiles

// Blocks of a tile, which are made in four groups of eight: the first words of the 32 blocks come
// first, then the second ones. A float32 number takes half a word: the low halves come first.
enum { BLOCKS = 32, GROUP = 8 };

// The part of a stream that one tile of `size` numbers contributes to n numbers from `first` on.
typedef struct {
  uint64_t index;
  long offset, count, groups;
} tile_part;

INLINE tile_part part_of(int64_t first, long n, long size) {
  tile_part part = {(uint64_t)(first / size), (long)(first % size), 0, BLOCKS / GROUP};
  part.count = size - part.offset < n ? size - part.offset : n;
  const long end = part.offset + part.count;
  if (end <= BLOCKS) part.groups = (end + GROUP - 1) / GROUP;
  return part;
}

INLINE void group_of_blocks(const uint64_t *key, int purpose, uint64_t tile, long group, u8x64 *a,
                            u8x64 *b) {
  const u8x64 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  *a = lane + (tile * BLOCKS + (uint64_t)(group * GROUP));
  *b = (u8x64){} + (uint64_t)purpose;
  eight_blocks(key, a, b);
}

MULTIVERSION static void fill_f64(int kind, int purpose, const uint64_t *key, int64_t first, long n,
                                  double *out) {
  double scratch[2 * BLOCKS];
  while (n > 0) {
    const tile_part part = part_of(first, n, 2 * BLOCKS);
    double *tile = part.count == 2 * BLOCKS ? out : scratch;
    for (long group = 0; group < part.groups; group++) {
      u8x64 a, b;
      v8 x, y;
      group_of_blocks(key, purpose, part.index, group, &a, &b);
      if (kind == RANDOM_WORDS) {
        x = (v8)a;
        y = (v8)b;
      } else {
        numbers(kind, a, b, &x, &y);
      }
      memcpy(tile + group * GROUP, &x, sizeof x);
      memcpy(tile + BLOCKS + group * GROUP, &y, sizeof y);
    }
    if (tile == scratch) memcpy(out, scratch + part.offset, part.count * sizeof(double));
    first += part.count;
    out += part.count;
    n -= part.count;
  }
}

// Half a word as a word from which numbers() makes one that the conversion to float32 rounds into
// the open or half-open interval: uniform ones exactly, by 24 bits or by 23 and the middle.
INLINE u8x64 widened(int kind, u8x64 low_half) {
  const u8x64 word = low_half << 32;
  switch (kind) {
    case RANDOM_UNIFORM: return word & 0xFFFFFF0000000000;
    case RANDOM_OPEN_UNIFORM: return (word & 0xFFFFFE0000000000) | 0x0000010000000000;
    default: return word | 0x0000000080000000;
  }
}

INLINE void store_singles(float *out, v8 x) {
  const v8f single = __builtin_convertvector(x, v8f);
  memcpy(out, &single, sizeof single);
}

MULTIVERSION static void fill_f32(int kind, const uint64_t *key, int64_t first, long n,
                                  float *out) {
  float scratch[4 * BLOCKS];
  while (n > 0) {
    const tile_part part = part_of(first, n, 4 * BLOCKS);
    float *tile = part.count == 4 * BLOCKS ? out : scratch;
    for (long group = 0; group < part.groups; group++) {
      u8x64 a, b;
      group_of_blocks(key, kind, part.index, group, &a, &b);
      for (int half = 0; half < 2; half++) {
        v8 x, y;
        numbers(kind, widened(kind, half ? a >> 32 : a), widened(kind, half ? b >> 32 : b), &x, &y);
        store_singles(tile + 2 * half * BLOCKS + group * GROUP, x);
        store_singles(tile + (2 * half + 1) * BLOCKS + group * GROUP, y);
      }
    }
    if (tile == scratch) memcpy(out, scratch + part.offset, part.count * sizeof(float));
    first += part.count;
    out += part.count;
    n -= part.count;
  }
}

void random_fill(int kind, int type, const uint64_t key[2], int64_t first, long n, void *out) {
  if (type == TK_F64) {
    fill_f64(kind, kind, key, first, n, out);
  } else {
    fill_f32(kind, key, first, n, out);
  }
}

void random_words(const uint64_t key[2], long n, uint64_t *out) {
  fill_f64(RANDOM_WORDS, RANDOM_WORDS, key, 0, n, (double *)out);
}

// MARK: - Truncated normal

void random_truncated_normal(int type, const uint64_t key[2], double low, double high,
                             int64_t first, long n, void *out) {
  const truncation interval = truncation_between(low, high);
  double unit[256];
  for (long start = 0; start < n; start += 256) {
    const long count = n - start < 256 ? n - start : 256;
    fill_f64(RANDOM_OPEN_UNIFORM, RANDOM_TRUNCATED_NORMAL, key, first + start, count, unit);
    for (long index = 0; index < count; index++) {
      const double x = truncated_quantile(&interval, unit[index]);
      if (type == TK_F64) {
        ((double *)out)[start + index] = x;
      } else {
        ((float *)out)[start + index] = (float)x;
      }
    }
  }
}
