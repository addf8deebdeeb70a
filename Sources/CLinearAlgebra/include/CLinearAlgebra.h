// The BLAS and LAPACK routines that the package uses, as our own prototypes on Linux and Accelerate's
// header on Apple platforms. The only place that names a Fortran symbol. All matrices are
// column-major here; the Swift side passes row-major data as the transpose.
#ifndef ARGMIN_C_LINEAR_ALGEBRA_H
#define ARGMIN_C_LINEAR_ALGEBRA_H

#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
typedef __LAPACK_int la_int;
#else
typedef int la_int;

void dgemm_(const char *transA, const char *transB, const la_int *m, const la_int *n,
            const la_int *k, const double *alpha, const double *A, const la_int *lda,
            const double *B, const la_int *ldb, const double *beta, double *C, const la_int *ldc);
void dgemv_(const char *trans, const la_int *m, const la_int *n, const double *alpha,
            const double *A, const la_int *lda, const double *x, const la_int *incx,
            const double *beta, double *y, const la_int *incy);
void dsyrk_(const char *uplo, const char *trans, const la_int *n, const la_int *k,
            const double *alpha, const double *A, const la_int *lda, const double *beta,
            double *C, const la_int *ldc);
void dtrsm_(const char *side, const char *uplo, const char *trans, const char *diag,
            const la_int *m, const la_int *n, const double *alpha, const double *A,
            const la_int *lda, double *B, const la_int *ldb);
void dtrmm_(const char *side, const char *uplo, const char *trans, const char *diag,
            const la_int *m, const la_int *n, const double *alpha, const double *A,
            const la_int *lda, double *B, const la_int *ldb);
void dpotrf_(const char *uplo, const la_int *n, double *A, const la_int *lda, la_int *info);
void dpotrs_(const char *uplo, const la_int *n, const la_int *nrhs, const double *A,
             const la_int *lda, double *B, const la_int *ldb, la_int *info);
void dtrtri_(const char *uplo, const char *diag, const la_int *n, double *A, const la_int *lda,
             la_int *info);
void dsytrf_(const char *uplo, const la_int *n, double *A, const la_int *lda, la_int *ipiv,
             double *work, const la_int *lwork, la_int *info);
void dsytrs_(const char *uplo, const la_int *n, const la_int *nrhs, const double *A,
             const la_int *lda, const la_int *ipiv, double *B, const la_int *ldb, la_int *info);
void dgetrf_(const la_int *m, const la_int *n, double *A, const la_int *lda, la_int *ipiv,
             la_int *info);
void dgetrs_(const char *trans, const la_int *n, const la_int *nrhs, const double *A,
             const la_int *lda, const la_int *ipiv, double *B, const la_int *ldb, la_int *info);
void dgeqp3_(const la_int *m, const la_int *n, double *A, const la_int *lda, la_int *jpvt,
             double *tau, double *work, const la_int *lwork, la_int *info);
void dormqr_(const char *side, const char *trans, const la_int *m, const la_int *n,
             const la_int *k, const double *A, const la_int *lda, const double *tau, double *C,
             const la_int *ldc, double *work, const la_int *lwork, la_int *info);
void dsyevd_(const char *jobz, const char *uplo, const la_int *n, double *A, const la_int *lda,
             double *w, double *work, const la_int *lwork, la_int *iwork, const la_int *liwork,
             la_int *info);
#endif

// Keeps BLAS on the calling thread: batches are spread over cores by the package itself.
void la_use_one_thread(void);

#endif
