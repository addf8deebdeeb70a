// Factorizations of eight small matrices at once, one per lane of a vector register.
//
// Layout: eight items are interleaved as [row, column, lane], so that element (i, j) of all eight is one
// vector; storage must be 64-byte aligned. Each lane goes through the same instructions whatever the
// others hold: an item has the same bits in any lane and beside any neighbours, and a failing one does
// not disturb the rest. Nothing here allocates.
#ifndef ARGMIN_LANE_KERNELS_H
#define ARGMIN_LANE_KERNELS_H

#include <stdint.h>

enum { LANE_WIDTH = 8 };

// Interleaves `items` (1 to 8) arrays of `count` doubles, `stride` apart, into target[count, 8]. The
// lanes left over take padding[count]. A stride of 0 repeats one array.
void lane_interleave(long count, long items, const double *source, long stride,
                     const double *padding, double *target);
// The inverse, for the first `items` lanes.
void lane_deinterleave(long count, long items, const double *source, double *target, long stride);

// A = L L' in place, lower triangles of A[n, n, 8]; the upper triangles are left alone.
// inverse_diagonal[n, 8] receives 1 / L[k,k]. failing[lane] receives the index of the first pivot that is
// not above `smallest`, or n; the factor of a failing lane has no meaning.
void lane_cholesky(long n, double *A, double *inverse_diagonal, double smallest, int64_t *failing);

// A = L D L' in place for a quasi-definite matrix, of which signs[n] (1 or -1) gives the signs of D: L
// below the diagonal (its ones are not stored), D on it. inverse_diagonal[n, 8] receives 1 / D[k].
// Pivots with signs[k] D[k] not above `smallest` become signs[k] * replacement; replaced[lane] counts
// them. `scratch` has the size [3, n, 8].
void lane_ldl(long n, double *A, const double *signs, double smallest, double replacement,
              double *inverse_diagonal, double *scratch, int64_t *replaced);

// Overwrites b[n, 8] with the solutions of L L' x = b and of L D L' x = b.
void lane_cholesky_solve(long n, const double *L, const double *inverse_diagonal, double *b);
void lane_ldl_solve(long n, const double *L, const double *inverse_diagonal, double *b);

// The two halves of lane_cholesky_solve: b := L^-1 b and b := L'^-1 b.
void lane_forward(long n, const double *L, const double *inverse_diagonal, double *b);
void lane_backward(long n, const double *L, const double *inverse_diagonal, double *b);

#endif
