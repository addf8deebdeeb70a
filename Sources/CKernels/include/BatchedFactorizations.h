// Factorizations and solves of whole batches of dense matrices, row-major, one item after another.
//
// Each item goes through the same instructions wherever it stands: the same bits in any batch, and
// for any division of the batch among threads at multiples of LANE_WIDTH. Nothing here allocates.
#ifndef ARGMIN_BATCHED_FACTORIZATIONS_H
#define ARGMIN_BATCHED_FACTORIZATIONS_H

#include <stdint.h>

// Cholesky factorizations of the symmetric parts (A + A')/2 of A [items, n, n], eight at a time
// (see LaneKernels.h). With G = items / 8, rounded up: factor [G, n, n, 8] and inverse_diagonal
// [G, n, 8], both on 64-byte boundaries; failing [8 G] receives the first pivot that is not
// positive and finite, or n.
void batch_cholesky(long n, long items, const double *A, double *factor, double *inverse_diagonal,
                    int64_t *failing);
// L [items, n, n] from the above, zeros above the diagonal.
void batch_cholesky_lower(long n, long items, const double *factor, double *L);
// x [items, n, k] := A^-1 b from the above; x may be b. work: [n, k + 1, 8], on a 64-byte boundary.
void batch_cholesky_solve(long n, long k, long items, const double *factor,
                          const double *inverse_diagonal, const double *b, double *x, double *work);

// G [items, n, n] := the cotangents of A for A = L L' and the cotangents G of L, of which the lower
// triangles are read; symmetric. Only L's lower triangle is read. work: [2 n^2, 8], on a 64-byte
// boundary.
void batch_cholesky_pullback(long n, long items, const double *L, double *G, double *work);
// G [items, n, n] := the lower triangles of -(y x' + x y') L for x, y [items, n, k], zeros above.
// Only L's lower triangle is read. work: [2 n].
void batch_two_solves_pullback(long n, long k, long items, const double *L, const double *x,
                               const double *y, double *G, double *work);

// S := -(y x' + x y')/2 for x, y [items, n, k] and S [items, n, n], symmetric to the last bit.
void batch_symmetric_pullback(long n, long k, long items, const double *x, const double *y,
                              double *S);

// b [items, n, k] := op(T)^-1 b for the lower or upper triangle of T [items, n, n]; the other is
// not read.
void batch_triangular_solve(long n, long k, long items, int is_lower, int is_transposed,
                            int has_unit_diagonal, const double *T, double *b);

// Thin factorizations A = Q R of A [items, m, n], m >= n, by Householder reflections: A becomes Q
// with orthonormal columns, R [items, n, n] upper triangular with a nonnegative diagonal. work:
// [2 n].
void batch_qr(long m, long n, long items, double *A, double *R, double *work);

// The index of the first number that is not finite, or `count`.
long batch_first_nonfinite_f64(long count, const double *x);
long batch_first_nonfinite_f32(long count, const float *x);

// Triangles of x [items, m, n]: the elements below, on and above the diagonal times three factors;
// a factor 0 gives zeros whatever the element is.
void batch_triangles_f64(long items, long m, long n, double below, double on, double above,
                         const double *x, double *y);
void batch_triangles_f32(long items, long m, long n, double below, double on, double above,
                         const float *x, float *y);

#endif
