// The Fortran symbols: our own prototypes on Linux (no header package is needed to build), and
// Accelerate's header on Apple platforms, where ACCELERATE_NEW_LAPACK comes from the manifest.
#ifndef ARGMIN_FORTRAN_ROUTINES_H
#define ARGMIN_FORTRAN_ROUTINES_H

#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
typedef __LAPACK_int la_int;
#else
typedef int la_int;

void openblas_set_num_threads(int count);
const char *openblas_get_corename(void);

void dgemm_(const char *transA, const char *transB, const la_int *m, const la_int *n,
            const la_int *k, const double *alpha, const double *A, const la_int *lda,
            const double *B, const la_int *ldb, const double *beta, double *C, const la_int *ldc);
void sgemm_(const char *transA, const char *transB, const la_int *m, const la_int *n,
            const la_int *k, const float *alpha, const float *A, const la_int *lda,
            const float *B, const la_int *ldb, const float *beta, float *C, const la_int *ldc);
void dgemv_(const char *trans, const la_int *m, const la_int *n, const double *alpha,
            const double *A, const la_int *lda, const double *x, const la_int *incx,
            const double *beta, double *y, const la_int *incy);
void dsyrk_(const char *uplo, const char *trans, const la_int *n, const la_int *k,
            const double *alpha, const double *A, const la_int *lda, const double *beta,
            double *C, const la_int *ldc);
void dtrsm_(const char *side, const char *uplo, const char *trans, const char *diag,
            const la_int *m, const la_int *n, const double *alpha, const double *A,
            const la_int *lda, double *B, const la_int *ldb);
void dtrsv_(const char *uplo, const char *trans, const char *diag, const la_int *n,
            const double *A, const la_int *lda, double *x, const la_int *incx);

void dpotrf_(const char *uplo, const la_int *n, double *A, const la_int *lda, la_int *info);
void dpocon_(const char *uplo, const la_int *n, const double *A, const la_int *lda,
             const double *anorm, double *rcond, double *work, la_int *iwork, la_int *info);
void dtrtri_(const char *uplo, const char *diag, const la_int *n, double *A, const la_int *lda,
             la_int *info);
void dsytrf_(const char *uplo, const la_int *n, double *A, const la_int *lda, la_int *ipiv,
             double *work, const la_int *lwork, la_int *info);
void dsytrs_(const char *uplo, const la_int *n, const la_int *nrhs, const double *A,
             const la_int *lda, const la_int *ipiv, double *B, const la_int *ldb, la_int *info);
void dsycon_(const char *uplo, const la_int *n, const double *A, const la_int *lda,
             const la_int *ipiv, const double *anorm, double *rcond, double *work, la_int *iwork,
             la_int *info);
void dgetrf_(const la_int *m, const la_int *n, double *A, const la_int *lda, la_int *ipiv,
             la_int *info);
void dgetrs_(const char *trans, const la_int *n, const la_int *nrhs, const double *A,
             const la_int *lda, const la_int *ipiv, double *B, const la_int *ldb, la_int *info);
void dgecon_(const char *norm, const la_int *n, const double *A, const la_int *lda,
             const double *anorm, double *rcond, double *work, la_int *iwork, la_int *info);
void dgeqp3_(const la_int *m, const la_int *n, double *A, const la_int *lda, la_int *jpvt,
             double *tau, double *work, const la_int *lwork, la_int *info);
void dormqr_(const char *side, const char *trans, const la_int *m, const la_int *n,
             const la_int *k, const double *A, const la_int *lda, const double *tau, double *C,
             const la_int *ldc, double *work, const la_int *lwork, la_int *info);
void dsyevd_(const char *jobz, const char *uplo, const la_int *n, double *A, const la_int *lda,
             double *w, double *work, const la_int *lwork, la_int *iwork, const la_int *liwork,
             la_int *info);
void dgesdd_(const char *jobz, const la_int *m, const la_int *n, double *A, const la_int *lda,
             double *s, double *U, const la_int *ldu, double *VT, const la_int *ldvt, double *work,
             const la_int *lwork, la_int *iwork, la_int *info);
#endif

#endif
