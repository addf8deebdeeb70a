// LDL' of sparse symmetric quasi-definite matrices, without pivoting: the analysis of a pattern (once) and
// factorizations of matrices that have it (often).
#ifndef ARGMIN_SPARSE_LDL_H
#define ARGMIN_SPARSE_LDL_H

#include <stddef.h>
#include <stdint.h>

// What depends on the pattern only: order, elimination tree, supernodes. Immutable, so that threads
// may share it.
typedef struct la_ldl_analysis la_ldl_analysis;
// The numbers of one factorization and its workspace; one per thread.
typedef struct la_ldl_factor la_ldl_factor;

// The upper triangle in compressed columns, rows in any order, every diagonal entry stored. NULL if memory
// runs out or the factor would have more than `limit` entries.
la_ldl_analysis *la_ldl_analyze(int32_t n, const int64_t *starts, const int32_t *rows, int64_t limit);
void la_ldl_free_analysis(la_ldl_analysis *analysis);
// Entries of L, and multiplications of one factorization.
int64_t la_ldl_entries(const la_ldl_analysis *analysis);
double la_ldl_work(const la_ldl_analysis *analysis);
int32_t la_ldl_supernodes(const la_ldl_analysis *analysis);

la_ldl_factor *la_ldl_make_factor(const la_ldl_analysis *analysis);
void la_ldl_free_factor(la_ldl_factor *factor);

// Factorizes the matrix of these entries (in the order given to the analysis). A pivot whose sign differs
// from `signs`, or that is smaller than `threshold`, becomes sign * replacement. Returns the number of such
// pivots, or -1 if a pivot is not a number.
int32_t la_ldl_factorize(la_ldl_factor *factor, const double *values, const int8_t *signs,
                         double threshold, double replacement);
// Replaces x by the solution of L D L' x = x.
void la_ldl_solve(la_ldl_factor *factor, double *x);

#endif
