// Products of matrices and vectors that are given by their logarithms: log(exp(K) exp(v)), the step of
// Sinkhorn's algorithm in the log domain, without the matrix K + v in memory.
#ifndef ARGMIN_LOG_PRODUCT_H
#define ARGMIN_LOG_PRODUCT_H

// K [rows, columns] with rows `stride` apart.
// y[i] := log sum_j exp(K[i, j] + v[j]), or with `transposed` y[j] := log sum_i exp(K[i, j] + v[i]);
// -infinity where all terms are.
void log_product(int type, int transposed, long rows, long columns, long stride, const void *K,
                 const void *v, void *y);
// The pullback of g: P[i, j] = g exp(K + v - y) with g and y of the row (of the column if transposed), 0
// where y is -infinity; K_bar := P (rows `stride` apart, too), v_bar := its sums over the rows (columns).
void log_product_vjp(int type, int transposed, long rows, long columns, long stride, const void *K,
                     const void *v, const void *y, const void *g, void *K_bar, void *v_bar);

#endif
