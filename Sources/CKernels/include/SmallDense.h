// Dense kernels for matrices of up to a few hundred rows, where the call and packing overhead of a BLAS
// costs more than the arithmetic. Row-major throughout.
//
// "Padded" matrices have a leading dimension that is a multiple of 8 and rows allocated up to a
// multiple of 4; the padding must hold finite numbers and is overwritten with numbers of no meaning.
// Results depend only on the operands: the same bits in any batch and on any thread.
#ifndef ARGMIN_SMALL_DENSE_H
#define ARGMIN_SMALL_DENSE_H

// Cholesky factorization A = R'R of a padded symmetric matrix, upper triangle in, R out; the lower
// triangle is destroyed. inverseDiagonal[n] receives 1 / R[k,k]. Stops at the first pivot not above
// `smallestPivot` and returns its index; returns n on success.
long ck_cholesky(long n, double *A, long ld, double *inverseDiagonal, double smallestPivot);

// X := R'^-1 X for padded R [n, n] and X [n, columns], columns counted without the padding.
void ck_solve_transposed_many(long n, long columns, const double *R, long ldr,
                              const double *inverseDiagonal, double *X, long ldx);

// H := X'X, all of it, for padded X [n, m] and padded H [m, m].
void ck_gram(long n, long m, const double *X, long ldx, double *H, long ldh);
// H := H - X'X likewise; H is taken to be symmetric.
void ck_subtract_gram(long n, long m, const double *X, long ldx, double *H, long ldh);

// b := R'^-1 b and b := R^-1 b for one right-hand side; R need not be padded.
void ck_solve_transposed(long n, const double *R, long ldr, const double *inverseDiagonal, double *b);
void ck_solve(long n, const double *R, long ldr, const double *inverseDiagonal, double *b);

double ck_dot(long n, const double *a, const double *b);
// y := y + alpha x
void ck_add_scaled(long n, double alpha, const double *x, double *y);
// y := A x, A [m, n]
void ck_multiply(long m, long n, const double *A, long lda, const double *x, double *y);
// y := y + sum over i of x[i] rows[i], each row of length n
void ck_add_rows(long count, const double *const *rows, long n, const double *x, double *y);
// y[i] := rows[i] . x
void ck_row_products(long count, const double *const *rows, long n, const double *x, double *y);
// Largest absolute value; 0 for an empty vector, NaN if any element is.
double ck_largest(long n, const double *x);
// A[i,:] := x[i] y[:] + u[i] v[:], A [m, n]
void ck_two_outer(long m, long n, const double *x, const double *y, const double *u, const double *v,
                  double *A);
// A := (x y' + y x') / 2, A [n, n], symmetric to the last bit
void ck_symmetric_outer(long n, const double *x, const double *y, double *A);
// C := A'B for padded A [depth, m], B [depth, n] and C [m, n]
void ck_transposed_product(long depth, long m, long n, const double *A, long lda, const double *B,
                           long ldb, double *C, long ldc);
// X[:, 0..<m] := A' for A [m, n] and X with rows of length ldx
void ck_transpose(long m, long n, const double *A, double *X, long ldx);
// 1 if every number is finite
int ck_all_finite(long n, const double *x);
// 1 if A [n, n] equals its transpose to the last bit
int ck_is_symmetric(long n, const double *A);
#endif
