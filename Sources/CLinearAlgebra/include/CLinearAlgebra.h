// The BLAS and LAPACK routines that the package uses, by value and with 64-bit sizes.
//
// Column-major as in Fortran: the Swift side passes row-major data as the transpose. The Fortran
// symbols themselves stay in FortranRoutines.h, which Swift never sees: on Apple platforms they need
// a macro that is defined for this target only.
#ifndef ARGMIN_C_LINEAR_ALGEBRA_H
#define ARGMIN_C_LINEAR_ALGEBRA_H

#include <stddef.h>
#include <stdint.h>

#include "SparseLDL.h"

typedef ptrdiff_t la_size;
typedef int32_t la_pivot;

// Keeps BLAS on the calling thread: batches are spread over cores by the package itself.
// The core type that OpenBLAS should have chosen, if it does not know this processor and fell back to kernels
// without vector instructions; otherwise null. It only listens to the variable OPENBLAS_CORETYPE, at start-up.
const char *la_missed_core_type(void);

void la_use_one_thread(void);

// The natural logarithm and the exponential, so that the Swift side needs no system module.
double la_log(double value);
double la_exp(double value);

// MARK: - BLAS

void la_gemm(char transA, char transB, la_size m, la_size n, la_size k, double alpha,
             const double *A, la_size lda, const double *B, la_size ldb, double beta, double *C,
             la_size ldc);
void la_sgemm(char transA, char transB, la_size m, la_size n, la_size k, float alpha, const float *A,
              la_size lda, const float *B, la_size ldb, float beta, float *C, la_size ldc);
void la_gemv(char trans, la_size m, la_size n, double alpha, const double *A, la_size lda,
             const double *x, double beta, double *y);
void la_syrk(char uplo, char trans, la_size n, la_size k, double alpha, const double *A,
             la_size lda, double beta, double *C, la_size ldc);
void la_trsm(char side, char uplo, char trans, char diag, la_size m, la_size n, double alpha,
             const double *A, la_size lda, double *B, la_size ldb);
void la_trsv(char uplo, char trans, char diag, la_size n, const double *A, la_size lda, double *x);

// MARK: - LAPACK: each returns its info

la_size la_potrf(char uplo, la_size n, double *A, la_size lda);
la_size la_pocon(char uplo, la_size n, const double *A, la_size lda, double norm,
                 double *reciprocal, double *work, la_pivot *iwork);
la_size la_trtri(char uplo, char diag, la_size n, double *A, la_size lda);

la_size la_sytrf(char uplo, la_size n, double *A, la_size lda, la_pivot *pivots, double *work,
                 la_size lwork);
la_size la_sytrs(char uplo, la_size n, la_size nrhs, const double *A, la_size lda,
                 const la_pivot *pivots, double *B, la_size ldb);
la_size la_sycon(char uplo, la_size n, const double *A, la_size lda, const la_pivot *pivots,
                 double norm, double *reciprocal, double *work, la_pivot *iwork);

la_size la_getrf(la_size m, la_size n, double *A, la_size lda, la_pivot *pivots);
la_size la_getrs(char trans, la_size n, la_size nrhs, const double *A, la_size lda,
                 const la_pivot *pivots, double *B, la_size ldb);
la_size la_gecon(char norm_kind, la_size n, const double *A, la_size lda, double norm,
                 double *reciprocal, double *work, la_pivot *iwork);

// With lwork = -1 these (and la_sytrf) only write the best size of the workspace to work[0].
la_size la_geqp3(la_size m, la_size n, double *A, la_size lda, la_pivot *columns, double *tau,
                 double *work, la_size lwork);
la_size la_ormqr(char side, char trans, la_size m, la_size n, la_size k, const double *A,
                 la_size lda, const double *tau, double *C, la_size ldc, double *work,
                 la_size lwork);
la_size la_syevd(char jobz, char uplo, la_size n, double *A, la_size lda, double *values,
                 double *work, la_size lwork, la_pivot *iwork, la_size liwork);
la_size la_gesdd(la_size n, double *A, double *values, double *U, double *VT, double *work,
                 la_size lwork, la_pivot *iwork);

#endif
