#include "CLinearAlgebra.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "FortranRoutines.h"

_Static_assert(sizeof(la_int) == sizeof(la_pivot), "pivot indices have LAPACK's integer width");

// LAPACK wants a leading dimension of at least one, also for an empty matrix.
static la_int leading(la_size dimension) { return dimension < 1 ? 1 : (la_int)dimension; }

#if defined(__APPLE__)
void la_use_one_thread(void) {
  // BLASSetThreading exists from macOS 15; Accelerate does not oversubscribe small problems.
}
#else
void la_use_one_thread(void) { openblas_set_num_threads(1); }
#endif

const char *la_missed_core_type(void) {
#if defined(__x86_64__) && !defined(__APPLE__)
  static const char *const old[] = {"Prescott", "Core2", "Generic"};
  const char *chosen = openblas_get_corename();
  for (int i = 0; i < 3; i++) {
    if (strcmp(chosen, old[i]) != 0) continue;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  }
#endif
  return NULL;
}

double la_log(double value) { return log(value); }
double la_exp(double value) { return exp(value); }

// MARK: - BLAS

void la_gemm(char transA, char transB, la_size m, la_size n, la_size k, double alpha,
             const double *A, la_size lda, const double *B, la_size ldb, double beta, double *C,
             la_size ldc) {
  la_int im = (la_int)m, in = (la_int)n, ik = (la_int)k;
  la_int ia = leading(lda), ib = leading(ldb), ic = leading(ldc);
  dgemm_(&transA, &transB, &im, &in, &ik, &alpha, A, &ia, B, &ib, &beta, C, &ic);
}

void la_sgemm(char transA, char transB, la_size m, la_size n, la_size k, float alpha, const float *A,
              la_size lda, const float *B, la_size ldb, float beta, float *C, la_size ldc) {
  la_int im = (la_int)m, in = (la_int)n, ik = (la_int)k;
  la_int ia = leading(lda), ib = leading(ldb), ic = leading(ldc);
  sgemm_(&transA, &transB, &im, &in, &ik, &alpha, A, &ia, B, &ib, &beta, C, &ic);
}

void la_gemv(char trans, la_size m, la_size n, double alpha, const double *A, la_size lda,
             const double *x, double beta, double *y) {
  la_int im = (la_int)m, in = (la_int)n, ia = leading(lda), one = 1;
  dgemv_(&trans, &im, &in, &alpha, A, &ia, x, &one, &beta, y, &one);
}

void la_syrk(char uplo, char trans, la_size n, la_size k, double alpha, const double *A,
             la_size lda, double beta, double *C, la_size ldc) {
  la_int in = (la_int)n, ik = (la_int)k, ia = leading(lda), ic = leading(ldc);
  dsyrk_(&uplo, &trans, &in, &ik, &alpha, A, &ia, &beta, C, &ic);
}

void la_trsm(char side, char uplo, char trans, char diag, la_size m, la_size n, double alpha,
             const double *A, la_size lda, double *B, la_size ldb) {
  la_int im = (la_int)m, in = (la_int)n, ia = leading(lda), ib = leading(ldb);
  dtrsm_(&side, &uplo, &trans, &diag, &im, &in, &alpha, A, &ia, B, &ib);
}

void la_trsv(char uplo, char trans, char diag, la_size n, const double *A, la_size lda, double *x) {
  la_int in = (la_int)n, ia = leading(lda), one = 1;
  dtrsv_(&uplo, &trans, &diag, &in, A, &ia, x, &one);
}

// MARK: - LAPACK

la_size la_potrf(char uplo, la_size n, double *A, la_size lda) {
  la_int in = (la_int)n, ia = leading(lda), info = 0;
  dpotrf_(&uplo, &in, A, &ia, &info);
  return info;
}

la_size la_pocon(char uplo, la_size n, const double *A, la_size lda, double norm,
                 double *reciprocal, double *work, la_pivot *iwork) {
  la_int in = (la_int)n, ia = leading(lda), info = 0;
  dpocon_(&uplo, &in, A, &ia, &norm, reciprocal, work, iwork, &info);
  return info;
}

la_size la_trtri(char uplo, char diag, la_size n, double *A, la_size lda) {
  la_int in = (la_int)n, ia = leading(lda), info = 0;
  dtrtri_(&uplo, &diag, &in, A, &ia, &info);
  return info;
}

la_size la_sytrf(char uplo, la_size n, double *A, la_size lda, la_pivot *pivots, double *work,
                 la_size lwork) {
  la_int in = (la_int)n, ia = leading(lda), iw = (la_int)lwork, info = 0;
  dsytrf_(&uplo, &in, A, &ia, pivots, work, &iw, &info);
  return info;
}

la_size la_sytrs(char uplo, la_size n, la_size nrhs, const double *A, la_size lda,
                 const la_pivot *pivots, double *B, la_size ldb) {
  la_int in = (la_int)n, ir = (la_int)nrhs, ia = leading(lda), ib = leading(ldb), info = 0;
  dsytrs_(&uplo, &in, &ir, A, &ia, pivots, B, &ib, &info);
  return info;
}

la_size la_sycon(char uplo, la_size n, const double *A, la_size lda, const la_pivot *pivots,
                 double norm, double *reciprocal, double *work, la_pivot *iwork) {
  la_int in = (la_int)n, ia = leading(lda), info = 0;
  dsycon_(&uplo, &in, A, &ia, pivots, &norm, reciprocal, work, iwork, &info);
  return info;
}

la_size la_getrf(la_size m, la_size n, double *A, la_size lda, la_pivot *pivots) {
  la_int im = (la_int)m, in = (la_int)n, ia = leading(lda), info = 0;
  dgetrf_(&im, &in, A, &ia, pivots, &info);
  return info;
}

la_size la_getrs(char trans, la_size n, la_size nrhs, const double *A, la_size lda,
                 const la_pivot *pivots, double *B, la_size ldb) {
  la_int in = (la_int)n, ir = (la_int)nrhs, ia = leading(lda), ib = leading(ldb), info = 0;
  dgetrs_(&trans, &in, &ir, A, &ia, pivots, B, &ib, &info);
  return info;
}

la_size la_gecon(char norm_kind, la_size n, const double *A, la_size lda, double norm,
                 double *reciprocal, double *work, la_pivot *iwork) {
  la_int in = (la_int)n, ia = leading(lda), info = 0;
  dgecon_(&norm_kind, &in, A, &ia, &norm, reciprocal, work, iwork, &info);
  return info;
}

la_size la_geqp3(la_size m, la_size n, double *A, la_size lda, la_pivot *columns, double *tau,
                 double *work, la_size lwork) {
  la_int im = (la_int)m, in = (la_int)n, ia = leading(lda), iw = (la_int)lwork, info = 0;
  dgeqp3_(&im, &in, A, &ia, columns, tau, work, &iw, &info);
  return info;
}

la_size la_ormqr(char side, char trans, la_size m, la_size n, la_size k, const double *A,
                 la_size lda, const double *tau, double *C, la_size ldc, double *work,
                 la_size lwork) {
  la_int im = (la_int)m, in = (la_int)n, ik = (la_int)k;
  la_int ia = leading(lda), ic = leading(ldc), iw = (la_int)lwork, info = 0;
  dormqr_(&side, &trans, &im, &in, &ik, A, &ia, tau, C, &ic, work, &iw, &info);
  return info;
}

la_size la_syevd(char jobz, char uplo, la_size n, double *A, la_size lda, double *values,
                 double *work, la_size lwork, la_pivot *iwork, la_size liwork) {
  la_int in = (la_int)n, ia = leading(lda), iw = (la_int)lwork, ii = (la_int)liwork, info = 0;
  dsyevd_(&jobz, &uplo, &in, A, &ia, values, work, &iw, iwork, &ii, &info);
  return info;
}

la_size la_gesdd(la_size n, double *A, double *values, double *U, double *VT, double *work,
                 la_size lwork, la_pivot *iwork) {
  la_int in = (la_int)n, ld = leading(n), il = (la_int)lwork, info = 0;
  char jobz = 'A';
  dgesdd_(&jobz, &in, &in, A, &ld, values, U, &ld, VT, &ld, work, &il, (la_int *)iwork, &info);
  return info;
}
